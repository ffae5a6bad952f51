//! The pick and its runners-up, measured on a throwaway server: which one, and the tables of what it said.

use anyhow::Result;

use super::answer::Proven;
use super::compose::MOST_RUNNERS_UP;
use crate::decisions::structures::{Case, Structure, rank};
use crate::facts::{Bytes, Count, Engine, foreign};
use crate::print::Document;
use crate::probe::find_servers;
use crate::proof::structures::{Measured, Row, Stand, USUAL, Weighed, measure};

/// Builds and measures; what stands in the way is an answer too.
pub async fn prove(case: &Case) -> Proven {
    let structures: Vec<Structure> =
        rank(case).into_iter().take(MOST_RUNNERS_UP + 1).map(|candidate| candidate.structure).collect();
    let none = |says: String| Proven { says, measured: None };
    match stand(&case.place.engine).await {
        None => none(
            "not proven: no redis-server found here. Install redis-server or valkey-server, or name one in \
             GODMODE_REDIS_SERVER"
                .to_owned(),
        ),
        Some(Err(error)) => none(format!("not proven: {}", foreign::bounded(&format!("{error:#}"), foreign::LONGEST))),
        Some(Ok(mut stand)) => match measure(&mut stand, case, &structures, &USUAL).await {
            Ok(measured) => Proven { says: says(&case.place.engine, &stand, &measured), measured: Some(measured) },
            Err(error) => none(format!("not proven: {}", foreign::bounded(&format!("{error:#}"), foreign::LONGEST))),
        },
    }
}

/// A server of the same version if one is here, else the first that starts.
async fn stand(engine: &Engine) -> Option<Result<Stand>> {
    let mut first = None;
    for program in find_servers() {
        let started = Stand::start(&program).await;
        let same = |stand: &Stand| is_same(&stand.place.engine, engine);
        if started.as_ref().is_ok_and(same) {
            return Some(started);
        }
        if first.as_ref().is_none_or(|first: &Result<Stand>| first.is_err()) {
            first = Some(started);
        }
    }
    first
}

/// But for the last part of the version.
fn is_same(one: &Engine, other: &Engine) -> bool {
    one.kind == other.kind && (one.version.0, one.version.1) == (other.version.0, other.version.1)
}

fn says(engine: &Engine, stand: &Stand, measured: &Measured) -> String {
    let size = format!("keys: {}, elements in each: {}", Count(measured.keys), Count(measured.elements));
    let scaled = if measured.scaled { " (fewer than asked for, so that it ends in seconds)" } else { "" };
    let other = if is_same(&stand.place.engine, engine) {
        String::new()
    } else {
        format!("; {engine} is not on this machine, and its figures differ")
    };
    format!("{size}{scaled}, on a throwaway {}{other}. Predicted bytes are those of the same size.", measured.server)
}

/// Two tables: bytes, and calls.
pub fn write(document: &mut Document, proven: &Proven) {
    document.heading("Measured");
    document.text(&proven.says);
    let Some(measured) = &proven.measured else { return };
    let head = ["structure", "predicted", "used_memory grew by", "MEMORY USAGE, predicted", "MEMORY USAGE"];
    document.table(&head, measured.rows.iter().map(memory).collect());
    let calls: Vec<Vec<String>> = measured.rows.iter().flat_map(operations).collect();
    let head = ["structure", "need", "calls", "server us", "wire bytes", "a second", "p99 us"];
    document.table(&head, calls);
}

fn memory(row: &Row) -> Vec<String> {
    let bytes = |bytes: Option<u64>| bytes.map_or_else(|| "not modelled".to_owned(), |bytes| Bytes(bytes).to_string());
    match &row.went {
        Weighed::NotBuilt { why } => {
            vec![row.structure.to_owned(), format!("not built: it {why}"), String::new(), String::new(), String::new()]
        }
        Weighed::Built(figures) => vec![
            row.structure.to_owned(),
            bytes(figures.predicted),
            Bytes(figures.measured).to_string(),
            bytes(figures.predicted_claim),
            Bytes(figures.claimed).to_string(),
        ],
    }
}

fn operations(row: &Row) -> Vec<Vec<String>> {
    let operations = row.figures().map(|figures| figures.operations.as_slice()).unwrap_or_default();
    let one = |operation: &crate::proof::structures::Operation| {
        vec![
            row.structure.to_owned(),
            operation.need.to_owned(),
            operation.calls.join(", "),
            format!("{:.1}", operation.server_micros),
            format!("{:.0}", operation.wire_bytes),
            Count(operation.per_second as u64).to_string(),
            Count(operation.p99_micros).to_string(),
        ]
    };
    operations.iter().map(one).collect()
}
