//! Commands that kept every other client waiting for a tenth of a second or more.

use super::{DAY, NOTICED, TIMEOUT};
use crate::facts::{Count, SlowCommand, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "slow-commands", page: page!("rules/latency/slow-commands.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    let mut slow: Vec<&SlowCommand> = server.slowlog()?.iter().filter(|command| command.took > NOTICED).collect();
    if slow.is_empty() {
        return Ok(None);
    }
    let now = server.now()?;
    slow.retain(|command| command.at + DAY >= now);
    server.note("SLOWLOG GET", "over 100 ms in the last 24 h", Count(slow.len() as u64));
    let Some(worst) = slow.iter().max_by_key(|command| command.took) else {
        return Ok(None);
    };
    server.note("SLOWLOG GET", "slowest of them", format!("{worst}, {}", worst.took));
    let severity = if worst.took > TIMEOUT { Severity::Critical } else { Severity::Warning };
    let says = format!(
        "commands over 100 ms in the last 24 h: {} in the slow log, the slowest {worst} with {}",
        Count(slow.len() as u64),
        worst.took
    );
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Safe, "SLOWLOG GET 128 shows their arguments and clients")
            .fix(Risk::Review, "read collections in pages (HSCAN, SSCAN, bounded ranges), delete big keys with UNLINK"),
    ))
}
