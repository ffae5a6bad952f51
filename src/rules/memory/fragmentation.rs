//! The process holds far more memory than its data needs.

use crate::facts::{Bytes, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "fragmentation", page: page!("rules/memory/fragmentation.md"), check: Check::Server(check) };

/// The source text's line: half as much again as the data.
const RATIO: f64 = 1.5;
/// Redis' own floor for defragmentation, active-defrag-ignore-bytes: a small server always shows a high ratio.
const FLOOR: i64 = 100 << 20;
/// active-defrag-threshold-lower 10: below it active defragmentation does not start.
const DEFRAG_STARTS: f64 = 1.10;

fn check(server: &Witness) -> Checked {
    let ratio = server.ratio("mem_fragmentation_ratio")?;
    if ratio <= RATIO {
        return Ok(None);
    }
    // Negative when part of the data is not resident.
    let bytes = server.signed("mem_fragmentation_bytes")?;
    if bytes <= FLOOR {
        return Ok(None);
    }
    let wasted = Bytes(bytes.unsigned_abs());
    let allocator = server.word("mem_allocator")?;
    let says =
        format!("mem_fragmentation_ratio is {ratio:.2} with {allocator}: {wasted} of resident memory hold no data");
    let mut alarm = Alarm::new(Severity::Warning, says);
    if allocator.raw().starts_with("jemalloc") {
        // Only the choice of a fix hangs on these two; a server that hides them is fragmented all the same.
        let is_on = server.is_on("activedefrag") == Ok(true);
        let would_not_start = server.ratio("allocator_frag_ratio").is_ok_and(|inside| inside < DEFRAG_STARTS);
        if !is_on && !would_not_start {
            alarm = alarm.fix(Risk::Review, "CONFIG SET activedefrag yes, if the build supports it");
        }
        alarm = alarm.fix(Risk::Review, "MEMORY PURGE, at a quiet hour");
    }
    Ok(Some(alarm.fix(Risk::Disruptive, "restart it, after a failover to a replica if there is one")))
}
