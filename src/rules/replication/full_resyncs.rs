//! Replicas copy everything anew where a few seconds of writes were missing.

use crate::facts::{Count, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "full-resyncs", page: page!("rules/replication/full-resyncs.md"), check: Check::Server(check) };

/// One full copy may be a new replica; two between two looks are not (judgement).
const LOOP: u64 = 2;

fn check(server: &Witness) -> Checked {
    let full = server.growth("sync_full")?;
    // Counts only replicas that asked to go on from an offset; a new one asks for everything.
    let refused = server.growth("sync_partial_err")?;
    if full.by == 0 && refused.by == 0 {
        return Ok(None);
    }
    let severity = if refused.by > 0 || full.by >= LOOP { Severity::Warning } else { Severity::Notice };
    let says = format!(
        "full copies for replicas begun in {:.1} s: {}; partial resyncs refused: {}",
        full.seconds,
        Count(full.by),
        Count(refused.by)
    );
    let alarm = Alarm::new(severity, says)
        .fix(Risk::Safe, "read the log of this server: it names the replica and why its PSYNC was not accepted");
    Ok(Some(if refused.by > 0 {
        alarm.fix(Risk::Review, "raise repl-backlog-size to several minutes of writes (CONFIG SET repl-backlog-size)")
    } else {
        alarm
    }))
}
