//! A value that changes from call to call stands in the text.

use crate::lint::Rule;
use crate::lint::places::Place;
use crate::lint::script::Callee;
use crate::lint::tree::{Kind, Node};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "value-in-text", page: page!("rules/lua/value-in-text.md"), check };

/// How templates of other languages begin a place to fill in, and end it.
const HOLES: [(&str, &str); 4] = [("${", "}"), ("#{", "}"), ("{{", "}}"), ("<%", "%>")];
/// From 2020 to 2036, in seconds since 1970.
const MOMENTS: std::ops::Range<f64> = 1_577_836_800.0..2_082_758_400.0;
/// A constant that counts from the start of a day is an epoch and no moment.
const DAY: f64 = 86_400.0;

fn check(script: &Witness) -> Option<Alarm> {
    let hole = |place: &&Place| match &place.node.kind {
        Kind::Text(text) => has_hole(text) || is_format(text) && is_sent(script, place),
        Kind::Table(_) => is_hole(&place.node),
        _ => false,
    };
    if script.point_at(script.places.iter().filter(hole).map(|place| place.node.span)).is_some() {
        let alarm = Alarm::new(Severity::Warning, "the text has a place to fill in, and what fills it becomes code");
        return Some(alarm.fix(Risk::Review, "pass the value as KEYS or ARGV, and send the same text each time"));
    }
    let value = |place: &&Place| match &place.node.kind {
        Kind::Text(text) => is_uuid(text),
        Kind::Number(number) => [1.0, 1e3, 1e6].iter().any(|unit| is_moment(number / unit)),
        _ => false,
    };
    script.point_at(script.places.iter().filter(value).map(|place| place.node.span))?;
    let alarm =
        Alarm::new(Severity::Warning, "a value of one call stands in the text, so that each call sends another script");
    Some(alarm.fix(Risk::Review, "pass the value as KEYS or ARGV, and send the same text each time"))
}

fn has_hole(text: &str) -> bool {
    HOLES.iter().any(|(open, close)| text.split_once(open).is_some_and(|(_, rest)| rest.contains(close)))
}

/// `{{limit}}` is a table in a table for Lua.
fn is_hole(node: &Node) -> bool {
    let only = |node: &Node| match &node.kind {
        Kind::Table(items) => match items.as_slice() {
            [item] if item.key.is_none() => Some(item.value.clone()),
            _ => None,
        },
        _ => None,
    };
    let inside = only(node).and_then(|inner| only(&inner));
    inside.is_some_and(|name| matches!(&name.kind, Kind::Global(name) if name != "KEYS" && name != "ARGV"))
}

fn is_format(text: &str) -> bool {
    ["%s", "%d", "%("].iter().any(|mark| text.contains(mark))
}

/// Whether it goes to the server as it is.
fn is_sent(script: &Witness, place: &Place) -> bool {
    let Some(parent) = script.parent(place) else { return false };
    let Kind::Call(callee, _) = &parent.node.kind else { return false };
    matches!(script.callee(callee), Callee::Path(path) if path == "redis.call" || path == "redis.pcall")
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-').collect();
    parts.iter().any(|part| {
        let lengths: Vec<usize> = part.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12]
    })
}

fn is_moment(seconds: f64) -> bool {
    MOMENTS.contains(&seconds) && seconds % DAY != 0.0 && seconds % 1e6 != 0.0
}
