//! Every command of everybody is copied to someone who watches.

use crate::facts::{Count, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "monitor-running", page: page!("rules/clients/monitor-running.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    let clients = server.clients()?;
    if clients.monitors == 0 {
        return Ok(None);
    }
    server.note("CLIENT LIST", "run MONITOR", Count(clients.monitors));
    let says = format!(
        "MONITOR runs on {} of {} connections and is sent a copy of every command",
        Count(clients.monitors),
        Count(clients.connected)
    );
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Safe, "find the lines with flags=O in CLIENT LIST: addr and user say whose they are")
            .fix(Risk::Disruptive, "CLIENT KILL ID <id>, with the id of such a line"),
    ))
}
