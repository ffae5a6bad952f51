//! A server that evicts as `evict.c` does: a few keys at random into a pool of sixteen, the oldest of which goes; ages count
//! whole seconds.

use std::collections::HashMap;

use crate::forecast::popularity::{Draws, Popularity};

/// EVPOOL_SIZE.
const POOL: usize = 16;

pub struct Server {
    draws: Draws,
    random: fastrand::Rng,
    rate: f64,
    pub now: f64,
    places: HashMap<u64, usize>,
    /// Each key, and when it was last read.
    keys: Vec<(u64, f64)>,
    room: usize,
    samples: u32,
    /// Ages in whole seconds, the oldest last.
    pool: Vec<(u32, u64)>,
}

impl Server {
    /// Full of what is asked for most.
    pub fn new(popularity: &Popularity, room: usize, samples: u32, rate: f64, seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let now = random.f64();
        let keys: Vec<(u64, f64)> = (0..room as u64).map(|item| (item, now)).collect();
        let places = keys.iter().enumerate().map(|(place, (item, _))| (*item, place)).collect();
        let draws = Draws::of(popularity);
        Self { draws, random, rate, now, places, keys, room, samples, pool: Vec::new() }
    }

    fn idle(&self, read: f64) -> u32 {
        (self.now.floor() - read.floor()) as u32
    }

    /// Reads and loads for so many seconds; the share that missed.
    pub fn serve(&mut self, seconds: f64) -> f64 {
        let (reads, start) = ((seconds * self.rate) as u32, self.now);
        let mut missed = 0;
        for read in 0..reads {
            self.now = start + f64::from(read) / self.rate;
            let item = self.draws.item(self.random.f64());
            if let Some(place) = self.places.get(&item) {
                self.keys[*place].1 = self.now;
                continue;
            }
            missed += 1;
            if self.keys.len() >= self.room {
                self.evict();
            }
            self.places.insert(item, self.keys.len());
            self.keys.push((item, self.now));
        }
        self.now = start + seconds;
        f64::from(missed) / f64::from(reads)
    }

    fn evict(&mut self) {
        loop {
            for _ in 0..self.samples {
                let (item, read) = self.keys[self.random.usize(..self.keys.len())];
                let idle = self.idle(read);
                let full = self.pool.len() == POOL;
                if self.pool.iter().any(|(_, other)| *other == item) || full && self.pool[0].0 >= idle {
                    continue;
                }
                if full {
                    self.pool.remove(0);
                }
                let place = self.pool.partition_point(|(other, _)| *other < idle);
                self.pool.insert(place, (idle, item));
            }
            // What the pool remembers may be gone.
            while let Some((_, item)) = self.pool.pop() {
                let Some(place) = self.places.remove(&item) else { continue };
                self.keys.swap_remove(place);
                if let Some((moved, _)) = self.keys.get(place) {
                    self.places.insert(*moved, place);
                }
                return;
            }
        }
    }

    /// OBJECT IDLETIME of keys drawn at random.
    pub fn ages(&mut self, count: usize) -> Vec<u32> {
        let mut one = || self.random.usize(..self.keys.len());
        let places: Vec<usize> = (0..count).map(|_| one()).collect();
        places.into_iter().map(|place| self.idle(self.keys[place].1)).collect()
    }

    /// The share of its keys that were read within so many seconds.
    pub fn younger(&self, seconds: f64) -> f64 {
        self.keys.iter().filter(|(_, read)| self.now - read <= seconds).count() as f64 / self.keys.len() as f64
    }
}
