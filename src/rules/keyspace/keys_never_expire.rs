//! A cache whose keys stay until something else removes them.

use crate::facts::{Count, Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "keys-never-expire", page: page!("rules/keyspace/keys-never-expire.md"), check: Check::Server(check) };

/// A cache may hold a few thousand permanent keys on purpose: settings, counters (judgement).
const FLOOR: u64 = 10_000;
/// When most keys are permanent, the TTL is the exception and not the rule (judgement).
const MOST: f64 = 0.50;
/// The source text's line: over 80 % of maxmemory, audit.
const AUDIT: f64 = 0.80;

fn check(server: &Witness) -> Checked {
    let policy = server.word("maxmemory_policy")?;
    // Whoever forbids eviction means to keep the keys.
    if policy == "noeviction" {
        return Ok(None);
    }
    let (keys, expires) = server.key_counts()?;
    let permanent = keys.saturating_sub(expires);
    let share = Share::of(permanent, keys);
    if permanent < FLOOR || share.0 < MOST {
        return Ok(None);
    }
    let filled = server.bytes("used_memory")?.of(server.bytes("maxmemory")?);
    let severity = if filled.0 > AUDIT { Severity::Warning } else { Severity::Notice };
    let next =
        if policy.raw().starts_with("volatile-") { "never evicts them" } else { "evicts them like any other key" };
    let says = format!("{} of {} keys ({share}) have no TTL; {policy} {next}", Count(permanent), Count(keys));
    Ok(Some(
        Alarm::new(severity, says)
            .fix(
                Risk::Safe,
                "find the families without a TTL: godmode-redis audit (audit_memory), which reads a replica if there is one",
            )
            .fix(Risk::Review, "write what is not permanent with an expiry and some jitter, SET key value EX seconds"),
    ))
}
