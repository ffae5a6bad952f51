//! Collections are read whole, and they are large enough for it to show.

use crate::facts::{Count, Growth, Micros, Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "whole-collection-reads",
    page: page!("rules/latency/whole-collection-reads.md"),
    check: Check::Server(check),
};

/// Reads whose time grows with what they return or combine: O(N) in the command reference.
#[rustfmt::skip]
const READS: &[&str] = &[
    "hgetall", "hkeys", "hvals", "lrange", "sdiff", "sinter", "smembers", "sort", "sort_ro", "sunion",
    "zdiff", "zinter", "zrange", "zrangebylex", "zrangebyscore", "zrevrange", "zrevrangebylex", "zrevrangebyscore",
    "zunion",
];
/// One call may have met a page fault or a busy machine (judgement).
const OFTEN: u64 = 5;
/// Microseconds; a short collection is read in a few tens (judgement).
const LARGE: f64 = 1_000.0;

fn check(server: &Witness) -> Checked {
    let recent = server.recent_commands()?;
    let large = recent
        .iter()
        .filter(|command| READS.contains(&command.name.raw()) && command.calls >= OFTEN && command.per_call() > LARGE);
    // The one that takes most of the main thread.
    let Some(worst) = large.max_by_key(|command| command.usec) else {
        return Ok(None);
    };
    let calls = Growth { by: worst.calls, seconds: server.interval()? };
    let took = Micros(worst.per_call().round() as u64);
    let share = Share(Growth { by: worst.usec, ..calls }.rate().0 / 1e6);
    let fact = format!("cmdstat_{} in {:.1} s", worst.name, calls.seconds);
    server.note("INFO", &fact, format!("+{} calls, +{} usec", Count(worst.calls), Count(worst.usec)));
    let says = format!(
        "{} is called at {} and takes {took} per call: {share} of the main thread's time",
        worst.name.raw().to_uppercase(),
        calls.rate()
    );
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Safe, "find the keys: SLOWLOG GET, and the largest keys of godmode-redis audit (audit_memory)")
            .fix(Risk::Review, "ask for the part that is needed: HMGET, SMISMEMBER, ranges with a LIMIT")
            .fix(Risk::Review, "read the whole in pages (HSCAN, SSCAN, ZSCAN), or split the key"),
    ))
}
