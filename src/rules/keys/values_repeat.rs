//! The same value is kept under many keys.

use crate::census::KeyWitness;
use crate::facts::{Bytes, Count};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "values-repeat", page: page!("rules/keys/values-repeat.md"), check: Check::Keys(check) };

/// So many keys with one value, on average, in what was sampled; in all there are more (judgement).
const TIMES: f64 = 2.0;
/// A shorter value is no longer than what would point to it (judgement).
const WORTH: u64 = 64;
const FLOOR: f64 = Bytes::mib(10).0 as f64;
const FEWEST: u64 = 20;

fn check(keys: &KeyWitness) -> Checked {
    let sampled: u64 = keys.account.all.tally.values.as_ref().map_or(0, |values| values.sampled);
    keys.note("GETRANGE", "values sampled", Count(sampled));
    let found = keys.account.families.iter().filter_map(|family| {
        let values = family.tally.values.as_deref()?;
        let long = values.sampled >= FEWEST && values.bytes >= values.sampled * WORTH;
        let repeated = long && values.repeats() > TIMES && family.tally.parts.value >= FLOOR;
        repeated.then(|| (family, values.repeats()))
    });
    let found: Vec<_> = found.collect();
    let Some((worst, times)) = found.first() else { return Ok(None) };
    for (family, times) in &found {
        keys.note("GETRANGE", &family.pattern.to_string(), format!("each value {times:.1} times among those sampled"));
    }
    let more =
        if found.len() > 1 { format!("; so do those of {} more families", found.len() - 1) } else { String::new() };
    let bytes = Bytes(worst.tally.parts.value as u64);
    let says = format!("values of {} repeat: each comes {times:.1} times or more, in {bytes}{more}", worst.pattern);
    let step = "in the application: keep each value once, under a hash of it, and that hash under the keys";
    Ok(Some(Alarm::new(Severity::Notice, says).fix(Risk::Review, step)))
}
