//! Logins fail, one after another, now.

use crate::facts::{Count, Growth, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "password-guessing", page: page!("rules/security/password-guessing.md"), check: Check::Server(check) };

/// A person mistypes twice; a client with an old password fails at each reconnect (judgement, as BetterDB's ten).
const MANY: u64 = 10;

fn check(server: &Witness) -> Checked {
    // A server lists an error only after its first reply of that kind; this sum it always reports.
    if server.growth("total_error_replies")?.by < MANY {
        return Ok(None);
    }
    let errors = server.recent_errors()?;
    let failed = errors.iter().find(|error| error.code == "WRONGPASS").map_or(0, |error| error.count);
    let failed = Growth { by: failed, seconds: server.interval()? };
    server.note("INFO", &format!("errorstat_WRONGPASS in {:.1} s", failed.seconds), format!("+{}", Count(failed.by)));
    if failed.by < MANY {
        return Ok(None);
    }
    let says = format!("{} logins failed in {:.1} s ({})", Count(failed.by), failed.seconds, failed.rate());
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Safe, "ACL LOG: username and client-info tell who tries")
            .fix(Risk::Review, "if you know the address: give that client its new password")
            .fix(Risk::Review, "if you do not: keep it out, by a firewall or by bind"),
    ))
}
