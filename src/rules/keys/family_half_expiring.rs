//! Where most keys of a family end and some do not, some writer forgets to say when.

use crate::census::KeyWitness;
use crate::facts::{Bytes, Count, Share};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Saving, Severity};

pub const RULE: Rule =
    Rule { id: "family-half-expiring", page: page!("rules/keys/family-half-expiring.md"), check: Check::Keys(check) };

/// Fewer keys than this say nothing of a writer's habits.
const FEWEST: f64 = 100.0;
/// A family of which so many end is meant to end, and one of which so few do is not (judgement).
const MEANT: std::ops::Range<f64> = 0.05..0.95;
const NAMED: usize = 5;

fn check(keys: &KeyWitness) -> Checked {
    let mut mixed = Vec::new();
    for family in &keys.account.families {
        let tally = &family.tally;
        let lasting = tally.lasting.keys / tally.keys.max(1.0);
        if tally.keys >= FEWEST && tally.read >= FEWEST as u64 && MEANT.contains(&lasting) {
            mixed.push((family, lasting));
        }
    }
    keys.note("PTTL", "families", keys.account.families.len());
    if mixed.is_empty() {
        return Ok(None);
    }
    for (family, lasting) in mixed.iter().take(NAMED) {
        let says = format!("{} without a time to live of {}", Share(*lasting), Count(family.tally.keys as u64));
        keys.note("PTTL", &family.pattern.to_string(), says);
    }
    // The bytes are won when the keys without an end get one, and it comes.
    let savings: Vec<Saving> = mixed
        .iter()
        .map(|(family, _)| Saving { family: family.pattern.clone(), bytes: Bytes(family.tally.lasting.bytes as u64) })
        .collect();
    let bytes = Bytes(savings.iter().map(|saving| saving.bytes.0).sum());
    let names: Vec<String> = mixed.iter().take(NAMED).map(|(family, _)| family.pattern.to_string()).collect();
    let more = mixed.len().saturating_sub(NAMED);
    let others = if more > 0 { format!(" and {more} more") } else { String::new() };
    let says = format!("some keys of {}{others} end and some do not: {bytes} stay for good", names.join(", "));
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .saves(savings)
            .fix(Risk::Review, "find the write without EX or EXPIRE; SET without KEEPTTL removes the time to live")
            .fix(Risk::Review, "give the keys that are there an end: SCAN their pattern and EXPIRE key SECONDS NX"),
    ))
}
