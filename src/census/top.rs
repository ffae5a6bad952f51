//! The largest of many keys, in bounded memory.

use super::tally::Parts;
use crate::facts::{Encoding, Expiry, Groups, KeyFacts, KeyType, Place};

/// A name is kept up to here: enough to find the key again by a pattern.
const LONGEST_NAME: usize = 512;

/// A key that stands out.
#[derive(Debug, Clone, PartialEq)]
pub struct Standout {
    /// Its first bytes.
    pub name: Vec<u8>,
    pub place: Place,
    pub key_type: Option<KeyType>,
    pub encoding: Option<Encoding>,
    pub length: Option<u64>,
    /// What it really costs.
    pub parts: Parts,
    pub frequency: Option<u8>,
    pub expiry: Option<Expiry>,
    pub groups: Option<Groups>,
    /// How many keys it stood for, when it was drawn in a sample.
    pub weight: f64,
    /// Which hand of the sample it was dealt to.
    pub hand: Option<usize>,
}

impl Standout {
    /// Whether both are the same key.
    pub fn is(&self, other: &Self) -> bool {
        self.place == other.place && self.name == other.name
    }

    pub fn of(key: &KeyFacts, place: Place, parts: Parts, weight: f64, hand: Option<usize>) -> Self {
        let (name, ..) = key.name.split_at(key.name.len().min(LONGEST_NAME));
        Self {
            name: name.to_vec(),
            place,
            key_type: key.key_type,
            encoding: key.encoding,
            length: key.length,
            parts,
            frequency: key.frequency,
            expiry: key.expiry,
            groups: key.groups,
            weight,
            hand,
        }
    }
}

/// Those with the highest rank, highest first.
#[derive(Debug, Clone, Default)]
pub struct Top {
    most: usize,
    ranked: Vec<(f64, Standout)>,
}

impl Top {
    pub fn new(most: usize) -> Self {
        Self { most, ranked: Vec::new() }
    }

    /// Whether something of this rank would be kept: asked first, so that a key is only copied when it is.
    pub fn takes(&self, rank: f64) -> bool {
        self.ranked.len() < self.most || self.ranked.last().is_some_and(|(last, _)| rank > *last)
    }

    pub fn keep(&mut self, rank: f64, one: Standout) {
        // A sample may draw the same key twice.
        if self.ranked.iter().any(|(_, kept)| kept.is(&one)) {
            return;
        }
        let place = self.ranked.partition_point(|(kept, _)| *kept >= rank);
        self.ranked.insert(place, (rank, one));
        self.ranked.truncate(self.most);
    }

    pub fn into_keys(self) -> Vec<Standout> {
        self.ranked.into_iter().map(|(_, one)| one).collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Standout> {
        self.ranked.iter().map(|(_, one)| one)
    }
}
