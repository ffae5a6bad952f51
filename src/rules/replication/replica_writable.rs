//! A replica that accepts writes of its own.

use crate::facts::Witness;
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "replica-writable", page: page!("rules/replication/replica-writable.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    // INFO tells what replica-read-only is, also where CONFIG is not allowed; only replicas report it.
    if server.word("role")? != "slave" || server.is_on("slave_read_only")? {
        return Ok(None);
    }
    let says = "this replica accepts writes (replica-read-only no) that its primary never sees";
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Review, "CONFIG SET replica-read-only yes")
            .fix(Risk::Review, "CONFIG REWRITE, so that it survives a restart"),
    ))
}
