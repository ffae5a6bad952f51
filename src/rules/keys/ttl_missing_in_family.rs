//! Sessions, caches and locks that never end.

use crate::census::{Group, KeyWitness};
use crate::facts::{Bytes, Count, Share};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Saving, Severity};

pub const RULE: Rule =
    Rule { id: "ttl-missing-in-family", page: page!("rules/keys/ttl-missing-in-family.md"), check: Check::Keys(check) };

/// Fewer keys than this say nothing of a writer's habits.
const FEWEST: f64 = 100.0;
/// Where fewer last, a family is half expiring, which has a rule of its own.
const LASTING: f64 = 0.95;
const NAMED: usize = 5;

/// What a word in a family's names says of it. Each of these is worth something for a while only (judgement).
#[rustfmt::skip]
const ROLES: [(&str, &[&str]); 5] = [
    ("sessions", &["session", "sessions", "sess"]),
    ("tokens", &["token", "tokens", "otp", "csrf", "nonce", "captcha", "jwt"]),
    ("a cache", &["cache", "caches", "cached"]),
    ("locks", &["lock", "locks", "mutex", "lease", "leases"]),
    ("limits", &["ratelimit", "ratelimits", "limiter", "throttle"]),
];

fn check(keys: &KeyWitness) -> Checked {
    let mut found: Vec<(&Group, &str, f64)> = Vec::new();
    let mut named = 0;
    for family in &keys.account.families {
        let Some(role) = role(family) else { continue };
        let tally = &family.tally;
        named += 1;
        let lasting = tally.lasting.keys / tally.keys.max(1.0);
        if tally.keys >= FEWEST && tally.read >= FEWEST as u64 && lasting >= LASTING {
            found.push((family, role, lasting));
        }
    }
    keys.note("SCAN", "families named as sessions, tokens, caches, locks or limits", named);
    if found.is_empty() {
        return Ok(None);
    }
    for (family, role, lasting) in found.iter().take(NAMED) {
        let says =
            format!("{role}; {} of {} keys without a time to live", Share(*lasting), Count(family.tally.keys as u64));
        keys.note("PTTL", &family.pattern.to_string(), says);
    }
    // The bytes are won when the keys get an end, and it comes.
    let savings: Vec<Saving> =
        found.iter().map(|(family, ..)| Saving::new(&family.pattern, family.tally.lasting.bytes)).collect();
    let what: Vec<String> =
        found.iter().take(NAMED).map(|(family, role, _)| format!("{} ({role})", family.pattern)).collect();
    let more = found.len().saturating_sub(NAMED);
    let others = if more > 0 { format!(" and {more} more") } else { String::new() };
    let bytes: Bytes = Saving::sum(&savings);
    let says =
        format!("by their names keys of {}{others} should end, but do not: {bytes} stay for good", what.join(", "));
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .saves(savings)
            .fix(Risk::Review, "in the application: set the end with the value, SET key value EX seconds")
            .fix(Risk::Review, "give the keys that are there an end: SCAN their pattern and EXPIRE key SECONDS NX"),
    ))
}

/// By the words between the marks of its pattern.
fn role(family: &Group) -> Option<&'static str> {
    let pattern = family.pattern.raw().to_lowercase();
    let mut words = pattern.split(|letter: char| !letter.is_ascii_alphanumeric());
    words.find_map(|word| ROLES.iter().find(|(_, words)| words.contains(&word)).map(|(role, _)| *role))
}
