//! Many small strings, of which each pays for a name, an object and an entry of the table.

use crate::census::{Group, KeyWitness, Modelled, Present, Specimen};
use crate::facts::{Bytes, Count};
use crate::footprint::{Element, Shape};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Saving, Severity};

pub const RULE: Rule =
    Rule { id: "tiny-strings", page: page!("rules/keys/tiny-strings.md"), check: Check::Keys(check) };

/// Fewer are not worth another way to ask for them; larger ones gain little (judgement).
const FEWEST: f64 = 100_000.0;
const SMALL: f64 = 200.0;
/// Nearly all of the family are strings, and last: fields cannot be evicted, nor do they all know an end.
const NEARLY_ALL: f64 = 0.99;
/// Fields in a hash: small enough to be walked, large enough to share one name.
const FIELDS: u64 = 100;
/// Digits of a bucket's number.
const NUMBER: u64 = 5;
/// A saving of less than this share is not worth the change (judgement).
const WORTH: f64 = 0.25;

fn check(keys: &KeyWitness) -> Checked {
    let present = keys.present()?;
    let all = &keys.account.all.tally;
    let (count, expiring) = (all.keys, all.keys - all.lasting.keys);
    let mut savings = Vec::new();
    for (family, specimens) in keys.families().filter(|(family, _)| small(family)) {
        let Some(then) = in_hashes(&present, family, &specimens) else { continue };
        let hashes = family.tally.keys / FIELDS as f64;
        let tables = |keys: f64| present.layout.tables(keys as u64, expiring as u64) as f64;
        let table = tables(count) - tables(count - family.tally.keys + hashes);
        let saved = family.tally.bytes() + table - then;
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

/// What the family would take as fields. One long value would make a table of its hash.
fn in_hashes(present: &Present, family: &Group, specimens: &[&Specimen]) -> Option<f64> {
    let prefix = family.pattern.raw().find(['*', '?', '[']).unwrap_or(0) as u64;
    let fits = !specimens.is_empty() && specimens.iter().all(|one| in_bucket(present, prefix, one).is_some());
    fits.then(|| family.project(specimens, |one| in_bucket(present, prefix, one).unwrap_or(one.bytes)))
}

fn in_bucket(present: &Present, prefix: u64, one: &Specimen) -> Option<f64> {
    let now = present.string(one)?;
    let value = match now.shape {
        Shape::String { len } => Element::Text(len),
        // So many digits.
        _ => Element::Number(10_i64.saturating_pow(one.length.unwrap_or(8).clamp(1, 18) as u32 - 1)),
    };
    let name = Element::Text(now.name_len.saturating_sub(prefix).max(1));
    if value.len().max(name.len()) > present.limits.hash_value {
        return None;
    }
    // Keys fall on hashes by chance, so that these are not all as long.
    let sizes = (FIELDS * 8 / 10..=FIELDS * 12 / 10).step_by(2);
    let (bytes, fields) = sizes.fold((0.0, 0), |(bytes, all), fields| {
        let shape = Shape::Hash { fields, name, value, field_expires: false };
        (bytes + Modelled { name_len: prefix + NUMBER, shape, ..now }.bytes(), all + fields)
    });
    Some(bytes / fields as f64)
}
