//! Nobody would know which command was slow.

use crate::facts::Witness;
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "slowlog-off", page: page!("rules/latency/slowlog-off.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    let (why, step) = if server.signed("slowlog-log-slower-than")? < 0 {
        // The defaults of redis.conf: 10 ms, 128 entries.
        ("slowlog-log-slower-than is negative", "CONFIG SET slowlog-log-slower-than 10000")
    } else if server.number("slowlog-max-len")? == 0 {
        ("slowlog-max-len is 0", "CONFIG SET slowlog-max-len 128")
    } else {
        return Ok(None);
    };
    Ok(Some(
        Alarm::new(Severity::Warning, format!("{why}: however slow a command is, SLOWLOG keeps nothing of it"))
            .fix(Risk::Safe, step)
            .fix(Risk::Review, "CONFIG REWRITE, so that it survives a restart"),
    ))
}
