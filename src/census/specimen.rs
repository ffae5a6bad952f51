//! A few keys of a group, chosen by lot, without their names: what models are applied to.

use crate::facts::{Encoding, Expiry, KeyFacts, KeyType};

/// Keys that are kept of a group.
const MOST: usize = 48;

/// One key that was looked at closely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Specimen {
    ticket: u64,
    pub name_len: u32,
    pub key_type: KeyType,
    pub encoding: Encoding,
    pub expires: bool,
    /// Elements, or bytes of a string; unknown where lengths are not asked.
    pub length: Option<u64>,
    /// What MEMORY USAGE claims.
    pub claimed: u64,
    /// What it really costs.
    pub bytes: f64,
}

impl Specimen {
    /// A key of which enough is known; `bytes` is what it really costs.
    pub fn of(key: &KeyFacts, bytes: f64) -> Option<Self> {
        Some(Self {
            ticket: KeyFacts::ticket(&key.name),
            name_len: u32::try_from(key.name.len()).unwrap_or(u32::MAX),
            key_type: key.key_type?,
            encoding: key.encoding?,
            expires: matches!(key.expiry, Some(Expiry::In(_))),
            length: key.length,
            claimed: key.claimed?,
            bytes,
        })
    }
}

/// Those with the lowest tickets: the same ones in whatever order keys come and groups merge.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Specimens(Vec<Specimen>);

impl Specimens {
    pub fn take(&mut self, key: &KeyFacts, bytes: f64) {
        if let Some(one) = Specimen::of(key, bytes) {
            self.keep(one);
        }
    }

    fn keep(&mut self, one: Specimen) {
        if self.0.len() == MOST && self.0.last().is_some_and(|last| last.ticket <= one.ticket) {
            return;
        }
        let place = self.0.partition_point(|kept| kept.ticket < one.ticket);
        self.0.insert(place, one);
        self.0.truncate(MOST);
    }

    pub fn merge(&mut self, other: Self) {
        other.0.into_iter().for_each(|one| self.keep(one));
    }

    pub fn all(&self) -> impl Iterator<Item = &Specimen> {
        self.0.iter()
    }

    /// Those of a fair lot: large keys are all looked at, and would weigh too much among the others.
    pub fn fair(&self, close_one_in: u64) -> impl Iterator<Item = &Specimen> {
        let lot = u64::MAX / close_one_in.max(1);
        self.0.iter().filter(move |one| one.ticket <= lot)
    }
}
