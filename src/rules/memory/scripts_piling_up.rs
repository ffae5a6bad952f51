//! Scripts that differ only in their values fill the script cache.

use crate::facts::{Count, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "scripts-piling-up", page: page!("rules/memory/scripts-piling-up.md"), check: Check::Server(check) };

/// MEMORY DOCTOR's own line.
const MANY: u64 = 1_000;

fn check(server: &Witness) -> Checked {
    let scripts = server.number("number_of_cached_scripts")?;
    if scripts <= MANY {
        return Ok(None);
    }
    let says = format!("{} scripts are cached, each until SCRIPT FLUSH or a restart", Count(scripts));
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(
                Risk::Review,
                "in the application: pass what varies as KEYS and ARGV, so that the script's text stays the same",
            )
            .fix(Risk::Review, "SCRIPT FLUSH ASYNC, once the application answers NOSCRIPT by loading its script again"),
    ))
}
