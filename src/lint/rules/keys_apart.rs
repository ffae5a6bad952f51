//! Keys that may lie in different slots.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "keys-apart", page: page!("rules/lua/keys-apart.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let keys = script.commands.iter().flat_map(|command| &command.keys);
    let written: Vec<_> = keys
        .filter_map(|(node, roots)| match roots.as_slice() {
            [Root::Text(name)] => Some((node.span, tag(name).to_owned())),
            _ => None,
        })
        .collect();
    let (_, first) = written.first().cloned().unwrap_or_default();
    let apart = written.iter().filter(|(_, other)| *other != first).map(|(span, _)| *span);
    if script.point_at(apart).is_some() {
        let alarm = Alarm::new(Severity::Warning, "two keys that stand in the script have no hash tag in common");
        return Some(alarm.fix(Risk::Review, "give both the same tag, as in {cart:7}:items and {cart:7}:total"));
    }
    if !script.about.cluster {
        return None;
    }
    let further = script.places.iter().filter(|place| {
        let direct = matches!(&place.node.kind, Kind::Index(base, _) if base.path().as_deref() == Some("KEYS"));
        direct && matches!(script.roots(&place.node).as_slice(), [Root::Key(n)] if *n != Some(1))
    });
    script.point_at(further.map(|place| place.node.span))?;
    let alarm = Alarm::new(Severity::Notice, "in a cluster its caller must pass keys of one slot only");
    Some(alarm.fix(Risk::Safe, "put the same hash tag into each name, as in {cart:7}:items and {cart:7}:total"))
}

/// The part of a name that decides the slot.
fn tag(name: &str) -> &str {
    let inner = name.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(inner, _)| inner);
    inner.filter(|inner| !inner.is_empty()).unwrap_or(name)
}
