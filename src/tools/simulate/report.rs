//! What `simulate` answers.

use serde::Serialize;

use super::input::Mishap;
use crate::facts::{Bytes, Count, Share};
use crate::forecast::trace::Bad;
use crate::forecast::{Bound, Prediction};
use crate::print::{Document, Mark};
use crate::proof::Measured;
use crate::rules::Severity;
use crate::tools::Report;

#[derive(Debug, Serialize)]
#[serde(tag = "of", rename_all = "kebab-case")]
pub enum Simulation {
    Workload(Box<Workload>),
    Trace(Traced),
}

#[derive(Debug, Serialize)]
pub struct Workload {
    pub assumptions: Vec<(String, String)>,
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

/// The workload on a throwaway server.
#[derive(Debug, Serialize)]
#[serde(tag = "rerun", rename_all = "kebab-case")]
pub enum Rerun {
    Ran {
        factor: f64,
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

#[derive(Debug, Serialize)]
pub struct Traced {
    pub file: String,
    pub format: &'static str,
    pub requests: u64,
    pub reads: u64,
    /// Requests that give their key an end. The curve does not know it.
    pub with_ttl: u64,
    pub bad_lines: u64,
    pub bad: Vec<Bad>,
    pub distinct: f64,
    pub mean_bytes: Option<f64>,
    /// The share of keys that was followed.
    pub sampled: f64,
    pub engine: String,
    pub curve: Vec<TraceRow>,
}

#[derive(Debug, Serialize)]
pub struct TraceRow {
    pub items: f64,
    pub maxmemory: f64,
    pub miss_ratio: f64,
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

fn percent(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}

fn bytes(bytes: f64) -> String {
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

fn from_trace(traced: &Traced) -> Document {
    let mut document = Document::new("Miss-ratio curve of a trace");
    document.text(format!(
        "{} requests, {} of them reads, of about {:.0} keys; an LRU cache of these sizes misses this share of the reads.",
        traced.requests, traced.reads, traced.distinct
    ));
    let row = |row: &TraceRow| vec![bytes(row.maxmemory), format!("{:.0}", row.items), percent(row.miss_ratio)];
    document.table(&["maxmemory", "items", "miss ratio"], traced.curve.iter().map(row).collect());
    let sizes = traced.mean_bytes.map_or("not in the trace: value_bytes stands".to_owned(), |mean| {
        format!("{mean:.0} bytes on the average, key and value")
    });
    document.pairs(vec![
        ("File".into(), traced.file.clone()),
        ("Columns".into(), traced.format.into()),
        ("Objects".into(), sizes),
        ("Bytes".into(), format!("strings on {}, without replicas, buffers and fragmentation", traced.engine)),
        ("Keys followed".into(), Share(traced.sampled).to_string()),
    ]);
    if traced.with_ttl > 0 {
        let says = format!("{} requests give their key a TTL", Count(traced.with_ttl));
        let means = "the curve is that of keys which never expire: with these TTLs more reads miss".to_owned();
        document.entry(Mark::Unknown, "not played", says, vec![("means".into(), means)]);
    }
    if traced.bad_lines > 0 {
        let lines = traced.bad.iter().map(|bad| (format!("line {}", bad.line), bad.why.clone())).collect();
        let says = format!("{} lines are no request and were left out", traced.bad_lines);
        document.entry(Mark::Warning, "left out", says, lines);
    }
    document
}
