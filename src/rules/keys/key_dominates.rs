//! One key holds so much that neither a cluster nor eviction can deal with it in parts.

use crate::census::KeyWitness;
use crate::facts::{Bytes, Count, Foreign, foreign};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "key-dominates", page: page!("rules/keys/key-dominates.md"), check: Check::Keys(check) };

/// A twentieth of everything in one key (judgement),
const SHARE: f64 = 0.05;
/// where it is worth the work (judgement).
const FLOOR: Bytes = Bytes::mib(10);

fn check(keys: &KeyWitness) -> Checked {
    let all = Bytes(keys.account.all.tally.bytes() as u64);
    keys.note("MEMORY USAGE", "all keys", all);
    let large = Bytes((all.0 as f64 * SHARE) as u64).max(FLOOR);
    let clear = || keys.all_seen_from(large).map(|()| None);
    let Some(key) = keys.account.largest.first() else { return clear() };
    let bytes = Bytes(key.parts.total() as u64);
    let share = bytes.of(all);
    let name = Foreign::bounded_name(&foreign::utf8(&key.name), 80);
    keys.note("MEMORY USAGE", &name.to_string(), bytes);
    if share.0 <= SHARE || bytes < FLOOR {
        return clear();
    }
    let what = key.key_type.map_or("key", |key_type| key_type.as_str());
    let length = key.length.map(|length| format!(" of length {}", Count(length))).unwrap_or_default();
    let says = format!("one key, a {what}{length}, holds {bytes}: {share} of the bytes of all keys");
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Review, "in the application: spread it over many keys, such as one for each hundred elements")
            .fix(Risk::Review, "if it is no longer needed: UNLINK it; DEL of so much stops every other client"),
    ))
}
