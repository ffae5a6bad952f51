//! The miss-ratio curve of a trace.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::input::Input;
use super::report::{TraceRow, Traced};
use super::workload::bytes_of;
use crate::facts::foreign;
use crate::footprint::{Allocator, Layout};
use crate::forecast::shards::{KEPT, Shards};
use crate::forecast::sizes;
use crate::forecast::trace::{Op, Trace};
use crate::tools::{Progress, Watch};

const ROWS: usize = 12;
/// Between two looks at who else wants to do something.
const SLICE: u64 = 50_000;

pub async fn read(path: &Path, input: &Input, watch: &Watch) -> Result<Traced> {
    let shown = foreign::clean(&path.to_string_lossy());
    let file = File::open(path).with_context(|| format!("cannot open {shown}"))?;
    ensure!(file.metadata()?.is_file(), "{shown} is no file; name a trace with one request a line");
    let mut trace = Trace::new(BufReader::with_capacity(1 << 20, file));
    let mut shards = Shards::new(KEPT);
    let mut with_ttl = 0;
    while let Some(request) = trace.request().with_context(|| format!("cannot read {shown}"))? {
        with_ttl += u64::from(request.ttl.is_some());
        match request.op {
            Op::Read => shards.read(request.hash, request.bytes),
            Op::Write => shards.write(request.hash, request.bytes),
            Op::Delete => shards.delete(request.hash),
        }
        if trace.requests().is_multiple_of(SLICE) {
            watch.tell(Progress {
                done: trace.requests() as f64,
                total: None,
                says: format!("{} requests", trace.requests()),
            });
            tokio::task::yield_now().await;
        }
    }
    let (bad, told) = trace.bad();
    let first = told.first().map(|bad| format!(": line {}: {}", bad.line, bad.why)).unwrap_or_default();
    ensure!(trace.requests() > 0, "{shown} has no request in the form key,size,op,time{first}");
    ensure!(
        shards.reads() > 0,
        "{shown} has {} requests, but no read among them; the third column is the operation (get, set, delete)",
        trace.requests()
    );
    let layout = Layout::new(&input.engine()?, Allocator::Jemalloc { quantum: 8, by_page: false });
    // Where the trace tells sizes, its objects are priced; the key is part of them.
    let has_sizes = shards.mean_bytes() > 1.0;
    let mean = shards.mean_bytes().round() as u64;
    let priced = if has_sizes {
        Input { value_bytes: mean.saturating_sub(input.key_bytes).max(1), value_bytes_max: 0, ..input.clone() }
    } else {
        input.clone()
    };
    let distinct = shards.distinct().max(1.0);
    let mut steps: Vec<f64> =
        sizes((distinct / 1_000.0).max(1.0), distinct, ROWS).into_iter().map(f64::round).collect();
    // A short trace has fewer sizes than rows.
    steps.dedup();
    let row = |missed: crate::forecast::shards::Missed| TraceRow {
        items: missed.size,
        maxmemory: bytes_of(&layout, &priced, missed.size),
        miss_ratio: missed.miss_ratio,
    };
    Ok(Traced {
        file: shown,
        format: trace.format(),
        requests: trace.requests(),
        reads: shards.reads(),
        with_ttl,
        bad_lines: bad,
        bad: told.to_vec(),
        distinct,
        mean_bytes: has_sizes.then(|| shards.mean_bytes()),
        sampled: shards.rate(),
        engine: input.engine.clone(),
        curve: shards.by_keys(&steps).into_iter().map(row).collect(),
    })
}
