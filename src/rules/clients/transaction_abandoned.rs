//! A client opened MULTI and went away.

use crate::facts::{Count, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "transaction-abandoned",
    page: page!("rules/clients/transaction-abandoned.md"),
    check: Check::Server(check),
};

fn check(server: &Witness) -> Checked {
    let clients = server.clients()?;
    if clients.stuck_transactions == 0 {
        return Ok(None);
    }
    server.note("CLIENT LIST", "in MULTI and idle for a minute", Count(clients.stuck_transactions));
    let says = format!(
        "MULTI stands open on {} of {} connections that have been idle for a minute or longer",
        Count(clients.stuck_transactions),
        Count(clients.connected)
    );
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Safe, "find the lines with x in flags in CLIENT LIST: addr, name and user say whose they are")
            .fix(Risk::Review, "end every MULTI in the client with EXEC or DISCARD, on its error path too")
            .fix(Risk::Disruptive, "CLIENT KILL ID <id>, with the id of such a line"),
    ))
}
