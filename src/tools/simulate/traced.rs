//! The miss-ratio curve of a trace.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::input::Input;
use super::replayed;
use super::trace_report::{TraceRow, Traced};
use super::workload::{bytes_of, fits};
use crate::facts::foreign;
use crate::footprint::{Allocator, Layout};
use crate::forecast::miniature::{Goes, Lives, Miniature};
use crate::forecast::shards::{KEPT, Missed, Shards};
use crate::forecast::sizes;
use crate::forecast::trace::{Bad, Op, Request, Trace};
use crate::tools::{Progress, Watch};

const ROWS: usize = 12;
/// Between two looks at who else wants to do something.
const SLICE: u64 = 50_000;
/// Of all keys: the size that is played where none is asked for.
const TENTH: f64 = 0.1;

/// A file that is read more than once.
pub struct Source<'a> {
    path: PathBuf,
    pub shown: String,
    watch: &'a Watch,
}

/// What a reading found beside requests.
struct End {
    format: &'static str,
    requests: u64,
    bad: u64,
    told: Vec<Bad>,
}

impl<'a> Source<'a> {
    fn new(path: &Path, watch: &'a Watch) -> Self {
        Self { path: path.to_owned(), shown: foreign::clean(&path.to_string_lossy()), watch }
    }

    /// Hands out the requests until one is enough.
    async fn each(&self, mut one: impl FnMut(Request) -> bool) -> Result<End> {
        let shown = &self.shown;
        let file = File::open(&self.path).with_context(|| format!("cannot open {shown}"))?;
        ensure!(file.metadata()?.is_file(), "{shown} is no file; name a trace with one request a line");
        let mut trace = Trace::new(BufReader::with_capacity(1 << 20, file));
        while let Some(request) = trace.request().with_context(|| format!("cannot read {shown}"))? {
            if !one(request) {
                break;
            }
            if trace.requests().is_multiple_of(SLICE) {
                let says = format!("{} requests", trace.requests());
                self.watch.tell(Progress { done: trace.requests() as f64, total: None, says });
                tokio::task::yield_now().await;
            }
        }
        let (bad, told) = trace.bad();
        Ok(End { format: trace.format(), requests: trace.requests(), bad, told: told.to_vec() })
    }

    /// The requests for the keys whose hash is at most so much, with the TTL that loads have, until one is enough.
    pub async fn sampled(&self, threshold: u64, mut one: impl FnMut(&Request) -> bool) -> Result<()> {
        let mut lives = Lives::default();
        self.each(|request| request.hash > threshold || one(&lives.fill(request))).await.map(|_| ())
    }
}

pub async fn read(path: &Path, input: &Input, watch: &Watch) -> Result<Traced> {
    let source = Source::new(path, watch);
    let mut shards = Shards::new(KEPT);
    let (mut with_ttl, mut timed) = (0, true);
    let end = source
        .each(|request| {
            with_ttl += u64::from(request.ttl.is_some());
            timed &= request.seconds.is_some();
            match request.op {
                Op::Read => shards.read(request.hash, request.bytes),
                Op::Write | Op::Change => shards.write(request.hash, request.bytes),
                Op::Delete => shards.delete(request.hash),
            }
            true
        })
        .await?;
    let shown = source.shown.clone();
    let first = end.told.first().map(|bad| format!(": line {}: {}", bad.line, bad.why)).unwrap_or_default();
    ensure!(end.requests > 0, "{shown} has no request in the form key,size,op,time{first}");
    ensure!(
        shards.reads() > 0,
        "{shown} has {} requests, but no read among them; the third column is the operation (get, set, delete)",
        end.requests
    );
    let layout = Layout::new(&input.engine()?, Allocator::Jemalloc { quantum: 8, by_page: false });
    // Where the trace tells sizes, its objects are priced; the key is part of them.
    let has_sizes = shards.mean_bytes() > 1.0;
    let priced = |items: f64| {
        let mean = shards.mean_bytes_in(items).round() as u64;
        let value = mean.saturating_sub(input.key_bytes()).max(1);
        if has_sizes { Input { value_bytes: Some(value), value_bytes_max: 0, ..input.clone() } } else { input.clone() }
    };
    let distinct = shards.distinct().max(1.0);
    let mut steps: Vec<f64> =
        sizes((distinct / 1_000.0).max(1.0), distinct, ROWS).into_iter().map(f64::round).collect();
    // A short trace has fewer sizes than rows.
    steps.dedup();
    let unending = shards.by_keys(&steps);
    let ending = if with_ttl > 0 && timed { Some(with_ttls(&source, &shards, &steps).await?) } else { None };
    let row = |(index, missed): (usize, &Missed)| {
        let ending = ending.as_ref().and_then(|ratios| ratios.get(index).copied());
        TraceRow {
            items: missed.size,
            maxmemory: bytes_of(&layout, &priced(missed.size), missed.size),
            miss_ratio: ending.unwrap_or(missed.miss_ratio),
            without_ttl: ending.map(|_| missed.miss_ratio),
        }
    };
    let curve = unending.iter().enumerate().map(row).collect();
    let rerun = if input.run {
        let fit = match (input.maxmemory()?, input.fit) {
            // How large they are depends on how many fit.
            (Some(bytes), _) => (0..4).fold(distinct, |fit, _| fits(&layout, &priced(fit), bytes as f64)),
            (None, 0) => distinct * TENTH,
            (None, fit) => fit as f64,
        };
        ensure!(timed, "{shown} has no times, so it cannot be played; the fourth column is the time in seconds");
        Some(replayed::run(&source, input, &shards, fit.min(distinct)).await?)
    } else {
        None
    };
    Ok(Traced {
        file: shown,
        format: end.format,
        requests: end.requests,
        reads: shards.reads(),
        with_ttl,
        bad_lines: end.bad,
        bad: end.told,
        distinct,
        mean_bytes: has_sizes.then(|| shards.mean_bytes()),
        sampled: shards.rate(),
        engine: input.engine_named().to_owned(),
        ttls_end_entries: ending.is_some(),
        curve,
        rerun,
    })
}

/// The miss ratio at these sizes where entries end by their TTL: a small cache of the sampled keys for each.
async fn with_ttls(source: &Source<'_>, shards: &Shards, sizes: &[f64]) -> Result<Vec<f64>> {
    let rate = shards.rate();
    let mut caches: Vec<Miniature> =
        sizes.iter().map(|size| Miniature::new((size * rate).round() as usize, Goes::Oldest)).collect();
    source
        .sampled(shards.threshold(), |request| {
            caches.iter_mut().for_each(|cache| cache.play(request));
            true
        })
        .await?;
    Ok(caches.iter().map(|cache| cache.miss_ratio_of(shards.reads() as f64, rate)).collect())
}
