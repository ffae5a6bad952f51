//! Few places are left below `maxclients`.

use crate::facts::{Count, Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "clients-near-limit", page: page!("rules/clients/clients-near-limit.md"), check: Check::Server(check) };

/// At 80 % a pool that doubles after a deployment no longer fits (BetterDB warns at the same share).
const CROWDED: f64 = 0.80;
/// At 95 % one more application server is refused (alert packs page at 90 %; judgement).
const LAST_PLACES: f64 = 0.95;
/// Below this the limit is a toy, and our own connection weighs in it (judgement).
const FLOOR: u64 = 50;

fn check(server: &Witness) -> Checked {
    let connected = server.number("connected_clients")?;
    if connected < FLOOR {
        return Ok(None);
    }
    let limit = server.number("maxclients")?;
    let share = Share::of(connected, limit);
    let severity = match share.0 {
        share if share >= LAST_PLACES => Severity::Critical,
        share if share >= CROWDED => Severity::Warning,
        _ => return Ok(None),
    };
    let says = format!("{} of {} maxclients are connected ({share})", Count(connected), Count(limit));
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Safe, "find who holds them: CLIENT LIST, counted by addr and name")
            .fix(Risk::Review, "bound the pool of each application: pool size times processes must fit")
            .fix(Risk::Review, format!("CONFIG SET maxclients {}, if ulimit -n of the server allows it", limit * 2)),
    ))
}
