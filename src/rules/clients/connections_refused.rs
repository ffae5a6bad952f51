//! Clients are turned away at the door, now.

use crate::facts::{Count, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "connections-refused",
    page: page!("rules/clients/connections-refused.md"),
    check: Check::Server(check),
};

fn check(server: &Witness) -> Checked {
    let refused = server.growth("rejected_connections")?;
    if refused.by == 0 {
        return Ok(None);
    }
    let connected = server.number("connected_clients")?;
    let limit = server.number("maxclients")?;
    let says = format!(
        "new connections are refused at {}, with {} of {} maxclients connected",
        refused.rate(),
        Count(connected),
        Count(limit)
    );
    Ok(Some(
        Alarm::new(Severity::Critical, says)
            .fix(Risk::Safe, "near the limit, find who holds the connections: CLIENT LIST, counted by addr and name")
            .fix(Risk::Review, format!("CONFIG SET maxclients {}, if ulimit -n of the server allows it", limit * 2))
            .fix(
                Risk::Review,
                "far below the limit, protected mode refuses remote clients: give the default user a password",
            ),
    ))
}
