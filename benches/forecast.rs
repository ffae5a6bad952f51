//! Predicted hit ratios beside those of a real server, over skew, size, values, TTL, policy and samples. `make forecast`
//! prints it for the server that GODMODE_REDIS_SERVER names, and times the reading of a trace. With `-- quick` it leaves
//! out that and LFU, whose counters take minutes to settle.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use godmode_redis::forecast::shards::{KEPT, Shards};
use godmode_redis::forecast::trace::{Op, Trace};
use godmode_redis::forecast::{Cache, Draws, Eviction, Popularity, predict};
use godmode_redis::probe::find_server;
use godmode_redis::proof::{Load, play};

/// Items that fit, in every cell: enough that the counted ratio is good to two tenths of a point.
const FIT: u64 = 10_000;
/// The eviction age that requests are paced for, in seconds: above 5, where the clock of whole seconds does not show.
const AGE: f64 = 6.0;
/// Cells at a time: servers share the machine.
const AT_ONCE: usize = 6;
/// Seconds until LFU counters have settled, which decay by the minute.
const LFU_WARM: u64 = 300;
const REQUESTS: u64 = 10_000_000;

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
    Cell { alpha: 0.9, share: 0.1, eviction: Eviction::Lru, samples: 5, sizes: (100, 100), ttl: None, pace: None };

fn cells() -> Vec<Cell> {
    let mut cells = Vec::new();
    for alpha in [0.6, 0.9, 1.2] {
        for share in [0.01, 0.1, 0.3, 0.6] {
            cells.push(Cell { alpha, share, ..CELL });
            cells.push(Cell { alpha, share, eviction: Eviction::Random, sizes: (20, 600), ..CELL });
        }
    }
    cells.extend([3, 10].map(|samples| Cell { samples, ..CELL }));
    cells.extend([3, 10].map(|samples| Cell { samples, sizes: (20, 600), share: 0.3, ..CELL }));
    cells.extend([0.5, 1.5, 3.0].map(|ttl| Cell { ttl: Some(ttl), ..CELL }));
    cells.push(Cell { ttl: Some(1.5), eviction: Eviction::Random, ..CELL });
    for pace in [0.5, 2.0, 10.0] {
        cells.extend([0.1, 0.4].map(|share| Cell { pace: Some(pace), share, eviction: Eviction::LFU, ..CELL }));
    }
    cells
}

fn main() -> io::Result<()> {
    let quick_only = std::env::args().any(|argument| argument == "quick");
    if !quick_only {
        time_a_trace()?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // What takes minutes goes together, and last.
        let (slow, quick): (Vec<Cell>, Vec<Cell>) = cells().into_iter().partition(|cell| cell.pace.is_some());
        let mut off = Vec::new();
        let slow = if quick_only { &[][..] } else { slow.as_slice() };
        for group in quick.chunks(AT_ONCE).chain([slow]) {
            let lines = match group {
                [a, b, c, d, e, f] => {
                    let all = tokio::join!(run(a), run(b), run(c), run(d), run(e), run(f));
                    vec![all.0?, all.1?, all.2?, all.3?, all.4?, all.5?]
                }
                rest => {
                    let mut lines = Vec::new();
                    for cell in rest {
                        lines.push(run(cell).await?);
                    }
                    lines
                }
            };
            for (line, points, strict) in lines {
                writeln!(io::stdout(), "{line}")?;
                off.push((points, strict));
            }
        }
        let strict: Vec<f64> = off.iter().filter(|cell| cell.1).map(|cell| cell.0.abs()).collect();
        let within = strict.iter().filter(|points| **points <= 0.7).count();
        let worst = |cells: &mut dyn Iterator<Item = f64>| cells.fold(0.0, f64::max);
        let (lru, rest) =
            (worst(&mut strict.iter().copied()), worst(&mut off.iter().filter(|c| !c.1).map(|c| c.0.abs())));
        writeln!(
            io::stdout(),
            "LRU and random: {within} of {} within 0.7 points, worst {lru:.2}; LFU and TTL: worst {rest:.2}",
            strict.len()
        )
    })
}

/// A line, how many points the prediction is off, and whether the cell is plain LRU or random.
async fn run(cell: &Cell) -> io::Result<(String, f64, bool)> {
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
    let settings = ["--maxmemory-policy", policy, "--maxmemory-samples", &cell.samples.to_string()];
    let load = Load {
        popularity: &popularity,
        items: FIT,
        settings: settings.map(str::to_owned).to_vec(),
        value_bytes: cell.sizes,
        ttl: cache.ttl.map(Duration::from_secs_f64),
        write_share: 0.0,
        rate: Some(rate),
        warm: Duration::from_secs(warm),
        measure: Duration::from_secs(measure),
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
    let line = format!(
        "{}  {policy:<14} samples {:<2} skew {:.1} cache {:>2.0} % values {:>3}-{:<3} ttl {ttl:<5} age {:>6.1} s {:>6.0}/s  \
         predicted {:.4} measured {:.4}  {points:+.2} ± {chance:.2}",
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
    Ok((line, points, cell.pace.is_none() && cell.ttl.is_none()))
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
