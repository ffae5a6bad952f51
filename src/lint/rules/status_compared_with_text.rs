//! A status reply is a table, and never equals a text.

use crate::lint::Rule;
use crate::lint::commands;
use crate::lint::origin::Root;
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule =
    Rule { id: "status-compared-with-text", page: page!("rules/lua/status-compared-with-text.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    // SET … GET answers with the old value.
    let old_value = script.named(&["SET"]).any(|set| set.has("GET"));
    let status = |root: &Root| match root {
        Root::Reply(name) => commands::STATUS.contains(&name.as_str()) && !(old_value && name == "SET"),
        _ => false,
    };
    let compared = script.places.iter().filter(|place| match &place.node.kind {
        Kind::Binary(op, a, b) if op.is_equality() => [(a, b), (b, a)].into_iter().any(|(value, text)| {
            let roots = script.roots(value);
            text.text().is_some() && !roots.is_empty() && roots.iter().all(status)
        }),
        _ => false,
    });
    script.point_at(compared.map(|place| place.node.span))?;
    let alarm =
        Alarm::new(Severity::Critical, "a status reply is compared with a text, and is a table with a field ok");
    Some(alarm.fix(Risk::Safe, "compare the field: redis.call('TYPE', key).ok == 'string'; of SET … NX test the truth"))
}
