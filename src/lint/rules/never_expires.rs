//! A key that is meant to pass away is created without an expiry.

use crate::lint::Rule;
use crate::lint::script::Command;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "never-expires", page: page!("rules/lua/never-expires.md"), check };

const EXPIRES: [&str; 15] = [
    "EXPIRE",
    "PEXPIRE",
    "EXPIREAT",
    "PEXPIREAT",
    "SETEX",
    "PSETEX",
    "GETEX",
    "HEXPIRE",
    "HPEXPIRE",
    "HSETEX",
    "DEL",
    "UNLINK",
    "GETDEL",
    "RENAME",
    "RESTORE",
];
const READS: [&str; 6] = ["GET", "EXISTS", "TTL", "PTTL", "STRLEN", "GETRANGE"];
/// What is trimmed does not grow, and what has an index is kept on purpose.
const TRIMS: [&str; 6] = ["ZADD", "HDEL", "ZPOPMIN", "ZREM", "ZREMRANGEBYSCORE", "ZREMRANGEBYRANK"];
const SET_OPTIONS: [&str; 6] = ["EX", "PX", "EXAT", "PXAT", "KEEPTTL", "XX"];

fn check(script: &Witness) -> Option<Alarm> {
    if script.calls_any(&EXPIRES) || script.named(&["SET"]).any(|set| SET_OPTIONS.iter().any(|option| set.has(option)))
    {
        return None;
    }
    // A variable option may be EX.
    let plain = |command: &Command| command.arguments.iter().skip(2).all(|node| node.text().is_some());
    let read_before = |set: &Command| script.named(&READS).any(|read| script.same_key(read, set));
    let locks = script
        .commands
        .iter()
        .filter(|command| command.is(&["SETNX"]) || command.is(&["SET"]) && command.has("NX") && plain(command));
    let limiters = script.named(&["INCR", "INCRBY", "ZADD"]).filter(|command| match command.is(&["ZADD"]) {
        true => script.calls_any(&["ZREMRANGEBYSCORE"]) && script.calls_any(&["ZCARD", "ZCOUNT"]),
        false => command.compared,
    });
    let state = script.named(&["HSET", "HMSET"]).filter(|_| script.calls_any(&["TIME"]) && !script.calls_any(&TRIMS));
    if script.point_at(locks.chain(limiters).chain(state).map(|command| command.node.span)).is_some() {
        let alarm = Alarm::new(Severity::Warning, "it creates a lock, a limit or a state that never expires");
        return Some(
            alarm.fix(Risk::Review, "give it a lifetime in the same script: SET … PX, or PEXPIRE after the write"),
        );
    }
    let values = script.named(&["SET"]).filter(|set| set.arguments.len() == 2 && !read_before(set));
    script.point_at(values.map(|command| command.node.span))?;
    let alarm = Alarm::new(Severity::Notice, "it creates a key without an expiry");
    Some(alarm.fix(Risk::Review, "SET … PX with a lifetime, unless the key is meant to stay"))
}
