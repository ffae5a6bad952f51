//! The hit ratio at other sizes, told from the ages of a live server's keys, against servers that really have those sizes.

use std::io::{self, Write as _};
use std::time::Duration;

use godmode_redis::forecast::{Draws, Popularity};
use godmode_redis::probe::find_server;
use godmode_redis::proof::{Load, play};
use redis::aio::MultiplexedConnection;
use serde_json::Value;

use crate::stage::node::Node;
use crate::stage::setup::Setup;
use crate::stage::{binary, run};

const ITEMS: u64 = 24_000;
const HELD: u64 = 3_000;
/// Large against the buffers of clients, which count against maxmemory too.
const VALUE: usize = 5_000;
const BUFFERS: u64 = 200 << 10;
const ALPHA: f64 = 0.9;
/// Slow, so that keys live for more than five seconds: ages count whole ones.
const RATE: f64 = 700.0;
/// Twice the age at which the largest of the three evicts, which begins with what is asked for most.
const WARM: Duration = Duration::from_secs(45);
const MEASURE: Duration = Duration::from_secs(12);
/// Both sides scatter: the ages by about 1.3 points, the ratio that is measured by half a point and more on a busy machine. A
/// test that is run every day allows for it; quiet runs print how far it really is.
const CHANCE: f64 = 0.02;
const TICK: Duration = Duration::from_millis(50);

/// Reads with a load after each miss.
struct Reader {
    connection: MultiplexedConnection,
    draws: Draws,
    random: fastrand::Rng,
    owed: f64,
}

impl Reader {
    async fn tick(&mut self) {
        self.owed += RATE * TICK.as_secs_f64();
        let wanted: Vec<u64> = (0..self.owed as u64).map(|_| self.draws.item(self.random.f64())).collect();
        self.owed = self.owed.fract();
        let mut pipeline = redis::pipe();
        wanted.iter().for_each(|item| {
            pipeline.cmd("GET").arg(format!("cache:item:{item}"));
        });
        let found: Vec<Option<Vec<u8>>> = pipeline.query_async(&mut self.connection).await.unwrap();
        let mut loads = redis::pipe();
        // An empty pipeline is an error.
        loads.cmd("PING").ignore();
        for (item, _) in wanted.iter().zip(found).filter(|(_, found)| found.is_none()) {
            loads.cmd("SET").arg(format!("cache:item:{item}")).arg("v".repeat(VALUE)).ignore();
        }
        loads.query_async::<()>(&mut self.connection).await.unwrap();
        tokio::time::sleep(TICK).await;
    }
}

async fn at(size: u64, popularity: &Popularity) -> f64 {
    let load = Load {
        popularity,
        items: size,
        settings: ["--maxmemory-policy", "allkeys-lru"].map(str::to_owned).to_vec(),
        value_bytes: (VALUE as u64, VALUE as u64),
        ttl: None,
        write_share: 0.0,
        rate: Some(RATE),
        warm: WARM,
        measure: MEASURE,
        event: None,
        seed: 2,
    };
    play(&find_server().unwrap(), &load).await.unwrap().hit_ratio
}

/// What the tool says of the hit ratio at this share of the present size, with the interval.
fn told(report: &Value, share: f64) -> Option<(f64, f64, f64)> {
    let estimates = report["measured"]["curve"]["estimates"].as_array().unwrap_or_else(|| panic!("{report:#}"));
    let smallest = estimates.iter().map(|one| one["items"].as_f64().unwrap()).fold(f64::INFINITY, f64::min);
    // The smallest size that is told is a quarter of the present one.
    let near = |one: &&Value| (one["items"].as_f64().unwrap() / (smallest * 4.0) / share - 1.0).abs() < 0.01;
    let one = estimates.iter().find(near)?;
    let hit = |name: &str| 1.0 - one[name].as_f64().unwrap();
    Some((hit("miss_ratio"), hit("high"), hit("low")))
}

#[tokio::test]
async fn the_ages_of_a_live_servers_keys_tell_the_hit_ratio_at_other_sizes() {
    let popularity = Popularity::zipf(ITEMS, ALPHA);
    let node = Node::start(&Setup::new(&["maxmemory-policy allkeys-lru"])).await;
    let mut connection = node.connect().await.unwrap();
    let mut fill = redis::pipe();
    (0..HELD).for_each(|item| {
        fill.cmd("SET").arg(format!("cache:item:{item}")).arg("v".repeat(VALUE)).ignore();
    });
    fill.query_async::<()>(&mut connection).await.unwrap();
    let used = node.ask::<String>("INFO memory").await.unwrap();
    let used = used.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap().trim().parse::<u64>().unwrap();
    node.ask::<String>(&format!("CONFIG SET maxmemory {}", used + BUFFERS)).await.unwrap();
    let mut reader =
        Reader { connection, draws: Draws::of(&popularity), random: fastrand::Rng::with_seed(1), owed: 0.0 };
    let url = node.url();
    let looking = async {
        tokio::time::sleep(WARM).await;
        let arguments =
            ["cache", "cache items", "--probe", "--url", &url, "--interval", "8", "--sample", "2000", "--json"];
        run(binary(&arguments)).await.json()
    };
    let reading = async {
        loop {
            reader.tick().await;
        }
    };
    let live = async {
        tokio::select! {
            report = looking => report,
            () = reading => panic!("a reader does not end"),
        }
    };
    let (report, half, twice) = tokio::join!(live, at(HELD / 2, &popularity), at(HELD * 2, &popularity));
    for (share, measured, points) in [(0.5, half, 0.03), (2.0, twice, 0.04)] {
        let Some((hit, low, high)) = told(&report, share) else {
            // Larger sizes are not spoken of where the ages do not follow the law that would tell them.
            let why = report["measured"]["unseen"].to_string();
            assert!(share > 1.0 && why.contains("follow no Zipf's law"), "at {share}: {why}");
            continue;
        };
        writeln!(io::stdout(), "at {share}: {hit:.4} ({low:.4} to {high:.4}) told, {measured:.4} measured").unwrap();
        assert!(
            (hit - measured).abs() <= points + CHANCE,
            "at {share}: {hit:.4} told, {measured:.4} measured: {:#}",
            report["measured"]
        );
        let (low, high) = (low - CHANCE, high + CHANCE);
        assert!((low..=high).contains(&measured), "at {share}: {low:.4} to {high:.4}, {measured:.4} measured");
    }
}
