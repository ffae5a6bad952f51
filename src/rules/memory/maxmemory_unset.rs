//! A server without a ceiling grows until the kernel kills it.

use crate::facts::{Bytes, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "maxmemory-unset", page: page!("rules/memory/maxmemory-unset.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    if server.bytes("maxmemory")? > Bytes(0) {
        return Ok(None);
    }
    let ram = server.bytes("total_system_memory")?;
    let used = server.bytes("used_memory")?;
    let severity = match used.of(ram).0 {
        // A copy-on-write fork of three quarters can already exhaust the rest.
        share if share >= 0.75 => Severity::Critical,
        // Below a gibibyte and a tenth of the machine there is room to notice in time (judgement).
        share if share >= 0.10 || used >= Bytes::gib(1) => Severity::Warning,
        _ => Severity::Notice,
    };
    let says = format!("maxmemory is not set; {used} of {ram} RAM is in use and nothing stops it");
    // The first process of its own namespace is in a container, whose limit the server does not see: `ram` is the host's.
    let contained = server.word("process_id").is_ok_and(|pid| pid.raw() == "1");
    let ceiling = if contained {
        "CONFIG SET maxmemory BYTES, three quarters of the container's own memory limit".to_owned()
    } else {
        format!("CONFIG SET maxmemory {}", ram.0 / 4 * 3)
    };
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Review, ceiling)
            .fix(Risk::Review, "CONFIG REWRITE, so that the ceiling survives a restart"),
    ))
}
