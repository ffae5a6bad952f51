//! One pattern of names holds values of several types.

use crate::census::{Group, KeyWitness};
use crate::facts::{Count, KeyType};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule { id: "types-mixed", page: page!("rules/keys/types-mixed.md"), check: Check::Keys(check) };

/// A type counts when more than a stray key has it (judgement).
const SHARE: f64 = 0.01;
const FEWEST: f64 = 10.0;
const NAMED: usize = 5;

fn check(keys: &KeyWitness) -> Checked {
    keys.note("TYPE", "families", keys.account.families.len());
    let families = keys.account.families.iter().map(|family| (family, types(family)));
    let mixed: Vec<_> = families.filter(|(_, types)| types.len() > 1).collect();
    let Some((worst, types)) = mixed.first() else { return Ok(None) };
    for (family, types) in mixed.iter().take(NAMED) {
        keys.note("TYPE", &family.pattern.to_string(), types.join(", "));
    }
    let more = if mixed.len() > 1 { format!("; {} more families are mixed", mixed.len() - 1) } else { String::new() };
    let says = format!("keys of {} are not of one type ({}){more}", worst.pattern, types.join(", "));
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Review, "find who writes the rarer type, and give it names of its own")
            .fix(Risk::Safe, "look at some of them: SCAN 0 MATCH PATTERN TYPE type"),
    ))
}

fn types(family: &Group) -> Vec<String> {
    let counts = family.tally.types.iter().zip(KeyType::ALL);
    let counts = counts.filter(|(hand, _)| hand.keys >= FEWEST.max(family.tally.keys * SHARE));
    counts.map(|(hand, key_type)| format!("{} {key_type}", Count(hand.keys as u64))).collect()
}
