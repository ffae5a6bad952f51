//! Predicted hit ratios beside those of a real server, over skew, size, values, TTL, policy and samples. `make forecast`
//! prints it for the oldest and newest Redis and Valkey. It ends with an error where a cell is beyond its bound. With
//! `-- trace` it times the reading of a trace instead; with `-- quick` it leaves out LFU, whose counters take minutes to
//! settle, and with `-- lfu` it plays nothing else.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use godmode_redis::forecast::shards::{KEPT, Shards};
use godmode_redis::forecast::trace::{Op, Trace};
use godmode_redis::forecast::{Cache, Draws, Eviction, Popularity, predict};
use godmode_redis::probe::find_server;
use godmode_redis::proof::{Load, play};
use tokio::task::{JoinSet, LocalSet};

/// Items that fit, in every cell: enough that the counted ratio is good to two tenths of a point.
const FIT: u64 = 10_000;
/// The eviction age that requests are paced for, in seconds: above 5, where the clock of whole seconds does not show.
const AGE: f64 = 6.0;
/// Cells at a time: servers share the machine.
const AT_ONCE: usize = 6;
/// Seconds until LFU counters have settled, which decay by the minute.
const LFU_WARM: u64 = 300;
const REQUESTS: u64 = 10_000_000;
/// What predictions promise, in percentage points: nine tenths of the plain cells, each plain cell, those of LFU and TTL.
const NEARLY_ALL: f64 = 0.7;
const PLAIN: f64 = 1.5;
const OTHER: f64 = 2.5;
const NEARLY: f64 = 0.9;

#[derive(Clone, Copy)]
struct Cell {
    alpha: f64,
    /// Of all items, which fit.
    share: f64,
    eviction: Eviction,
    samples: u32,
    sizes: (u64, u64),
    /// As a multiple of the eviction age.
    ttl: Option<f64>,
    /// Requests a minute for the least item that fits, in LFU cells.
    pace: Option<f64>,
}

const CELL: Cell =
    Cell { alpha: 0.9, share: 0.1, eviction: Eviction::Lru, samples: 5, sizes: SAME, ttl: None, pace: None };
const SAME: (u64, u64) = (100, 100);
const MIXED: (u64, u64) = (20, 600);
/// What `design_cache` advises where few items take most reads.
const TOLD_APART: Eviction = Eviction::Lfu { log_factor: 1.0, decay_minutes: 10.0 };

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (n, alpha) in [0.6, 0.9, 1.2].into_iter().enumerate() {
        for (m, share) in [0.01, 0.1, 0.3, 0.6].into_iter().enumerate() {
            // Each policy meets both kinds of sizes at each skew and at each share.
            let (one, other) = if (n + m).is_multiple_of(2) { (SAME, MIXED) } else { (MIXED, SAME) };
            cells.push(Cell { alpha, share, sizes: one, ..CELL });
            cells.push(Cell { alpha, share, eviction: Eviction::Random, sizes: other, ..CELL });
        }
    }
    for samples in [3, 10] {
        cells.extend([(0.1, SAME), (0.3, MIXED)].map(|(share, sizes)| Cell { samples, share, sizes, ..CELL }));
        cells.extend([0.6, 1.2].map(|alpha| Cell { samples, alpha, share: 0.3, ..CELL }));
    }
    cells.extend([0.5, 1.5, 3.0].map(|ttl| Cell { ttl: Some(ttl), ..CELL }));
    cells.extend([0.6, 1.2].map(|alpha| Cell { alpha, share: 0.3, ttl: Some(1.5), sizes: MIXED, ..CELL }));
    cells.push(Cell { ttl: Some(1.5), eviction: Eviction::Random, ..CELL });
    for pace in [0.5, 2.0, 10.0] {
        cells.extend([0.1, 0.4].map(|share| Cell { pace: Some(pace), share, eviction: Eviction::LFU, ..CELL }));
    }
    cells.extend([0.6, 1.2].map(|alpha| Cell {
        alpha,
        pace: Some(2.0),
        eviction: Eviction::LFU,
        sizes: MIXED,
        ..CELL
    }));
    cells.extend([2.0, 10.0].map(|pace| Cell { pace: Some(pace), eviction: TOLD_APART, ..CELL }));
    cells
}

fn main() -> io::Result<()> {
    let asked = |word: &str| std::env::args().any(|argument| argument == word);
    if asked("trace") {
        return time_a_trace();
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcomes = runtime.block_on(LocalSet::new().run_until(all(asked("quick"), asked("lfu"))))?;
    summary(&outcomes)
}

async fn all(quick_only: bool, slow_only: bool) -> io::Result<Vec<Outcome>> {
    // What takes minutes goes together, and last.
    let (slow, quick): (Vec<Cell>, Vec<Cell>) = cells().into_iter().partition(|cell| cell.pace.is_some());
    let slow = if quick_only { Vec::new() } else { slow };
    let quick = if slow_only { Vec::new() } else { quick };
    let mut outcomes = Vec::new();
    for group in quick.chunks(AT_ONCE).chain([slow.as_slice()]) {
        let mut running = JoinSet::new();
        group.iter().for_each(|cell| {
            running.spawn_local(run(*cell));
        });
        for outcome in running.join_all().await {
            let outcome = outcome?;
            writeln!(io::stdout(), "{}", outcome.line)?;
            outcomes.push(outcome);
        }
    }
    Ok(outcomes)
}

/// A row of the table of all servers.
fn summary(outcomes: &[Outcome]) -> io::Result<()> {
    let off = |plain: bool| outcomes.iter().filter(move |one| one.plain == plain).map(|one| one.points.abs());
    let worst = |plain: bool| off(plain).fold(0.0, f64::max);
    let (cells, near) = (off(true).count(), off(true).filter(|points| *points <= NEARLY_ALL).count());
    let server = outcomes.first().map_or("", |one| one.server.as_str());
    let others = off(false).count();
    writeln!(io::stdout(), "| {server} | {near} of {cells} | {:.2} | {:.2} of {others} |", worst(true), worst(false))?;
    let well = near as f64 >= NEARLY * cells as f64 && worst(true) <= PLAIN && worst(false) <= OTHER;
    if well { Ok(()) } else { Err(io::Error::other("a prediction is farther off than it says")) }
}

struct Outcome {
    line: String,
    server: String,
    /// How far the prediction is off.
    points: f64,
    /// LRU or random, without TTL.
    plain: bool,
}

async fn run(cell: Cell) -> io::Result<Outcome> {
    let program = find_server().ok_or_else(|| io::Error::other("name a server in GODMODE_REDIS_SERVER"))?;
    let popularity = Popularity::zipf((FIT as f64 / cell.share) as u64, cell.alpha);
    let mut cache = Cache {
        items: FIT as f64,
        samples: cell.samples,
        eviction: if cell.pace.is_some() { Eviction::Lru } else { cell.eviction },
        ttl: None,
        requests_per_second: 1.0,
    };
    // How many requests an age takes.
    let requests = predict(&popularity, &cache).eviction_age_seconds.unwrap_or(0.0);
    let rate = cell.pace.map_or(requests / AGE, |pace| pace / 60.0 / popularity.share_of(FIT as f64));
    let age = requests / rate;
    cache.ttl = cell.ttl.map(|ttl| ttl * age);
    let (policy, warm, measure) = match cell.eviction {
        Eviction::Lfu { .. } => ("allkeys-lfu", LFU_WARM, 60),
        Eviction::Random => ("allkeys-random", 20, 25),
        _ => ("allkeys-lru", 20, 25),
    };
    let samples = cell.samples.to_string();
    let mut settings = ["--maxmemory-policy", policy, "--maxmemory-samples", &samples].map(str::to_owned).to_vec();
    if let Eviction::Lfu { log_factor, decay_minutes } = cell.eviction {
        settings.extend(["--lfu-log-factor".to_owned(), log_factor.to_string()]);
        settings.extend(["--lfu-decay-time".to_owned(), decay_minutes.to_string()]);
    }
    let load = Load {
        popularity: &popularity,
        items: FIT,
        settings,
        value_bytes: cell.sizes,
        ttl: cache.ttl.map(Duration::from_secs_f64),
        write_share: 0.0,
        rate: Some(rate),
        warm: Duration::from_secs(warm),
        measure: Duration::from_secs(measure),
        event: None,
        seed: 1,
    };
    let measured = play(&program, &load).await.map_err(io::Error::other)?;
    cache.items = measured.keys;
    cache.eviction = cell.eviction;
    // Where a TTL ends most lives, fewer keys were there than fit.
    if cell.ttl.is_some() {
        cache.items = FIT as f64;
    }
    cache.requests_per_second = measured.requests_per_second;
    let predicted = predict(&popularity, &cache);
    let points = (measured.hit_ratio - predicted.hit_ratio) * 100.0;
    let ttl = cache.ttl.map_or("-".to_owned(), |ttl| format!("{ttl:.0} s"));
    let chance = 100.0 * (measured.hit_ratio * (1.0 - measured.hit_ratio) / measured.requests as f64).sqrt();
    let factor = if let Eviction::Lfu { log_factor, .. } = cell.eviction { log_factor.to_string() } else { "-".into() };
    let line = format!(
        "{}  {policy:<14} samples {:<2} log {factor:<2} skew {:.1} cache {:>2.0} % values {:>3}-{:<3} ttl {ttl:<5} \
         age {:>6.1} s {:>6.0}/s  predicted {:.4} measured {:.4}  {points:+.2} ± {chance:.2}",
        measured.server,
        cell.samples,
        cell.alpha,
        cell.share * 100.0,
        cell.sizes.0,
        cell.sizes.1,
        predicted.eviction_age_seconds.unwrap_or(f64::INFINITY),
        measured.requests_per_second,
        predicted.hit_ratio,
        measured.hit_ratio,
    );
    Ok(Outcome { line, server: measured.server, points, plain: cell.pace.is_none() && cell.ttl.is_none() })
}

/// Ten million requests as text, made before the clock runs.
fn time_a_trace() -> io::Result<()> {
    let (draws, mut random) = (Draws::of(&Popularity::zipf(5_000_000, 0.9)), fastrand::Rng::with_seed(1));
    let mut text = Vec::with_capacity(REQUESTS as usize * 24);
    for second in 0..REQUESTS {
        writeln!(text, "key:{},230,get,{}", draws.item(random.f64()), second / 1_000)?;
    }
    let start = Instant::now();
    let (mut trace, mut shards) = (Trace::new(text.as_slice()), Shards::new(KEPT));
    while let Some(request) = trace.request()? {
        if request.op == Op::Read {
            shards.read(request.hash, request.bytes);
        }
    }
    let took = start.elapsed().as_secs_f64();
    let missed = shards.by_keys(&[500_000.0]).first().map_or(f64::NAN, |point| point.miss_ratio);
    writeln!(
        io::stdout(),
        "trace: {} requests in {took:.1} s; a cache of 500,000 items misses {missed:.4}",
        shards.reads()
    )
}
