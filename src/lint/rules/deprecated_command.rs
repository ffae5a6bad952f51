//! It calls a command that another one has replaced.

use crate::lint::Rule;
use crate::lint::script::Command;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "deprecated-command", page: page!("rules/lua/deprecated-command.md"), check };

/// Command, what replaces it, since which Redis (the command reference). Every Valkey has them all.
const REPLACED: [(&str, &str, (u16, u16)); 18] = [
    ("BRPOPLPUSH", "BLMOVE … RIGHT LEFT", (6, 2)),
    ("RPOPLPUSH", "LMOVE … RIGHT LEFT", (6, 2)),
    ("ZRANGEBYSCORE", "ZRANGE … BYSCORE", (6, 2)),
    ("ZREVRANGEBYSCORE", "ZRANGE … BYSCORE REV", (6, 2)),
    ("ZRANGEBYLEX", "ZRANGE … BYLEX", (6, 2)),
    ("ZREVRANGEBYLEX", "ZRANGE … BYLEX REV", (6, 2)),
    ("ZREVRANGE", "ZRANGE … REV", (6, 2)),
    ("GEORADIUS", "GEOSEARCH or GEOSEARCHSTORE", (6, 2)),
    ("GEORADIUSBYMEMBER", "GEOSEARCH or GEOSEARCHSTORE", (6, 2)),
    ("GETSET", "SET … GET", (6, 2)),
    ("HMSET", "HSET", (4, 0)),
    ("SETEX", "SET … EX", (2, 6)),
    ("PSETEX", "SET … PX", (2, 6)),
    ("SETNX", "SET … NX", (2, 6)),
    ("SUBSTR", "GETRANGE", (2, 0)),
    ("GEORADIUS_RO", "GEOSEARCH", (6, 2)),
    ("GEORADIUSBYMEMBER_RO", "GEOSEARCH", (6, 2)),
    ("SLAVEOF", "REPLICAOF", (5, 0)),
];

fn check(script: &Witness) -> Option<Alarm> {
    let replacement = |command: &Command| {
        REPLACED.iter().find(|(name, _, since)| command.is(&[name]) && !script.runs_before(*since, (0, 0)))
    };
    let old: Vec<_> = script.commands.iter().filter_map(|command| Some((command, replacement(command)?))).collect();
    script.point_at(old.iter().map(|(command, _)| command.node.span))?;
    let (_, (name, _, (major, minor))) = old.first()?;
    let mut alarm = Alarm::new(Severity::Notice, format!("{name} is deprecated since Redis {major}.{minor}"));
    for (n, (_, (name, by, _))) in old.iter().enumerate() {
        if old.iter().take(n).all(|(_, (before, ..))| before != name) {
            alarm = alarm.fix(Risk::Safe, format!("{by} in place of {name}"));
        }
    }
    Some(alarm)
}
