//! A library of plain Lua that no server gives to a script.

use crate::lint::Rule;
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "absent-library", page: page!("rules/lua/absent-library.md"), check };

/// Names that Lua 5.1 has and a server takes away; `print` and the environment functions since Redis 7.0 or 8.0.
pub const ABSENT: [&str; 11] =
    ["io", "require", "package", "debug", "dofile", "loadfile", "module", "print", "setfenv", "getfenv", "newproxy"];

fn check(script: &Witness) -> Option<Alarm> {
    let clock = script.runs_on((7, 4), (8, 0));
    let used = script.places.iter().filter(|place| match &place.node.kind {
        Kind::Global(name) => ABSENT.contains(&name.as_str()),
        Kind::Index(..) => match place.node.path() {
            Some(path) if path == "os.clock" => !clock,
            Some(path) => path.starts_with("os."),
            None => false,
        },
        _ => false,
    });
    script.point_at(used.map(|place| place.node.span))?;
    let alarm = Alarm::new(Severity::Critical, "it uses a library of Lua that servers do not give to scripts");
    Some(alarm.fix(Risk::Safe, "take the time from TIME, pass anything else as ARGV, write to the log by redis.log"))
}
