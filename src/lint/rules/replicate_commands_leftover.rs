//! A call that has had no effect for years.

use crate::lint::Rule;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule =
    Rule { id: "replicate-commands-leftover", page: page!("rules/lua/replicate-commands-leftover.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    if script.runs_before((5, 0), (0, 0)) {
        return None;
    }
    script.point_at(script.calls("redis.replicate_commands").map(|(place, _)| place.node.span))?;
    let alarm = Alarm::new(Severity::Notice, "redis.replicate_commands() has no effect any more, and is deprecated");
    Some(alarm.fix(Risk::Safe, "remove the line"))
}
