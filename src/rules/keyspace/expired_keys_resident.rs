//! Keys that have expired and are still in memory.

use crate::facts::{Count, Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "expired-keys-resident",
    page: page!("rules/keyspace/expired-keys-resident.md"),
    check: Check::Server(check),
};

/// ACTIVE_EXPIRE_CYCLE_ACCEPTABLE_STALE: up to this many percent the expire cycle is content.
const ACCEPTABLE: f64 = 10.0;
/// Below this the estimate rests on a few samples, and the waste is small (judgement).
const FLOOR: u64 = 10_000;

fn check(server: &Witness) -> Checked {
    let stale = server.ratio("expired_stale_perc")?;
    if stale <= ACCEPTABLE {
        return Ok(None);
    }
    let (_, expires) = server.key_counts()?;
    if expires < FLOOR {
        return Ok(None);
    }
    let says = format!(
        "about {} of {} keys with a TTL have expired and are still in memory",
        Share(stale / 100.0),
        Count(expires)
    );
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Safe, "end long SCANs on this server; scan a replica instead")
            .fix(Risk::Review, "CONFIG SET active-expire-effort 3, between 1 (the default) and 10")
            .fix(Risk::Review, "add jitter to TTLs, so that keys do not expire all at once"),
    ))
}
