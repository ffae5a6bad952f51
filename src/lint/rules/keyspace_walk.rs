//! It asks for all keys of the server.

use crate::lint::Rule;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "keyspace-walk", page: page!("rules/lua/keyspace-walk.md"), check };

const WALKS: [&str; 6] = ["KEYS", "FLUSHDB", "FLUSHALL", "SCAN", "RANDOMKEY", "DBSIZE"];

fn check(script: &Witness) -> Option<Alarm> {
    let walks: Vec<_> = script.named(&WALKS).collect();
    script.point_at(walks.iter().map(|command| command.node.span))?;
    let worst = walks.iter().find(|command| command.is(&["KEYS", "FLUSHDB", "FLUSHALL"]));
    let severity = if worst.is_some() { Severity::Critical } else { Severity::Warning };
    let word = worst.or(walks.first()).map(|command| command.word()).unwrap_or_default();
    let alarm = Alarm::new(severity, format!("{word} concerns every key of the node, not those in KEYS"));
    Some(alarm.fix(
        Risk::Review,
        "keep the names in a set or sorted set, and pass that in KEYS; walk with SCAN from the client",
    ))
}
