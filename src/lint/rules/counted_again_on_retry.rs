//! A retried call counts once more.

use crate::lint::Rule;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "counted-again-on-retry", page: page!("rules/lua/counted-again-on-retry.md"), check };

const ADDS: [&str; 11] =
    ["LPUSH", "RPUSH", "XADD", "INCR", "DECR", "INCRBY", "DECRBY", "HINCRBY", "ZINCRBY", "INCRBYFLOAT", "HINCRBYFLOAT"];
/// Counters that pass away forget what they counted twice.
const COUNTS: [&str; 4] = ["INCR", "INCRBY", "HINCRBY", "ZINCRBY"];
/// Commands by which a script recognises what it has done already, or takes what can be taken only once.
const GUARDS: [&str; 25] = [
    "SETNX",
    "HSETNX",
    "SADD",
    "EXISTS",
    "SISMEMBER",
    "HEXISTS",
    "ZSCORE",
    "ZADD",
    "ZREM",
    "LREM",
    "SREM",
    "HDEL",
    "DEL",
    "UNLINK",
    "LPOP",
    "RPOP",
    "SPOP",
    "ZPOPMIN",
    "ZPOPMAX",
    "LMOVE",
    "SMOVE",
    "GETDEL",
    "XDEL",
    "XACK",
    "LTRIM",
];

fn check(script: &Witness) -> Option<Alarm> {
    if script.calls_any(&GUARDS) || script.named(&["SET"]).any(|set| set.has("NX")) {
        return None;
    }
    let expires = script.calls_any(&["EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT", "HEXPIRE"]);
    let adds = script.named(&ADDS).filter(|command| {
        let known_id = command.is(&["XADD"]) && (!command.has("*") || command.has("IDMP"));
        !(known_id || expires && command.is(&COUNTS))
    });
    let adds: Vec<_> = adds.collect();
    script.point_at(adds.iter().map(|command| command.node.span))?;
    let word = adds.first().map(|command| command.word()).unwrap_or_default();
    let alarm =
        Alarm::new(Severity::Notice, format!("a call that is sent again after a lost reply does {word} once more"));
    Some(alarm.fix(Risk::Review, "pass an id of the request, and do it only if SET <id> 1 NX EX 3600 succeeds"))
}
