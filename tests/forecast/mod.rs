//! Predicted hit ratios against those of real servers: a few cells of the grid that `make forecast` prints.

mod live;
mod probed;
mod tool;
mod traced;

use std::time::Duration;

use godmode_redis::forecast::{Cache, Eviction, Popularity, Prediction, predict};
use godmode_redis::probe::find_server;
use godmode_redis::proof::{Load, Measured, play};

struct Cell {
    items: u64,
    alpha: f64,
    fit: u64,
    eviction: Eviction,
    samples: u32,
    sizes: (u64, u64),
    ttl: Option<Duration>,
    rate: Option<f64>,
    seconds: (u64, u64),
}

const CELL: Cell = Cell {
    items: 20_000,
    alpha: 0.9,
    fit: 2_000,
    eviction: Eviction::Random,
    samples: 5,
    sizes: (100, 100),
    ttl: None,
    rate: None,
    seconds: (2, 4),
};

impl Cell {
    /// The prediction is for the keys that were there and the rate that this machine gave.
    async fn run(&self) -> (Measured, Prediction) {
        let popularity = Popularity::zipf(self.items, self.alpha);
        let policy = match self.eviction {
            Eviction::Lru => "allkeys-lru",
            Eviction::Lfu { .. } => "allkeys-lfu",
            Eviction::Random => "allkeys-random",
            Eviction::None => "noeviction",
        };
        let samples = self.samples.to_string();
        let settings = ["--maxmemory-policy", policy, "--maxmemory-samples", &samples].map(str::to_owned).to_vec();
        let load = Load {
            popularity: &popularity,
            items: self.fit,
            settings,
            value_bytes: self.sizes,
            ttl: self.ttl,
            write_share: 0.0,
            rate: self.rate,
            warm: Duration::from_secs(self.seconds.0),
            measure: Duration::from_secs(self.seconds.1),
            event: None,
            seed: 1,
        };
        let measured = play(&find_server().expect("a server program"), &load).await.unwrap();
        let cache = Cache {
            items: if self.fit >= self.items { self.items as f64 } else { measured.keys },
            samples: self.samples,
            eviction: self.eviction,
            ttl: self.ttl.map(|ttl| ttl.as_secs_f64()),
            requests_per_second: measured.requests_per_second,
        };
        let predicted = predict(&popularity, &cache);
        (measured, predicted)
    }

    async fn is_within(&self, points: f64) {
        let (measured, predicted) = self.run().await;
        let off = (measured.hit_ratio - predicted.hit_ratio) * 100.0;
        // Three deviations of so many requests, beside what the model may be off.
        let chance = 300.0 * (predicted.hit_ratio * (1.0 - predicted.hit_ratio) / measured.requests as f64).sqrt();
        assert!(off.abs() <= points + chance, "{off:.2} points off: {measured:?}, {predicted:?}");
        assert!(measured.evictions_per_second > 0.0 || self.ttl.is_some(), "nothing was evicted: {measured:?}");
    }
}

#[tokio::test]
async fn random_eviction() {
    CELL.is_within(0.7).await;
    Cell { sizes: (20, 600), alpha: 0.7, fit: 6_000, ..CELL }.is_within(0.7).await;
}

/// Ages of about three seconds, so that a run is short: the model allows for the clock of whole seconds.
#[tokio::test]
async fn lru_by_sampling() {
    let cell = Cell { eviction: Eviction::Lru, fit: 4_000, rate: Some(3_000.0), seconds: (8, 8), ..CELL };
    let mixed = Cell { samples: 10, alpha: 1.1, sizes: (20, 600), rate: Some(6_000.0), ..cell };
    tokio::join!(cell.is_within(1.5), mixed.is_within(1.5));
}

#[tokio::test]
async fn lfu_by_a_logarithmic_counter() {
    let cell =
        Cell { items: 2_000, fit: 200, sizes: (1_000, 1_000), eviction: Eviction::LFU, seconds: (10, 4), ..CELL };
    cell.is_within(2.5).await;
}

#[tokio::test]
async fn a_ttl_that_ends_before_memory_does() {
    let cell = Cell { fit: 20_000, ttl: Some(Duration::from_secs(2)), rate: Some(4_000.0), seconds: (5, 5), ..CELL };
    cell.is_within(2.5).await;
}
