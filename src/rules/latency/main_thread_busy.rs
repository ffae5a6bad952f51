//! One core is the ceiling of a server, and it is near.

use crate::facts::{Missing, Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "main-thread-busy", page: page!("rules/latency/main-thread-busy.md"), check: Check::Server(check) };

/// Grafana's Redis assertions warn and page at these shares; queues grow fast past the first.
const BUSY: f64 = 0.70;
const SATURATED: f64 = 0.90;
/// Over a shorter time a single command is already a large share (judgement).
const SHORTEST: f64 = 0.5;

fn check(server: &Witness) -> Checked {
    let seconds = server.interval()?;
    if seconds < SHORTEST {
        return Err(Missing::new("used_cpu_user_main_thread", "a share of CPU time needs two looks 0.5 s apart"));
    }
    let user = Share(server.per_second("used_cpu_user_main_thread")?);
    let system = Share(server.per_second("used_cpu_sys_main_thread")?);
    let busy = Share(user.0 + system.0);
    if busy.0 < BUSY {
        return Ok(None);
    }
    let severity = if busy.0 >= SATURATED { Severity::Critical } else { Severity::Warning };
    let says = format!("the main thread used {busy} of its core for {seconds:.1} s: {user} user, {system} system");
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Safe, "find the commands that take the time: two calls of INFO commandstats, by growth of usec")
            .fix(Risk::Review, "if system time leads: pipeline in the clients, or io-threads (needs a restart)")
            .fix(Risk::Review, "if user time leads: reads to replicas, or the data on more servers"),
    ))
}
