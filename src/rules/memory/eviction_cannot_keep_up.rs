//! Writes arrive faster than eviction frees: memory stays over the ceiling.

use crate::facts::{Micros, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "eviction-cannot-keep-up",
    page: page!("rules/memory/eviction-cannot-keep-up.md"),
    check: Check::Server(check),
};

/// A burst takes a few of eviction's time slices; a second of them is no burst (judgement).
const BURST_MS: u64 = 1_000;

fn check(server: &Witness) -> Checked {
    let exceeded = server.number("current_eviction_exceeded_time")?;
    if exceeded == 0 {
        return Ok(None);
    }
    let policy = server.word("maxmemory_policy")?;
    // There the clock runs too, but nothing is evicted: writes are refused.
    if policy == "noeviction" {
        return Ok(None);
    }
    let severity = if exceeded >= BURST_MS { Severity::Critical } else { Severity::Warning };
    let says = format!("memory has been over maxmemory for {}, although {policy} may evict", Micros::ms(exceeded));
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Review, "free big values in the background: CONFIG SET lazyfree-lazy-eviction yes")
            .fix(Risk::Review, "let eviction take more of each cycle: CONFIG SET maxmemory-eviction-tenacity 50")
            .fix(Risk::Review, "slow the writers down, or spread them over more shards"),
    ))
}
