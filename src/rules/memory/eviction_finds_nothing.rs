//! A volatile policy that has next to no key it may evict ends like noeviction.

use crate::facts::{Bytes, Count, Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "eviction-finds-nothing",
    page: page!("rules/memory/eviction-finds-nothing.md"),
    check: Check::Server(check),
};

/// The source text's line: over 80 % of maxmemory, audit.
const AUDIT: f64 = 0.80;
/// From here the next burst of writes reaches the ceiling (judgement).
const LAST_CALL: f64 = 0.95;
/// Fewer than one key in twenty is soon evicted (judgement; Azure's guide warns of the case without a number).
const FEW: f64 = 0.05;
/// Below this a handful of keys decides the share (judgement).
const FLOOR: u64 = 1_000;

fn check(server: &Witness) -> Checked {
    let ceiling = server.bytes("maxmemory")?;
    let policy = server.word("maxmemory_policy")?;
    if ceiling == Bytes(0) || !policy.raw().starts_with("volatile-") {
        return Ok(None);
    }
    let filled = server.bytes("used_memory")?.of(ceiling);
    if filled.0 < AUDIT {
        return Ok(None);
    }
    let (keys, expires) = server.key_counts()?;
    let share = Share::of(expires, keys);
    if keys < FLOOR || share.0 >= FEW {
        return Ok(None);
    }
    let severity = if filled.0 >= LAST_CALL { Severity::Critical } else { Severity::Warning };
    let says = format!(
        "{filled} of maxmemory is in use, and {policy} may evict only {} of {} keys ({share})",
        Count(expires),
        Count(keys)
    );
    Ok(Some(
        Alarm::new(severity, says)
            .fix(
                Risk::Safe,
                "find the families without a TTL: godmode-redis audit (audit_memory), which reads a replica if there is one",
            )
            .fix(Risk::Review, "write what may go with an expiry, SET key value EX seconds")
            .fix(Risk::Review, "raise maxmemory if the machine has room (CONFIG SET maxmemory)"),
    ))
}
