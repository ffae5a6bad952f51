//! A thousand readers, each at moments of its own, while an entry really ends: how often is it loaded in each life?

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use godmode_redis::forecast::stampede::{unprotected, xfetch};
use godmode_redis::proof::say;
use godmode_redis::scripts::Said;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::stampede::{script, words};
use crate::stage::node::Node;
use crate::stage::setup::Setup;

const READERS: usize = 1_000;
/// Seconds between two reads of one reader, on the average.
const PAUSE: f64 = 2.0;
const LOAD: Duration = Duration::from_millis(500);
/// Complete lives that are counted.
const LIVES: usize = 4;
const KEY: &str = "cache:ending:{1}";
/// A machine that is this slow cannot show anything.
const PATIENCE: Duration = Duration::from_secs(90);

/// The slow origin counts loads by lives: a load that begins while none is under way is the first of its life.
#[derive(Debug, Default)]
struct Origin {
    reads: u64,
    under_way: u32,
    loads: Vec<u64>,
    first_began: Option<Instant>,
    /// From the beginning of a life's first load to its end.
    first_took: Vec<f64>,
}

type Shared = Arc<Mutex<Origin>>;

async fn load(origin: &Shared) {
    let first = {
        let mut origin = origin.lock().unwrap();
        let first = origin.under_way == 0;
        if first {
            origin.loads.push(0);
            origin.first_began = Some(Instant::now());
        }
        origin.under_way += 1;
        *origin.loads.last_mut().unwrap() += 1;
        first
    };
    sleep(LOAD).await;
    let mut origin = origin.lock().unwrap();
    origin.under_way -= 1;
    if first {
        let took = origin.first_began.unwrap().elapsed().as_secs_f64();
        origin.first_took.push(took);
    }
}

/// Lets the readers read until the lives are complete; returns the loads of each life, reads a second, and seconds a load took.
async fn lives<F>(node: &Node, read: impl Fn(MultiplexedConnection, Shared, u32) -> F + 'static) -> (Vec<u64>, f64, f64)
where
    F: Future<Output = ()> + 'static,
{
    let origin = Shared::default();
    let read = Arc::new(read);
    let mut connections = Vec::new();
    for _ in 0..8 {
        connections.push(node.connect().await.unwrap());
    }
    let start = Instant::now();
    let mut readers = JoinSet::new();
    let local = tokio::task::LocalSet::new();
    local
        .run_until(async {
            for n in 0..READERS {
                let (connection, origin, read) =
                    (connections[n % connections.len()].clone(), origin.clone(), read.clone());
                readers.spawn_local(async move {
                    let mut random = fastrand::Rng::with_seed(n as u64);
                    loop {
                        sleep(Duration::from_secs_f64(-PAUSE * (1.0 - random.f64()).ln())).await;
                        origin.lock().unwrap().reads += 1;
                        read(connection.clone(), origin.clone(), random.u32(1..=1_000_000)).await;
                    }
                });
            }
            while origin.lock().unwrap().loads.len() <= LIVES && start.elapsed() < PATIENCE {
                sleep(Duration::from_millis(20)).await;
            }
            readers.shutdown().await;
        })
        .await;
    let origin = origin.lock().unwrap();
    assert!(origin.loads.len() > LIVES, "{origin:?}");
    let took = origin.first_took.iter().sum::<f64>() / origin.first_took.len() as f64;
    (origin.loads[..LIVES].to_vec(), origin.reads as f64 / start.elapsed().as_secs_f64(), took)
}

fn mean(loads: &[u64]) -> f64 {
    loads.iter().sum::<u64>() as f64 / loads.len() as f64
}

#[tokio::test]
async fn without_a_guard_all_reads_in_the_time_of_a_load_load() {
    let node = Node::start(&Setup::new(&[])).await;
    let store = || words(&["SET", KEY, "value", "PX", "1500"]);
    say(&mut node.connect().await.unwrap(), &store()).await;
    let (loads, reads, seconds) = lives(&node, move |mut connection, origin, _| async move {
        if matches!(say(&mut connection, &words(&["GET", KEY])).await, Said::Nil) {
            load(&origin).await;
            say(&mut connection, &store()).await;
        }
    })
    .await;
    let told = unprotected(reads, seconds);
    let off = mean(&loads) / told;
    assert!((0.6..1.6).contains(&off), "{loads:?} loads, {told:.0} told of {reads:.0} reads/s and {seconds:.2} s");
}

#[tokio::test]
async fn with_early_refresh_a_few_load_however_many_read() {
    let node = Node::start(&Setup::new(&[])).await;
    let store = ["5000", "500", "value"];
    script(&mut node.connect().await.unwrap(), "early-set", &[KEY], &store).await;
    let (loads, reads, seconds) = lives(&node, move |mut connection, origin, chance| async move {
        let said = script(&mut connection, "early-get", &[KEY], &[&chance.to_string(), "100"]).await;
        if !matches!(said.as_slice(), [Said::Integer(1), Said::Integer(0), ..]) {
            load(&origin).await;
            script(&mut connection, "early-set", &[KEY], &store).await;
        }
    })
    .await;
    let (told, unguarded) = (xfetch(reads, seconds, 1.0).loads, unprotected(reads, seconds));
    // A life's count scatters by less than two.
    let chance = 3.0 * 2.0 / (LIVES as f64).sqrt();
    assert!((mean(&loads) - told).abs() < chance, "{loads:?} loads, {told:.1} told, {unguarded:.0} without a guard");
}
