//! A stream grows as if nobody trimmed it.

use crate::census::{KeyWitness, Standout};
use crate::facts::{Bytes, Count, Foreign, KeyType, foreign};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "large-streams", page: page!("rules/keys/large-streams.md"), check: Check::Keys(check) };

/// A stream that is trimmed is seldom that long or that large (judgement).
const LONG: u64 = 1_000_000;
const LARGE: Bytes = Bytes::mib(100);
/// A long stream takes at least this much: an entry has four bytes of flags, ids and lengths before its first value.
const LEAST: Bytes = Bytes(LONG * 4);
const NAMED: usize = 5;

fn check(keys: &KeyWitness) -> Checked {
    let account = keys.account;
    keys.note("MEMORY USAGE", "keys read", Count(account.coverage.read));
    let large = |key: &&Standout| {
        key.key_type == Some(KeyType::Stream)
            && (key.length.is_some_and(|entries| entries >= LONG) || key.parts.total() >= LARGE.0 as f64)
    };
    let mut streams: Vec<&Standout> = account.largest.iter().filter(large).collect();
    let others = account.longest.iter().filter(large);
    for one in others {
        if !streams.iter().any(|known| known.name == one.name && known.place == one.place) {
            streams.push(one);
        }
    }
    let Some(largest) = streams.iter().max_by(|a, b| a.parts.total().total_cmp(&b.parts.total())) else {
        keys.all_seen_from(LEAST)?;
        let stream = |key: &&Standout| key.key_type == Some(KeyType::Stream);
        keys.lengths_told(account.largest.iter().filter(stream), LEAST)?;
        return Ok(None);
    };
    let bytes = |key: &Standout| Bytes(key.parts.total() as u64);
    let entries = |key: &Standout| key.length.map(|n| format!(" and {} entries", Count(n))).unwrap_or_default();
    for key in streams.iter().take(NAMED) {
        let name = Foreign::bounded_name(&foreign::utf8(&key.name), 80);
        keys.note("MEMORY USAGE", &name.to_string(), format!("{}{}", bytes(key), entries(key)));
    }
    let what = if streams.len() == 1 {
        "a stream has".into()
    } else {
        format!("the largest of {} streams has", streams.len())
    };
    let says = format!("{what} {}{}, as if nothing trimmed it", bytes(largest), entries(largest));
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Review, "in the application: XADD key MAXLEN ~ ENTRIES * ..., or MINID ~ for an age")
            .fix(
                Risk::Disruptive,
                "once, in small steps: XTRIM key MAXLEN ~ ENTRIES LIMIT 1000; what is trimmed is lost",
            ),
    ))
}
