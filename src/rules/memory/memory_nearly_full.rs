//! Close to the ceiling: what happens next depends on the policy.

use crate::facts::{Bytes, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "memory-nearly-full", page: page!("rules/memory/memory-nearly-full.md"), check: Check::Server(check) };

/// The source text's line: over 80 % of maxmemory, audit.
const AUDIT: f64 = 0.80;
/// At 90 % a writer has little time left (Datadog and awesome-prometheus-alerts page at the same share).
const LAST_CALL: f64 = 0.90;
/// An empty server of a few megabytes fills a tiny ceiling by itself.
const FLOOR: Bytes = Bytes::mib(8);

fn check(server: &Witness) -> Checked {
    let ceiling = server.bytes("maxmemory")?;
    let used = server.bytes("used_memory")?;
    let share = used.of(ceiling);
    if ceiling == Bytes(0) || used < FLOOR || share.0 < AUDIT {
        return Ok(None);
    }
    let policy = server.word("maxmemory_policy")?;
    let (severity, next) = match policy.raw() {
        "noeviction" if share.0 >= LAST_CALL => (Severity::Critical, "the next step is an OOM error for every write"),
        "noeviction" => (Severity::Warning, "at the ceiling every write fails with OOM"),
        // A full cache that evicts is a cache at work.
        _ => (Severity::Notice, "at the ceiling keys are evicted"),
    };
    let says = format!("{used} of {ceiling} maxmemory is in use ({share}); with {policy} {next}");
    Ok(Some(
        Alarm::new(severity, says)
            .fix(
                Risk::Safe,
                "find what fills it: godmode-redis audit (audit_memory), which reads a replica if there is one",
            )
            .fix(Risk::Review, format!("CONFIG SET maxmemory {}", ceiling.0 / 2 * 3)),
    ))
}
