//! Data that is meant to stay is in memory only.

use crate::facts::{Count, Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "nothing-persisted",
    page: page!("rules/persistence/nothing-persisted.md"),
    check: Check::Server(check),
};

/// Most keys have no TTL: that is a store, not a cache (judgement).
const MOST: f64 = 0.50;
/// Fewer keys are soon written again (judgement).
const FLOOR: u64 = 10_000;

fn check(server: &Witness) -> Checked {
    // A replica is filled again by its primary, and with allkeys-* any key may go at any time.
    if server.word("role")? != "master"
        || server.is_on("aof_enabled")?
        || server.word("maxmemory_policy")?.raw().starts_with("allkeys-")
    {
        return Ok(None);
    }
    let (keys, expires) = server.key_counts()?;
    let lasting = keys.saturating_sub(expires);
    let share = Share::of(lasting, keys);
    if lasting < FLOOR || share.0 <= MOST || !server.word("save")?.is_empty() {
        return Ok(None);
    }
    let says =
        format!("{} keys without a TTL ({share} of all) are in memory only: save is empty, AOF is off", Count(lasting));
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Review, "CONFIG SET appendonly yes, on the running server: a restart with it would begin empty")
            .fix(Risk::Review, "or snapshots, if minutes may be lost: CONFIG SET save \"3600 1 300 100 60 10000\"")
            .fix(Risk::Review, "then CONFIG REWRITE, so that it survives the restart it is meant for"),
    ))
}
