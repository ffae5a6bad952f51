//! On old servers a write may not follow a read of chance.

use crate::lint::Rule;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "random-before-write", page: page!("rules/lua/random-before-write.md"), check };

/// Commands that may answer differently on a replica (Redis 4.0, flag "random").
const RANDOM: [&str; 8] = ["TIME", "RANDOMKEY", "SRANDMEMBER", "SCAN", "SSCAN", "HSCAN", "ZSCAN", "LASTSAVE"];

fn check(script: &Witness) -> Option<Alarm> {
    // Valkey has never been without effects replication.
    if !script.runs_before((5, 0), (0, 0)) || script.calls("redis.replicate_commands").next().is_some() {
        return None;
    }
    let random = script.commands.iter().position(|command| command.is(&RANDOM))?;
    let after = script.commands.iter().skip(random).filter(|command| command.writes());
    script.point_at(after.map(|command| command.node.span))?;
    let alarm = Alarm::new(Severity::Critical, "before Redis 5.0 a write after such a read is refused");
    Some(alarm.fix(Risk::Review, "call redis.replicate_commands() first, or pass the value in ARGV"))
}
