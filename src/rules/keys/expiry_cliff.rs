//! Keys that end in the same second are missed, and refilled, in the same second.

use crate::census::KeyWitness;
use crate::facts::{Bytes, Count, Seconds, Share};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "expiry-cliff", page: page!("rules/keys/expiry-cliff.md"), check: Check::Keys(check) };

/// A quarter of what ends at all, ending at once, is a storm for whatever refills the keys (judgement).
const STORM: f64 = 0.25;

fn check(keys: &KeyWitness) -> Checked {
    let all = &keys.account.all.tally;
    keys.note("PTTL", "keys with a time to live", Count((all.keys - all.lasting.keys).max(0.0) as u64));
    let Some(cliff) = keys.account.cliffs.first() else { return Ok(None) };
    let families = keys.account.families.iter().filter_map(|family| {
        let (second, count) = family.tally.ends.fullest()?;
        let inside = (cliff.from..cliff.from + cliff.seconds).contains(&second);
        (inside && count > cliff.keys * 0.1).then(|| family.pattern.to_string())
    });
    let families: Vec<String> = families.take(3).collect();
    let (count, share) = (Count(cliff.keys as u64), Share(cliff.share));
    keys.note("PTTL", "keys that end together", format!("{count} ({share})"));
    keys.note("PTTL", "in", Seconds(cliff.from));
    let whose = if families.is_empty() { String::new() } else { format!(", among them {}", families.join(", ")) };
    let span =
        if cliff.seconds == 1 { "the same second".into() } else { format!("the same {}", Seconds(cliff.seconds)) };
    let bytes = Bytes(cliff.bytes as u64);
    let says =
        format!("{count} keys ({share} of all that end, {bytes}) end in {span}, in {}{whose}", Seconds(cliff.from));
    let severity = if cliff.share >= STORM { Severity::Warning } else { Severity::Notice };
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Review, "in the application: add a random part to each time to live, such as 10 % of it")
            .fix(Risk::Review, "for a load by a job: spread it, or set times to live from the moment of each write"),
    ))
}
