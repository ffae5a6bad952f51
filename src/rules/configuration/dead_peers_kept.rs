//! A connection whose other end vanished is kept for ever.

use crate::facts::Witness;
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "dead-peers-kept", page: page!("rules/configuration/dead-peers-kept.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    if server.number("tcp-keepalive")? > 0 || server.number("timeout")? > 0 {
        return Ok(None);
    }
    let says = "with tcp-keepalive 0 and timeout 0 a connection whose client vanished is never closed";
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Safe, "CONFIG SET tcp-keepalive 300, which is the default; it holds for new connections")
            .fix(Risk::Review, "CONFIG REWRITE, so that it survives a restart"),
    ))
}
