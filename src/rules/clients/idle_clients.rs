//! Connections that nobody uses and nothing closes.

use crate::facts::{Count, Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "idle-clients", page: page!("rules/clients/idle-clients.md"), check: Check::Server(check) };

/// Fewer are the idle minimum of a handful of pools (BetterDB has the same floor).
const FLOOR: u64 = 50;
/// A fifth of all connections at rest for an hour is more than a pool's slack (BetterDB has the same share).
const SHARE: f64 = 0.20;

fn check(server: &Witness) -> Checked {
    let connected = server.number("connected_clients")?;
    if connected < FLOOR {
        return Ok(None);
    }
    let idle = server.clients()?.idle_hour;
    let share = Share::of(idle, connected);
    server.note("CLIENT LIST", "idle for an hour", Count(idle));
    if idle < FLOOR || share.0 < SHARE || server.number("timeout")? > 0 {
        return Ok(None);
    }
    let says = format!(
        "{} of {} connections ({share}) have been idle for an hour or longer, and timeout 0 never closes them",
        Count(idle),
        Count(connected)
    );
    Ok(Some(
        Alarm::new(Severity::Notice, says)
            .fix(Risk::Safe, "find who left them: CLIENT LIST, counted by addr and name where idle is 3600 or more")
            .fix(Risk::Review, "give the pools a maximum idle time below an hour")
            .fix(Risk::Review, "CONFIG SET timeout 3600"),
    ))
}
