//! A thousand readers, a slow origin, and an entry that ends: how often is it loaded?

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use godmode_redis::proof::{Delivery, call, say};
use godmode_redis::scripts::{Said, find};
use redis::aio::MultiplexedConnection;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::stage::node::Node;
use crate::stage::setup::Setup;

const READERS: usize = 1_000;
/// What a load takes: long against the time in which a thousand readers ask, on a busy machine too.
const LOAD: Duration = Duration::from_millis(1_500);
/// How long a lock or lease lasts: longer than any load here.
const LEASE: &str = "20000";
const KEY: &str = "cache:hot:{1}";
const PROCESSES: usize = 8;

/// The slow origin: it counts.
#[derive(Debug, Default)]
struct Origin(AtomicU64);

impl Origin {
    async fn load(&self) -> String {
        self.0.fetch_add(1, Ordering::Relaxed);
        sleep(LOAD).await;
        "value".to_owned()
    }

    fn loads(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

pub fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|word| (*word).to_owned()).collect()
}

pub async fn script(connection: &mut MultiplexedConnection, id: &str, keys: &[&str], arguments: &[&str]) -> Vec<Said> {
    match call(connection, find(id).unwrap(), Delivery::Evalsha, &words(keys), &words(arguments)).await {
        Said::List(parts) => parts,
        other => vec![other],
    }
}

async fn cached(connection: &mut MultiplexedConnection) -> Option<String> {
    match say(connection, &words(&["GET", KEY])).await {
        Said::Text(text) => Some(text),
        _ => None,
    }
}

/// All readers ask in the same moment, for an entry that has just ended; how often was it loaded?
async fn loads<F>(node: &Node, reader: impl Fn(MultiplexedConnection, Arc<Origin>, usize) -> F) -> u64
where
    F: Future<Output = String> + Send + 'static,
{
    let origin = Arc::new(Origin::default());
    let all_here = Arc::new(Barrier::new(READERS));
    let mut readers = JoinSet::new();
    let mut connections = Vec::new();
    for _ in 0..8 {
        connections.push(node.connect().await.unwrap());
    }
    for n in 0..READERS {
        let read = reader(connections[n % connections.len()].clone(), origin.clone(), n);
        let all_here = all_here.clone();
        readers.spawn(async move {
            all_here.wait().await;
            read.await
        });
    }
    while let Some(value) = readers.join_next().await {
        assert_eq!(value.unwrap(), "value");
    }
    origin.loads()
}

#[tokio::test]
async fn without_a_guard_everybody_loads() {
    let node = Node::start(&Setup::new(&[])).await;
    let loads = loads(&node, |mut connection, origin, _| async move {
        match cached(&mut connection).await {
            Some(value) => value,
            None => {
                let value = origin.load().await;
                say(&mut connection, &words(&["SET", KEY, &value])).await;
                value
            }
        }
    })
    .await;
    // Whoever is late on a busy machine may find it: nearly all do not.
    assert!(loads > READERS as u64 * 9 / 10, "{loads}");
}

#[tokio::test]
async fn with_a_lock_one_loads() {
    let node = Node::start(&Setup::new(&[])).await;
    let loads = loads(&node, |mut connection, origin, n| async move {
        loop {
            if let Some(value) = cached(&mut connection).await {
                return value;
            }
            let token = format!("reader-{n}");
            let lock = say(&mut connection, &words(&["SET", "lock:hot:{1}", &token, "NX", "PX", LEASE])).await;
            if matches!(lock, Said::Nil) {
                sleep(Duration::from_millis(40)).await;
                continue;
            }
            let value = origin.load().await;
            say(&mut connection, &words(&["SET", KEY, &value])).await;
            script(&mut connection, "lock-release", &["lock:hot:{1}"], &[&token]).await;
            return value;
        }
    })
    .await;
    assert_eq!(loads, 1);
}

#[tokio::test]
async fn with_a_lease_one_loads() {
    let node = Node::start(&Setup::new(&[])).await;
    let loads = loads(&node, |mut connection, origin, n| async move {
        let token = format!("reader-{n}");
        loop {
            let said = script(&mut connection, "cache-lease-get", &[KEY], &[&token, LEASE]).await;
            match said.as_slice() {
                [Said::Integer(1), Said::Text(value), ..] => return value.clone(),
                [Said::Integer(2), ..] => {
                    let value = origin.load().await;
                    script(&mut connection, "cache-lease-set", &[KEY], &[&token, "60000", &value]).await;
                    return value;
                }
                _ => sleep(Duration::from_millis(40)).await,
            }
        }
    })
    .await;
    assert_eq!(loads, 1);
}

#[tokio::test]
async fn with_an_old_value_one_loads_and_nobody_waits() {
    let node = Node::start(&Setup::new(&[])).await;
    let mut connection = node.connect().await.unwrap();
    let refresh = format!("{KEY}:refresh");
    script(&mut connection, "stale-get", &[KEY, &refresh], &["first", "60000"]).await;
    // Fresh for a millisecond, old for a minute.
    script(&mut connection, "stale-set", &[KEY, &refresh], &["first", "1", "60000", "value"]).await;
    sleep(Duration::from_millis(20)).await;
    let waited = Arc::new(AtomicU64::new(0));
    let seen = waited.clone();
    let loads = loads(&node, move |mut connection, origin, n| {
        let (refresh, waited) = (refresh.clone(), seen.clone());
        async move {
            let token = format!("reader-{n}");
            let said = script(&mut connection, "stale-get", &[KEY, &refresh], &[&token, LEASE]).await;
            let [Said::Integer(found), Said::Integer(told), Said::Text(value), ..] = said.as_slice() else {
                panic!("{said:?}")
            };
            waited.fetch_add(u64::from(*found != 1), Ordering::Relaxed);
            if *told == 1 {
                let value = origin.load().await;
                script(&mut connection, "stale-set", &[KEY, &refresh], &[&token, "60000", "60000", &value]).await;
            }
            value.clone()
        }
    })
    .await;
    assert_eq!((loads, waited.load(Ordering::Relaxed)), (1, 0));
}

#[tokio::test]
async fn with_coalescing_each_process_loads_once() {
    let node = Node::start(&Setup::new(&[])).await;
    let under_way: Arc<Vec<tokio::sync::OnceCell<String>>> =
        Arc::new((0..PROCESSES).map(|_| tokio::sync::OnceCell::new()).collect());
    let loads = loads(&node, |mut connection, origin, n| {
        let under_way = under_way.clone();
        async move {
            if let Some(value) = cached(&mut connection).await {
                return value;
            }
            let mine = &under_way[n % PROCESSES];
            mine.get_or_init(|| async { origin.load().await }).await.clone()
        }
    })
    .await;
    assert_eq!(loads, PROCESSES as u64);
}

/// XFetch: the number of loads in each life of an entry is e^(1/beta) on average, whatever the number of readers.
#[tokio::test]
async fn early_refresh_loads_about_e_times() {
    let node = Node::start(&Setup::new(&[])).await;
    let mut connection = node.connect().await.unwrap();
    let (lives, mut loads) = (60_u32, 0_u32);
    let mut random = fastrand::Rng::with_seed(7);
    for life in 0..lives {
        let key = format!("cache:early:{{{life}}}");
        // A load takes 500 ms by what is stored; each read comes at a moment of its own before the end, and those who
        // read while somebody loads decide for themselves.
        script(&mut connection, "early-set", &[&key], &["6000", "500", "value"]).await;
        let mut first: Option<i64> = None;
        loop {
            let chance = random.u32(1..=1_000_000).to_string();
            let said = script(&mut connection, "early-get", &[&key], &[&chance, "100"]).await;
            let [Said::Integer(1), Said::Integer(refresh), _, Said::Integer(left)] = said.as_slice() else {
                panic!("the entry ended before anybody refreshed it: {said:?}")
            };
            // Whoever loaded first is done after a load: then the entry begins its next life.
            if first.is_some_and(|at| at - left >= 500) {
                break;
            }
            if *refresh == 1 {
                loads += 1;
                first.get_or_insert(*left);
            }
            advance(&mut connection, &key, 10).await;
        }
    }
    let mean = f64::from(loads) / f64::from(lives);
    let promised = godmode_redis::forecast::stampede::xfetch(100.0, 0.5, 1.0).loads;
    // Standard deviation of a life's count is below 2: three standard errors of 60 lives.
    assert!((mean - promised).abs() < 0.8, "{mean} loads in a life, {promised} promised");
}

/// Moves an entry nearer to its end, as if so many milliseconds had passed: time itself would make the test depend on the
/// speed of the machine.
async fn advance(connection: &mut MultiplexedConnection, key: &str, ms: i64) {
    let Said::Text(end) = say(connection, &words(&["HGET", key, "ends"])).await else { panic!("no end") };
    let sooner = (end.parse::<i64>().unwrap() - ms).to_string();
    say(connection, &words(&["HSET", key, "ends", &sooner])).await;
}
