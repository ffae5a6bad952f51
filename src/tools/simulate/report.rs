//! What `simulate` answers.

use serde::Serialize;

use super::input::Mishap;
use super::trace_report::{Traced, from_trace};
use crate::facts::{Bytes, Count, PerSecond};
use crate::forecast::live::{Estimate, Fitted};
use crate::forecast::{Bound, Prediction};
use crate::print::{Document, Mark};
use crate::proof::Measured;
use crate::rules::Severity;
use crate::tools::Report;

#[derive(Debug, Serialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Simulation {
    Workload(Box<Workload>),
    Trace(Box<Traced>),
}

#[derive(Debug, Serialize)]
pub struct Workload {
    pub assumptions: Vec<(String, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probed: Option<Probed>,
    /// How many items fit.
    pub fit: f64,
    pub maxmemory: f64,
    pub prediction: Prediction,
    pub loads_per_second: f64,
    /// With an empty cache.
    pub cold_loads_per_second: f64,
    pub event: Mishap,
    /// Loads in the worst second after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_peak_per_second: Option<f64>,
    pub knee: Option<Row>,
    pub curve: Vec<Row>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerun: Option<Rerun>,
}

#[derive(Debug, Serialize)]
pub struct Row {
    pub items: f64,
    pub maxmemory: f64,
    #[serde(flatten)]
    pub prediction: Prediction,
}

/// The popularity that the target's keys tell.
#[derive(Debug, Serialize)]
pub struct Probed {
    /// That are there now.
    pub keys: f64,
    /// Of so many keys it was told.
    pub idle_times: usize,
    pub reads_per_second: f64,
    /// Between the two looks.
    pub hit_ratio: f64,
    /// The law that explains the idle times; where none does, they speak for themselves.
    pub fit: Option<Fitted>,
    /// Of caches with more items nothing is told.
    pub largest: f64,
    /// At this size under LRU and without a TTL.
    pub by_ages: Option<Estimate>,
    /// What could not be seen, and why.
    pub unseen: Vec<String>,
}

/// The workload on a throwaway server.
#[derive(Debug, Serialize)]
#[serde(tag = "rerun", rename_all = "kebab-case")]
pub enum Rerun {
    Ran {
        factor: f64,
        /// How many times as fast as the workload it went.
        hurry: f64,
        rule: String,
        items: u64,
        fit: f64,
        /// For the scaled-down cache.
        predicted: Box<Prediction>,
        measured: Box<Measured>,
        /// Predicted for the scaled-down cache.
        #[serde(skip_serializing_if = "Option::is_none")]
        event_peak_per_second: Option<f64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        unsettled: Option<String>,
    },
    NotRun {
        why: String,
    },
}

impl Report for Simulation {
    fn document(&self) -> Document {
        match self {
            Self::Workload(workload) => predicted(workload),
            Self::Trace(traced) => from_trace(traced),
        }
    }

    fn worst(&self) -> Option<Severity> {
        None
    }

    fn saw_nothing(&self) -> bool {
        false
    }
}

pub fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

pub fn bytes(bytes: f64) -> String {
    Bytes(bytes as u64).to_string()
}

fn age(prediction: &Prediction) -> String {
    prediction.eviction_age_seconds.map_or("nothing is evicted".into(), |seconds| format!("{seconds:.1} s"))
}

fn predicted(workload: &Workload) -> Document {
    let (prediction, mut document) = (&workload.prediction, Document::new("Simulation of a cache"));
    let bound = match prediction.bound_by {
        Bound::Memory => "Memory decides: more maxmemory or fewer bytes an item raise it.",
        Bound::Ttl => "The TTL decides: a longer TTL raises it, more memory does not.",
        Bound::Nothing => "Everything fits: less memory would do until the curve below falls.",
    };
    document.text(format!(
        "{:.0} items in {} hit {} of the reads (from {} to {}). {bound}",
        workload.fit,
        bytes(workload.maxmemory),
        percent(prediction.hit_ratio),
        percent(prediction.low),
        percent(prediction.high)
    ));
    let mut pairs = vec![
        (
            "Loads from the origin".into(),
            format!("{:.0}/s; with an empty cache {:.0}/s", workload.loads_per_second, workload.cold_loads_per_second),
        ),
        ("Eviction age".into(), age(prediction)),
        ("Items held".into(), format!("{:.0}", prediction.resident_items)),
    ];
    if let Some(peak) = workload.event_peak_per_second {
        pairs.push((
            after(workload.event).into(),
            format!("{peak:.0} loads in the worst second, if the origin bears them"),
        ));
    }
    document.pairs(pairs);
    if let Some(probed) = &workload.probed {
        document.heading("Measured on the target");
        self::probed(&mut document, probed);
    }
    if let Some(rerun) = &workload.rerun {
        document.heading("Played on a throwaway server");
        self::rerun(&mut document, rerun, workload.event);
    }
    document.heading("Hit ratio over maxmemory");
    let row = |row: &Row| {
        let range = format!("{} to {}", percent(row.prediction.low), percent(row.prediction.high));
        vec![
            bytes(row.maxmemory),
            format!("{:.0}", row.items),
            percent(row.prediction.hit_ratio),
            range,
            age(&row.prediction),
        ]
    };
    document.table(
        &["maxmemory", "items", "hit ratio", "interval", "eviction age"],
        workload.curve.iter().map(row).collect(),
    );
    if let Some(knee) = &workload.knee {
        document.text(format!(
            "The knee is at {} ({:.0} items, {}): the point farthest above the line from an empty cache to one that holds \
             everything. Behind it a byte brings fewer hits than on the average.",
            bytes(knee.maxmemory),
            knee.items,
            percent(knee.prediction.hit_ratio)
        ));
    }
    document.heading("Taken as given");
    document.pairs(workload.assumptions.clone());
    document
}

fn probed(document: &mut Document, probed: &Probed) {
    let times = Count(probed.idle_times as u64);
    let popularity = match probed.fit {
        Some(fit) => format!(
            "Zipf {:.2} ({:.2} to {:.2}) over about {} items ({} to {}), by the idle times of {times} keys and the counters",
            fit.alpha,
            fit.alpha_low,
            fit.alpha_high,
            Count(fit.items as u64),
            Count(fit.items_low as u64),
            Count(fit.items_high as u64)
        ),
        None => format!("no Zipf's law, but as the idle times of {times} keys have it"),
    };
    let mut pairs = vec![
        ("Popularity".into(), popularity),
        ("It tells of".into(), format!("caches of up to {} items", Count(probed.largest as u64))),
        (
            "Now".into(),
            format!(
                "{} keys, {}, of which {} hit",
                Count(probed.keys as u64),
                PerSecond(probed.reads_per_second),
                percent(probed.hit_ratio)
            ),
        ),
    ];
    if let Some(one) = &probed.by_ages {
        let says = format!(
            "{} ({} to {}, 99 %)",
            percent(1.0 - one.miss_ratio),
            percent(1.0 - one.high),
            percent(1.0 - one.low)
        );
        pairs.push(("At this size, under LRU and without a TTL".into(), says));
    }
    document.pairs(pairs);
    for missing in &probed.unseen {
        document.entry(Mark::Unknown, "not seen", missing, Vec::new());
    }
}

fn after(event: Mishap) -> &'static str {
    match event {
        Mishap::None => "After nothing",
        Mishap::Expiry => "After all entries ended",
        Mishap::Loss => "After the server came back empty",
    }
}

fn rerun(document: &mut Document, rerun: &Rerun, event: Mishap) {
    let (rule, predicted, measured, unsettled, event_peak) = match rerun {
        Rerun::NotRun { why } => return document.entry(Mark::Unknown, "not run", why.clone(), Vec::new()),
        Rerun::Ran { rule, predicted, measured, unsettled, event_peak_per_second, .. } => {
            (rule, predicted, measured, unsettled, event_peak_per_second)
        }
    };
    document.text(format!("{}: {rule}. The prediction here is for the scaled-down cache.", measured.server));
    // Each miss loads one item; what is not held then went.
    let loads = measured.requests_per_second * (1.0 - predicted.hit_ratio);
    let evictions = if predicted.bound_by == Bound::Memory { format!("at most {loads:.0}/s") } else { "none".into() };
    let mut rows = vec![
        vec![
            "hit ratio".into(),
            format!("{} ({} to {})", percent(predicted.hit_ratio), percent(predicted.low), percent(predicted.high)),
            percent(measured.hit_ratio),
        ],
        vec!["items held".into(), format!("{:.0}", predicted.resident_items), format!("{:.0}", measured.keys)],
        vec!["evictions".into(), evictions, format!("{:.0}/s", measured.evictions_per_second)],
        vec![
            "loads, worst second".into(),
            format!("{loads:.0}/s on the average"),
            format!("{}/s", measured.origin_peak_per_second),
        ],
    ];
    if let (Some(predicted), Some(aftermath)) = (event_peak, &measured.aftermath) {
        let what = format!("{}, worst second", after(event).to_lowercase());
        rows.push(vec![what, format!("{predicted:.0}/s"), format!("{}/s", aftermath.origin_peak_per_second)]);
    }
    rows.push(vec!["p99 of a single read".into(), "not predicted".into(), format!("{:.2} ms", measured.p99_ms)]);
    document.table(&["", "predicted", "measured"], rows);
    if let Some(unsettled) = unsettled {
        document.entry(Mark::Notice, "notice", unsettled.clone(), Vec::new());
    }
}
