//! Keys are being deleted to make room, now.

use crate::facts::{Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "eviction-running", page: page!("rules/memory/eviction-running.md"), check: Check::Server(check) };

/// A handful in one look is the policy at work (judgement).
const FEW: u64 = 10;
/// More than one key lost for a hundred commands, and the working set does not fit (judgement).
const THRASHING: f64 = 0.01;

fn check(server: &Witness) -> Checked {
    let evicted = server.growth("evicted_keys")?;
    if evicted.by < FEW {
        return Ok(None);
    }
    let policy = server.word("maxmemory_policy")?;
    let commands = server.growth("total_commands_processed")?;
    let share = Share::of(evicted.by, commands.by);
    let severity = if share.0 >= THRASHING { Severity::Warning } else { Severity::Notice };
    let says =
        format!("{} keys are evicted by {policy}: {:.1} for every 100 commands", evicted.rate(), share.0 * 100.0);
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Safe, "find families that could be smaller or expire sooner: godmode-redis audit (audit_memory), which reads a replica if there is one")
            .fix(Risk::Review, "raise maxmemory if the machine has room (CONFIG SET maxmemory)"),
    ))
}
