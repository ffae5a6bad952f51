//! Whoever reads or deletes a huge value whole makes every other client wait.

use crate::census::{KeyWitness, Standout};
use crate::facts::{Bytes, Count, Foreign, KeyType, foreign};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "large-values", page: page!("rules/keys/large-values.md"), check: Check::Keys(check) };

/// The source text's 100 KB, in binary units.
const LARGE: Bytes = Bytes::kib(100);
/// From here on one read keeps a server busy for a millisecond and a network for more (judgement).
const HUGE: Bytes = Bytes::mib(10);
/// Elements from which on reading a collection whole is slow (RedisInsight recommends from 5,000 of a hash on; a
/// collection that is only read in pages is fine, hence the notice).
const MANY: u64 = 100_000;
/// Keys that stand as evidence.
const NAMED: usize = 5;

fn check(keys: &KeyWitness) -> Checked {
    let account = keys.account;
    let strings = |key: &&Standout| key.key_type == Some(KeyType::String) && key.parts.total() > LARGE.0 as f64;
    let crowded = |key: &&Standout| key.length.is_some_and(|length| length >= MANY);
    let large: Vec<&Standout> = account.largest.iter().filter(strings).collect();
    let many: Vec<&Standout> = account.longest.iter().filter(crowded).collect();
    keys.note("MEMORY USAGE", "keys read", Count(account.coverage.read));
    for key in large.iter().chain(&many).take(NAMED) {
        let name = Foreign::bounded_name(&foreign::utf8(&key.name), 80);
        let length = key.length.map(|length| format!(", length {}", Count(length))).unwrap_or_default();
        keys.note("MEMORY USAGE", &name.to_string(), format!("{}{length}", Bytes(key.parts.total() as u64)));
    }
    let largest = large.iter().map(|key| Bytes(key.parts.total() as u64)).max();
    let longest = many.iter().filter_map(|key| key.length).max();
    let mut says = Vec::new();
    if let Some(largest) = largest {
        let count = large.len();
        says.push(format!("{count} of the largest keys are strings over {LARGE}, the largest of {largest}"));
    }
    if let Some(longest) = longest {
        let count = many.len();
        says.push(format!("{count} collections have {} elements or more, the longest {}", Count(MANY), Count(longest)));
    }
    if says.is_empty() {
        // A collection of so many elements takes no less either, even at a byte for each.
        keys.all_seen_from(LARGE)?;
        keys.lengths_told(account.largest.iter().filter(|key| key.key_type != Some(KeyType::String)), LARGE)?;
        return Ok(None);
    }
    let severity = if largest.is_some_and(|bytes| bytes >= HUGE) || longest.is_some_and(|length| length >= MANY * 10) {
        Severity::Warning
    } else {
        Severity::Notice
    };
    Ok(Some(
        Alarm::new(severity, says.join("; "))
            .fix(
                Risk::Review,
                "in the application: compress or split long strings, spread collections over several keys",
            )
            .fix(
                Risk::Review,
                "until then: read them in pages (HSCAN, SSCAN, ZRANGE, GETRANGE) and delete with UNLINK",
            ),
    ))
}
