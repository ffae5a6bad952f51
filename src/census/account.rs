//! The count, settled: families by size, what stands out, and how sure each total is.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Census;
use super::cliffs::Cliff;
use super::estimate::{Interval, at_most, intervals};
use super::ledger::Ledger;
use super::tail::Giants;
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
    /// Bytes of keys like the giants that were drawn: there may be so much more, if the books have room for it.
    beside: f64,
}

impl Merge for Bounds {
    fn merge(&mut self, other: Self) {
        self.beside += other.beside;
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
    /// Giants among all that was read, named or not.
    pub giants: Giants,
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
        let giants = self.giants_read();
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
            Bounds { keys, bytes, beside: beside(&family.payload) }
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
            giants,
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
                (keys.plus(single.keys, single.keys), bytes.skewed(tally.skew()).plus(single.bytes, single.bytes))
            }
            _ => (Interval::exact(tally.keys), Interval::exact(tally.bytes())),
        }
    }

    fn group(&self, pattern: Foreign, conventional: bool, tally: Tally) -> Group {
        let (keys, bytes) = self.measure(&tally);
        Group { pattern, conventional, tally, keys, bytes }
    }
}

fn beside(tally: &Tally) -> f64 {
    tally.beside.bytes * at_most(tally.beside.keys)
}

impl Account {
    /// Widens what is said of bytes by what the sample does not explain: it may lie in any family. And by what giants stood
    /// for that were drawn, as far as the servers have it.
    pub fn allow_for(&mut self, ledger: &Ledger) {
        self.unexplained = ledger.unexplained(self.all.bytes);
        let gap = self.unexplained.unwrap_or(0.0);
        // After a search too: what was drawn may be smaller than what was searched for, and stand for others all the same.
        let room = ledger.room();
        let widened = |bytes: Interval, beside: f64| bytes.plus(gap.min(0.0), gap.max(beside.min(room)));
        for group in self.families.iter_mut().chain(&mut self.overflow).chain([&mut self.all]) {
            group.bytes = widened(group.bytes, beside(&group.tally));
        }
        for rollup in &mut self.rollups {
            rollup.bounds.bytes = widened(rollup.bounds.bytes, rollup.bounds.beside);
        }
    }
}
