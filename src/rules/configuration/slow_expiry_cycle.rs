//! The cycle that deletes expired keys runs out of time.

use crate::facts::{Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "slow-expiry-cycle",
    page: page!("rules/configuration/slow-expiry-cycle.md"),
    check: Check::Server(check),
};

/// LATENCY DOCTOR advises 100 to whoever has less and sees the expire cycle (latency.c).
const FINE_GRAINED: u64 = 100;
/// The share of expired keys that Redis accepts before it makes extra effort (expire.c, ACCEPTABLE_STALE).
const STALE: f64 = 0.10;

fn check(server: &Witness) -> Checked {
    let capped = server.growth("expired_time_cap_reached_count")?;
    if capped.by == 0 {
        return Ok(None);
    }
    // INFO tells the hz in force, which dynamic-hz raises with the number of clients.
    let hz = server.number("hz")?;
    if hz >= FINE_GRAINED {
        return Ok(None);
    }
    let stale = Share(server.ratio("expired_stale_perc")? / 100.0);
    let severity = if stale.0 > STALE { Severity::Warning } else { Severity::Notice };
    let says = format!(
        "the expire cycle hits its time limit at {} with hz {hz}; {stale} of the keys it samples are expired",
        capped.rate()
    );
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Review, "spread the expiry: add a random part to each TTL")
            .fix(Risk::Review, "CONFIG SET hz 100"),
    ))
}
