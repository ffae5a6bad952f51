//! Small caches of a sample of the keys, whose entries end by their TTL (miniature simulation: Waldspurger and others, ATC 2017).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::trace::{Op, Request};

/// What goes when a cache is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    Oldest,
    Any,
}

/// Gives reads the TTL that a load after a miss sets: that of the last write of the key, since a trace has the TTL of writes
/// alone. Memory grows with the keys, so it is for those of a sample.
#[derive(Debug, Default)]
pub struct Lives {
    last: HashMap<u64, f64>,
}

impl Lives {
    pub fn fill(&mut self, request: Request) -> Request {
        match (request.op, request.ttl) {
            (Op::Write, Some(ttl)) => {
                self.last.insert(request.hash, ttl);
            }
            (Op::Write, None) => {
                self.last.remove(&request.hash);
            }
            _ => {}
        }
        let ttl = if request.op == Op::Read { self.last.get(&request.hash).copied() } else { request.ttl };
        Request { ttl, ..request }
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    /// When it was used last: the number of the request, and the second.
    used: (u64, f64),
    ends: Option<u64>,
    /// In the list of all.
    at: usize,
}

/// A cache of so many keys, cache-aside: what is missed is loaded. An entry that has ended takes no room.
#[derive(Debug)]
pub struct Miniature {
    room: usize,
    goes: Goes,
    random: fastrand::Rng,
    requests: u64,
    entries: HashMap<u64, Entry>,
    all: Vec<u64>,
    by_use: BTreeMap<u64, u64>,
    by_end: BTreeSet<(u64, u64)>,
    reads: u64,
    missed: u64,
    /// Evictions, and the seconds since the last use of what they took.
    evicted: (u64, f64),
}

impl Miniature {
    pub fn new(room: usize, goes: Goes) -> Self {
        Self {
            room: room.max(1),
            goes,
            random: fastrand::Rng::with_seed(1),
            requests: 0,
            entries: HashMap::new(),
            all: Vec::new(),
            by_use: BTreeMap::new(),
            by_end: BTreeSet::new(),
            reads: 0,
            missed: 0,
            evicted: (0, 0.0),
        }
    }

    /// A request with the TTL that `Lives` gives it. Without a time nothing ends.
    pub fn play(&mut self, request: &Request) {
        let now = request.seconds.unwrap_or(0.0);
        self.requests += 1;
        self.end(now);
        let ends = request.ttl.filter(|_| request.seconds.is_some()).map(|ttl| millis(now + ttl));
        let before = self.entries.get(&request.hash).copied();
        match (request.op, before) {
            (Op::Read, before) => {
                self.reads += 1;
                self.missed += u64::from(before.is_none());
                self.put(request.hash, now, before.map_or(ends, |before| before.ends));
            }
            (Op::Write, _) => self.put(request.hash, now, ends),
            (Op::Change, Some(before)) => self.put(request.hash, now, before.ends),
            (Op::Change, None) => {}
            (Op::Delete, _) => self.remove(request.hash),
        }
    }

    /// Of reads.
    pub fn miss_ratio(&self) -> f64 {
        if self.reads > 0 { self.missed as f64 / self.reads as f64 } else { 0.0 }
    }

    /// The same where the sample stands for so many reads of all keys. A few keys make most requests, and whether they are in the
    /// sample is chance: what is missing or too much goes to them, and they hit ("SHARDS-adj", see `shards`).
    pub fn miss_ratio_of(&self, reads: f64, rate: f64) -> f64 {
        if reads > 0.0 { (self.missed as f64 / rate / reads).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// How many seconds after its last use a key is evicted, on the average; none where none is.
    pub fn age(&self) -> Option<f64> {
        (self.evicted.0 > 0).then(|| self.evicted.1 / self.evicted.0 as f64)
    }

    fn end(&mut self, now: f64) {
        let now = millis(now);
        while let Some((_, hash)) = self.by_end.first().copied().filter(|(end, _)| *end <= now) {
            self.remove(hash);
        }
    }

    fn put(&mut self, hash: u64, now: f64, ends: Option<u64>) {
        let before = self.entries.get(&hash).copied();
        if before.is_none() && self.entries.len() >= self.room {
            self.evict(now);
        }
        if let Some(before) = before {
            self.by_use.remove(&before.used.0);
            before.ends.map(|end| self.by_end.remove(&(end, hash)));
        } else {
            self.all.push(hash);
        }
        let at = before.map_or(self.all.len() - 1, |before| before.at);
        self.by_use.insert(self.requests, hash);
        self.by_end.extend(ends.map(|end| (end, hash)));
        self.entries.insert(hash, Entry { used: (self.requests, now), ends, at });
    }

    fn evict(&mut self, now: f64) {
        let goes = match self.goes {
            Goes::Oldest => self.by_use.first_key_value().map(|(_, hash)| *hash),
            Goes::Any => self.all.get(self.random.usize(..self.all.len().max(1))).copied(),
        };
        if let Some(hash) = goes {
            let used = self.entries.get(&hash).map_or(now, |entry| entry.used.1);
            self.evicted = (self.evicted.0 + 1, self.evicted.1 + (now - used).max(0.0));
            self.remove(hash);
        }
    }

    fn remove(&mut self, hash: u64) {
        let Some(entry) = self.entries.remove(&hash) else { return };
        self.by_use.remove(&entry.used.0);
        entry.ends.map(|end| self.by_end.remove(&(end, hash)));
        self.all.swap_remove(entry.at);
        if let Some(moved) = self.all.get(entry.at).and_then(|moved| self.entries.get_mut(moved)) {
            moved.at = entry.at;
        }
    }
}

fn millis(seconds: f64) -> u64 {
    (seconds * 1_000.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Cache, Draws, Eviction, Popularity, predict};

    fn request(op: Op, hash: u64, seconds: f64, ttl: Option<f64>) -> Request {
        Request { hash, bytes: 1, op, seconds: Some(seconds), ttl }
    }

    /// What is missed, as a text: m for a miss, h for a hit.
    fn told(room: usize, requests: &[Request]) -> String {
        let (mut lives, mut cache) = (Lives::default(), Miniature::new(room, Goes::Oldest));
        let one = |request: &Request| {
            let before = (cache.reads, cache.missed);
            cache.play(&lives.fill(*request));
            match (cache.reads - before.0, cache.missed - before.1) {
                (0, _) => "",
                (_, 0) => "h",
                _ => "m",
            }
        };
        requests.iter().map(one).collect()
    }

    #[test]
    fn entries_end_by_the_time_of_the_trace() {
        use Op::{Change, Delete, Read, Write};
        let write = request(Write, 1, 0.0, Some(10.0));
        let read = |second| request(Read, 1, second, None);
        assert_eq!(told(5, &[write, read(9.0), read(10.0), read(19.0), read(20.0)]), "hmhm", "a load has its TTL too");
        assert_eq!(told(5, &[write, request(Write, 1, 5.0, None), read(99.0)]), "h", "SET without a TTL");
        assert_eq!(told(5, &[write, request(Change, 1, 9.0, None), read(10.0)]), "m", "INCR leaves the TTL");
        assert_eq!(told(5, &[request(Change, 1, 1.0, None), read(2.0)]), "m", "and makes no cache entry");
        assert_eq!(told(5, &[write, request(Delete, 1, 1.0, None), read(2.0), read(3.0)]), "mh");
        // What ended leaves its room to others.
        let others = [request(Write, 2, 11.0, None), request(Read, 2, 12.0, None)];
        assert_eq!(told(1, &[&[write][..], &others].concat()), "h");
        let timeless = [Request { seconds: None, ..write }, Request { seconds: None, ..read(0.0) }];
        assert_eq!(told(5, &timeless), "h");
    }

    #[test]
    fn it_hits_what_the_formulas_say() {
        let popularity = Popularity::zipf(4_000, 0.9);
        let (draws, mut random) = (Draws::of(&popularity), fastrand::Rng::with_seed(3));
        // A hundred a second.
        let reads: Vec<u64> = (0..400_000).map(|_| draws.item(random.f64())).collect();
        for (goes, eviction) in [(Goes::Oldest, Eviction::Lru), (Goes::Any, Eviction::Random)] {
            for (room, ttl) in [(400, None), (400, Some(60.0)), (4_000, Some(20.0)), (1_000, Some(15.0))] {
                let mut cache = Miniature::new(room, goes);
                for (number, item) in reads.iter().enumerate() {
                    cache.play(&request(Op::Read, *item, number as f64 / 100.0, ttl));
                }
                let (items, requests_per_second) = (room as f64, 100.0);
                // So many samples that LRU is exact.
                let told = predict(&popularity, &Cache { items, samples: 64, eviction, ttl, requests_per_second });
                let hit = 1.0 - cache.miss_ratio();
                assert!((hit - told.hit_ratio).abs() < 0.025, "{goes:?} {room} {ttl:?}: {hit}, {}", told.hit_ratio);
                assert_eq!(cache.age().is_some(), told.eviction_age_seconds.is_some(), "{goes:?} {room} {ttl:?}");
                assert!((cache.miss_ratio_of(800_000.0, 0.5) - cache.miss_ratio()).abs() < 1e-9);
            }
        }
    }
}
