//! A fraction is cut off on the way to the client.

use crate::lint::Rule;
use crate::lint::places::Role;
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "fraction-in-reply", page: page!("rules/lua/fraction-in-reply.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let returned = script.places.iter().filter(|place| place.role == Role::Returned && place.function.is_none());
    let numbers = returned.flat_map(|place| match &place.node.kind {
        Kind::Table(items) => items.iter().map(|item| &item.value).collect(),
        _ => vec![&place.node],
    });
    script.point_at(numbers.filter(|node| script.has_fraction(node)).map(|node| node.span))?;
    let alarm =
        Alarm::new(Severity::Warning, "a number with a fraction is returned, and the client gets the whole part of it");
    Some(alarm.fix(Risk::Review, "return tostring(x), or round on purpose: math.floor(x), math.ceil(x)"))
}
