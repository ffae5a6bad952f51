//! What `simulate` answers of a trace.

use serde::Serialize;

use super::report::{bytes, percent};
use crate::facts::{Count, Share};
use crate::forecast::trace::Bad;
use crate::print::{Document, Mark};
use crate::proof;

#[derive(Debug, Serialize)]
pub struct Traced {
    pub file: String,
    pub format: &'static str,
    pub requests: u64,
    pub reads: u64,
    /// Requests that give their key an end.
    pub with_ttl: u64,
    /// The curve knows it: the trace has times.
    pub ttls_end_entries: bool,
    pub bad_lines: u64,
    pub bad: Vec<Bad>,
    pub distinct: f64,
    pub mean_bytes: Option<f64>,
    /// The share of keys that was followed.
    pub sampled: f64,
    pub engine: String,
    pub curve: Vec<TraceRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerun: Option<Replayed>,
}

#[derive(Debug, Serialize)]
pub struct TraceRow {
    pub items: f64,
    pub maxmemory: f64,
    pub miss_ratio: f64,
    /// If keys never expired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_ttl: Option<f64>,
}

/// Requests of the trace on a throwaway server.
#[derive(Debug, Serialize)]
#[serde(tag = "rerun", rename_all = "kebab-case")]
pub enum Replayed {
    Ran {
        rule: String,
        /// So many times as fast as the trace.
        hurry: f64,
        /// Of the keys that were played.
        fit: f64,
        /// Hit ratio of the same requests in the model.
        predicted: f64,
        measured: proof::Replayed,
        /// What so short a run shows roughly.
        rough: Vec<String>,
    },
    NotRun {
        why: String,
    },
}

fn replayed(document: &mut Document, rerun: &Replayed) {
    match rerun {
        Replayed::NotRun { why } => document.entry(Mark::Unknown, "not run", why.clone(), Vec::new()),
        Replayed::Ran { rule, fit, predicted, measured, rough, .. } => {
            document.text(format!(
                "{}: {rule}. {fit:.0} of these keys fit. The prediction is for the same requests, which begin with an empty cache.",
                measured.server
            ));
            let rows = vec![
                vec!["hit ratio".into(), percent(*predicted), percent(measured.hit_ratio)],
                vec!["evicted".into(), "not predicted".into(), format!("{:.0}", measured.evicted)],
                vec!["expired".into(), "not predicted".into(), format!("{:.0}", measured.expired)],
            ];
            document.table(&["", "predicted", "measured"], rows);
            for rough in rough {
                document.entry(Mark::Notice, "notice", rough, Vec::new());
            }
        }
    }
}

pub fn from_trace(traced: &Traced) -> Document {
    let mut document = Document::new("Miss-ratio curve of a trace");
    document.text(format!(
        "{} requests, {} of them reads, of about {:.0} keys; an LRU cache of these sizes misses this share of the reads.",
        traced.requests, traced.reads, traced.distinct
    ));
    let row = |row: &TraceRow| {
        let cells = [bytes(row.maxmemory), format!("{:.0}", row.items), percent(row.miss_ratio)];
        cells.into_iter().chain(row.without_ttl.map(percent)).collect()
    };
    let columns = ["maxmemory", "items", "miss ratio", "if keys never expired"];
    let columns = if traced.ttls_end_entries { &columns[..] } else { &columns[..3] };
    document.table(columns, traced.curve.iter().map(row).collect());
    if traced.ttls_end_entries {
        document.text(format!(
            "{} requests give their key a TTL, and it ends by the time of the trace; a load after a miss gives it the one it had last.",
            Count(traced.with_ttl)
        ));
    }
    if let Some(rerun) = &traced.rerun {
        document.heading("Played on a throwaway server");
        replayed(&mut document, rerun);
    }
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
    if traced.with_ttl > 0 && !traced.ttls_end_entries {
        let says = format!("{} requests give their key a TTL, but not all lines have a time", Count(traced.with_ttl));
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
