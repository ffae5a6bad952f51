//! Buffers of clients take memory that no limit bounds.

use crate::facts::{Bytes, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "client-buffers", page: page!("rules/clients/client-buffers.md"), check: Check::Server(check) };

/// A tenth of the memory in use, taken from the data (judgement).
const SHARE: f64 = 0.10;
/// A thousand connections at rest hold about this much (judgement).
const FLOOR: Bytes = Bytes::mib(32);

fn check(server: &Witness) -> Checked {
    let buffers = server.bytes("mem_clients_normal")?;
    if buffers < FLOOR {
        return Ok(None);
    }
    let share = buffers.of(server.bytes("used_memory")?);
    if share.0 < SHARE {
        return Ok(None);
    }
    let engine = server.engine()?;
    // maxmemory-clients came with Redis 7.0; it is bytes, or a share of maxmemory such as 5%.
    let bounds = engine.at_least((7, 0), (7, 2));
    if bounds && server.word("maxmemory-clients")? != "0" {
        return Ok(None);
    }
    let why = if bounds { "maxmemory-clients 0".to_owned() } else { engine.to_string() };
    let says = format!("client buffers hold {buffers}, {share} of the memory in use, and {why} does not bound them");
    let bound = if bounds {
        // Twice what they hold: it disconnects nobody today.
        format!("CONFIG SET maxmemory-clients {}", buffers.0 * 2)
    } else {
        "bound each client: CONFIG SET client-output-buffer-limit \"normal 67108864 33554432 60\"".to_owned()
    };
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Safe, "find the largest: CLIENT LIST, by tot-mem, omem and qbuf")
            .fix(Risk::Review, bound),
    ))
}
