//! Some families are named otherwise than the rest.

use crate::census::{Group, KeyWitness};
use crate::facts::{Bytes, Count, Share};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "names-off-convention", page: page!("rules/keys/names-off-convention.md"), check: Check::Keys(check) };

/// Fewer keys are settings and locks, which need no id (judgement).
const FEWEST: f64 = 100.0;
/// A convention is what most keys follow.
const MOST: f64 = 0.5;
const NAMED: usize = 5;

fn check(keys: &KeyWitness) -> Checked {
    let (follow, off): (Vec<&Group>, Vec<&Group>) = keys
        .account
        .families
        .iter()
        .filter(|family| family.tally.keys >= FEWEST)
        .partition(|family| family.conventional);
    let count = |families: &[&Group]| families.iter().map(|family| family.tally.keys).sum::<f64>();
    let share = count(&follow) / (count(&follow) + count(&off)).max(1.0);
    keys.note("SCAN", "keys named service:entity:id", Share(share));
    if off.is_empty() || share < MOST {
        return Ok(None);
    }
    for family in off.iter().take(NAMED) {
        let (number, bytes) = (Count(family.tally.keys as u64), Bytes(family.tally.bytes() as u64));
        keys.note("SCAN", &family.pattern.to_string(), format!("{number} keys, {bytes}"));
    }
    let names: Vec<String> = off.iter().take(NAMED).map(|family| family.pattern.to_string()).collect();
    let more = off.len().saturating_sub(NAMED);
    let others = if more > 0 { format!(" and {more} more") } else { String::new() };
    let bytes = Bytes(off.iter().map(|family| family.tally.bytes()).sum::<f64>() as u64);
    let says =
        format!("{} of keys are named service:entity:id, but not {}{others} ({bytes})", Share(share), names.join(", "));
    let step = "in the application: name new keys like the others, and let the old ones end or RENAME them";
    Ok(Some(Alarm::new(Severity::Notice, says).fix(Risk::Review, step)))
}
