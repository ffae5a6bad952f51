//! The miss-ratio curve of a stream of requests in bounded memory: a sample of the keys, chosen by their hash, that stays as
//! large as it may be (SHARDS with a fixed size: Waldspurger and others, FAST 2015).

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

/// Steps of a distance's bin for each doubling: sizes are told apart by 4 %.
const STEPS: f64 = 16.0;
const BINS: usize = 1_024;
/// Keys that are followed. The paper's choice, with errors below 0.01 on the average.
pub const KEPT: usize = 8_192;
/// Places in the order of last use for each key that is followed: the more, the rarer they are dealt anew.
const PLACES: usize = 4;

/// What was seen so far. Memory depends on `kept` alone.
#[derive(Debug)]
pub struct Shards {
    kept: usize,
    /// Keys with a hash above are not followed.
    threshold: u64,
    followed: HashMap<u64, Place>,
    by_hash: BTreeSet<u64>,
    order: Order,
    keys: Histogram,
    reads: u64,
    distinct: f64,
    distinct_bytes: f64,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    at: usize,
    bytes: u64,
}

/// The miss ratio of an LRU cache at one size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Missed {
    pub size: f64,
    pub miss_ratio: f64,
}

impl Shards {
    pub fn new(kept: usize) -> Self {
        let kept = kept.max(16);
        Self {
            kept,
            threshold: u64::MAX,
            followed: HashMap::with_capacity(kept + 1),
            by_hash: BTreeSet::new(),
            order: Order::new(kept * PLACES),
            keys: Histogram::new(),
            reads: 0,
            distinct: 0.0,
            distinct_bytes: 0.0,
        }
    }

    /// A read, of an object with so many bytes.
    pub fn read(&mut self, hash: u64, bytes: u64) {
        self.reads += 1;
        self.touch(hash, bytes, true);
    }

    /// A write makes an object young, and asks for nothing.
    pub fn write(&mut self, hash: u64, bytes: u64) {
        self.touch(hash, bytes, false);
    }

    pub fn delete(&mut self, hash: u64) {
        if self.by_hash.remove(&hash)
            && let Some(place) = self.followed.remove(&hash)
        {
            self.order.leave(place);
        }
    }

    fn touch(&mut self, hash: u64, bytes: u64, counts: bool) {
        if hash > self.threshold {
            return;
        }
        let weight = 1.0 / self.rate();
        if self.order.is_full() {
            self.deal_anew();
        }
        let before = self.followed.get(&hash).copied();
        if let Some(place) = before {
            let (keys, between) = self.order.after(place.at);
            if counts {
                self.keys.add(keys as f64 * weight + 1.0, between as f64 * weight + bytes as f64, weight);
            }
            self.order.leave(place);
        } else {
            self.distinct += weight;
            self.distinct_bytes += weight * bytes as f64;
            if counts {
                self.keys.new += weight;
            }
        }
        let place = Place { at: self.order.enter(bytes), bytes };
        self.followed.insert(hash, place);
        if before.is_none() {
            self.by_hash.insert(hash);
            self.shrink();
        }
    }

    /// Follows fewer keys once there are too many: those with the highest hash go.
    fn shrink(&mut self) {
        while self.by_hash.len() > self.kept {
            let Some(highest) = self.by_hash.pop_last() else { return };
            self.threshold = highest.saturating_sub(1);
            if let Some(place) = self.followed.remove(&highest) {
                self.order.leave(place);
            }
        }
    }

    fn deal_anew(&mut self) {
        let mut places: Vec<(usize, u64, u64)> =
            self.followed.iter().map(|(hash, place)| (place.at, *hash, place.bytes)).collect();
        places.sort_unstable();
        self.order = Order::new(self.kept * PLACES);
        for (_, hash, bytes) in places {
            let place = Place { at: self.order.enter(bytes), bytes };
            self.followed.insert(hash, place);
        }
    }

    /// No key with a higher hash is followed.
    pub fn threshold(&self) -> u64 {
        self.threshold
    }

    /// The share of all keys that is followed.
    pub fn rate(&self) -> f64 {
        (self.threshold as f64 + 1.0) / (u64::MAX as f64 + 1.0)
    }

    pub fn reads(&self) -> u64 {
        self.reads
    }

    /// About how many keys there were.
    pub fn distinct(&self) -> f64 {
        self.distinct
    }

    /// About how many bytes an object has.
    pub fn mean_bytes(&self) -> f64 {
        if self.distinct > 0.0 { self.distinct_bytes / self.distinct } else { 0.0 }
    }

    /// The miss ratio at sizes in keys.
    pub fn by_keys(&self, sizes: &[f64]) -> Vec<Missed> {
        self.keys.missed(sizes, self.reads as f64)
    }

    /// About how many bytes an object has of those that a cache of so many keys holds: what is read often may be smaller or
    /// larger than most.
    pub fn mean_bytes_in(&self, keys: f64) -> f64 {
        let held = if keys < self.distinct { self.keys.mean_bytes(keys) } else { None };
        held.unwrap_or_else(|| self.mean_bytes())
    }
}

/// Reads by how large a cache would have to be to answer them.
#[derive(Debug)]
struct Histogram {
    bins: Vec<f64>,
    /// Of the reads of each bin: keys and bytes that a cache holds which just answers them.
    held: Vec<(f64, f64)>,
    /// Reads that no cache answers: of keys that were not there before.
    new: f64,
}

impl Histogram {
    fn new() -> Self {
        Self { bins: vec![0.0; BINS], held: vec![(0.0, 0.0); BINS], new: 0.0 }
    }

    fn bin(size: f64) -> usize {
        ((size.max(1.0).log2() * STEPS) as usize).min(BINS - 1)
    }

    fn add(&mut self, size: f64, bytes: f64, weight: f64) {
        let bin = Self::bin(size);
        if let Some((reads, (keys, sum))) = self.bins.get_mut(bin).zip(self.held.get_mut(bin)) {
            *reads += weight;
            *keys += size * weight;
            *sum += bytes * weight;
        }
    }

    /// Bytes of a key in caches of about this size: from a half of it, or the next smaller one that answers anything.
    fn mean_bytes(&self, size: f64) -> Option<f64> {
        let below = self.held.get(..=Self::bin(size))?;
        let last = below.iter().rposition(|(keys, _)| *keys > 0.0)?;
        let some = below.get(last.saturating_sub(STEPS as usize)..=last)?;
        let (keys, bytes) = some.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        Some(bytes / keys)
    }

    fn missed(&self, sizes: &[f64], reads: f64) -> Vec<Missed> {
        // A few keys make most requests, and whether they are in the sample is chance. What is missing or too much goes to
        // the smallest distance, where they are ("SHARDS-adj").
        let sampled = self.bins.iter().sum::<f64>() + self.new;
        let at = |size: f64| {
            let place = size.max(1.0).log2() * STEPS;
            let (whole, part) = (place as usize, place.fract());
            let below: f64 = self.bins.iter().take(whole).sum();
            let hits = below + self.bins.get(whole).copied().unwrap_or(0.0) * part + (reads - sampled);
            if reads > 0.0 { (1.0 - hits / reads).clamp(0.0, 1.0) } else { 1.0 }
        };
        sizes.iter().map(|size| Missed { size: *size, miss_ratio: at(*size) }).collect()
    }
}

/// Keys in the order of their last use, with the bytes of those behind any place: a Fenwick tree.
#[derive(Debug)]
struct Order {
    sums: Vec<(u32, u64)>,
    next: usize,
    all: (u32, u64),
}

impl Order {
    fn new(places: usize) -> Self {
        Self { sums: vec![(0, 0); places + 1], next: 1, all: (0, 0) }
    }

    fn is_full(&self) -> bool {
        self.next >= self.sums.len()
    }

    fn enter(&mut self, bytes: u64) -> usize {
        let place = self.next;
        self.next += 1;
        self.all = (self.all.0 + 1, self.all.1 + bytes);
        let mut at = place;
        while let Some(sum) = self.sums.get_mut(at) {
            *sum = (sum.0 + 1, sum.1 + bytes);
            at += at & at.wrapping_neg();
        }
        place
    }

    fn leave(&mut self, place: Place) {
        self.all = (self.all.0.saturating_sub(1), self.all.1.saturating_sub(place.bytes));
        let mut at = place.at;
        while let Some(sum) = self.sums.get_mut(at) {
            *sum = (sum.0.saturating_sub(1), sum.1.saturating_sub(place.bytes));
            at += at & at.wrapping_neg();
        }
    }

    /// The keys, and their bytes, that were used later.
    fn after(&self, place: usize) -> (u32, u64) {
        let (mut keys, mut bytes, mut at) = (0, 0, place);
        while at > 0 {
            let sum = self.sums.get(at).copied().unwrap_or_default();
            (keys, bytes) = (keys + sum.0, bytes + sum.1);
            at &= at - 1;
        }
        (self.all.0.saturating_sub(keys), self.all.1.saturating_sub(bytes))
    }
}

#[cfg(test)]
mod tests;
