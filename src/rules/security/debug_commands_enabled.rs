//! Commands that Redis blocks by default are open to every connection.

use crate::facts::Witness;
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "debug-commands-enabled",
    page: page!("rules/security/debug-commands-enabled.md"),
    check: Check::Server(check),
};

fn check(server: &Witness) -> Checked {
    // Older servers have no such switch.
    if !server.engine()?.at_least((7, 0), (7, 2)) {
        return Ok(None);
    }
    let mut open = Vec::new();
    for name in ["enable-debug-command", "enable-module-command", "enable-protected-configs"] {
        // `local` asks for a connection from the machine itself.
        if server.word(name)? == "yes" {
            open.push(name);
        }
    }
    if open.is_empty() {
        return Ok(None);
    }
    let says = format!("set to yes for every connection: {}", open.join(", "));
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(
                Risk::Review,
                "at once: take the commands from users that need none, ACL SETUSER <user> -debug -module -config|set",
            )
            .fix(
                Risk::Disruptive,
                "set them to no or local in redis.conf and restart; they cannot be changed at run time",
            ),
    ))
}
