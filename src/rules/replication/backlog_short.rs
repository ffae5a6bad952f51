//! The backlog forgets writes sooner than a broken link is noticed.

use crate::facts::{Bytes, Seconds, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "backlog-short", page: page!("rules/replication/backlog-short.md"), check: Check::Server(check) };

/// The default of repl-timeout: as long may it take until a dead link is noticed (redis.conf).
const SHORT: f64 = 60.0;
/// Five minutes: a restart of the replica or of a switch (judgement).
const AMPLE: f64 = 300.0;
/// Bytes per second below which a full copy is as cheap as the backlog (judgement).
const FLOOR: f64 = 10.0 * 1024.0;

fn check(server: &Witness) -> Checked {
    if server.number("connected_slaves")? == 0 {
        return Ok(None);
    }
    let rate = server.growth("master_repl_offset")?.rate().0;
    if rate < FLOOR {
        return Ok(None);
    }
    let backlog = server.bytes("repl_backlog_size")?;
    let holds = backlog.0 as f64 / rate;
    if holds >= SHORT {
        return Ok(None);
    }
    let says = format!(
        "the replication backlog of {backlog} holds the last {} of writes at {}/s",
        Seconds(holds as u64),
        Bytes(rate as u64)
    );
    // A whole number of MiB reads better in a configuration file.
    let wanted = (rate * AMPLE / Bytes::mib(1).0 as f64).ceil() as u64;
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Review, format!("CONFIG SET repl-backlog-size {}", Bytes::mib(wanted).0))
            .fix(Risk::Review, "CONFIG REWRITE, so that the size survives a restart"),
    ))
}
