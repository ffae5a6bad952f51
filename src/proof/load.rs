//! Plays a described load on a server of our own, cache-aside, and counts what it does.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use redis::aio::MultiplexedConnection;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::host::engine_of;
use crate::facts::Fields;
use crate::forecast::{Draws, Popularity};
use crate::probe::Scratch;

/// Requests in one pipeline: at most so many, and few beside what the cache holds, since buffers are part of its memory.
const BATCH: u64 = 200;
const SMALLEST_BATCH: u64 = 10;
const HELD_FOR_EACH: u64 = 20;
/// What a connection takes while it is served.
const BUFFERS: u64 = 32 << 10;
/// Until the first entry ends in a mass expiry: all are told before that.
const NOTICE: u64 = 500;
const TICK: Duration = Duration::from_millis(5);
/// What the data of a scratch server may take.
const MOST_BYTES: u64 = 256 << 20;

/// Reads with a load into the cache after each miss, and some writes, which go into the cache too.
#[derive(Debug, Clone)]
pub struct Load<'a> {
    pub popularity: &'a Popularity,
    /// So many items fill the memory, before requests begin; `maxmemory` is what they take.
    pub items: u64,
    /// Settings of the server as its command line takes them: `--maxmemory-policy allkeys-lru`.
    pub settings: Vec<String>,
    /// Values are of these sizes, evenly and each item of its own.
    pub value_bytes: (u64, u64),
    pub ttl: Option<Duration>,
    pub write_share: f64,
    /// Requests a second; as many as go where there is none.
    pub rate: Option<f64>,
    /// Before anything is counted.
    pub warm: Duration,
    pub measure: Duration,
    /// And what happens then, for as long again.
    pub event: Option<Event>,
    pub seed: u64,
}

/// What goes wrong after the counting, so that the origin is asked for everything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// All entries end, evenly within this time.
    Expiry(Duration),
    /// The server comes back without its data.
    Loss,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    /// `Redis 7.0.15`.
    pub server: String,
    pub requests: u64,
    pub requests_per_second: f64,
    /// Of reads.
    pub hit_ratio: f64,
    /// Keys that were there, on the average.
    pub keys: f64,
    pub maxmemory: u64,
    pub evictions_per_second: f64,
    pub expiries_per_second: f64,
    /// Loads in the worst second.
    pub origin_peak_per_second: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aftermath: Option<Aftermath>,
    /// Of a single read between two pipelines, in milliseconds.
    pub p99_ms: f64,
    /// What an item took of `used_memory`, tables included.
    pub bytes_per_item: f64,
}

/// Starts a server, fills it, plays the load, and ends the server.
pub async fn play(program: &Path, load: &Load<'_>) -> Result<Measured> {
    let bytes = load.items.saturating_mul(load.value_bytes.1);
    ensure!(bytes <= MOST_BYTES, "{bytes} bytes are more than a scratch server may hold; scale it down");
    let settings: Vec<&str> = load.settings.iter().map(String::as_str).collect();
    let scratch = Scratch::start(program, &settings).await?;
    let mut player = Player {
        load,
        draws: Draws::of(load.popularity),
        connection: scratch.connect().await?,
        random: fastrand::Rng::with_seed(load.seed),
        count: Count::default(),
    };
    let (maxmemory, bytes_per_item) = player.fill().await?;
    player.play_for(load.warm).await?;
    player.count = Count::default();
    let before = player.stats().await?;
    let took = player.play_for(load.measure).await?.as_secs_f64();
    let after = player.stats().await?;
    let rate = |field: &str| {
        let of = |stats: &Fields| stats.number(field).unwrap_or(0.0);
        (of(&after) - of(&before)) / took
    };
    let server = engine_of(&scratch).await?.to_string();
    let mut count = std::mem::take(&mut player.count);
    let aftermath = match load.event {
        Some(event) => Some(player.after(event).await?),
        None => None,
    };
    count.single.sort_unstable();
    let p99 = count.single.get(count.single.len() * 99 / 100).copied().unwrap_or_default();
    ensure!(count.reads > 0, "the server was too slow to answer a single read in {took:.1} s; try a longer run");
    Ok(Measured {
        server,
        requests: count.requests,
        requests_per_second: count.requests as f64 / took,
        hit_ratio: count.hits as f64 / count.reads as f64,
        keys: count.keys.0 / f64::from(count.keys.1.max(1)),
        maxmemory,
        evictions_per_second: rate("evicted_keys"),
        expiries_per_second: rate("expired_keys"),
        origin_peak_per_second: count.seconds.iter().copied().max().unwrap_or(0),
        aftermath,
        p99_ms: p99.as_secs_f64() * 1_000.0,
        bytes_per_item,
    })
}

/// What was counted after the event.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Aftermath {
    pub requests_per_second: f64,
    /// Loads in the worst second.
    pub origin_peak_per_second: u64,
}

#[derive(Debug, Default)]
struct Count {
    requests: u64,
    reads: u64,
    hits: u64,
    /// DBSIZE, summed up, and how often it was asked for.
    keys: (f64, u32),
    /// Loads in each second.
    seconds: Vec<u64>,
    single: Vec<Duration>,
}

struct Player<'a> {
    load: &'a Load<'a>,
    draws: Draws,
    connection: MultiplexedConnection,
    random: fastrand::Rng,
    count: Count,
}

impl Player<'_> {
    /// Puts the items in that are asked for most, the most wanted last, and sets the limit to what they take. Returns the
    /// limit, and what an item took.
    async fn fill(&mut self) -> Result<(u64, f64)> {
        let items: Vec<u64> = (0..self.load.items.min(self.load.popularity.items() as u64)).rev().collect();
        let empty = self.used().await?;
        for part in items.chunks(BATCH as usize) {
            self.put(part, true).await?;
        }
        let used = self.used().await?;
        let each = used.saturating_sub(empty) as f64 / items.len().max(1) as f64;
        if self.load.items as f64 >= self.load.popularity.items() {
            return Ok((0, each));
        }
        let limit = used + BUFFERS + self.batch_size() * self.load.value_bytes.1;
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("maxmemory").arg(limit).exec_async(&mut self.connection).await?;
        Ok((limit, each))
    }

    async fn used(&mut self) -> Result<u64> {
        let info: String = redis::cmd("INFO").arg("memory").query_async(&mut self.connection).await?;
        let used = Fields::parse(&info).number("used_memory");
        Ok(used.context("the scratch server does not tell used_memory")? as u64)
    }

    /// Lets it happen, and plays on.
    async fn after(&mut self, event: Event) -> Result<Aftermath> {
        match event {
            Event::Loss => redis::cmd("FLUSHALL").exec_async(&mut self.connection).await?,
            Event::Expiry(within) => self.end_all(within).await?,
        }
        let took = self.play_for(self.load.measure).await?.as_secs_f64();
        Ok(Aftermath {
            requests_per_second: self.count.requests as f64 / took,
            origin_peak_per_second: self.count.seconds.iter().copied().max().unwrap_or(0),
        })
    }

    async fn end_all(&mut self, within: Duration) -> Result<()> {
        let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut self.connection).await?;
        let (seconds, micros): (u64, u64) = redis::cmd("TIME").query_async(&mut self.connection).await?;
        let first = seconds * 1_000 + micros / 1_000 + NOTICE;
        for part in keys.chunks(BATCH as usize) {
            let mut pipeline = redis::pipe();
            for key in part {
                let end = first + self.random.u64(0..=within.as_millis() as u64);
                pipeline.cmd("PEXPIREAT").arg(key).arg(end).ignore();
            }
            pipeline.exec_async(&mut self.connection).await?;
        }
        Ok(())
    }

    /// SETs items in one pipeline. At the start, their TTLs are as far gone as those of a cache that has been at it.
    async fn put(&mut self, items: &[u64], at_start: bool) -> Result<()> {
        // An empty pipeline is an error.
        if items.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        for item in items {
            let value = vec![b'v'; self.size_of(*item)];
            let set = pipeline.cmd("SET").arg(format!("item:{item}")).arg(value);
            if let Some(ttl) = self.load.ttl {
                let ttl = ttl.as_millis() as u64;
                set.arg("PX").arg(if at_start { self.random.u64(1..=ttl.max(1)) } else { ttl.max(1) });
            }
            set.ignore();
        }
        // Under noeviction a full server refuses, which is what is played then.
        let done: redis::RedisResult<()> = pipeline.exec_async(&mut self.connection).await;
        match done {
            Err(error) if !error.to_string().contains("OOM") => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Always the same for the same item.
    fn size_of(&self, item: u64) -> usize {
        let (low, high) = self.load.value_bytes;
        let spread = high.saturating_sub(low) + 1;
        // Knuth's multiplier scatters ranks, so that size has nothing to do with popularity.
        (low + (item.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % spread) as usize
    }

    async fn play_for(&mut self, time: Duration) -> Result<Duration> {
        let start = Instant::now();
        let (mut sent, most) = (0_u64, self.batch_size());
        while start.elapsed() < time {
            let due = match self.load.rate {
                Some(rate) => ((start.elapsed().as_secs_f64() * rate) as u64).saturating_sub(sent).min(most),
                None => most,
            };
            if due == 0 {
                sleep(TICK).await;
                continue;
            }
            let second = start.elapsed().as_secs() as usize;
            self.batch(due, second).await?;
            sent += due;
        }
        Ok(start.elapsed())
    }

    fn batch_size(&self) -> u64 {
        (self.load.items / HELD_FOR_EACH).clamp(SMALLEST_BATCH, BATCH)
    }

    async fn batch(&mut self, size: u64, second: usize) -> Result<()> {
        let items: Vec<u64> = (0..size).map(|_| self.draws.item(self.random.f64())).collect();
        let (writes, reads): (Vec<u64>, Vec<u64>) =
            items.into_iter().partition(|_| self.random.f64() < self.load.write_share);
        let mut pipeline = redis::pipe();
        reads.iter().for_each(|item| {
            pipeline.cmd("STRLEN").arg(format!("item:{item}"));
        });
        let lengths: Vec<u64> =
            if reads.is_empty() { Vec::new() } else { pipeline.query_async(&mut self.connection).await? };
        // The second request for what is missing finds it, as it would if they came one after the other.
        let mut loaded = HashSet::new();
        let mut missing = Vec::new();
        for (item, length) in reads.iter().zip(&lengths) {
            if *length == 0 && loaded.insert(*item) {
                missing.push(*item);
            } else {
                self.count.hits += 1;
            }
        }
        self.put(&[missing.as_slice(), writes.as_slice()].concat(), false).await?;
        self.count.requests += size;
        self.count.reads += reads.len() as u64;
        if self.count.seconds.len() <= second {
            self.count.seconds.resize(second + 1, 0);
        }
        if let Some(loads) = self.count.seconds.last_mut() {
            *loads += missing.len() as u64;
        }
        let asked = Instant::now();
        let first = reads.first().copied().unwrap_or_default();
        redis::cmd("STRLEN").arg(format!("item:{first}")).exec_async(&mut self.connection).await?;
        self.count.single.push(asked.elapsed());
        let keys: f64 = redis::cmd("DBSIZE").query_async(&mut self.connection).await?;
        self.count.keys = (self.count.keys.0 + keys, self.count.keys.1 + 1);
        Ok(())
    }

    async fn stats(&mut self) -> Result<Fields> {
        let info: String = redis::cmd("INFO").arg("stats").query_async(&mut self.connection).await?;
        Ok(Fields::parse(&info))
    }
}
