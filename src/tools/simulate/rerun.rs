//! The same workload, scaled down, on a server of our own.

use std::time::Duration;

use super::input::{Input, Mishap, Policy};
use super::report::{Rerun, Workload};
use crate::facts::foreign;
use crate::forecast::{self, Bound, Popularity};
use crate::probe::find_server;
use crate::proof::{Event, Load, play};

/// Requests a second that any machine plays.
const RATE: f64 = 10_000.0;
/// Of values on the server.
const BYTES: f64 = (64 << 20) as f64;
/// Items that are filled in before the time runs.
const ITEMS: f64 = 200_000.0;
/// The share of the time in which the cache settles, and how often it is renewed in that.
const WARM: f64 = 0.6;
const RENEWALS: f64 = 3.0;
/// With fewer items a hit ratio is chance.
const FEWEST: f64 = 200.0;

/// Plays it for the time that is allowed, or says why not.
pub async fn run(input: &Input, full: &Workload) -> Rerun {
    let Some(program) = find_server() else {
        return Rerun::NotRun {
            why: "there is no redis-server or valkey-server on this machine; install one, or name it in GODMODE_REDIS_SERVER".into(),
        };
    };
    let factor = factor(input, full);
    let items = ((input.items as f64 / factor).round() as u64).max(1);
    let fit = (full.fit / factor).round().max(1.0);
    let popularity = Popularity::zipf(items, input.skew);
    // A TTL counts in requests, as ages do.
    let scaled = |seconds: f64| seconds * input.requests_per_second / factor / RATE;
    let (ttl, jitter) = (input.ttl().map(scaled), scaled(input.jitter_seconds));
    let mut settings = vec!["--maxmemory-policy".to_owned(), input.policy.name().to_owned()];
    settings.extend(["--maxmemory-samples".to_owned(), input.samples.to_string()]);
    settings.extend(["--lfu-log-factor".to_owned(), input.lfu_log_factor.to_string()]);
    settings.extend(["--lfu-decay-time".to_owned(), input.lfu_decay_time.to_string()]);
    let load = Load {
        popularity: &popularity,
        items: fit as u64,
        settings,
        value_bytes: input.sizes(),
        ttl: ttl.map(Duration::from_secs_f64),
        write_share: input.write_share,
        rate: Some(RATE),
        warm: Duration::from_secs_f64(input.seconds as f64 * WARM),
        measure: Duration::from_secs_f64(input.seconds as f64 * (1.0 - WARM)),
        event: match input.event {
            Mishap::None => None,
            Mishap::Expiry => Some(Event::Expiry(Duration::from_secs_f64(jitter))),
            Mishap::Loss => Some(Event::Loss),
        },
        seed: 1,
    };
    // Beside its own time: to start, to fill, and what happens after an event.
    let patience = Duration::from_secs(input.seconds * 2 + 30);
    let measured = match tokio::time::timeout(patience, play(&program, &load)).await {
        Ok(Ok(measured)) => measured,
        Ok(Err(error)) => return Rerun::NotRun { why: foreign::bounded(&format!("{error:#}"), foreign::LONGEST) },
        Err(_) => return Rerun::NotRun { why: format!("it was not done within {} s", patience.as_secs()) },
    };
    let mut cache = super::workload::cache(input, fit);
    cache.ttl = ttl;
    cache.requests_per_second = measured.requests_per_second;
    let predicted = forecast::predict(&popularity, &cache);
    let rate = measured.aftermath.as_ref().map_or(RATE, |aftermath| aftermath.requests_per_second);
    Rerun::Ran {
        event_peak_per_second: super::workload::event_peak(input, &popularity, &predicted, rate, jitter),
        factor,
        rule: format!(
            "items, memory, TTL and jitter divided by {factor:.1}, at {RATE} requests/s (times count in requests, as ages do); \
             {:.0} s to settle, then {:.0} s counted",
            load.warm.as_secs_f64(),
            load.measure.as_secs_f64()
        ),
        items,
        fit,
        predicted: Box::new(predicted),
        measured: Box::new(measured),
        unsettled: unsettled(input, full, factor),
    }
}

/// By how much to divide so that data fit and the cache is renewed a few times before anything is counted.
fn factor(input: &Input, full: &Workload) -> f64 {
    let held = full.prediction.resident_items;
    let bytes = held * input.sizes().1 as f64 / BYTES;
    let time = renewal(input, full) * RENEWALS / (RATE * input.seconds as f64 * WARM);
    bytes.max(held / ITEMS).max(time).min(full.fit / FEWEST).max(1.0)
}

/// How many requests it takes until what is in the cache has changed.
fn renewal(input: &Input, full: &Workload) -> f64 {
    let age = full.prediction.eviction_age_seconds.unwrap_or(f64::INFINITY);
    let seconds = age.min(input.ttl().unwrap_or(f64::INFINITY));
    if seconds.is_finite() { seconds * input.requests_per_second } else { 0.0 }
}

/// What a short run cannot show.
fn unsettled(input: &Input, full: &Workload, factor: f64) -> Option<String> {
    if input.policy == Policy::AllkeysLfu && full.prediction.bound_by == Bound::Memory {
        return Some("LFU counters settle in minutes: a short run shows them on their way".into());
    }
    let settled = RATE * input.seconds as f64 * WARM * factor >= renewal(input, full) * RENEWALS * 0.99;
    (!settled).then(|| "the cache was not renewed three times before it was counted: give it more seconds".into())
}
