//! Clients connect for a few commands and leave again.

use crate::facts::{Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "connection-churn", page: page!("rules/clients/connection-churn.md"), check: Check::Server(check) };

/// A pool opens a few connections after a deployment, not a hundred a second (judgement).
const MANY: f64 = 100.0;
/// One connection for ten commands: handshakes are a visible part of the work (judgement).
const SHARE: f64 = 0.10;
/// Health checks, exporters and people with redis-cli stay below this rate (judgement).
const FLOOR: f64 = 20.0;

fn check(server: &Witness) -> Checked {
    let opened = server.growth("total_connections_received")?;
    if opened.rate().0 < FLOOR {
        return Ok(None);
    }
    let commands = server.growth("total_commands_processed")?;
    let share = Share::of(opened.by, commands.by);
    if opened.rate().0 < MANY && share.0 < SHARE {
        return Ok(None);
    }
    let says = format!("connections are opened at {} for {} commands ({share})", opened.rate(), commands.rate());
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Safe, "find who reconnects: CLIENT LIST, and look for a small age under the same addr or name")
            .fix(Risk::Review, "keep connections open: one pool for each process, or persistent connections in PHP"),
    ))
}
