//! The last attempt to write a snapshot failed.

use crate::facts::{Count, Known, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "snapshot-failed", page: page!("rules/persistence/snapshot-failed.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    if server.word("rdb_last_bgsave_status")? == "ok" {
        return Ok(None);
    }
    let unsaved = Count(server.number("rdb_changes_since_last_save")?);
    // Without CONFIG the failure is as certain as with it.
    let writes = match writes_are_refused(server) {
        Ok(true) => "every write of a client is refused with MISCONF",
        Ok(false) => "writes are still accepted",
        Err(_) => "whether writes are refused is in CONFIG, which we could not read",
    };
    let says = format!("the last snapshot failed, changes in no snapshot: {unsaved}; {writes}");
    Ok(Some(
        Alarm::new(Severity::Critical, says)
            .fix(Risk::Safe, "find the reason in the server's log: no space, a folder it may not write, a fork refused")
            .fix(
                Risk::Safe,
                "compare with the machine: CONFIG GET dir, df, sysctl vm.overcommit_memory (1 lets it fork)",
            )
            .fix(Risk::Review, "BGSAVE, once the reason is gone: the first snapshot that succeeds ends it"),
    ))
}

/// The conditions of `writeCommandsDeniedByDiskError`, besides the failure itself.
fn writes_are_refused(server: &Witness) -> Known<bool> {
    Ok(server.is_on("stop-writes-on-bgsave-error")? && !server.word("save")?.is_empty())
}
