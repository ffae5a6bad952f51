//! Many changes, no append-only file, and the last snapshot is long ago.

use crate::facts::{Count, Seconds, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "snapshot-overdue", page: page!("rules/persistence/snapshot-overdue.md"), check: Check::Server(check) };

/// With fewer changes an hour is a calm one (judgement).
const MANY: u64 = 1_000_000;
/// The longest save point of the default configuration: an hour, even for a single change.
const HOUR: u64 = 3_600;

fn check(server: &Witness) -> Checked {
    let changes = server.number("rdb_changes_since_last_save")?;
    if changes < MANY || server.is_on("aof_enabled")? {
        return Ok(None);
    }
    let age = server.now()?.saturating_sub(server.number("rdb_last_save_time")?);
    // -1 when none is being written; one that takes longer than an hour is no better than none.
    let writing = server.signed("rdb_current_bgsave_time_sec")?;
    if age <= HOUR || (0..=HOUR as i64).contains(&writing) || server.word("save")?.is_empty() {
        return Ok(None);
    }
    let says = format!(
        "{} changes are in no snapshot: the last was written {} ago, and AOF is off",
        Count(changes),
        Seconds(age)
    );
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Review, "BGSAVE, now and by a save point that fits the writes (CONFIG GET save)")
            .fix(Risk::Review, "CONFIG SET appendonly yes, if a second of writes is all that may be lost"),
    ))
}
