//! What is counted about a group of keys. Two tallies merge into the tally of both groups, in any order.

use serde::Serialize;

use super::specimen::Specimens;
use super::steady::Seconds;
use super::top::Standout;
use super::values::Values;
use crate::facts::{Encoding, Expiry, KeyFacts, KeyType};

/// Groups that a sample is dealt into: their differences tell how sure a total is.
pub const HANDS: usize = 32;

/// Upper bounds of the classes of time to live, in seconds; the last class has none.
pub const TTL_CLASSES: [(u64, &str); 6] = [
    (60, "under a minute"),
    (3_600, "under an hour"),
    (86_400, "under a day"),
    (7 * 86_400, "under a week"),
    (30 * 86_400, "under 30 days"),
    (u64::MAX, "30 days and more"),
];

/// The same for the time since a key was last used.
pub const IDLE_CLASSES: [(u64, &str); 5] = [
    (3_600, "within an hour"),
    (86_400, "within a day"),
    (7 * 86_400, "within a week"),
    (30 * 86_400, "within 30 days"),
    (u64::MAX, "30 days ago or earlier"),
];

fn class<const N: usize>(classes: &[(u64, &str); N], seconds: u64) -> usize {
    classes.iter().position(|(below, _)| seconds < *below).unwrap_or(N - 1)
}

/// What one key really costs, apart from its share of the tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Parts {
    /// The entry, the name and the object.
    pub key: f64,
    pub value: f64,
    pub expiry: f64,
}

impl Parts {
    pub fn total(&self) -> f64 {
        self.key + self.value + self.expiry
    }

    fn add(&mut self, other: &Self, weight: f64) {
        self.key += other.key * weight;
        self.value += other.value * weight;
        self.expiry += other.expiry * weight;
    }
}

/// Keys and bytes of one hand of a sample.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Hand {
    pub keys: f64,
    pub bytes: f64,
}

/// Counts of keys, each weighed by how many it stands for.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub keys: f64,
    /// Keys that were really read.
    pub read: u64,
    /// What MEMORY USAGE claims.
    pub claimed: f64,
    pub parts: Parts,
    pub name_bytes: f64,
    pub largest: f64,
    /// Keys and bytes by type and by encoding, in the order of `ALL`.
    pub types: [Hand; KeyType::ALL.len()],
    pub encodings: [Hand; Encoding::ALL.len()],
    /// Keys without a time to live, and with one, by class.
    pub lasting: Hand,
    pub ttl: [Hand; TTL_CLASSES.len()],
    /// Of keys that were looked at closely, weighed for all: bytes by time since the last use.
    pub idle: [Hand; IDLE_CLASSES.len()],
    /// Powers of two of bytes: the first holds keys up to 32 B, each further one twice as much.
    pub sizes: [f64; SIZES],
    /// Seconds in which many of the keys end.
    pub ends: Seconds,
    pub specimens: Specimens,
    /// Keys that are too large to stand for others, and stand for themselves.
    pub singled: Hand,
    /// What those of them that were drawn would have stood for besides; `keys` is how many were drawn.
    pub beside: Hand,
    /// Sums of the squares and of the cubes of what keys weigh: how unevenly their bytes lie.
    squares: f64,
    cubes: f64,
    pub values: Option<Box<Values>>,
    hands: Option<Box<[Hand; HANDS]>>,
}

pub const SIZES: usize = 26;

/// How one key is counted.
#[derive(Debug, Clone, Copy)]
pub struct Weight {
    /// How many keys it stands for.
    pub all: f64,
    /// The same for facts that only keys looked at closely have.
    pub close: f64,
    /// Which hand of the sample it was dealt to.
    pub hand: Option<usize>,
}

impl Tally {
    pub fn holds(&self, key_type: KeyType) -> bool {
        self.types.get(place(&KeyType::ALL, Some(key_type))).is_some_and(|hand| hand.keys > 0.0)
    }

    pub fn bytes(&self) -> f64 {
        self.parts.total()
    }

    pub fn take(&mut self, key: &KeyFacts, parts: &Parts, weight: Weight, at: u64) {
        let bytes = parts.total();
        let one = Hand { keys: weight.all, bytes: bytes * weight.all };
        self.keys += weight.all;
        self.read += 1;
        self.claimed += key.claimed.unwrap_or(0) as f64 * weight.all;
        self.parts.add(parts, weight.all);
        self.name_bytes += key.name.len() as f64 * weight.all;
        self.largest = self.largest.max(bytes);
        self.squares += one.bytes.powi(2);
        self.cubes += one.bytes.powi(3);
        add(self.types.get_mut(place(&KeyType::ALL, key.key_type)), one);
        add(self.encodings.get_mut(place(&Encoding::ALL, key.encoding)), one);
        if let Some(size) = self.sizes.get_mut(size_class(bytes)) {
            *size += weight.all;
        }
        match key.expiry {
            Some(Expiry::In(left)) => {
                add(self.ttl.get_mut(class(&TTL_CLASSES, left / 1_000)), one);
                self.ends.count((at + left) / 1_000, weight.all);
            }
            Some(Expiry::Never) => add(Some(&mut self.lasting), one),
            None => {}
        }
        if key.close {
            if let Some(idle) = key.own_idle() {
                let close = Hand { keys: weight.close, bytes: bytes * weight.close };
                add(self.idle.get_mut(class(&IDLE_CLASSES, idle)), close);
            }
            self.specimens.take(key, bytes);
            if let Some(value) = &key.sample {
                self.values.get_or_insert_default().take(value);
            }
        }
        if let Some(hand) = weight.hand {
            let hands = self.hands.get_or_insert_with(|| Box::new([Hand::default(); HANDS]));
            add(hands.get_mut(hand % HANDS), one);
        }
    }

    /// A key that is too large to stand for others is taken out, with all that it stood for.
    pub fn take_out(&mut self, key: &Standout) {
        self.shift(key, -key.weight);
        self.squares -= (key.parts.total() * key.weight).powi(2);
        self.cubes -= (key.parts.total() * key.weight).powi(3);
        if let (Some(hands), Some(hand)) = (&mut self.hands, key.hand) {
            let less = Hand { keys: -key.weight, bytes: -key.parts.total() * key.weight };
            add(hands.get_mut(hand % HANDS), less);
        }
    }

    /// And put back, for itself alone: `own` is the weight that stands for one key.
    pub fn put_back(&mut self, key: &Standout, own: f64) {
        self.shift(key, own);
        self.largest = self.largest.max(key.parts.total());
        self.singled.keys += own;
        self.singled.bytes += key.parts.total() * own;
        if key.hand.is_some() {
            self.beside.keys += 1.0;
            self.beside.bytes += key.parts.total() * (key.weight - own);
        }
    }

    fn shift(&mut self, key: &Standout, by: f64) {
        let bytes = key.parts.total();
        let more = Hand { keys: by, bytes: bytes * by };
        self.keys += by;
        self.parts.add(&key.parts, by);
        add(self.types.get_mut(place(&KeyType::ALL, key.key_type)), more);
        add(self.encodings.get_mut(place(&Encoding::ALL, key.encoding)), more);
        match key.expiry {
            Some(Expiry::In(left)) => add(self.ttl.get_mut(class(&TTL_CLASSES, left / 1_000)), more),
            Some(Expiry::Never) => add(Some(&mut self.lasting), more),
            None => {}
        }
        if let Some(size) = self.sizes.get_mut(size_class(bytes)) {
            *size += by;
        }
    }

    /// What weighs more than its part in a sum of skewed sizes: the third moment by the second.
    pub fn skew(&self) -> f64 {
        if self.squares > 0.0 { self.cubes.max(0.0) / self.squares } else { 0.0 }
    }

    pub fn hands(&self) -> Option<&[Hand; HANDS]> {
        self.hands.as_deref()
    }

    /// Every weight times `factor`, for a sample whose size is only known at its end.
    pub fn scale(&mut self, factor: f64) {
        for number in [&mut self.keys, &mut self.claimed, &mut self.name_bytes] {
            *number *= factor;
        }
        let parts = self.parts;
        self.parts = Parts::default();
        self.parts.add(&parts, factor);
        let hands = self.types.iter_mut().chain(&mut self.encodings).chain([&mut self.lasting, &mut self.singled]);
        for hand in hands
            .chain(&mut self.ttl)
            .chain(&mut self.idle)
            .chain(self.hands.iter_mut().flat_map(|hands| hands.iter_mut()))
        {
            hand.keys *= factor;
            hand.bytes *= factor;
        }
        self.sizes.iter_mut().for_each(|size| *size *= factor);
        self.ends.scale(factor);
        self.beside.bytes *= factor;
        self.squares *= factor.powi(2);
        self.cubes *= factor.powi(3);
    }

    pub fn merge(&mut self, other: Self) {
        self.keys += other.keys;
        self.read += other.read;
        self.claimed += other.claimed;
        self.parts.add(&other.parts, 1.0);
        self.name_bytes += other.name_bytes;
        self.largest = self.largest.max(other.largest);
        merge_all(&mut self.types, &other.types);
        merge_all(&mut self.encodings, &other.encodings);
        add(Some(&mut self.lasting), other.lasting);
        add(Some(&mut self.singled), other.singled);
        add(Some(&mut self.beside), other.beside);
        self.squares += other.squares;
        self.cubes += other.cubes;
        merge_all(&mut self.ttl, &other.ttl);
        merge_all(&mut self.idle, &other.idle);
        self.sizes.iter_mut().zip(other.sizes).for_each(|(mine, theirs)| *mine += theirs);
        self.ends.merge(other.ends);
        self.specimens.merge(other.specimens);
        match (&mut self.values, other.values) {
            (Some(mine), Some(theirs)) => mine.merge(&theirs),
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
        match (&mut self.hands, other.hands) {
            (Some(mine), Some(theirs)) => merge_all(mine.as_mut_slice(), theirs.as_slice()),
            (mine @ None, theirs) => *mine = theirs,
            (Some(_), None) => {}
        }
    }
}

fn add(place: Option<&mut Hand>, more: Hand) {
    if let Some(place) = place {
        place.keys += more.keys;
        place.bytes += more.bytes;
    }
}

fn merge_all(mine: &mut [Hand], theirs: &[Hand]) {
    mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| add(Some(mine), *theirs));
}

/// What is unknown counts as `Other`, which stands last.
fn place<T: PartialEq>(all: &[T], one: Option<T>) -> usize {
    one.and_then(|one| all.iter().position(|known| *known == one)).unwrap_or(all.len() - 1)
}

fn size_class(bytes: f64) -> usize {
    let bits = 64 - (bytes.max(1.0) as u64 - 1).leading_zeros() as usize;
    bits.saturating_sub(5).min(SIZES - 1)
}

/// The upper bound of a class of sizes, in bytes.
pub fn size_bound(class: usize) -> u64 {
    32 << class
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_fall_into_powers_of_two() {
        for (bytes, class) in [(1.0, 0), (32.0, 0), (33.0, 1), (64.0, 1), (65.0, 2), (1e12, SIZES - 1)] {
            assert_eq!(size_class(bytes), class, "{bytes}");
        }
        assert_eq!(size_bound(1), 64);
    }

    #[test]
    fn tallies_merge_to_the_tally_of_all() {
        let key = |n: u64| KeyFacts {
            name: format!("k{n}").into_bytes(),
            claimed: Some(50 + n),
            key_type: Some(KeyType::Hash),
            encoding: Some(Encoding::Listpack),
            expiry: Some(if n.is_multiple_of(2) { Expiry::Never } else { Expiry::In(n * 1_000) }),
            close: true,
            idle: Some(n * 100),
            ..KeyFacts::default()
        };
        let weight = Weight { all: 2.0, close: 4.0, hand: Some(3) };
        let (mut all, mut one, mut other) = (Tally::default(), Tally::default(), Tally::default());
        for n in 0..1_000 {
            let parts = Parts { key: 50.0, value: n as f64, expiry: 0.0 };
            all.take(&key(n), &parts, weight, 0);
            if n % 3 == 0 { &mut one } else { &mut other }.take(&key(n), &parts, weight, 0);
        }
        one.merge(other);
        assert_eq!((one.keys, one.read, one.bytes()), (2_000.0, 1_000, all.bytes()));
        assert_eq!((one.types, one.ttl, one.idle, one.sizes), (all.types, all.ttl, all.idle, all.sizes));
        assert_eq!(one.hands(), all.hands());
        assert_eq!(one.specimens, all.specimens);
        assert_eq!(one.lasting.keys, 1_000.0);
        one.scale(0.5);
        assert_eq!((one.keys, one.lasting.keys), (1_000.0, 500.0));
    }
}
