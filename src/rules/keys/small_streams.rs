//! Streams of a few entries, of which each reserves a whole node.

use crate::census::{KeyWitness, Specimen};
use crate::facts::{Bytes, Count, KeyType};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Saving, Severity};

pub const RULE: Rule =
    Rule { id: "small-streams", page: page!("rules/keys/small-streams.md"), check: Check::Keys(check) };

/// A stream of so few entries hardly fills a node of 4 KB (judgement),
const ENTRIES: u64 = 20;
/// and one of so many such streams is worth the work (judgement).
const FEWEST: f64 = 1_000.0;
/// Room for some entries: what a node reserves at most.
const NODE: u64 = 512;

fn check(keys: &KeyWitness) -> Checked {
    keys.lengths_known()?;
    let present = keys.present()?;
    let small =
        |one: &Specimen| one.key_type == KeyType::Stream && one.length.is_some_and(|entries| entries <= ENTRIES);
    let (mut savings, mut count) = (Vec::new(), 0.0);
    for (family, specimens) in keys.families() {
        let share = specimens.iter().filter(|one| small(one)).count() as f64 / specimens.len().max(1) as f64;
        if share * family.tally.keys < FEWEST || present.limits.stream_node_bytes <= NODE {
            continue;
        }
        let then = family.project(&specimens, |one| match small(one) {
            true => present.otherwise(one, |key| key.limits.stream_node_bytes = NODE),
            false => one.bytes,
        });
        let saving = Saving::new(&family.pattern, family.tally.bytes() - then);
        if saving.bytes > Bytes(0) {
            count += share * family.tally.keys;
            keys.note("XLEN", &family.pattern.to_string(), format!("{} streams", Count(family.tally.keys as u64)));
            savings.push(saving);
        }
    }
    if savings.is_empty() {
        keys.note("XLEN", "families of small streams", 0);
        return Ok(None);
    }
    let says = format!(
        "{} streams of {} have {ENTRIES} entries or fewer, and each reserves a node of {}: {} would be saved",
        Count(count as u64),
        Saving::families(&savings),
        Bytes(present.limits.stream_node_bytes.min(4096)),
        Saving::sum(&savings)
    );
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .saves(savings)
            .fix(Risk::Review, format!("CONFIG SET stream-node-max-bytes {NODE}, then write the streams anew"))
            .fix(Risk::Review, "in the application: one stream for many senders, or a list where no group reads"),
    ))
}
