//! The hit ratio of a cache of Redis or Valkey, from its popularity, size, policy and TTL.

use serde::Serialize;

use super::lfu;
use super::popularity::{Bin, Popularity};

/// The exact policy is approached by sampling, and the distance falls with `samples`: measured on Redis 7.0.15 it is 16 %
/// of the way from LRU to random at 3 samples, 5.5 % at 5 and 1.5 % at 10, which is `samples^-1.8`.
const SAMPLING: f64 = -1.8;
/// Redis tells ages in whole seconds (LRU_CLOCK_RESOLUTION, server.h). Measured with ages of 0.6, 0.85 and 4.3 s, that
/// moves LRU by 0.54, 0.27 and 0.02 of the way to random: 0.2 over the square of the age.
const CLOCK: f64 = 0.2;
/// From this age on the clock does not show (the same measurements).
pub const AGE_THAT_CLOCKS_BLUR: f64 = 5.0;
/// Expired keys that are not yet reclaimed, as a share of what is held: measured at 0.16 to 0.22 under fast churn with
/// `active-expire-effort 1`.
const STALE: f64 = 0.18;
/// The slow cycle of active expiry takes 20 keys ten times a second (ACTIVE_EXPIRE_CYCLE_KEYS_PER_LOOP in expire.c, `hz`)
/// and goes on only where more than a tenth of them had expired: fewer expiries than this hold a smaller share.
const EXPIRY_SAMPLES: f64 = 200.0;

/// Of a range of e^63: the age is found to a millionth.
const HALVINGS: usize = 26;

/// An age in seconds that stands for none: all that lives fits.
const FOREVER: f64 = 1e12;

/// How far measurements were from this model: LRU and random, ages below 5 s, LFU, and where keys expire and are evicted.
const WITHIN: f64 = 0.007;
const WITHIN_SHORT: f64 = 0.015;
const WITHIN_LFU: f64 = 0.025;
const WITHIN_CHURN: f64 = 0.025;

/// What goes first when memory is full.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "policy", rename_all = "kebab-case")]
pub enum Eviction {
    Lru,
    /// `lfu-log-factor` and `lfu-decay-time`.
    Lfu {
        log_factor: f64,
        decay_minutes: f64,
    },
    Random,
    /// `noeviction`: what does not fit is refused.
    None,
}

impl Eviction {
    /// LFU as every server has it by default.
    pub const LFU: Self = Self::Lfu { log_factor: 10.0, decay_minutes: 1.0 };
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cache {
    /// How many items fit into `maxmemory`. Eviction is blind to size, so a mix of sizes counts by its mean.
    pub items: f64,
    /// `maxmemory-samples`.
    pub samples: u32,
    pub eviction: Eviction,
    /// Seconds, set when an item is loaded and not renewed by a read.
    pub ttl: Option<f64>,
    pub requests_per_second: f64,
}

/// What ends the life of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    Memory,
    Ttl,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Prediction {
    pub hit_ratio: f64,
    /// Measurements were between these.
    pub low: f64,
    pub high: f64,
    /// How long an item stays after its last read (LRU) or altogether (other policies) before it is evicted; none where
    /// nothing is.
    pub eviction_age_seconds: Option<f64>,
    pub resident_items: f64,
    pub bound_by: Bound,
}

/// Predicts the hit ratio of cache-aside reads in the long run. An empty cache or nothing to ask for hits nothing.
pub fn predict(popularity: &Popularity, cache: &Cache) -> Prediction {
    let rate = positive(cache.requests_per_second).unwrap_or(1.0);
    let capacity = positive(cache.items).unwrap_or(0.0);
    // Time is counted in requests, so that a share is a rate.
    let ttl = cache.ttl.and_then(positive).map_or(f64::INFINITY, |seconds| seconds * rate);
    if capacity < 1.0 || popularity.bins().is_empty() {
        return Prediction {
            hit_ratio: 0.0,
            low: 0.0,
            high: 0.0,
            eviction_age_seconds: Some(0.0),
            resident_items: 0.0,
            bound_by: Bound::Memory,
        };
    }
    let unbound = Held::of(popularity, |bin| lived(bin.share, ttl));
    let stale = stale(&unbound, cache.ttl);
    if unbound.items <= capacity * (1.0 - stale) {
        let bound_by = if ttl.is_finite() { Bound::Ttl } else { Bound::Nothing };
        return told(unbound.hit_ratio, WITHIN, None, unbound.items, bound_by);
    }
    let evicted = |stale: f64| evicting(popularity, cache, capacity * (1.0 - stale), ttl, rate);
    let reclaims = matches!(cache.eviction, Eviction::Lru | Eviction::Lfu { .. });
    let (hit_ratio, age) = match cache.ttl {
        // What expired is not read, so these policies take it first: little of it is left where the TTL is long.
        Some(ttl) if stale > 0.0 && reclaims => evicted(stale * (evicted(0.0).1 / ttl).min(1.0)),
        _ => evicted(stale),
    };
    if age > FOREVER {
        return told(unbound.hit_ratio, WITHIN_CHURN, None, unbound.items, Bound::Ttl);
    }
    // Where the TTL is far above the age, nothing lives long enough to expire.
    let expires = cache.ttl.is_some_and(|ttl| ttl < 4.0 * age);
    let within = match cache.eviction {
        Eviction::Lfu { .. } => WITHIN_LFU,
        _ if expires => WITHIN_CHURN,
        Eviction::Lru if age < AGE_THAT_CLOCKS_BLUR => WITHIN_SHORT,
        _ => WITHIN,
    };
    told(hit_ratio, within, Some(age), capacity, Bound::Memory)
}

/// The hit ratio, and the eviction age in seconds, where memory is full.
fn evicting(popularity: &Popularity, cache: &Cache, room: f64, ttl: f64, rate: f64) -> (f64, f64) {
    match cache.eviction {
        Eviction::Lru => {
            let (exact, age) = fill(popularity, room, |bin, age| lru(bin.share, age, ttl));
            let (random, _) = fill(popularity, room, |bin, age| random(bin.share, age, ttl));
            let seconds = age / rate;
            (sampled(exact, random, cache.samples, seconds), seconds)
        }
        Eviction::Random => {
            let (hit_ratio, age) = fill(popularity, room, |bin, age| random(bin.share, age, ttl));
            (hit_ratio, age / rate)
        }
        // What came first stays; with a TTL, only a part of the loads finds room.
        Eviction::None if ttl.is_infinite() => {
            let (hit_ratio, age) = fill(popularity, room, |bin, age| lru(bin.share, age, ttl));
            (hit_ratio, age / rate)
        }
        Eviction::None => {
            let (hit_ratio, age) = fill(popularity, room, |bin, age| lived(bin.share, age.min(ttl)));
            (hit_ratio, age / rate)
        }
        Eviction::Lfu { log_factor, decay_minutes } => {
            let rules = lfu::Rules { log_factor, decay: decay_minutes, samples: cache.samples };
            let ttl = if ttl.is_finite() { ttl / rate / 60.0 } else { ttl };
            let hit_ratio = lfu::hit_ratio(popularity, &rules, room, ttl, rate * 60.0);
            (hit_ratio, room / (rate * (1.0 - hit_ratio)).max(f64::MIN_POSITIVE))
        }
    }
}

/// What LRU by sampling hits, of what exact LRU and random eviction hit, at this age in seconds.
pub fn sampled(exact: f64, random: f64, samples: u32, age: f64) -> f64 {
    let blur = f64::from(samples.max(1)).powf(SAMPLING) + CLOCK / (age * age);
    exact - blur.min(1.0) * (exact - random)
}

fn told(hit_ratio: f64, within: f64, age: Option<f64>, resident_items: f64, bound_by: Bound) -> Prediction {
    let clamped = |ratio: f64| ratio.clamp(0.0, 1.0);
    let hit_ratio = clamped(hit_ratio);
    let (low, high) = match bound_by {
        Bound::Nothing => (hit_ratio, hit_ratio),
        _ => (clamped(hit_ratio - within), clamped(hit_ratio + within)),
    };
    Prediction { hit_ratio, low, high, eviction_age_seconds: age, resident_items, bound_by }
}

/// What a cache holds, and what share of the requests that answers.
struct Held {
    items: f64,
    hit_ratio: f64,
}

impl Held {
    fn of(popularity: &Popularity, held: impl Fn(&Bin) -> f64) -> Self {
        let (mut items, mut hit_ratio) = (0.0, 0.0);
        for bin in popularity.bins() {
            let present = held(bin) * bin.items;
            items += present;
            hit_ratio += present * bin.share;
        }
        Self { items, hit_ratio }
    }
}

/// Finds the age at which just as many items are held as fit (Che, Tung and Wang 2002), and the hit ratio with it.
pub(super) fn fill(popularity: &Popularity, room: f64, held: impl Fn(&Bin, f64) -> f64) -> (f64, f64) {
    let (mut low, mut high) = (-3.0_f64, 60.0_f64);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        let items = Held::of(popularity, |bin| held(bin, middle.exp())).items;
        (low, high) = if items < room { (middle, high) } else { (low, middle) };
    }
    let age = high.exp();
    (Held::of(popularity, |bin| held(bin, age)).hit_ratio, age)
}

/// LRU with a TTL that a read does not renew. Up to `age` nothing evicts an item; later, a gap of `age` between two reads
/// does, at a steady rate. Without a TTL this is Che's `1 - exp(-share * age)`.
pub(super) fn lru(share: f64, age: f64, ttl: f64) -> f64 {
    let asked = share * age;
    if ttl.is_infinite() {
        return -(-asked).exp_m1();
    }
    let beyond = (ttl - age).max(0.0);
    let until_gap = asked.exp_m1() / share - age;
    let more = if until_gap.is_finite() && until_gap > 0.0 {
        -until_gap * (-beyond / until_gap).exp_m1()
    } else if until_gap.is_finite() {
        0.0
    } else {
        beyond
    };
    lived(share, age.min(ttl) + more)
}

/// Random eviction (Martina, Garetto and Leonardi, INFOCOM 2014), cut off at the TTL.
fn random(share: f64, age: f64, ttl: f64) -> f64 {
    let life = if ttl.is_infinite() { age } else { -age * (-ttl / age).exp_m1() };
    lived(share, life)
}

/// The time present of an item that lives for `life` after each load: loads and hits take turns.
fn lived(share: f64, life: f64) -> f64 {
    if life.is_infinite() {
        return if share > 0.0 { 1.0 } else { 0.0 };
    }
    share * life / (1.0 + share * life)
}

/// The share of memory that expired items take until they are reclaimed.
fn stale(unbound: &Held, ttl: Option<f64>) -> f64 {
    let Some(ttl) = ttl.and_then(positive) else { return 0.0 };
    (unbound.items / ttl / EXPIRY_SAMPLES).min(STALE)
}

fn positive(value: f64) -> Option<f64> {
    (value.is_finite() && value > 0.0).then_some(value)
}

#[cfg(test)]
mod tests;
