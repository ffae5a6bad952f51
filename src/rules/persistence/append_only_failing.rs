//! The append-only file can no longer be written, or no longer be shortened.

use crate::facts::Witness;
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "append-only-failing",
    page: page!("rules/persistence/append-only-failing.md"),
    check: Check::Server(check),
};

fn check(server: &Witness) -> Checked {
    if !server.is_on("aof_enabled")? {
        return Ok(None);
    }
    if server.word("aof_last_write_status")? != "ok" {
        let waiting = server.bytes("aof_buffer_length")?;
        let says = format!(
            "the last write or fsync of the append-only file failed; {waiting} of it wait in memory, \
             and every write of a client is refused with MISCONF"
        );
        return Ok(Some(
            Alarm::new(Severity::Critical, says)
                .fix(Risk::Safe, "find the reason in the server's log and on the disk of CONFIG GET dir (df, dmesg)")
                .fix(Risk::Review, "free space on that disk: the server tries again each second by itself"),
        ));
    }
    if server.word("aof_last_bgrewrite_status")? != "ok" {
        let (size, base) = (server.bytes("aof_current_size")?, server.bytes("aof_base_size")?);
        let says = format!(
            "the last rewrite of the append-only file failed; it holds {size}, it held {base} after the last good one"
        );
        return Ok(Some(
            Alarm::new(Severity::Warning, says)
                .fix(Risk::Safe, "find the reason in the server's log: no space, or a fork refused")
                .fix(Risk::Review, "BGREWRITEAOF, once the reason is gone"),
        ));
    }
    Ok(None)
}
