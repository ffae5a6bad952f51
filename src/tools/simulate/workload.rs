//! The prediction for a described workload.

use anyhow::{Result, bail};

use super::input::{Input, Mishap, Policy};
use super::measured::Seen;
use super::report::{Row, Workload};
use crate::facts::{Bytes, PerSecond};
use crate::footprint::{Allocator, Layout, Limits, Shape};
use crate::forecast::{self, Cache, Point, Popularity, Prediction, knee, refill, sizes};

/// Upstream builds and official images; distributions that use the system's jemalloc round to 16.
const ALLOCATOR: Allocator = Allocator::Jemalloc { quantum: 8, by_page: false };
/// Rows of the curve that are printed, and points from which the knee is found.
const ROWS: usize = 10;
const FINE: usize = 50;
/// The same for LFU, whose model takes a thousand times as long.
const FINE_LFU: usize = 20;
/// Values of a spread of sizes are priced at so many sizes.
const PRICED: u64 = 64;

pub fn predict(input: &Input, popularity: &Popularity, seen: Option<&Seen>) -> Result<Workload> {
    let allocator = seen.and_then(|seen| seen.allocator.as_ref());
    let layout = Layout::new(&input.engine()?, allocator.map_or(ALLOCATOR, |(allocator, _)| *allocator));
    let items = popularity.items();
    // Of larger caches a measured popularity says nothing.
    let largest = seen.map_or(items, |seen| seen.asked.largest.floor().min(items));
    let fine = if input.policy() == Policy::AllkeysLfu { FINE_LFU } else { FINE };
    let at = |sizes: &[f64]| forecast::curve(popularity, &cache(input, 0.0), sizes);
    let points = at(&sizes((largest / 1_000.0).max(1.0), largest, fine));
    // The bend of a part is not that of the whole.
    let knee = knee(&points).filter(|_| largest >= items).map(|point| point.items);
    let fit = match (input.maxmemory()?, input.fit) {
        (Some(bytes), _) => fits(&layout, input, bytes as f64),
        (None, 0) => seen.map_or_else(|| knee.unwrap_or(items), |seen| seen.keys().min(largest)),
        (None, fit) => fit as f64,
    };
    // There are no more than these.
    let fit = fit.min(items);
    if fit < 1.0 {
        bail!(
            "maxmemory holds no item of {:.0} bytes; give it more, or make values smaller",
            bytes_of(&layout, input, 1.0)
        );
    }
    if fit > largest {
        bail!(
            "the idle times of the target's keys tell of caches of up to {largest:.0} items ({}), and this is one of {fit:.0}; \
             give a fit or maxmemory up to that",
            Bytes(bytes_of(&layout, input, largest) as u64)
        );
    }
    let prediction = forecast::predict(popularity, &cache(input, fit));
    let step = points.len().div_ceil(ROWS).max(1);
    let row = |point: &Point| Row {
        items: point.items,
        maxmemory: bytes_of(&layout, input, point.items),
        prediction: point.prediction,
    };
    let loads = input.requests_per_second() * (1.0 - input.write_share) * (1.0 - prediction.hit_ratio);
    Ok(Workload {
        assumptions: assumptions(input, &layout, seen),
        probed: seen.map(|seen| seen.report(fit, input)),
        fit,
        maxmemory: bytes_of(&layout, input, fit),
        prediction,
        loads_per_second: loads,
        cold_loads_per_second: input.requests_per_second() * (1.0 - input.write_share),
        event: input.event,
        event_peak_per_second: event_peak(
            input,
            popularity,
            &prediction,
            input.requests_per_second(),
            input.jitter_seconds,
        ),
        knee: knee.and_then(|items| points.iter().find(|point| point.items == items)).map(row),
        curve: points.iter().rev().step_by(step).map(row).collect::<Vec<_>>().into_iter().rev().collect(),
        rerun: None,
    })
}

/// Loads in the worst second after what may go wrong. Writes go into the cache, so that reads alone are missed.
pub fn event_peak(
    input: &Input,
    popularity: &Popularity,
    prediction: &Prediction,
    requests_per_second: f64,
    jitter: f64,
) -> Option<f64> {
    let reads = requests_per_second * (1.0 - input.write_share);
    let steady = reads * (1.0 - prediction.hit_ratio);
    match input.event {
        Mishap::None => None,
        Mishap::Loss => Some(refill::from_empty(popularity, reads, 1.0)),
        Mishap::Expiry => Some(refill::after_expiry(popularity, prediction.resident_items, steady, reads, jitter)),
    }
}

pub fn cache(input: &Input, fit: f64) -> Cache {
    Cache {
        items: fit,
        samples: input.samples(),
        eviction: input.eviction(),
        ttl: input.ttl(),
        requests_per_second: input.requests_per_second(),
    }
}

/// What so many items take, with their share of the tables.
pub fn bytes_of(layout: &Layout, input: &Input, items: f64) -> f64 {
    let (low, high) = input.sizes();
    let limits = Limits::default();
    let expires = input.ttl().is_some();
    let price = |len| layout.key(input.key_bytes(), &Shape::String { len }, expires, &limits).bytes() as f64;
    let steps = (high - low).min(PRICED);
    let one = (0..=steps).map(|step| price(low + (high - low) * step / steps.max(1))).sum::<f64>() / (steps + 1) as f64;
    let keys = items as u64;
    items * one + layout.tables(keys, if expires { keys } else { 0 }) as f64
}

/// How many items a memory holds: tables grow by doubling, so it is searched for.
pub fn fits(layout: &Layout, input: &Input, bytes: f64) -> f64 {
    let (mut low, mut high) = (0.0, bytes);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        (low, high) = if bytes_of(layout, input, middle) <= bytes { (middle, high) } else { (low, middle) };
    }
    low.floor()
}

fn assumptions(input: &Input, layout: &Layout, seen: Option<&Seen>) -> Vec<(String, String)> {
    let (low, high) = input.sizes();
    let values = if low == high { format!("{low} bytes") } else { format!("{low} to {high} bytes, evenly spread") };
    let measured = if layout.is_measured() { "measured on this version" } else { "of the nearest version measured" };
    let popularity = match seen {
        None => format!("{} items, Zipf {}", input.items(), input.skew()),
        Some(_) => "as measured on the target".to_owned(),
    };
    let allocator = seen.and_then(|seen| seen.allocator.as_ref());
    let allocator = allocator.map_or("jemalloc of upstream builds", |(_, name)| name.as_str());
    let engine = input.engine_named();
    let requests = PerSecond(input.requests_per_second());
    let mut lines = vec![
        ("Popularity".to_owned(), format!("{popularity}, requests independent of each other")),
        ("Values".to_owned(), format!("{values}, names of {} bytes", input.key_bytes())),
        ("Requests".to_owned(), format!("{requests}, {:.0} % writes", input.write_share * 100.0)),
        ("TTL".to_owned(), input.ttl().map_or("none".to_owned(), |ttl| format!("{ttl} s, set on load"))),
        ("Policy".to_owned(), format!("{}, {} samples", input.policy().name(), input.samples())),
        (
            "Bytes".to_owned(),
            format!(
                "strings on {engine}, {allocator}; the layout is {measured}; without replicas, buffers and fragmentation"
            ),
        ),
    ];
    if input.write_share > 0.0 && input.ttl().is_some() {
        lines.push((
            "Not modelled".to_owned(),
            "writes renew the TTL: the true hit ratio is a little higher".to_owned(),
        ));
    }
    lines
}
