//! The same workload, scaled down, on a server of our own.

use std::time::Duration;

use super::input::{Input, Mishap, Policy};
use super::report::{Rerun, Workload};
use super::scratch;
use crate::forecast::{self, Bound, Popularity};
use crate::proof::{Event, Load, play};

/// Requests a second that any machine plays.
const MOST: f64 = 10_000.0;
/// And so many that a ratio of some seconds is good to a point.
const LEAST: f64 = 2_000.0;
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
pub async fn run(input: &Input, popularity: &Popularity, full: &Workload) -> Rerun {
    let program = match scratch::program() {
        Ok(program) => program,
        Err(why) => return Rerun::NotRun { why },
    };
    let scale = Scale::of(input, full);
    let popularity = popularity.divided(scale.factor);
    let fit = (full.fit / scale.factor).round().max(1.0);
    let scaled = |seconds: f64| seconds / scale.hurry;
    let (ttl, jitter) = (input.ttl().map(scaled), scaled(input.jitter_seconds));
    let mut settings = vec!["--maxmemory-policy".to_owned(), input.policy().name().to_owned()];
    settings.extend(["--maxmemory-samples".to_owned(), input.samples().to_string()]);
    settings.extend(["--lfu-log-factor".to_owned(), input.lfu_log_factor.to_string()]);
    settings.extend(["--lfu-decay-time".to_owned(), input.lfu_decay_time.to_string()]);
    let load = Load {
        popularity: &popularity,
        items: fit as u64,
        settings,
        value_bytes: input.sizes(),
        ttl: ttl.map(Duration::from_secs_f64),
        write_share: input.write_share,
        rate: Some(scale.rate),
        warm: Duration::from_secs_f64(settling(input)),
        measure: Duration::from_secs_f64(input.seconds as f64 * (1.0 - WARM)),
        event: match input.event {
            Mishap::None => None,
            Mishap::Expiry => Some(Event::Expiry(Duration::from_secs_f64(jitter))),
            Mishap::Loss => Some(Event::Loss),
        },
        seed: 1,
    };
    let measured = match scratch::within(input.seconds, play(&program, &load)).await {
        Ok(measured) => measured,
        Err(why) => return Rerun::NotRun { why },
    };
    let mut cache = super::workload::cache(input, fit);
    cache.ttl = ttl;
    cache.requests_per_second = measured.requests_per_second;
    let predicted = forecast::predict(&popularity, &cache);
    let rate = measured.aftermath.as_ref().map_or(scale.rate, |aftermath| aftermath.requests_per_second);
    Rerun::Ran {
        event_peak_per_second: super::workload::event_peak(input, &popularity, &predicted, rate, jitter),
        factor: scale.factor,
        hurry: scale.hurry,
        rule: format!(
            "items and memory divided by {:.1}, each item asked for as often as so many of neighbouring rank; {:.0} requests/s, \
             so that time runs {:.1} times as fast, and TTL and jitter are divided by that; {:.0} s to settle, then {:.0} s \
             counted",
            scale.factor,
            scale.rate,
            scale.hurry,
            load.warm.as_secs_f64(),
            load.measure.as_secs_f64()
        ),
        items: popularity.items() as u64,
        fit,
        predicted: Box::new(predicted),
        measured: Box::new(measured),
        unsettled: scale.unsettled(input, full),
    }
}

/// How a workload is made to fit a server of ours, and the time that there is.
#[derive(Debug, Clone, Copy)]
struct Scale {
    /// So many times fewer items and bytes.
    factor: f64,
    /// So many times as fast as the workload goes by itself. Ages and TTLs are shorter by this.
    hurry: f64,
    /// Requests a second.
    rate: f64,
}

impl Scale {
    /// No faster than it takes to be renewed a few times before anything is counted, and no smaller than it takes for that.
    fn of(input: &Input, full: &Workload) -> Self {
        let asked = input.requests_per_second();
        let held = full.prediction.resident_items;
        let bytes = held * input.sizes().1 as f64 / BYTES;
        let hurry = (renewal(input, full) * RENEWALS / settling(input)).max(1.0);
        let factor = bytes.max(held / ITEMS).max(asked * hurry / MOST).min(full.fit / FEWEST).max(1.0);
        let rate = (asked * hurry / factor).clamp(LEAST, MOST);
        Self { factor, hurry: rate * factor / asked, rate }
    }

    /// What a short run cannot show.
    fn unsettled(self, input: &Input, full: &Workload) -> Option<String> {
        if input.policy() == Policy::AllkeysLfu && full.prediction.bound_by == Bound::Memory {
            return Some("LFU counters settle in minutes: a short run shows them on their way".into());
        }
        let settled = self.hurry * settling(input) >= renewal(input, full) * RENEWALS * 0.99;
        (!settled).then(|| "the cache was not renewed three times before it was counted: give it more seconds".into())
    }
}

/// Seconds before anything is counted.
fn settling(input: &Input) -> f64 {
    input.seconds as f64 * WARM
}

/// How many seconds it takes until what is in the cache has changed.
fn renewal(input: &Input, full: &Workload) -> f64 {
    let age = full.prediction.eviction_age_seconds.unwrap_or(f64::INFINITY);
    let seconds = age.min(input.ttl().unwrap_or(f64::INFINITY));
    if seconds.is_finite() { seconds } else { 0.0 }
}
