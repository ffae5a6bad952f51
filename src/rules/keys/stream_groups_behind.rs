//! A consumer group was given entries that it never acknowledged, or lags behind its stream.

use crate::census::{KeyWitness, Standout};
use crate::facts::{Bytes, Count, Foreign, Groups, KeyType, Missing, foreign};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "stream-groups-behind", page: page!("rules/keys/stream-groups-behind.md"), check: Check::Keys(check) };

/// What a group has in hand at one moment is some batches of some consumers (judgement).
const PENDING: u64 = 10_000;
/// What waits while consumers are restarted is more (judgement).
const LAG: u64 = 100_000;
/// A stream of which so much waits takes more than this: an entry has four bytes before its first value, and one that is
/// pending far more.
const LEAST: Bytes = Bytes(LAG * 4);
const NAMED: usize = 5;

fn check(keys: &KeyWitness) -> Checked {
    let behind = &keys.account.behind;
    let mut families = keys.account.families.iter();
    if behind.is_empty() && families.any(|family| family.tally.holds(KeyType::Stream)) {
        let why = "no stream was asked: its name was not drawn, or CLIENT NO-TOUCH is missing (before Redis 7.2)";
        return Err(Missing::new("XINFO GROUPS", why));
    }
    keys.note("XINFO GROUPS", "streams that stand out", Count(behind.len() as u64));
    let late = |groups: &Groups| groups.pending >= PENDING || groups.lag.is_some_and(|lag| lag >= LAG);
    let late: Vec<(&Standout, Groups)> =
        behind.iter().filter_map(|key| Some((key, key.groups.filter(late)?))).take(NAMED).collect();
    let Some((_, worst)) = late.first() else {
        keys.all_seen_from(LEAST)?;
        return Ok(None);
    };
    let lag =
        |groups: &Groups| groups.lag.map(|lag| format!(" and {} not delivered yet", Count(lag))).unwrap_or_default();
    for (key, groups) in &late {
        let name = Foreign::bounded_name(&foreign::utf8(&key.name), 80);
        let says = format!("{} pending{}, of {} groups", Count(groups.pending), lag(groups), Count(groups.many));
        keys.note("XINFO GROUPS", &name.to_string(), says);
    }
    let of = if late.len() == 1 { "a stream".into() } else { format!("the worst of {} streams", late.len()) };
    let says = format!("a group of {of} has {} entries pending{}", Count(worst.pending), lag(worst));
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Safe, "see who holds them: XPENDING <stream> <group>, then XINFO CONSUMERS <stream> <group>")
            .fix(Risk::Review, "mend or add consumers; XAUTOCLAIM gives them what the dead ones left")
            .fix(
                Risk::Disruptive,
                "a group that nobody reads any more: XGROUP DESTROY <stream> <group>; its place is lost",
            ),
    ))
}
