//! Named fields of a table do not reach the client.

use crate::lint::Rule;
use crate::lint::places::Role;
use crate::lint::tree::{Kind, Node, Source};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "fields-lost-in-reply", page: page!("rules/lua/fields-lost-in-reply.md"), check };

/// Fields that mean something in a reply (Lua API, conversion of types).
const SPECIAL: [&str; 7] = ["ok", "err", "map", "set", "double", "big_number", "verbatim_string"];

fn check(script: &Witness) -> Option<Alarm> {
    let returned = script.places.iter().filter(|place| place.role == Role::Returned && place.function.is_none());
    let lost = returned.filter(|place| match &place.node.kind {
        Kind::Table(_) => has_names(&place.node),
        Kind::Local(id) => script.local(*id).is_some_and(|local| {
            let table = |source: &Source| matches!(source, Source::Value(node) if has_names(node));
            let stored = |(key, _): &(Option<Node>, Node)| key.as_ref().is_some_and(is_name);
            local.sources.iter().any(table)
                || local
                    .sources
                    .iter()
                    .all(|source| matches!(source, Source::Value(node) if matches!(node.kind, Kind::Table(_))))
                    && local.stored.iter().any(stored)
        }),
        _ => false,
    });
    script.point_at(lost.map(|place| place.node.span))?;
    let alarm = Alarm::new(Severity::Warning, "it returns a table with named fields, and the client gets none of them");
    Some(alarm.fix(Risk::Review, "return a list of names and values, or cjson.encode of the table"))
}

fn has_names(node: &Node) -> bool {
    matches!(&node.kind, Kind::Table(items) if items.iter().any(|item| item.key.as_ref().is_some_and(is_name)))
}

fn is_name(key: &Node) -> bool {
    key.text().is_some_and(|name| !SPECIAL.contains(&name))
}
