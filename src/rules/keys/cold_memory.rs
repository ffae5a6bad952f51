//! Bytes that nobody has used for a week.

use crate::census::{Hand, IDLE_CLASSES, KeyWitness, Tally};
use crate::facts::{Bytes, Share};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Saving, Severity};

pub const RULE: Rule = Rule { id: "cold-memory", page: page!("rules/keys/cold-memory.md"), check: Check::Keys(check) };

/// Not used for so many seconds is cold.
const COLD: u64 = 7 * 86_400;
/// A fifth of all bytes, or of a family's (judgement),
const SHARE: f64 = 0.20;
/// where it is worth the work (judgement).
const FLOOR: Bytes = Bytes::mib(10);

fn check(keys: &KeyWitness) -> Checked {
    keys.idle_known()?;
    let cold = cold(&keys.account.all.tally);
    let share = Share(cold / keys.account.all.tally.bytes().max(1.0));
    keys.note("OBJECT IDLETIME", "bytes not used for 7 days", format!("{} ({share})", Bytes(cold as u64)));
    if share.0 <= SHARE || cold < FLOOR.0 as f64 {
        return Ok(None);
    }
    let families = keys.account.families.iter().map(|family| (family, self::cold(&family.tally)));
    let families = families.filter(|(family, cold)| *cold > family.tally.bytes() * SHARE);
    let savings: Vec<Saving> = families.map(|(family, cold)| Saving::new(&family.pattern, cold)).collect();
    for saving in savings.iter().take(5) {
        keys.note("OBJECT IDLETIME", &saving.family.to_string(), saving.bytes);
    }
    let says = format!(
        "{} ({share} of the bytes of all keys) were not used for 7 days, most of it in {}",
        Bytes(cold as u64),
        Saving::families(&savings)
    );
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .saves(savings)
            .fix(Risk::Review, "where the data can be made again: give the keys a time to live, EXPIRE key SECONDS")
            .fix(Risk::Review, "where it cannot: move it to a disk store, and read it from there when it is asked for"),
    ))
}

fn cold(tally: &Tally) -> f64 {
    // A class begins where the one before it ends.
    let warm = IDLE_CLASSES.iter().filter(|(below, _)| *below <= COLD).count();
    tally.idle.iter().skip(warm).map(|hand: &Hand| hand.bytes).sum()
}
