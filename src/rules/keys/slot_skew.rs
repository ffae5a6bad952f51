//! One slot of a Cluster holds so much that no other node can take a part of it.

use crate::census::{Hand, KeyWitness, Reading};
use crate::facts::{Bytes, Count, Foreign, Share, foreign, hash_tag, slot_of};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule { id: "slot-skew", page: page!("rules/keys/slot-skew.md"), check: Check::Keys(check) };

/// One of 16,384 slots with a twentieth of all bytes, or so many times the mean (judgement),
const SHARE: f64 = 0.05;
const TIMES: f64 = 20.0;
/// where it is worth the work (judgement).
const FLOOR: f64 = Bytes::mib(10).0 as f64;

fn check(keys: &KeyWitness) -> Checked {
    let account = keys.account;
    let filled: Vec<(usize, &Hand)> = account.slots.iter().enumerate().filter(|(_, slot)| slot.keys > 0.0).collect();
    keys.note("SCAN", "slots with keys", Count(filled.len() as u64));
    let Some((number, slot)) = filled.iter().max_by(|a, b| a.1.bytes.total_cmp(&b.1.bytes)) else { return Ok(None) };
    let all: f64 = filled.iter().map(|(_, slot)| slot.bytes).sum();
    let (share, times) = (slot.bytes / all, slot.bytes / (all / filled.len() as f64));
    // A slot that a sample met once stands for too much.
    let whole = account.coverage.reading == Reading::Whole;
    let skewed = share > SHARE || (times > TIMES && whole);
    if !skewed || slot.bytes < FLOOR {
        return Ok(None);
    }
    let bytes = Bytes(slot.bytes as u64);
    keys.note("MEMORY USAGE", &format!("slot {number}"), format!("{bytes}, {} keys", Count(slot.keys as u64)));
    let names = account.largest.iter().chain(&account.longest).map(|key| key.name.as_slice());
    let tag = names.filter(|name| usize::from(slot_of(name)) == *number).find_map(hash_tag);
    let tag = tag.map(|tag| format!(" (hash tag {})", Foreign::name(&foreign::utf8(tag)))).unwrap_or_default();
    let says = format!(
        "slot {number}{tag} holds {bytes} in {} keys: {} of all bytes, {times:.0} times the mean slot",
        Count(slot.keys as u64),
        Share(share)
    );
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Review, "in the application: use a finer hash tag, {tenant:user} instead of {tenant}")
            .fix(
                Risk::Review,
                "until then: move other slots away from its node, CLUSTER SETSLOT or redis-cli --cluster reshard",
            ),
    ))
}
