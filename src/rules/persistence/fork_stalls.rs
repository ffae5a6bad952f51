//! Each save or full synchronization begins with a fork that stops the main thread.

use crate::facts::{Bytes, Micros, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "fork-stalls", page: page!("rules/persistence/fork-stalls.md"), check: Check::Server(check) };

/// BetterDB's line; a client with a timeout of a second has half of it left.
const LONG: Micros = Micros::ms(500);

fn check(server: &Witness) -> Checked {
    let took = Micros(server.number("latest_fork_usec")?);
    if took <= LONG {
        return Ok(None);
    }
    // As in `stat_fork_rate` of Redis, which LATENCY DOCTOR calls poor below 25 GiB/s.
    let rate = match server.bytes("used_memory") {
        Ok(used) => {
            let gib = used.0 as f64 / Bytes::gib(1).0 as f64;
            format!(": {:.1} GiB/s for {used}", gib * 1e6 / took.0 as f64)
        }
        Err(_) => String::new(),
    };
    Ok(Some(
        Alarm::new(Severity::Warning, format!("the last fork stopped the main thread for {took}{rate}"))
            .fix(
                Risk::Safe,
                "see which it was, and how often: LATENCY HISTORY fork, INFO persistence, the server's log",
            )
            .fix(
                Risk::Review,
                "fork less often here: fewer save points, a larger replication backlog, saves on a replica",
            )
            .fix(Risk::Review, "smaller servers: the time grows with the memory of one"),
    ))
}
