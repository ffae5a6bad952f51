//! A small shop's data: realistic, and with faults that we know of because we planted them.

use anyhow::Result;
use redis::Pipeline;
use redis::aio::MultiplexedConnection;

use crate::probe::Scratch;

/// A fault in the demo, and the rule that must find it.
#[derive(Debug, Clone, Copy)]
pub struct Plant {
    pub rule: &'static str,
    pub fault: &'static str,
}

/// Everything that is wrong with the demo server. A test sees that each is found, and nothing else is.
#[rustfmt::skip]
pub const PLANTED: &[Plant] = &[
    Plant { rule: "memory-nearly-full",         fault: "48 MB hold more data than fits" },
    Plant { rule: "eviction-running",           fault: "new cache entries push others out" },
    Plant { rule: "nothing-persisted",          fault: "profiles live only here, and nothing is saved" },
    Plant { rule: "keys-never-expire",          fault: "60,000 profiles without a TTL among cache entries" },
    Plant { rule: "low-hit-ratio",              fault: "the shop asks for more products than the cache holds" },
    Plant { rule: "several-databases",          fault: "feature flags in database 1" },
    Plant { rule: "giant-keys",                 fault: "a report of 300 KB in one string" },
    Plant { rule: "stream-unacknowledged",      fault: "billing reads orders and never acknowledges them" },
    Plant { rule: "keys-command",               fault: "a job lists sessions with KEYS" },
    Plant { rule: "whole-collection-reads",     fault: "a page loads the whole catalogue with HGETALL" },
    Plant { rule: "failing-commands",           fault: "a counter runs INCR on a list" },
    Plant { rule: "connection-churn",           fault: "a worker opens a connection for every command" },
    Plant { rule: "monitor-running",            fault: "somebody forgot a MONITOR" },
    Plant { rule: "dead-peers-kept",            fault: "neither timeout nor tcp-keepalive" },
    Plant { rule: "compact-encoding-stretched", fault: "hashes stay listpacks up to 4096 fields" },
    Plant { rule: "unheard-notifications",      fault: "keyspace events that nobody subscribes to" },
];

/// Settings that belong to the planted faults.
#[rustfmt::skip]
pub const SETTINGS: &[&str] = &[
    "--maxmemory", "48mb",
    "--maxmemory-policy", "volatile-lru",
    "--timeout", "0",
    "--tcp-keepalive", "0",
    // The old name, which later versions still take.
    "--hash-max-ziplist-entries", "4096",
    "--notify-keyspace-events", "Ex",
];

pub const QUEUE: &str = "shop:queue:email";
pub const STREAM: &str = "shop:stream:orders";
pub const GROUP: &str = "billing";
/// Small enough for a hash of them to be compact.
pub const PROFILES: &str = "shop:profile:*";
pub const LEADERBOARD: &str = "shop:leaderboard:2026-w47";
pub const CATALOGUE: &str = "shop:catalogue:all";
/// Products that exist; about a fifth of them fit into the cache.
pub const PRODUCTS: u64 = 150_000;

const CUSTOMERS: u64 = 60_000;
const SESSIONS: u64 = 8_000;
const BATCH: u64 = 1_000;

/// Numbers that look random and are the same on every run: the finalizer of SplitMix64.
pub fn scattered(n: u64) -> u64 {
    let z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A cache entry of about a kilobyte that lives for an hour or so; the TTLs are spread.
pub fn cache_product(pipeline: &mut Pipeline, id: u64) {
    let ttl = 3_000 + scattered(id) % 1_200;
    let body = format!("{{\"id\":{id},\"name\":\"Product {id}\",\"text\":\"{}\"}}", "lorem ipsum ".repeat(80));
    pipeline.cmd("SET").arg(product(id)).arg(body).arg("EX").arg(ttl).ignore();
}

pub fn product(id: u64) -> String {
    format!("shop:cache:product:{id}")
}

/// Fills the server with everything that does not need traffic.
pub async fn fill(server: &Scratch) -> Result<()> {
    let mut to = server.connect().await?;
    batches(&mut to, CUSTOMERS, |pipeline, n| {
        let profile = format!("{{\"name\":\"Customer {n}\",\"mail\":\"c{n}@shop.io\",\"in\":20{:02}}}", n % 26);
        pipeline.cmd("SET").arg(format!("shop:profile:{n}")).arg(profile).ignore();
    })
    .await?;
    batches(&mut to, SESSIONS, |pipeline, n| {
        let key = format!("shop:session:{:016x}", scattered(n));
        let cart = format!("{},{}", scattered(n) % PRODUCTS, n % PRODUCTS);
        pipeline.cmd("HSET").arg(&key).arg(&["customer", &n.to_string(), "cart", &cart, "locale", "en"]).ignore();
        pipeline.cmd("EXPIRE").arg(&key).arg(1_200 + scattered(n) % 600).ignore();
    })
    .await?;
    batches(&mut to, 20_000, |pipeline, n| {
        pipeline.cmd("HSET").arg(CATALOGUE).arg(n).arg(format!("Product {n} in category {}", n % 40)).ignore();
    })
    .await?;
    batches(&mut to, 5_000, |pipeline, n| {
        pipeline.cmd("ZADD").arg(LEADERBOARD).arg(scattered(n) % 100_000).arg(format!("player-{n}")).ignore();
        pipeline.cmd("XADD").arg(STREAM).arg("*").arg("order").arg(n).arg("total").arg(scattered(n) % 9_000).ignore();
    })
    .await?;
    batches(&mut to, 500, |pipeline, n| {
        pipeline
            .cmd("LPUSH")
            .arg(QUEUE)
            .arg(format!("{{\"to\":\"c{n}@example.com\",\"template\":\"welcome\"}}"))
            .ignore();
    })
    .await?;
    let mut rest = redis::pipe();
    rest.cmd("XGROUP").arg("CREATE").arg(STREAM).arg(GROUP).arg("0").ignore();
    rest.cmd("EXPIRE").arg(LEADERBOARD).arg(604_800).ignore();
    rest.cmd("SET").arg("shop:report:2026-11").arg("x".repeat(300_000)).ignore();
    rest.cmd("SELECT").arg(1).ignore();
    rest.cmd("HSET").arg("shop:flags:checkout").arg(&["new-basket", "on", "express", "off"]).ignore();
    rest.cmd("SELECT").arg(0).ignore();
    rest.exec_async(&mut to).await?;
    // More than fits: the oldest entries are evicted on the way.
    batches(&mut to, PRODUCTS / 3, cache_product).await
}

async fn batches(to: &mut MultiplexedConnection, count: u64, each: impl Fn(&mut Pipeline, u64)) -> Result<()> {
    let mut start = 0;
    while start < count {
        let mut pipeline = redis::pipe();
        for n in start..(start + BATCH).min(count) {
            each(&mut pipeline, n);
        }
        pipeline.exec_async(to).await?;
        start += BATCH;
    }
    Ok(())
}
