//! What is missing is false inside of a script, and never nil.

use crate::lint::Rule;
use crate::lint::commands;
use crate::lint::origin::Root;
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "miss-compared-with-nil", page: page!("rules/lua/miss-compared-with-nil.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    if script.calls("redis.setresp").next().is_some() {
        return None;
    }
    let miss = |root: &Root| match root {
        Root::Reply(_) => true,
        Root::Part(name) => commands::PLACES.contains(&name.as_str()),
        _ => false,
    };
    let compared = script.places.iter().filter(|place| match &place.node.kind {
        Kind::Binary(op, a, b) if op.is_equality() => [(a, b), (b, a)].into_iter().any(|(value, nil)| {
            let roots = script.roots(value);
            matches!(nil.kind, Kind::Nil) && !roots.is_empty() && roots.iter().all(miss)
        }),
        _ => false,
    });
    script.point_at(compared.map(|place| place.node.span))?;
    let alarm = Alarm::new(Severity::Critical, "a reply is compared with nil, and a missing value is false");
    Some(alarm.fix(Risk::Safe, "if not value then, or value == false"))
}
