//! KEYS walks the whole keyspace, and nothing else runs meanwhile.

use crate::facts::{Count, Growth, Micros, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "keys-command", page: page!("rules/latency/keys-command.md"), check: Check::Server(check) };

/// A person at redis-cli calls it a few times, a program goes on (judgement).
const OFTEN: u64 = 10;
/// A millisecond is the time of a thousand simple commands (judgement).
const NOTABLE: f64 = 1_000.0;

fn check(server: &Witness) -> Checked {
    let Some(ever) = server.commands()?.into_iter().find(|command| command.name == "keys") else {
        return Ok(None);
    };
    let alarm = |severity, says| {
        Alarm::new(severity, says)
            .fix(Risk::Safe, "find who calls it: CLIENT LIST shows cmd=keys, SLOWLOG GET the pattern and the client")
            .fix(Risk::Review, "SCAN with MATCH and COUNT in its place, or keep the names in a set of your own")
            .fix(Risk::Review, "then deny it to the application: ACL SETUSER <user> -keys")
    };
    let recent = server.recent_commands().map(|all| all.into_iter().find(|command| command.name == "keys"));
    if let Ok(Some(now)) = recent.as_ref()
        && now.calls > 0
    {
        let calls = Growth { by: now.calls, seconds: server.interval()? };
        let fact = format!("cmdstat_keys in {:.1} s", calls.seconds);
        server.note("INFO", &fact, format!("+{} calls, +{} usec", Count(now.calls), Count(now.usec)));
        let says =
            format!("KEYS is called at {}, with {} per call", calls.rate(), Micros(now.per_call().round() as u64));
        return Ok(Some(alarm(Severity::Warning, says)));
    }
    server.note("INFO", "cmdstat_keys calls", Count(ever.calls));
    server.note("INFO", "cmdstat_keys usec per call", format!("{:.2}", ever.per_call()));
    if ever.calls >= OFTEN && ever.per_call() >= NOTABLE {
        let took = Micros(ever.per_call().round() as u64);
        let says = format!("{} calls of KEYS since the counters were last reset, {took} per call", Count(ever.calls));
        return Ok(Some(alarm(Severity::Notice, says)));
    }
    // It was called at some time: only two looks can tell that it is not called now.
    recent.map(|_| None)
}
