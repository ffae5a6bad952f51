//! The count, settled: families by size, what stands out, and how sure each total is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Census;
use super::cliffs::Cliff;
use super::estimate::{Interval, intervals};
use super::tally::{HANDS, Hand, Tally};
use super::top::Standout;
use crate::facts::{Bytes, Foreign, Place};
use crate::families::{Branch, Family, Merge};

/// How the keys were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Reading {
    /// Every key: totals are exact where the server is.
    Whole,
    /// Some keys that may stand for all.
    Sample,
    /// Some keys in an order that says nothing of the rest.
    Part,
}

/// How much was read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Coverage {
    pub reading: Reading,
    /// Keys there are.
    pub population: f64,
    /// Names that were seen.
    pub seen: u64,
    /// Keys that were counted.
    pub read: u64,
    /// Of these, keys whose size the server did not tell: their bytes are in no total.
    pub untold: u64,
}

impl Coverage {
    pub fn share(&self) -> f64 {
        if self.population > 0.0 { (self.seen as f64 / self.population).min(1.0) } else { 1.0 }
    }
}

/// Keys that belong together.
#[derive(Debug, Clone)]
pub struct Group {
    /// A glob that MATCH takes, made harmless.
    pub pattern: Foreign,
    /// Whether names read as `{service}:{entity}:{id}`.
    pub conventional: bool,
    pub tally: Tally,
    pub keys: Interval,
    pub bytes: Interval,
}

/// Between what a group lies.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    pub keys: Interval,
    pub bytes: Interval,
}

impl Merge for Bounds {
    fn merge(&mut self, other: Self) {
        self.keys = self.keys.plus(other.keys.low, other.keys.high);
        self.bytes = self.bytes.plus(other.bytes.low, other.bytes.high);
    }
}

/// Families that begin alike.
#[derive(Debug, Clone)]
pub struct Rollup {
    pub pattern: Foreign,
    pub families: usize,
    pub bounds: Bounds,
}

/// A branch of one family is that family.
fn flatten(branch: Branch<Bounds>, rollups: &mut Vec<Rollup>) {
    if branch.families > 1 {
        let pattern = Foreign::name(&branch.pattern);
        rollups.push(Rollup { pattern, families: branch.families, bounds: branch.payload });
    }
    branch.below.into_iter().for_each(|below| flatten(below, rollups));
}

/// What a census found.
#[derive(Debug, Clone)]
pub struct Account {
    pub coverage: Coverage,
    pub all: Group,
    /// The largest first.
    pub families: Vec<Group>,
    /// Families that begin alike; the largest first.
    pub rollups: Vec<Rollup>,
    /// Keys whose names are like no others, where there were too many kinds of names.
    pub overflow: Option<Group>,
    pub places: BTreeMap<Place, Tally>,
    /// By slot; empty outside a Cluster.
    pub slots: Vec<Hand>,
    pub cliffs: Vec<Cliff>,
    pub largest: Vec<Standout>,
    pub longest: Vec<Standout>,
    pub hottest: Vec<Standout>,
    /// Streams whose groups were looked at, those with the most to do first.
    pub behind: Vec<Standout>,
    /// From which size on each key of these servers was looked for, where all of them were gone through.
    pub searched_from: Option<Bytes>,
    /// One key in so many was looked at closely.
    pub close_one_in: u64,
    /// Bytes that the servers use, and no count explains.
    pub unexplained: Option<f64>,
}

impl Census {
    /// Makes up the account. `population` is the number of keys there are.
    pub fn settle(mut self, population: f64, reading: Reading) -> Account {
        // Keys that come and go while they are read make `population` a little more or less than was read.
        let population = match reading {
            Reading::Whole => self.seen as f64,
            Reading::Sample => population,
            Reading::Part => population.max(self.seen as f64),
        };
        let factor = self.single_out_giants(population, reading);
        let coverage = Coverage { reading, population, seen: self.seen, read: self.all.read, untold: self.untold };
        let cliffs = self.cliffs.found(factor);
        self.all.scale(factor);
        self.places.values_mut().for_each(|tally| tally.scale(factor));
        self.slots.iter_mut().for_each(|slot| {
            slot.keys *= factor;
            slot.bytes *= factor;
        });
        let mut settled = self.families.settle();
        let yardstick = Yardstick::new(reading, &self.names, factor, population - self.all.singled.keys, self.seen);
        settled.families.iter_mut().for_each(|family| family.payload.scale(factor));
        let bounds = settled.view(|family| {
            let (keys, bytes) = yardstick.measure(&family.payload);
            Bounds { keys, bytes }
        });
        let mut rollups = Vec::new();
        bounds.tree().into_iter().for_each(|branch| flatten(branch, &mut rollups));
        let group =
            |family: Family<Tally>| yardstick.group(family.shown(), family.follows_convention(), family.payload);
        let mut families: Vec<Group> = settled.families.into_iter().map(group).collect();
        let overflow = settled.overflow.map(|rest| {
            let mut tally = rest.payload;
            tally.scale(factor);
            yardstick.group(Foreign::ours("(others)"), false, tally)
        });
        families.sort_by(|a, b| b.tally.bytes().total_cmp(&a.tally.bytes()));
        rollups.sort_by(|a, b| b.bounds.bytes.high.total_cmp(&a.bounds.bytes.high));
        let mut largest: Vec<Standout> = self.largest.into_keys();
        for hunted in self.hunted {
            if !largest.iter().any(|known| known.is(&hunted)) {
                largest.push(hunted);
            }
        }
        largest.sort_by(|a, b| b.parts.total().total_cmp(&a.parts.total()));
        Account {
            coverage,
            all: yardstick.group(Foreign::ours("*"), false, self.all),
            families,
            rollups,
            overflow,
            places: self.places,
            slots: self.slots,
            cliffs,
            largest,
            longest: self.longest.into_keys(),
            hottest: self.hottest.into_keys(),
            behind: self.behind.into_keys(),
            searched_from: None,
            close_one_in: self.rules.close_one_in,
            unexplained: None,
        }
    }

    /// A giant in a sample would stand for many giants, so it stands for itself; so does one that a search found. Returns
    /// what one weighed key stands for.
    fn single_out_giants(&mut self, population: f64, reading: Reading) -> f64 {
        if reading != Reading::Sample {
            return 1.0;
        }
        let mut giants = self.giants(population);
        for giant in &giants {
            self.families.of(&giant.name).take_out(giant);
            self.all.take_out(giant);
            self.places.entry(giant.place).or_default().take_out(giant);
        }
        for found in &self.hunted {
            // One that was drawn and is not taken out is weighed among its like.
            let known = self.largest.iter().any(|one| one.is(found)) || giants.iter().any(|one| one.is(found));
            if !known {
                giants.push(found.clone());
            }
        }
        let factor = self.factor(&self.all, population, giants.len(), reading);
        for giant in &giants {
            self.families.of(&giant.name).put_back(giant, 1.0 / factor);
            self.all.put_back(giant, 1.0 / factor);
            self.places.entry(giant.place).or_default().put_back(giant, 1.0 / factor);
        }
        factor
    }
}

/// What a group is measured by: the whole sample.
pub struct Yardstick {
    exact: bool,
    hands: [Hand; HANDS],
    population: f64,
    sampled: u64,
}

impl Yardstick {
    /// `names` are the hands of all that was drawn, `factor` what one weighed key stands for, `population` the keys there
    /// are but for the giants.
    pub fn new(reading: Reading, names: &[Hand; HANDS], factor: f64, population: f64, sampled: u64) -> Self {
        let hands = names.map(|hand| Hand { keys: hand.keys * factor, ..hand });
        Self { exact: reading != Reading::Sample, hands, population, sampled }
    }

    /// Between which bounds the keys and the bytes of a group lie.
    pub fn measure(&self, tally: &Tally) -> (Interval, Interval) {
        match tally.hands() {
            Some(hands) if !self.exact => {
                let (keys, bytes) = intervals(hands, &self.hands, self.population, tally.read, self.sampled);
                let single = tally.singled;
                (keys.plus(single.keys, single.keys), bytes.plus(single.bytes, single.bytes))
            }
            _ => (Interval::exact(tally.keys), Interval::exact(tally.bytes())),
        }
    }

    fn group(&self, pattern: Foreign, conventional: bool, tally: Tally) -> Group {
        let (keys, bytes) = self.measure(&tally);
        Group { pattern, conventional, tally, keys, bytes }
    }
}

impl Account {
    /// Widens what is said of bytes by what the sample does not explain: it may lie in any family.
    pub fn allow_for(&mut self, unexplained: f64) {
        self.unexplained = Some(unexplained);
        let (low, high) = (unexplained.min(0.0), unexplained.max(0.0));
        let groups = self.families.iter_mut().chain(&mut self.overflow).chain([&mut self.all]);
        let bounds = groups.map(|group| &mut group.bytes);
        for bytes in bounds.chain(self.rollups.iter_mut().map(|rollup| &mut rollup.bounds.bytes)) {
            *bytes = bytes.plus(low, high);
        }
    }
}
