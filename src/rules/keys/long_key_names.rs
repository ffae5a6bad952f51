//! Names take a large part of what keys take.

use crate::census::KeyWitness;
use crate::facts::{Bytes, Share};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Saving, Severity};

pub const RULE: Rule =
    Rule { id: "long-key-names", page: page!("rules/keys/long-key-names.md"), check: Check::Keys(check) };

/// A fifth of all bytes in names, or names of a cache line on average (judgement),
const SHARE: f64 = 0.20;
const LONG: f64 = 64.0;
/// in a family that is worth the work (judgement).
const FEWEST: f64 = 10_000.0;
const FLOOR: Bytes = Bytes::mib(1);

fn check(keys: &KeyWitness) -> Checked {
    let all = &keys.account.all.tally;
    let share = all.name_bytes / all.bytes().max(1.0);
    keys.note("SCAN", "bytes in names", format!("{} ({})", Bytes(all.name_bytes as u64), Share(share)));
    let present = keys.present()?;
    let mut savings = Vec::new();
    for (family, specimens) in keys.families() {
        let tally = &family.tally;
        let mean = tally.name_bytes / tally.keys.max(1.0);
        let heavy = share > SHARE && tally.name_bytes > tally.bytes() * SHARE;
        if tally.keys < FEWEST || (mean <= LONG && !heavy) {
            continue;
        }
        let then = family.project(&specimens, |one| present.otherwise(one, |key| key.name_len /= 2));
        let saving = Saving::new(&family.pattern, tally.bytes() - then);
        if saving.bytes >= FLOOR {
            keys.note("SCAN", &family.pattern.to_string(), format!("{mean:.0} bytes a name"));
            savings.push(saving);
        }
    }
    if savings.is_empty() {
        return Ok(None);
    }
    let says = format!(
        "names take {} of the bytes of all keys: half as long, those of {} would take {} less",
        Share(share),
        Saving::families(&savings),
        Saving::sum(&savings)
    );
    let step = "in the application: shorten what all names of a family share, and write ids in fewer characters";
    Ok(Some(Alarm::new(Severity::Notice, says).saves(savings).fix(Risk::Review, step)))
}
