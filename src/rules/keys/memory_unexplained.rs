//! The servers use more than the sample explains: something large was not read.

use crate::census::{KeyWitness, Reading};
use crate::facts::{Bytes, Count, Missing, Share};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "memory-unexplained", page: page!("rules/keys/memory-unexplained.md"), check: Check::Keys(check) };

fn check(keys: &KeyWitness) -> Checked {
    let (used, expected) = (Bytes(keys.ledger.used_memory as u64), Bytes(keys.ledger.expected() as u64));
    keys.note("INFO", "used_memory", used);
    keys.note("MEMORY USAGE", "keys, tables and overheads, by our count", expected);
    if !keys.ledger.whole {
        let why =
            "the books cannot balance: not all keys were to be read, some could not be, or MEMORY STATS is missing";
        return Err(Missing::new("used_memory", why));
    }
    let sampled = keys.account.coverage.reading == Reading::Sample;
    let (counted, read) = (keys.ledger.giants.unwrap_or_default(), keys.account.giants);
    if keys.ledger.giants.is_some() {
        keys.note("INFO keysizes", "strings from 1 MiB and collections from 1,048,576 elements", Count(counted.all()));
        keys.note("MEMORY USAGE", "of these, read", Count(read.all()));
    }
    let gap = keys.account.unexplained.filter(|gap| *gap > 0.0 && sampled);
    let unseen = if sampled { counted.beyond(read) } else { 0 };
    let share = Share(keys.account.coverage.share());
    let says = match (gap, unseen) {
        (None, 0) => return Ok(None),
        (Some(gap), _) => format!(
            "{} of {used} in use are not explained by the {share} of keys that were read: a large key lies among the rest",
            Bytes(gap as u64)
        ),
        (None, unseen) => format!(
            "the server counts {} strings of a megabyte or collections of a million elements that are not among the \
             {share} of keys that were read",
            Count(unseen)
        ),
    };
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Safe, "read every key: audit with --full, or with a longer --time")
            .fix(Risk::Safe, "MEMORY STATS shows what is not keys: buffers, scripts, modules"),
    ))
}
