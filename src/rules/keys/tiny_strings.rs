//! Many small strings, of which each pays for a name, an object and an entry of the table.

use crate::census::{FIELDS, Group, KeyWitness, Naming, Tables};
use crate::facts::{Bytes, Count};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Saving, Severity};

pub const RULE: Rule =
    Rule { id: "tiny-strings", page: page!("rules/keys/tiny-strings.md"), check: Check::Keys(check) };

/// Fewer are not worth another way to ask for them; larger ones gain little (judgement).
const FEWEST: f64 = 100_000.0;
const SMALL: f64 = 200.0;
/// Nearly all of the family are strings, and last: fields cannot be evicted, nor do they all know an end.
const NEARLY_ALL: f64 = 0.99;
/// A saving of less than this share is not worth the change (judgement).
const WORTH: f64 = 0.25;

fn check(keys: &KeyWitness) -> Checked {
    let present = keys.present()?;
    let all = &keys.account.all.tally;
    let tables = Tables { keys: all.keys, expiring: all.keys - all.lasting.keys };
    let mut savings = Vec::new();
    for (family, specimens) in keys.families().filter(|(family, _)| small(family)) {
        let naming = Naming::of(family.pattern.raw(), false);
        let Some(change) = present.as_hashes(family, &specimens, naming, tables) else { continue };
        let saved = change.saved();
        if saved > family.tally.bytes() * WORTH {
            let strings =
                format!("{} strings, {}", Count(family.tally.keys as u64), Bytes(family.tally.bytes() as u64));
            keys.note("MEMORY USAGE", &family.pattern.to_string(), strings);
            savings.push(Saving::new(&family.pattern, saved));
        }
    }
    if savings.is_empty() {
        keys.note("MEMORY USAGE", "families of many small strings that would gain from hashes", 0);
        return Ok(None);
    }
    let says = format!(
        "{} are many small strings: as fields of hashes of {FIELDS} they would take {} less",
        Saving::families(&savings),
        Saving::sum(&savings)
    );
    Ok(Some(Alarm::new(Severity::Notice, says).saves(savings).fix(
        Risk::Review,
        "in the application: HSET prefix:BUCKET ID VALUE and HGET, with BUCKET a hash of the ID over a hundredth of the keys",
    )))
}

fn small(family: &Group) -> bool {
    let tally = &family.tally;
    let strings = tally.types.first().map_or(0.0, |hand| hand.keys);
    let nearly_all = |keys: f64| keys >= tally.keys * NEARLY_ALL;
    tally.keys >= FEWEST && tally.bytes() < tally.keys * SMALL && nearly_all(strings) && nearly_all(tally.lasting.keys)
}
