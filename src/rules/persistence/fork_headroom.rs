//! The next save may need more memory than the machine has.

use crate::facts::{Bytes, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "fork-headroom", page: page!("rules/persistence/fork-headroom.md"), check: Check::Server(check) };

/// BetterDB's line for a save that is at risk.
const TIGHT: f64 = 0.80;
/// The kernel, the page cache and everybody else share the last tenth (judgement).
const OVER: f64 = 0.90;
/// What a smaller server copies, a machine can spare (judgement).
const FLOOR: Bytes = Bytes::mib(256);

fn check(server: &Witness) -> Checked {
    let rss = server.bytes("used_memory_rss")?;
    if rss < FLOOR {
        return Ok(None);
    }
    let ram = server.bytes("total_system_memory")?;
    let copied = server.bytes("rdb_last_cow_size")?.max(server.bytes("aof_last_cow_size")?);
    let share = Bytes(rss.0 + copied.0).of(ram);
    if share.0 < TIGHT || !server.is_on("aof_enabled")? && server.word("save")?.is_empty() {
        return Ok(None);
    }
    let severity = if share.0 >= OVER { Severity::Critical } else { Severity::Warning };
    let says = format!("{rss} resident and {copied} copied during the last save make {share} of {ram} RAM");
    Ok(Some(
        Alarm::new(severity, says)
            .fix(
                Risk::Safe,
                "look at what enlarges the copy: /sys/kernel/mm/transparent_hugepage/enabled, writes during saves",
            )
            .fix(Risk::Review, "save on a replica with more room, and when writes are few")
            .fix(Risk::Review, "more RAM, or the data on more servers"),
    ))
}
