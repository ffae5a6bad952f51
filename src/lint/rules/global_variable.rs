//! A variable without `local` ends the script with an error.

use super::absent_library;
use crate::lint::Rule;
use crate::lint::places::{Place, Role};
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "global-variable", page: page!("rules/lua/global-variable.md"), check };

/// What every supported server gives to a script (scripting documentation, "Available libraries").
const GIVEN: [&str; 37] = [
    "KEYS",
    "ARGV",
    "redis",
    "server",
    "cjson",
    "cmsgpack",
    "struct",
    "bit",
    "string",
    "table",
    "math",
    "os",
    "tonumber",
    "tostring",
    "type",
    "pairs",
    "ipairs",
    "next",
    "select",
    "unpack",
    "error",
    "assert",
    "pcall",
    "xpcall",
    "rawget",
    "rawset",
    "rawequal",
    "setmetatable",
    "getmetatable",
    "load",
    "loadstring",
    "collectgarbage",
    "gcinfo",
    "coroutine",
    "_G",
    "_VERSION",
    "__redis__err__handler",
];

fn check(script: &Witness) -> Option<Alarm> {
    let assigned = script.places.iter().filter(|place| place.role == Role::Target && is_global(place));
    if script.point_at(assigned.map(|place| place.node.span)).is_none() {
        let read = script.places.iter().filter(|place| match &place.node.kind {
            Kind::Global(name) => !GIVEN.contains(&name.as_str()) && !absent_library::ABSENT.contains(&name.as_str()),
            _ => false,
        });
        script.point_at(read.map(|place| place.node.span))?;
    }
    let alarm =
        Alarm::new(Severity::Critical, "a variable is not declared by `local`, and the server refuses to run the line");
    Some(alarm.fix(Risk::Safe, "declare it by `local` before its first use, or correct its name"))
}

/// `x` or `_G.x`.
fn is_global(place: &Place) -> bool {
    matches!(place.node.kind, Kind::Global(_)) || place.node.path().is_some_and(|path| path.starts_with("_G."))
}
