//! A few keys of a group, chosen by lot, without their names: what models are applied to.

use super::slim::Slim;
use crate::facts::{Encoding, Expiry, KeyFacts, KeyType};

/// Keys that are kept of a group, tables and others: what a table takes jumps where it doubles, by a third on Valkey, and of
/// 48 tables too few or too many lie beyond.
const TABLES: usize = 256;
const OTHERS: usize = 48;

/// One key that was looked at closely.
#[derive(Debug, Clone, PartialEq)]
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
    /// A few of its elements, where they were drawn.
    pub elements: Box<[(Slim, Slim)]>,
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
            elements: key.elements.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        })
    }
}

/// Those with the lowest tickets: the same ones in whatever order keys come and groups merge.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Specimens {
    tables: Vec<Specimen>,
    others: Vec<Specimen>,
}

impl Specimens {
    pub fn take(&mut self, key: &KeyFacts, bytes: f64) {
        if let Some(one) = Specimen::of(key, bytes) {
            self.keep(one);
        }
    }

    fn keep(&mut self, one: Specimen) {
        let (kept, most) = match one.encoding {
            Encoding::Hashtable | Encoding::Skiplist => (&mut self.tables, TABLES),
            _ => (&mut self.others, OTHERS),
        };
        if kept.len() == most && kept.last().is_some_and(|last| last.ticket <= one.ticket) {
            return;
        }
        let place = kept.partition_point(|kept| kept.ticket < one.ticket);
        kept.insert(place, one);
        kept.truncate(most);
    }

    pub fn merge(&mut self, other: Self) {
        other.tables.into_iter().chain(other.others).for_each(|one| self.keep(one));
    }

    /// Tables and others in the proportion that they have in the group: up to the ticket from which on some were dropped.
    pub fn all(&self) -> impl Iterator<Item = &Specimen> {
        let full =
            [(&self.tables, TABLES), (&self.others, OTHERS)].into_iter().filter(|(kept, most)| kept.len() == *most);
        let end = full.filter_map(|(kept, _)| kept.last()).map(|last| last.ticket).min().unwrap_or(u64::MAX);
        self.tables.iter().chain(&self.others).filter(move |one| one.ticket <= end)
    }

    /// Those of a fair lot: large keys are all looked at, and would weigh too much among the others.
    pub fn fair(&self, close_one_in: u64) -> impl Iterator<Item = &Specimen> {
        let lot = u64::MAX / close_one_in.max(1);
        self.all().filter(move |one| one.ticket <= lot)
    }
}
