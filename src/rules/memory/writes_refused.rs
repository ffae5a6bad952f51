//! At the ceiling with nothing to evict: writes fail, now.

use crate::facts::{Count, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "writes-refused", page: page!("rules/memory/writes-refused.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    // A server lists an error only after its first reply of that kind; this sum it always reports.
    if server.growth("total_error_replies")?.by == 0 {
        return Ok(None);
    }
    let errors = server.recent_errors()?;
    let Some(refused) = errors.iter().find(|error| error.code == "OOM") else {
        return Ok(None);
    };
    let seconds = server.interval()?;
    server.note("INFO", &format!("errorstat_OOM in {seconds:.1} s"), format!("+{}", Count(refused.count)));
    let policy = server.word("maxmemory_policy")?;
    let says = format!(
        "{} of the commands of the last {seconds:.1} s failed with OOM; maxmemory-policy is {policy}",
        Count(refused.count)
    );
    Ok(Some(
        Alarm::new(Severity::Critical, says)
            .fix(
                Risk::Safe,
                "find what fills it: godmode-redis audit (audit_memory), which reads a replica if there is one",
            )
            .fix(Risk::Review, "raise maxmemory if the machine has room (CONFIG SET maxmemory)")
            .fix(Risk::Review, "write what may go with an expiry, SET key value EX seconds"),
    ))
}
