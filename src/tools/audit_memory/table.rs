//! The rows of an audit: families, keys, and the same bytes divided by type, encoding, age and place.

use serde::Serialize;

use crate::census::{
    Account, Group, Hand, IDLE_CLASSES, Interval, Rollup, Standout, TTL_CLASSES, Tally, Values, size_bound,
};
use crate::facts::{Bytes, Encoding, Foreign, Groups, KeyType, foreign, hash_tag};

/// Keys with their share of the bytes.
#[derive(Debug, Clone, Serialize)]
pub struct Divided {
    pub name: String,
    pub keys: f64,
    pub bytes: Bytes,
}

impl Divided {
    fn of(name: impl Into<String>, hand: &Hand) -> Self {
        Self { name: name.into(), keys: hand.keys, bytes: Bytes(hand.bytes as u64) }
    }
}

/// How the bytes of keys divide.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PartsRow {
    /// Entries, names and objects.
    pub keys: Bytes,
    /// Of these, the names alone.
    pub names: Bytes,
    pub values: Bytes,
    pub expiry: Bytes,
    /// What MEMORY USAGE claims for all of them.
    pub claimed: Bytes,
}

impl PartsRow {
    pub fn of<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Self {
        tallies.into_iter().fold(Self::default(), |sum, tally| {
            let plus = |sum: Bytes, more: f64| Bytes(sum.0 + more as u64);
            Self {
                keys: plus(sum.keys, tally.parts.key),
                names: plus(sum.names, tally.name_bytes),
                values: plus(sum.values, tally.parts.value),
                expiry: plus(sum.expiry, tally.parts.expiry),
                claimed: plus(sum.claimed, tally.claimed),
            }
        })
    }
}

/// A family of keys.
#[derive(Debug, Clone, Serialize)]
pub struct FamilyRow {
    pub pattern: Foreign,
    pub keys: Interval,
    pub bytes: Interval,
    pub per_key: Bytes,
    /// Of the bytes of all keys.
    pub share: f64,
    /// Keys of the family that were read.
    pub read: u64,
    pub types: Vec<&'static str>,
    pub encodings: Vec<&'static str>,
    /// Share of keys without a time to live.
    pub lasting: f64,
    pub conventional: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Values>,
}

impl FamilyRow {
    pub fn of(group: &Group, all: f64) -> Self {
        let tally = &group.tally;
        let keys = tally.keys.max(1.0);
        let held = |hands: &[Hand], names: &[&'static str]| -> Vec<&'static str> {
            let mut held: Vec<(f64, &'static str)> = hands
                .iter()
                .zip(names)
                .filter(|(hand, _)| hand.keys >= keys * 0.005)
                .map(|(hand, name)| (hand.keys, *name))
                .collect();
            held.sort_by(|a, b| b.0.total_cmp(&a.0));
            held.into_iter().map(|(_, name)| name).collect()
        };
        Self {
            pattern: group.pattern.clone(),
            keys: group.keys,
            bytes: group.bytes,
            per_key: Bytes((tally.bytes() / keys) as u64),
            share: tally.bytes() / all.max(1.0),
            read: tally.read,
            types: held(&tally.types, &KeyType::ALL.map(KeyType::as_str)),
            encodings: held(&tally.encodings, &Encoding::ALL.map(Encoding::as_str)),
            lasting: (tally.lasting.keys / keys).min(1.0),
            conventional: group.conventional,
            values: tally.values.as_deref().cloned(),
        }
    }
}

/// Families that begin alike.
#[derive(Debug, Clone, Serialize)]
pub struct RollupRow {
    pub pattern: Foreign,
    pub families: usize,
    pub keys: Interval,
    pub bytes: Interval,
}

impl RollupRow {
    pub fn of(rollup: &Rollup) -> Self {
        Self {
            pattern: rollup.pattern.clone(),
            families: rollup.families,
            keys: rollup.bounds.keys,
            bytes: rollup.bounds.bytes,
        }
    }
}

/// A key that stands out. Its name is shown, made harmless.
#[derive(Debug, Clone, Serialize)]
pub struct KeyRow {
    pub name: Foreign,
    pub database: u32,
    pub bytes: Bytes,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub key_type: Option<KeyType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Elements, or bytes of a string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency: Option<u8>,
    /// Of a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups: Option<Groups>,
}

impl KeyRow {
    pub fn of(key: &Standout) -> Self {
        Self {
            name: Foreign::name(&foreign::utf8(&key.name)),
            database: key.place.database,
            bytes: Bytes(key.parts.total() as u64),
            key_type: key.key_type,
            encoding: key.encoding,
            length: key.length,
            frequency: key.frequency,
            groups: key.groups,
        }
    }
}

fn divided<const N: usize>(hands: &[Hand; N], names: [&str; N]) -> Vec<Divided> {
    let pairs = hands.iter().zip(names).filter(|(hand, _)| hand.keys > 0.0);
    let mut rows: Vec<Divided> = pairs.map(|(hand, name)| Divided::of(name, hand)).collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.bytes));
    rows
}

pub fn types(tally: &Tally) -> Vec<Divided> {
    divided(&tally.types, KeyType::ALL.map(KeyType::as_str))
}

pub fn encodings(tally: &Tally) -> Vec<Divided> {
    divided(&tally.encodings, Encoding::ALL.map(Encoding::as_str))
}

pub fn time_to_live(tally: &Tally) -> Vec<Divided> {
    let classes = tally.ttl.iter().zip(TTL_CLASSES).map(|(hand, (_, name))| Divided::of(name, hand));
    [Divided::of("none", &tally.lasting)].into_iter().chain(classes).filter(|row| row.keys > 0.0).collect()
}

pub fn idle(tally: &Tally) -> Vec<Divided> {
    let classes = tally.idle.iter().zip(IDLE_CLASSES).map(|(hand, (_, name))| Divided::of(name, hand));
    classes.filter(|row| row.keys > 0.0).collect()
}

/// Keys by size; the bytes are those of the class's upper bound, so that only keys are exact.
pub fn sizes(tally: &Tally) -> Vec<Divided> {
    let classes = tally.sizes.iter().enumerate().filter(|(_, keys)| **keys > 0.0);
    classes
        .map(|(class, keys)| {
            let bound = Bytes(size_bound(class));
            Divided { name: format!("up to {bound}"), keys: *keys, bytes: bound }
        })
        .collect()
}

pub fn databases(account: &Account) -> Vec<Divided> {
    let mut rows: std::collections::BTreeMap<u32, Hand> = std::collections::BTreeMap::new();
    for (place, tally) in &account.places {
        let row = rows.entry(place.database).or_default();
        row.keys += tally.keys;
        row.bytes += tally.bytes();
    }
    rows.iter().map(|(database, hand)| Divided::of(format!("db{database}"), hand)).collect()
}

/// How evenly keys lie in the slots of a Cluster.
#[derive(Debug, Clone, Serialize)]
pub struct Slots {
    pub with_keys: usize,
    pub mean_bytes: Bytes,
    /// The heaviest slots, with a hash tag that lies in them.
    pub heaviest: Vec<SlotRow>,
    /// Sixteenths of the slot space.
    pub ranges: Vec<Divided>,
}

#[derive(Debug, Clone, Serialize)]
pub struct SlotRow {
    pub slot: usize,
    pub keys: f64,
    pub bytes: Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<Foreign>,
}

pub fn slots(account: &Account) -> Option<Slots> {
    if account.slots.is_empty() {
        return None;
    }
    let filled: Vec<(usize, &Hand)> = account.slots.iter().enumerate().filter(|(_, slot)| slot.keys > 0.0).collect();
    let all: f64 = filled.iter().map(|(_, slot)| slot.bytes).sum();
    let mut heaviest = filled.clone();
    heaviest.sort_by(|a, b| b.1.bytes.total_cmp(&a.1.bytes));
    let tag = |slot: usize| {
        let names = account.largest.iter().chain(&account.longest).map(|key| key.name.as_slice());
        names.filter(|name| usize::from(crate::facts::slot_of(name)) == slot).find_map(hash_tag)
    };
    let rows = heaviest.iter().take(5).map(|(slot, hand)| SlotRow {
        slot: *slot,
        keys: hand.keys,
        bytes: Bytes(hand.bytes as u64),
        tag: tag(*slot).map(|tag| Foreign::name(&foreign::utf8(tag))),
    });
    let width = account.slots.len() / 16;
    let ranges = account.slots.chunks(width.max(1)).enumerate().map(|(n, slots)| {
        let sum = slots
            .iter()
            .fold(Hand::default(), |sum, slot| Hand { keys: sum.keys + slot.keys, bytes: sum.bytes + slot.bytes });
        Divided::of(format!("{} to {}", n * width, n * width + slots.len() - 1), &sum)
    });
    Some(Slots {
        with_keys: filled.len(),
        mean_bytes: Bytes((all / filled.len().max(1) as f64) as u64),
        heaviest: rows.collect(),
        ranges: ranges.collect(),
    })
}
