//! A client asks faster than it reads, and the server keeps its replies.

use crate::facts::{Bytes, Seconds, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "slow-reader", page: page!("rules/clients/slow-reader.md"), check: Check::Server(check) };

/// Past the soft limit that Redis itself sets for subscribers, 8 MiB (redis.conf).
const SLOW: Bytes = Bytes::mib(10);
/// Past three times the hard limit for subscribers, 32 MiB: normal clients have none (redis.conf; judgement).
const STUCK: Bytes = Bytes::mib(100);

fn check(server: &Witness) -> Checked {
    let Some(client) = &server.clients()?.hungriest else { return Ok(None) };
    server.note("CLIENT LIST", "omem of the hungriest connection", client.output);
    if client.output < SLOW {
        return Ok(None);
    }
    let severity = if client.output >= STUCK { Severity::Critical } else { Severity::Warning };
    let name = client.name.as_ref().map_or("a client without a name".into(), |name| format!("the client {name}"));
    let says = format!(
        "replies of {} wait for {name}, whose last command was {}, idle for {}",
        client.output,
        client.command,
        Seconds(client.idle_seconds)
    );
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Safe, "find its line in CLIENT LIST by omem: addr, user and lib-name say whose it is")
            .fix(Risk::Review, "let it ask for less at once: SCAN, ranges and pages, in place of whole collections")
            .fix(Risk::Disruptive, "CLIENT KILL ID <id>, with the id of that line"),
    ))
}
