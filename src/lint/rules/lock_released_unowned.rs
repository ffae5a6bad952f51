//! A lock is released by whoever asks.

use crate::lint::Rule;
use crate::lint::script::Command;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "lock-released-unowned", page: page!("rules/lua/lock-released-unowned.md"), check };

/// Commands that tell, or remove, one owner.
const OWNERS: [&str; 12] =
    ["GET", "HGET", "HEXISTS", "HMGET", "HDEL", "HINCRBY", "SREM", "ZREM", "LREM", "ZSCORE", "SISMEMBER", "GETEX"];
const WORDS: [&str; 7] = ["lock", "locks", "unlock", "unlocks", "mutex", "lease", "locking"];

fn check(script: &Witness) -> Option<Alarm> {
    if script.calls_any(&OWNERS) {
        return None;
    }
    let text = script.text.to_lowercase();
    let named = text.split(|c: char| !c.is_ascii_alphabetic()).any(|word| WORDS.contains(&word));
    let taken = |released: &Command| {
        let takes = |take: &Command| (take.is(&["SETNX"]) || take.has("NX")) && script.same_key(take, released);
        script.named(&["SET", "SETNX"]).any(takes)
    };
    let released = script.named(&["DEL", "UNLINK"]).filter(|released| named || taken(released));
    script.point_at(released.map(|command| command.node.span))?;
    let alarm = Alarm::new(Severity::Critical, "a lock is deleted without a look at who holds it");
    Some(alarm.fix(Risk::Review, "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"))
}
