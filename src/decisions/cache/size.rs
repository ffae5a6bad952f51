//! How many entries fit, what they cost, and what the hit ratio becomes with each size.

use serde::Serialize;

use super::answer::Answer;
use super::value::{self, Value};
use super::workload::Workload;
use super::{encoding, policy};
use crate::facts::Bytes;
use crate::footprint::{Allocator, Element, Layout, Limits, Shape};
use crate::forecast::{self, Bound, Cache, Eviction, Popularity, predict};

/// A name such as `cache:profile:v1:12345678`, where the keys are not known.
const NAME: u64 = 26;
/// The default of `maxmemory-samples`: 10 gains about a fifth of a percentage point of hit ratio for more CPU.
pub const SAMPLES: u32 = 5;
/// The counter rises sooner than by the default of 10, so that keys that are used seldom can be told apart.
pub const LOG_FACTOR: f64 = 1.0;
/// Minutes: longer than that, and what was popular yesterday stays (judgement).
const LONGEST_DECAY: f64 = 60.0;
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
    let sizes = forecast::sizes((workload.items as f64 * SHARES[0]).max(1.0), workload.items.max(1) as f64, STEPS);
    let points = sizes.iter().map(|items| forecast::Point {
        items: *items,
        prediction: predict(&popularity, &cache(workload, policy, ttl, *items)),
    });
    let knee = forecast::knee(&points.collect::<Vec<_>>()).map(|point| at(point.items));
    let fits = |point: &&Point| point.origin_load <= goal;
    let (advised, because) = if workload.keeps_all() {
        // Nothing is evicted: what lives at once has to fit, and entries that have expired and are not yet taken away.
        let lives =
            if workload.only_copy { workload.items as f64 } else { at(workload.items as f64).resident * EXPIRED };
        (
            at(lives.clamp(1.0, workload.items.max(1) as f64)),
            "all that lives at once: nothing may be evicted".to_owned(),
        )
    } else if workload.memory > 0 {
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

/// Expired entries that are still there, over those that live (as in the forecast of hit ratios, rounded up).
const EXPIRED: f64 = 1.25;

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
        Eviction::Lfu { log_factor: LOG_FACTOR, decay_minutes: decay(workload, items) }
    } else if *policy == policy::NOEVICTION {
        Eviction::None
    } else {
        Eviction::Lru
    };
    Cache { items, samples: SAMPLES, eviction, ttl: Some(ttl), requests_per_second: workload.reads }
}

/// `lfu-decay-time` in whole minutes for a cache of so many items: three times the interval between two reads of the one
/// that just fits, so that its counter does not fall to that of a dead one.
pub fn decay(workload: &Workload, items: f64) -> f64 {
    let per_minute = workload.hottest_reads() * items.max(1.0).powf(-workload.skew) * 60.0;
    (3.0 / per_minute.max(1e-9)).ceil().clamp(1.0, LONGEST_DECAY)
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
    let string = |len: u64| layout.key(name, &Shape::String { len }, true, &limits);
    let stored = Value::of(workload, chosen).stored_mean;
    let parts = if *chosen == encoding::SPLIT { value::parts(stored) } else { 1 };
    let cost = match *chosen {
        hash if hash == encoding::HASH => {
            let fields = (workload.value_bytes / FIELD).max(1);
            let (name_of, value) = (Element::Text(FIELD_NAME), Element::Text(FIELD - FIELD_NAME));
            layout.key(name, &Shape::Hash { fields, name: name_of, value, field_expires: false }, true, &limits)
        }
        _ => string(stored / parts),
    };
    let head = if parts > 1 { string(value::HEAD).bytes() as f64 } else { 0.0 };
    let tables = layout.tables(workload.items, workload.items) as f64 / workload.items.max(1) as f64;
    let keys = parts as f64 + if parts > 1 { 1.0 } else { 0.0 };
    let more = if parts > 1 { format!("; {parts} such parts and a head of {head:.0} B") } else { String::new() };
    let least = if *chosen == encoding::JSON { ", at least: the module's tree takes more than the text" } else { "" };
    Entry {
        bytes: (cost.bytes() * parts) as f64 + head + tables * keys,
        claimed: cost.claimed * parts,
        arithmetic: format!(
            "name of {name} B and its object {} B, value {} B{least}, TTL {} B, share of the tables {tables:.1} B{more}",
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
