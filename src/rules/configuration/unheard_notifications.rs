//! Keyspace events are published to nobody.

use crate::facts::{Count, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "unheard-notifications",
    page: page!("rules/configuration/unheard-notifications.md"),
    check: Check::Server(check),
};

/// Below this many commands a second the events cost nothing that matters (judgement).
const FLOOR: f64 = 100.0;

fn check(server: &Witness) -> Checked {
    let events = server.word("notify-keyspace-events")?;
    if events.is_empty() {
        return Ok(None);
    }
    // Whoever subscribes to a pattern is a subscriber too.
    let subscribers = server.clients()?.subscribers;
    server.note("CLIENT LIST", "subscribers", Count(subscribers));
    if subscribers > 0 {
        return Ok(None);
    }
    let commands = server.growth("total_commands_processed")?.rate();
    if commands.0 < FLOOR {
        return Ok(None);
    }
    let says = format!(
        "notify-keyspace-events is {events}, {commands} commands run, and no connection subscribes to anything"
    );
    Ok(Some(
        Alarm::new(Severity::Notice, says)
            .fix(Risk::Safe, "ask whose they are: a worker that waits for expired keys may only be down")
            .fix(Risk::Review, "CONFIG SET notify-keyspace-events \"\""),
    ))
}
