//! Less memory is resident than the data takes: the rest may be in swap.

use crate::facts::{Bytes, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "swapped-out", page: page!("rules/memory/swapped-out.md"), check: Check::Server(check) };

/// An allocator that rounds up makes RSS the larger of the two; a twentieth below is no rounding (judgement).
const RESIDENT: f64 = 0.95;
/// Buffers that were allocated and not yet touched explain the gap on a small server (judgement).
const FLOOR: Bytes = Bytes::mib(100);

fn check(server: &Witness) -> Checked {
    let used = server.bytes("used_memory")?;
    if used <= FLOOR {
        return Ok(None);
    }
    let resident = server.bytes("used_memory_rss")?;
    let share = resident.of(used);
    if share.0 >= RESIDENT {
        return Ok(None);
    }
    let says = format!("{resident} are resident of {used} in use ({share}): the rest may be in swap");
    Ok(Some(
        Alarm::new(Severity::Notice, says)
            .fix(Risk::Safe, "on its machine: grep VmSwap /proc/PID/status, with the process_id of INFO server")
            .fix(Risk::Review, "if it is swap: lower maxmemory or add RAM, and set vm.swappiness to 1"),
    ))
}
