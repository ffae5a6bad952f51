//! Strings a few bytes too long to share an allocation with their key.

use crate::census::{KeyWitness, Present, Specimen};
use crate::facts::{Bytes, Count, Encoding};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Saving, Severity};

pub const RULE: Rule =
    Rule { id: "embed-limit-missed", page: page!("rules/keys/embed-limit-missed.md"), check: Check::Keys(check) };

/// As many keys, where the gain of each is a few bytes (judgement).
const FEWEST: f64 = 100_000.0;
const FLOOR: Bytes = Bytes::mib(1);
/// What can be taken off a name: a prefix (judgement).
const CUT: u64 = 16;

fn check(keys: &KeyWitness) -> Checked {
    let present = keys.present()?;
    let (mut savings, mut most) = (Vec::new(), 0);
    for (family, specimens) in keys.families().filter(|(family, _)| family.tally.keys >= FEWEST) {
        let cuts: Vec<u64> = specimens.iter().filter_map(|one| cut(&present, one)).collect();
        if cuts.len() * 2 < specimens.len().max(1) {
            continue;
        }
        // One prefix is cut off all names.
        let Some(needed) = cuts.iter().copied().max() else { continue };
        let then = family.project(&specimens, |one| match cut(&present, one) {
            Some(_) => present.otherwise(one, |key| key.name_len -= needed.min(key.name_len)),
            None => one.bytes,
        });
        let saving = Saving::new(&family.pattern, family.tally.bytes() - then);
        if saving.bytes >= FLOOR {
            let count = Count(family.tally.keys as u64);
            keys.note("OBJECT ENCODING", &family.pattern.to_string(), format!("{count} keys, {needed} bytes too long"));
            most = most.max(needed);
            savings.push(saving);
        }
    }
    if savings.is_empty() {
        keys.note("OBJECT ENCODING", "large families of strings just over the limit", 0);
        return Ok(None);
    }
    let says = format!(
        "strings of {} are up to {most} bytes too long to be kept with their key: {} would be saved",
        Saving::families(&savings),
        Saving::sum(&savings)
    );
    let step = format!("in the application: shorten the names by {most} bytes, or the values");
    Ok(Some(Alarm::new(Severity::Notice, says).saves(savings).fix(Risk::Review, step)))
}

/// By how little the name would have to be shorter for the value to be embedded.
fn cut(present: &Present, one: &Specimen) -> Option<u64> {
    let now = present.string(one).filter(|_| one.encoding == Encoding::Raw && one.length.is_some())?;
    (1..=CUT.min(now.name_len.saturating_sub(1))).find(|cut| {
        let mut then = now;
        then.name_len -= cut;
        then.cost().encoding == Encoding::Embstr
    })
}
