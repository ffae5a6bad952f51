//! Compact encodings stretched to sizes at which every access is a long walk.

use crate::facts::{Count, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "compact-encoding-stretched",
    page: page!("rules/configuration/compact-encoding-stretched.md"),
    check: Check::Server(check),
};

/// A listpack is read from its start: Instagram found hashes of 1,000 fields the most their CPU would bear.
const LONG_LISTPACK: u64 = 1_024;
/// An intset is searched by halves; what costs is to move its tail of up to 32 KiB at an insert (judgement).
const LONG_INTSET: u64 = 4_096;

fn check(server: &Witness) -> Checked {
    let engine = server.engine()?;
    let mut limits = vec![("set-max-intset-entries", LONG_INTSET)];
    // Redis 7.0 replaced ziplists by listpacks; the old names are still understood.
    limits.extend(if engine.at_least((7, 0), (7, 2)) {
        [("hash-max-listpack-entries", LONG_LISTPACK), ("zset-max-listpack-entries", LONG_LISTPACK)]
    } else {
        [("hash-max-ziplist-entries", LONG_LISTPACK), ("zset-max-ziplist-entries", LONG_LISTPACK)]
    });
    if engine.at_least((7, 2), (7, 2)) {
        limits.push(("set-max-listpack-entries", LONG_LISTPACK));
    }
    let mut worst = None;
    for (name, limit) in limits {
        let entries = server.number(name)?;
        let times = entries as f64 / limit as f64;
        if entries > limit && worst.is_none_or(|(_, _, most)| times > most) {
            worst = Some((name, entries, times));
        }
    }
    let Some((name, entries, _)) = worst else { return Ok(None) };
    let default = if name.starts_with("zset") || name == "set-max-listpack-entries" { 128 } else { 512 };
    let says = format!("{name} keeps keys of up to {} entries in one flat array", Count(entries));
    Ok(Some(
        Alarm::new(Severity::Notice, says)
            .fix(Risk::Safe, "measure first: SLOWLOG GET, and the time per call of its commands in INFO commandstats")
            .fix(Risk::Review, format!("CONFIG SET {name} {default}, which is the default")),
    ))
}
