//! A loop calls a command that takes many at once.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::places::Role;
use crate::lint::script::Callee;
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "one-by-one", page: page!("rules/lua/one-by-one.md"), check };

/// Commands that take many elements of one key.
const ELEMENTS: [&str; 10] = ["SADD", "SREM", "ZADD", "ZREM", "HSET", "HDEL", "LPUSH", "RPUSH", "PFADD", "XDEL"];
/// Commands that take many keys.
const KEYS: [&str; 3] = ["DEL", "UNLINK", "TOUCH"];

fn check(script: &Witness) -> Option<Alarm> {
    let fixed = |root: &Root| matches!(root, Root::Key(Some(_)) | Root::Text(_));
    let single = script.commands.iter().filter(|command| {
        let Some(place) = script.place(command.place) else { return false };
        let Some(inner) = place.loops.last().and_then(|at| script.loops.get(*at)) else { return false };
        // What a condition picks is not known beforehand, and several commands per element are a step of their own.
        let alone = script.commands.iter().filter(|other| script.place(other.place).is_some_and(|other| other.loops == place.loops)).count() == 1;
        let plain = alone && place.role == Role::Dropped && inner.condition.is_none() && place.branches == inner.branches;
        let one_key = command.keys.iter().all(|(_, roots)| roots.iter().all(fixed));
        // A list of arguments that is unpacked is many already.
        let many = command.arguments.last().is_some_and(|node| matches!(&node.kind, Kind::Call(callee, _) if script.callee(callee) == Callee::Path("unpack".into())));
        plain && !many && (command.is(&KEYS) || command.is(&ELEMENTS) && one_key)
    });
    let single: Vec<_> = single.collect();
    script.point_at(single.iter().map(|command| command.node.span))?;
    let word = single.first().map(|command| command.word()).unwrap_or_default();
    let alarm = Alarm::new(Severity::Notice, format!("{word} is called once per element, and takes many at once"));
    Some(alarm.fix(Risk::Review, "collect the arguments in a table, and call it with unpack for every 5000 of them"))
}
