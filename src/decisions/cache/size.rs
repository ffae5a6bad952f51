//! How many entries fit, what they cost, and what the hit ratio becomes with each size.

use serde::Serialize;

use super::answer::Answer;
use super::workload::Workload;
use super::{encoding, policy};
use crate::facts::Bytes;
use crate::footprint::{Allocator, Element, Layout, Limits, Shape};
use crate::forecast::{self, Bound, Cache, Eviction, Popularity, predict};

/// A name such as `cache:profile:v1:12345678`, where the keys are not known.
const NAME: u64 = 26;
/// Compression that JSON texts reach with zstd, where values were not sampled (judgement; measure your own).
const COMPRESSION: f64 = 0.4;
/// Sizes between which the knee is looked for.
const STEPS: usize = 30;
/// Sizes of the curve, as shares of all items.
const SHARES: [f64; 9] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0];
/// One size of the cache, and what comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    pub items: f64,
    /// Of `used_memory`.
    pub bytes: Bytes,
    pub hit_ratio: f64,
    pub low: f64,
    pub high: f64,
    /// Loads per second at the origin.
    pub origin_load: f64,
    /// Seconds that an entry stays without being read; none where nothing is evicted.
    pub eviction_age: Option<f64>,
    /// Entries that are there in the steady state: a short TTL keeps fewer than fit.
    pub resident: f64,
    /// What ends entries.
    pub bound: Bound,
}

/// The sizes and the one that is advised.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Size {
    pub bytes_per_item: f64,
    /// What MEMORY USAGE will say of one entry.
    pub claimed_per_item: u64,
    /// How those bytes come about.
    pub arithmetic: String,
    pub curve: Vec<Point>,
    pub advised: Point,
    /// Why this size.
    pub because: String,
    pub knee: Option<Point>,
    /// What the machine needs beside maxmemory.
    pub headroom: Bytes,
}

pub fn choose(workload: &Workload, chosen: &Answer, policy: &Answer, ttl: f64, allocator: Allocator) -> Size {
    let entry = entry(workload, chosen, allocator);
    let popularity = Popularity::zipf(workload.items.max(1), workload.skew);
    let at = |items: f64| point(workload, &popularity, policy, ttl, entry.bytes, items);
    let curve: Vec<Point> = SHARES.iter().map(|share| at((workload.items as f64 * share).max(1.0))).collect();
    let goal = workload.origin_capacity * GOAL;
    let cache = cache(workload, policy, ttl, 0.0);
    let sizes = forecast::sizes((workload.items as f64 * SHARES[0]).max(1.0), workload.items.max(1) as f64, STEPS);
    let knee = forecast::knee(&forecast::curve(&popularity, &cache, &sizes)).map(|point| at(point.items));
    let fits = |point: &&Point| point.origin_load <= goal;
    let (advised, because) = if workload.memory > 0 {
        let items = (workload.memory as f64 / entry.bytes).min(workload.items as f64).max(1.0);
        (at(items), "that is what the memory holds".to_owned())
    } else if let Some(enough) = curve.iter().find(fits) {
        let point = smallest(&at, enough.items, |point| point.origin_load <= goal);
        (
            point,
            format!(
                "the smallest with which the origin gets at most {:.0} loads/s, {:.0} % of what it bears",
                goal,
                GOAL * 100.0
            ),
        )
    } else {
        let best = at(workload.items as f64);
        let enough = |point: &Point| point.hit_ratio >= best.hit_ratio - SAME;
        let point = smallest(&at, best.items, enough);
        (point, format!("more brings no more: no size brings the loads below {goal:.0}/s"))
    };
    Size {
        bytes_per_item: entry.bytes,
        claimed_per_item: entry.claimed,
        arithmetic: entry.arithmetic,
        curve,
        because,
        knee,
        headroom: headroom(advised.bytes),
        advised,
    }
}

/// Of the origin's capacity, for misses in the steady state: the rest is for refills and failures (judgement).
const GOAL: f64 = 0.5;

/// Hit ratios that differ by less are the same: a third of what the prediction can tell.
const SAME: f64 = 0.002;

/// Halves the distance to the smallest size that is enough.
fn smallest(at: &impl Fn(f64) -> Point, known: f64, enough: impl Fn(&Point) -> bool) -> Point {
    let (mut low, mut high) = (1.0_f64, known);
    for _ in 0..24 {
        let middle = f64::midpoint(low, high);
        if enough(&at(middle)) { high = middle } else { low = middle }
    }
    at(high)
}

fn point(workload: &Workload, popularity: &Popularity, policy: &Answer, ttl: f64, bytes: f64, items: f64) -> Point {
    let told = predict(popularity, &cache(workload, policy, ttl, items));
    Point {
        items,
        bytes: Bytes((items * bytes) as u64),
        hit_ratio: told.hit_ratio,
        low: told.low,
        high: told.high,
        origin_load: workload.reads * (1.0 - told.hit_ratio),
        eviction_age: told.eviction_age_seconds,
        resident: told.resident_items,
        bound: told.bound_by,
    }
}

fn cache(workload: &Workload, policy: &Answer, ttl: f64, items: f64) -> Cache {
    let eviction = if *policy == policy::ALLKEYS_LFU {
        Eviction::Lfu { log_factor: 1.0, decay_minutes: 10.0 }
    } else if *policy == policy::NOEVICTION {
        Eviction::None
    } else {
        Eviction::Lru
    };
    Cache { items, samples: 5, eviction, ttl: Some(ttl), requests_per_second: workload.reads }
}

struct Entry {
    bytes: f64,
    claimed: u64,
    arithmetic: String,
}

/// One entry with its share of the tables.
fn entry(workload: &Workload, chosen: &Answer, allocator: Allocator) -> Entry {
    let layout = Layout::new(&workload.engine, allocator);
    let limits = Limits::default();
    let name = if workload.key_bytes > 0 { workload.key_bytes } else { NAME };
    let stored = if *chosen == encoding::COMPRESSED {
        (workload.value_bytes as f64 * COMPRESSION).ceil() as u64
    } else {
        workload.value_bytes
    };
    let shape = if *chosen == encoding::HASH {
        let fields = (workload.value_bytes / FIELD).max(1);
        Shape::Hash {
            fields,
            name: Element::Text(FIELD_NAME),
            value: Element::Text(FIELD - FIELD_NAME),
            field_expires: false,
        }
    } else {
        Shape::String { len: stored }
    };
    let cost = layout.key(name, &shape, true, &limits);
    let tables = layout.tables(workload.items, workload.items) as f64 / workload.items.max(1) as f64;
    let compressed = if *chosen == encoding::COMPRESSED {
        format!(", {} compressed to {:.0} %, an assumption", Bytes(workload.value_bytes), COMPRESSION * 100.0)
    } else {
        String::new()
    };
    Entry {
        bytes: cost.bytes() as f64 + tables,
        claimed: cost.claimed,
        arithmetic: format!(
            "name of {name} B and its object {} B, value {} B{compressed}, TTL {} B, share of the tables {tables:.1} B",
            cost.key, cost.value, cost.expiry
        ),
    }
}

/// A field of an object that is stored as a hash, with its name (judgement).
const FIELD: u64 = 32;
const FIELD_NAME: u64 = 8;

/// Beside maxmemory: fragmentation 10 %, a fork's copies 10 % (a cache that is not saved forks for a replica's full sync
/// alone), and buffers of half a gigabyte at most.
fn headroom(data: Bytes) -> Bytes {
    Bytes(data.0 / 5 + (data.0 / 4).clamp(64 << 20, 512 << 20))
}
