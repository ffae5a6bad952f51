//! A hundred thousand entries that were stored together end: what does the origin have to load in the worst second?

use std::time::{Duration, Instant};

use godmode_redis::forecast::refill::{Expiry, Jitter, jitter};
use redis::aio::MultiplexedConnection;
use tokio::time::sleep;

use crate::stage::node::Node;
use crate::stage::setup::Setup;

const ENTRIES: u64 = 100_000;
/// Loads a second that the origin has to spare.
const BEARS: f64 = 20_000.0;
const WINDOW: Duration = Duration::from_secs(1);
/// A TTL that gives any machine the time to store all.
const SLOWEST: Duration = Duration::from_secs(600);
const SWEEP: Duration = Duration::from_millis(50);
/// Entries that one command asks for.
const PAGE: usize = 1_000;

/// Loads a second, as surely as sweeps tell when an entry ended.
struct Worst {
    at_least: f64,
    at_most: f64,
}

/// The loads a second in the worst window of a second, when entries end after `ttl` less a random part of `spread`, and
/// each is asked for and loaded at once.
async fn worst(connection: &mut MultiplexedConnection, ttl: Duration, spread: f64) -> Worst {
    let mut there: Vec<u64> = (0..ENTRIES).collect();
    let mut ttl = ttl;
    // On a machine that stood still while they were stored, some would have ended before anybody looked.
    while !store(connection, &there, ttl, spread).await {
        ttl *= 2;
        assert!(ttl < SLOWEST, "this machine is too slow for {ENTRIES} entries");
    }
    // When each sweep began to look and had looked, and what it loaded.
    let mut sweeps: Vec<(Instant, Instant, f64)> = vec![(Instant::now(), Instant::now(), 0.0)];
    while !there.is_empty() {
        let began = Instant::now();
        let (looked, missing) = sweep(connection, &mut there).await;
        sweeps.push((began, looked, missing as f64));
        sleep(SWEEP).await;
    }
    // What sweeps find has ended after the one before them began to look, and before the last of them had looked: no later and
    // no earlier than that are the ends of windows, however slow the machine is.
    let worst = |took: &dyn Fn(usize, usize) -> Duration| {
        let rate = |from: usize, to: usize| {
            let took = took(from, to);
            let loads: f64 = sweeps[from + 1..=to].iter().map(|sweep| sweep.2).sum();
            (took >= WINDOW).then(|| loads / took.as_secs_f64())
        };
        let first_full = |from: usize| (from + 1..sweeps.len()).find_map(|to| rate(from, to));
        (0..sweeps.len()).filter_map(first_full).fold(0.0, f64::max)
    };
    Worst {
        at_least: worst(&|from, to| sweeps[to].1.duration_since(sweeps[from].0)),
        at_most: worst(&|from, to| sweeps[to].0.duration_since(sweeps[from].1)),
    }
}

/// Stores entries that end after `ttl` less a random part of `spread`; whether the first of them has yet to end.
async fn store(connection: &mut MultiplexedConnection, all: &[u64], ttl: Duration, spread: f64) -> bool {
    redis::cmd("FLUSHALL").exec_async(connection).await.unwrap();
    let mut random = fastrand::Rng::with_seed(11);
    let spread = (spread * 1e3) as u64;
    let last = clock(connection).await + ttl.as_millis() as u64;
    for some in all.chunks(PAGE * 10) {
        let mut pipeline = redis::pipe();
        for n in some {
            let end = last - random.u64(0..=spread);
            pipeline.cmd("SET").arg(format!("cache:mass:{n}")).arg("v").arg("PXAT").arg(end).ignore();
        }
        pipeline.query_async::<()>(connection).await.unwrap();
    }
    clock(connection).await + spread + 2 * WINDOW.as_millis() as u64 <= last
}

/// The server's, in milliseconds.
async fn clock(connection: &mut MultiplexedConnection) -> u64 {
    let (seconds, micros): (u64, u64) = redis::cmd("TIME").query_async(connection).await.unwrap();
    seconds * 1_000 + micros / 1_000
}

/// Asks for all that were there, loads what is missing, and returns when it had looked, and how many those were.
async fn sweep(connection: &mut MultiplexedConnection, there: &mut Vec<u64>) -> (Instant, usize) {
    let mut pipeline = redis::pipe();
    for some in there.chunks(PAGE) {
        pipeline.cmd("MGET").arg(some.iter().map(|n| format!("cache:mass:{n}")).collect::<Vec<_>>());
    }
    let found: Vec<Vec<Option<String>>> = pipeline.query_async(connection).await.unwrap();
    let looked = Instant::now();
    let found: Vec<Option<String>> = found.into_iter().flatten().collect();
    let (stays, missing): (Vec<_>, Vec<_>) = there.iter().copied().zip(found).partition(|(_, value)| value.is_some());
    *there = stays.into_iter().map(|(n, _)| n).collect();
    for some in missing.chunks(PAGE) {
        let mut pipeline = redis::pipe();
        some.iter().for_each(|(n, _)| {
            pipeline.cmd("SET").arg(format!("cache:mass:{n}")).arg("v").arg("EX").arg(3_600).ignore();
        });
        pipeline.query_async::<()>(connection).await.unwrap();
    }
    (looked, missing.len())
}

#[tokio::test]
async fn the_jitter_keeps_a_mass_expiry_below_what_the_origin_bears() {
    let node = Node::start(&Setup::new(&[])).await;
    let mut connection = node.connect().await.unwrap();
    let ttl = Duration::from_secs(20);
    let expiry = Expiry {
        keys: ENTRIES as f64,
        asked_again: 1.0,
        ttl_seconds: ttl.as_secs_f64(),
        spare_per_second: BEARS,
        window_seconds: WINDOW.as_secs_f64(),
    };
    let Jitter::Seconds { seconds, peak_per_second } = jitter(&expiry) else { panic!("no jitter for {expiry:?}") };
    assert!(peak_per_second <= BEARS);
    let spread = worst(&mut connection, ttl, seconds).await.at_least;
    // A twentieth for chance.
    assert!(spread <= BEARS * 1.05, "{spread:.0}/s at the worst, {BEARS} are borne, jitter {seconds:.1} s");
    let together = worst(&mut connection, ttl, 0.0).await.at_most;
    assert!(together > BEARS * 2.0, "without jitter all end together, and yet {together:.0}/s at the worst");
}
