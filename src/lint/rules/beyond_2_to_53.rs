//! A whole number that a Lua number cannot hold.

use crate::lint::Rule;
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "beyond-2-to-53", page: page!("rules/lua/beyond-2-to-53.md"), check };

const LIMIT: f64 = 9_007_199_254_740_992.0;

fn check(script: &Witness) -> Option<Alarm> {
    let beyond = script.places.iter().filter(|place| match &place.node.kind {
        // 1e18 is written by somebody who does not count on the last digit.
        Kind::Number(number) => *number > LIMIT && script.slice(place.node.span).bytes().all(|b| b.is_ascii_digit()),
        Kind::Binary(op, _, _) if op.is_arithmetic() => {
            script.largest(&place.node).is_some_and(|number| number > LIMIT)
        }
        _ => false,
    });
    script.point_at(beyond.map(|place| place.node.span))?;
    let alarm = Alarm::new(Severity::Warning, "a whole number goes beyond 2^53, and its last digits are lost");
    Some(alarm.fix(Risk::Review, "count in microseconds, and keep long identifiers as text"))
}
