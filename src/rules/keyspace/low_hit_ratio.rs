//! A cache that does not have what it is asked for.

use crate::facts::{Count, Missing, Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "low-hit-ratio", page: page!("rules/keyspace/low-hit-ratio.md"), check: Check::Server(check) };

/// The source text's target for a cache.
const TARGET: f64 = 0.90;
/// Where common advice on caches calls it poor.
const POOR: f64 = 0.80;
/// Fewer lookups do not make a ratio (judgement).
const FLOOR: u64 = 1_000;

fn check(server: &Witness) -> Checked {
    let hits = server.growth("keyspace_hits")?;
    let misses = server.growth("keyspace_misses")?;
    let lookups = hits.by + misses.by;
    if lookups < FLOOR {
        let why = format!("only {lookups} lookups between the two looks; look longer with interval 30");
        return Err(Missing::new("hit ratio", why));
    }
    let share = Share::of(hits.by, lookups);
    if share.0 >= TARGET {
        return Ok(None);
    }
    // Without eviction it may be a store, where a miss is an answer like any other.
    let policy = server.word("maxmemory_policy")?;
    let severity = match policy.raw() {
        "noeviction" if share.0 >= POOR => return Ok(None),
        "noeviction" => Severity::Notice,
        _ if share.0 >= POOR => Severity::Notice,
        _ => Severity::Warning,
    };
    let says = format!(
        "{} of {} lookups in {:.1} s found their key ({share}), with {policy}",
        Count(hits.by),
        Count(lookups),
        hits.seconds
    );
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Safe, "tell why: evicted_keys and expired_keys, in two calls of INFO stats a minute apart")
            .fix(Risk::Review, "if keys expire too soon: longer TTLs for what is read again")
            .fix(Risk::Review, "if they are evicted: raise maxmemory if the machine has room")
            .fix(Risk::Review, "if they never existed: cache the absence, with a short TTL"),
    ))
}
