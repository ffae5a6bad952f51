//! Its random numbers are the same every time.

use crate::lint::Rule;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "random-repeats", page: page!("rules/lua/random-repeats.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let seeded = script
        .calls("math.randomseed")
        .any(|(_, arguments)| arguments.first().is_some_and(|seed| seed.number().is_none()));
    if seeded {
        return None;
    }
    script.point_at(script.calls("math.random").map(|(place, _)| place.node.span))?;
    let alarm = Alarm::new(Severity::Warning, "math.random gives numbers that can be foretold");
    Some(alarm.fix(Risk::Review, "pass random values in ARGV, or math.randomseed by the microseconds of TIME"))
}
