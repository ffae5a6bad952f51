//! Strings that were grown in place, and keep the room for more.

use crate::census::{KeyWitness, Present, Specimen};
use crate::facts::{Bytes, Count, Encoding, KeyType};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Saving, Severity};

pub const RULE: Rule =
    Rule { id: "string-slack", page: page!("rules/keys/string-slack.md"), check: Check::Keys(check) };

/// APPEND and SETRANGE double what they grow, up to a megabyte at once (SDS_MAX_PREALLOC, src/sds.h): a slack is what
/// allocators do not explain (judgement).
const SHARE: f64 = 0.30;
const LEAST: f64 = 1024.0;
/// Many such strings, or much in them (judgement).
const FEWEST: f64 = 1_000.0;
const FLOOR: Bytes = Bytes::mib(10);

fn check(keys: &KeyWitness) -> Checked {
    keys.lengths_known()?;
    let present = keys.present()?;
    let (mut savings, mut count) = (Vec::new(), 0.0);
    for (family, specimens) in keys.families() {
        let slack = specimens.iter().filter(|one| without_slack(&present, one).is_some()).count();
        let such = family.tally.keys * slack as f64 / specimens.len().max(1) as f64;
        let then = family.project(&specimens, |one| without_slack(&present, one).unwrap_or(one.bytes));
        let saving = Saving::new(&family.pattern, family.tally.bytes() - then);
        if slack > 0 && (such >= FEWEST || saving.bytes >= FLOOR) {
            keys.note(
                "STRLEN",
                &family.pattern.to_string(),
                format!("{} strings, {} of slack", Count(such as u64), saving.bytes),
            );
            count += such;
            savings.push(saving);
        }
    }
    if savings.is_empty() {
        keys.note("STRLEN", "families of strings with slack", 0);
        return Ok(None);
    }
    let says = format!(
        "{} strings of {} hold {} that they do not use: they were grown in place",
        Count(count as u64),
        Saving::families(&savings),
        Saving::sum(&savings)
    );
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .saves(savings)
            .fix(Risk::Review, "in the application: SET a string whole when it is complete, which gives the room back")
            .fix(Risk::Review, "for logs: a stream or a list of lines instead of APPEND"),
    ))
}

/// What a string would take that was set at once, where it takes much more.
fn without_slack(present: &Present, one: &Specimen) -> Option<f64> {
    let string = one.key_type == KeyType::String && one.encoding == Encoding::Raw && one.length.is_some();
    let exact = present.string(one).filter(|_| string)?.bytes();
    (one.bytes - exact > LEAST && one.bytes > exact * (1.0 + SHARE)).then_some(exact)
}
