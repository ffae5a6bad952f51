//! Where the bytes are: counts keys by family, type, age and place, from a server or from a dump, in bounded memory.

mod account;
mod buckets;
mod cliffs;
mod drawn;
mod estimate;
mod ledger;
mod slim;
mod specimen;
mod steady;
mod tail;
mod tally;
mod top;
mod values;
mod what_if;
mod witness;

use std::collections::BTreeMap;

use crate::facts::{Batch, Expiry, KeyFacts, KeyType, Place, slot_of};
use crate::families::{Families, Merge};
use crate::footprint::Layout;

pub use account::{Account, Coverage, Group, Reading, Rollup};
pub use buckets::{AsHashes, FIELDS, Naming, Tables};
pub use cliffs::Cliff;
pub use drawn::Drawn;
pub use estimate::{Interval, missed, share};
pub use ledger::Ledger;
pub use specimen::Specimen;
pub use tail::Giants;
use tally::HANDS;
pub use tally::{Hand, IDLE_CLASSES, Parts, TTL_CLASSES, Tally, Weight, size_bound};
pub use top::Standout;
pub use values::Values;
pub use what_if::{Held, Modelled, Present};
pub use witness::{KeyWitness, layout, layout_under, limits};

use cliffs::Cliffs;
use top::Top;

/// Groups that are kept apart before names are settled.
const GROUPS: usize = 3_000;
/// Draws of a sample have different lengths; a key of a short one stands for as many more.
const FULL_DRAW: f64 = 50.0;
/// A key that would stand for more than this share of all bytes is too large to stand for others.
const TOO_LARGE: f64 = 0.02;
/// Keys that are kept by name in each order: those that may turn out too large to be weighed as many, and those that rules
/// speak of.
const STANDOUTS: usize = 256;

impl Merge for Tally {
    fn merge(&mut self, other: Self) {
        Tally::merge(self, other);
    }
}

/// How to count.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What each node's keys cost, in the order of nodes.
    pub layouts: Vec<Layout>,
    /// One key in so many was looked at closely.
    pub close_one_in: u64,
    /// From this claimed size on, every key was.
    pub close_from: u64,
    /// Count by slot, as a Cluster does.
    pub by_slot: bool,
    pub only: Option<KeyType>,
}

/// A count under way.
#[derive(Debug)]
pub struct Census {
    rules: Rules,
    families: Families<Tally>,
    all: Tally,
    places: BTreeMap<Place, Tally>,
    /// Keys and bytes by slot.
    slots: Vec<Hand>,
    cliffs: Cliffs,
    largest: Top,
    longest: Top,
    hottest: Top,
    /// Streams, by what their groups have pending.
    behind: Top,
    /// Found by a search for large keys; they stand for themselves.
    hunted: Vec<Standout>,
    seen: u64,
    untold: u64,
    /// Names of each hand, weighed as their keys: those too that were left out by name or type.
    names: [Hand; HANDS],
    /// Keys that were kept, weighed.
    kept: f64,
    pages: u32,
    sampled: bool,
}

impl Census {
    pub fn new(rules: Rules) -> Self {
        let slots = if rules.by_slot { vec![Hand::default(); crate::facts::SLOTS as usize] } else { Vec::new() };
        Self {
            families: Families::new(GROUPS),
            all: Tally::default(),
            places: BTreeMap::new(),
            slots,
            cliffs: Cliffs::default(),
            largest: Top::new(STANDOUTS),
            longest: Top::new(STANDOUTS),
            hottest: Top::new(STANDOUTS),
            behind: Top::new(STANDOUTS),
            hunted: Vec::new(),
            seen: 0,
            untold: 0,
            names: [Hand::default(); HANDS],
            kept: 0.0,
            pages: 0,
            sampled: false,
            rules,
        }
    }

    /// Counts keys that were read together.
    pub fn take(&mut self, batch: &Batch) {
        self.seen += batch.seen;
        self.sampled |= batch.draw.is_some();
        let hand = batch.draw.unwrap_or(self.pages) as usize;
        self.pages = self.pages.wrapping_add(1);
        let weight = if batch.draw.is_some() { FULL_DRAW / (batch.seen.max(1)) as f64 } else { 1.0 };
        if let Some(names) = self.names.get_mut(hand % HANDS) {
            names.keys += weight * batch.seen as f64;
        }
        for key in &batch.keys {
            if self.rules.only.is_none_or(|only| key.key_type == Some(only)) {
                self.count(key, batch, weight, hand);
            }
        }
    }

    fn count(&mut self, key: &KeyFacts, batch: &Batch, all: f64, hand: usize) {
        let parts = self.rules.parts(key, batch.place);
        let bytes = parts.total();
        self.untold += u64::from(key.claimed.is_none());
        let by_lot = key.claimed.is_none_or(|claimed| claimed < self.rules.close_from);
        let close = if by_lot { all * self.rules.close_one_in as f64 } else { all };
        let weight = Weight { all, close, hand: Some(hand) };
        self.kept += all;
        self.families.of(&key.name).take(key, &parts, weight, batch.at);
        self.all.take(key, &parts, weight, batch.at);
        self.places.entry(batch.place).or_default().take(key, &parts, Weight { hand: None, ..weight }, batch.at);
        if let Expiry::In(left) = key.expiry.unwrap_or(Expiry::Never) {
            self.cliffs.count((batch.at + left) / 1_000, all, bytes * all);
        }
        if self.rules.by_slot
            && let Some(slot) = self.slots.get_mut(usize::from(slot_of(&key.name)))
        {
            slot.keys += all;
            slot.bytes += bytes * all;
        }
        let standout = || Standout::of(key, batch.place, parts, all, Some(hand));
        if self.largest.takes(bytes) {
            self.largest.keep(bytes, standout());
        }
        if let Some(length) = key.length.filter(|_| key.key_type != Some(KeyType::String))
            && self.longest.takes(length as f64)
        {
            self.longest.keep(length as f64, standout());
        }
        if let Some(frequency) = key.frequency
            && self.hottest.takes(f64::from(frequency))
        {
            self.hottest.keep(f64::from(frequency), standout());
        }
        if let Some(groups) = key.groups {
            let rank = groups.pending.max(groups.lag.unwrap_or(0)) as f64;
            if self.behind.takes(rank) {
                self.behind.keep(rank, standout());
            }
        }
    }

    /// Keys that a search for large ones found.
    pub fn hunted(&mut self, batch: &Batch) {
        for key in &batch.keys {
            let parts = self.rules.parts(key, batch.place);
            self.hunted.push(Standout::of(key, batch.place, parts, 1.0, None));
        }
    }

    /// Names seen so far, and the bytes of the keys that were counted.
    pub fn so_far(&self) -> (u64, f64) {
        (self.seen, self.all.bytes())
    }

    /// Giants that were read so far.
    pub fn giants_read(&self) -> Giants {
        Giants::among(self.largest.iter().chain(self.longest.iter()).chain(&self.hunted))
    }

    /// Keys that were counted.
    pub fn read(&self) -> u64 {
        self.all.read
    }

    /// What all keys take, as far as it can be told now. `population` keys there are.
    pub fn outlook(&self, population: f64, reading: Reading) -> (f64, Interval) {
        let mut all = self.all.clone();
        let giants: Vec<Standout> = if reading == Reading::Sample { self.giants(population) } else { Vec::new() };
        giants.iter().for_each(|giant| all.take_out(giant));
        let factor = self.factor(&all, population, giants.len(), reading);
        giants.iter().for_each(|giant| all.put_back(giant, 1.0 / factor));
        all.scale(factor);
        let yardstick = account::Yardstick::new(reading, &self.names, factor, population - all.singled.keys, self.seen);
        let measured = yardstick.measure(&all);
        (all.bytes(), measured.1)
    }

    /// Whether keys came that were drawn at random.
    pub fn sampled(&self) -> bool {
        self.sampled
    }

    /// What one weighed key stands for, when so many giants were taken out.
    fn factor(&self, all: &Tally, population: f64, giants: usize, reading: Reading) -> f64 {
        if reading != Reading::Sample || all.keys <= 0.0 {
            return 1.0;
        }
        // What was left out by its type or its name is no part of the population either.
        let names: f64 = self.names.iter().map(|hand| hand.keys).sum();
        let kept = (self.kept / names.max(f64::MIN_POSITIVE)).min(1.0);
        ((population * kept - giants as f64) / all.keys).max(f64::MIN_POSITIVE)
    }

    /// Keys of the sample too large to stand for others: each would make up too much of all bytes.
    fn giants(&self, population: f64) -> Vec<Standout> {
        let (all, factor) = (self.all.bytes(), self.factor(&self.all, population, 0, Reading::Sample));
        let giant = |one: &&Standout| factor * one.weight > 1.5 && one.parts.total() * one.weight > all * TOO_LARGE;
        self.largest.iter().filter(giant).cloned().collect()
    }
}

impl Rules {
    fn parts(&self, key: &KeyFacts, place: Place) -> Parts {
        let Some(layout) = self.layouts.get(place.node).or_else(|| self.layouts.first()) else {
            return Parts { value: key.claimed.unwrap_or(0) as f64, ..Parts::default() };
        };
        let real = layout.real(key);
        real.map_or_else(Parts::default, |real| Parts {
            key: real.key as f64,
            value: real.value as f64,
            expiry: real.expiry as f64,
        })
    }
}
