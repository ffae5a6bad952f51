//! The disk does not keep up with the append-only file, now.

use crate::facts::{Count, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "fsync-delayed", page: page!("rules/persistence/fsync-delayed.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    // The counter is only reported while there is an append-only file.
    if !server.is_on("aof_enabled")? {
        return Ok(None);
    }
    let delayed = server.growth("aof_delayed_fsync")?;
    if delayed.by == 0 {
        return Ok(None);
    }
    let says = format!(
        "writes to the append-only file that had waited 2 s for an fsync: {} in {:.1} s",
        Count(delayed.by),
        delayed.seconds
    );
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(
                Risk::Safe,
                "see who else writes to that disk: iostat -x 1, and INFO persistence for a save or rewrite",
            )
            .fix(Risk::Review, "a local disk of its own for CONFIG GET dir")
            .fix(Risk::Review, "during saves and rewrites only: CONFIG SET no-appendfsync-on-rewrite yes"),
    ))
}
