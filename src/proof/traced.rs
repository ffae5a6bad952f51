//! Plays requests of a trace on a server of our own, in their order and with their TTLs, and counts what it does.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use redis::Value;
use redis::aio::MultiplexedConnection;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::host::engine_of;
use crate::facts::Fields;
use crate::forecast::trace::{Op, Request};
use crate::probe::Scratch;

const BATCH: usize = 100;
/// What a connection takes while it is served.
const BUFFERS: u64 = 32 << 10;
const TICK: Duration = Duration::from_millis(2);

/// What to play, and on what.
#[derive(Debug, Clone)]
pub struct Replay<'a> {
    /// With times, in their order; the TTL of a read is that of the load after a miss.
    pub requests: &'a [Request],
    /// So many times as fast as the trace; TTLs are shorter by this.
    pub hurry: f64,
    /// So many keys fill `maxmemory`; none where there is no limit.
    pub room: Option<u64>,
    /// Of each value: eviction is blind to size.
    pub value_bytes: u64,
    pub settings: Vec<String>,
}

/// What was counted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replayed {
    /// `Redis 7.0.15`.
    pub server: String,
    pub requests: u64,
    pub reads: u64,
    /// Of reads.
    pub hit_ratio: f64,
    pub evicted: f64,
    pub expired: f64,
    pub seconds: f64,
}

/// Starts a server, plays the requests, and ends the server.
pub async fn replay_trace(program: &Path, replay: &Replay<'_>) -> Result<Replayed> {
    let settings: Vec<&str> = replay.settings.iter().map(String::as_str).collect();
    let scratch = Scratch::start(program, &settings).await?;
    let mut player = Player { replay, connection: scratch.connect().await?, reads: 0, hits: 0 };
    if let Some(room) = replay.room {
        player.limit(room).await?;
    }
    let seconds = player.play().await?;
    let stats = player.info("stats").await?;
    Ok(Replayed {
        server: engine_of(&scratch).await?.to_string(),
        requests: replay.requests.len() as u64,
        reads: player.reads,
        hit_ratio: player.hits as f64 / player.reads.max(1) as f64,
        evicted: stats.number("evicted_keys").unwrap_or(0.0),
        expired: stats.number("expired_keys").unwrap_or(0.0),
        seconds,
    })
}

struct Player<'a> {
    replay: &'a Replay<'a>,
    connection: MultiplexedConnection,
    reads: u64,
    hits: u64,
}

impl Player<'_> {
    /// Sets the limit to what so many keys take.
    async fn limit(&mut self, room: u64) -> Result<()> {
        let hashes: Vec<u64> = (0..room).collect();
        let lives = self.replay.requests.iter().any(|request| request.ttl.is_some());
        for part in hashes.chunks(BATCH) {
            let mut pipeline = redis::pipe();
            // So long that none ends before it is counted.
            part.iter().for_each(|hash| self.set(&mut pipeline, *hash, lives.then_some(f64::from(u32::MAX))));
            pipeline.exec_async(&mut self.connection).await?;
        }
        let used = self.info("memory").await?.number("used_memory");
        let used = used.context("the scratch server does not tell used_memory")? as u64;
        redis::cmd("FLUSHALL").exec_async(&mut self.connection).await?;
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("maxmemory").arg(used + BUFFERS);
        Ok(set.exec_async(&mut self.connection).await?)
    }

    fn set(&self, pipeline: &mut redis::Pipeline, hash: u64, ttl: Option<f64>) {
        let set = pipeline.cmd("SET").arg(name(hash)).arg(vec![b'v'; self.replay.value_bytes.max(1) as usize]);
        if let Some(ttl) = ttl {
            set.arg("PX").arg(((ttl * 1_000.0 / self.replay.hurry) as u64).max(1));
        }
    }

    /// Says how many seconds it took.
    async fn play(&mut self) -> Result<f64> {
        let requests = self.replay.requests;
        let second = |request: &Request| request.seconds.unwrap_or(0.0);
        let (first, start) = (requests.first().map_or(0.0, second), Instant::now());
        let mut rest = requests;
        while !rest.is_empty() {
            let now = first + start.elapsed().as_secs_f64() * self.replay.hurry;
            let due = rest.iter().take(BATCH).take_while(|request| second(request) <= now).count();
            let (batch, behind) = rest.split_at(due);
            if batch.is_empty() {
                sleep(TICK).await;
                continue;
            }
            self.batch(batch).await?;
            rest = behind;
        }
        Ok(start.elapsed().as_secs_f64())
    }

    async fn batch(&mut self, batch: &[Request]) -> Result<()> {
        let mut pipeline = redis::pipe();
        for request in batch {
            let words = match request.op {
                Op::Read => "STRLEN",
                Op::Change => "TOUCH",
                Op::Delete => "DEL",
                Op::Write => {
                    self.set(&mut pipeline, request.hash, request.ttl);
                    continue;
                }
            };
            pipeline.cmd(words).arg(name(request.hash));
        }
        let replies: Vec<Value> = pipeline.query_async(&mut self.connection).await?;
        // What is missing is loaded behind the batch: for the requests behind it, it is there already.
        let mut loads: HashMap<u64, Option<f64>> = HashMap::new();
        for (request, reply) in batch.iter().zip(&replies) {
            if request.op != Op::Read {
                // A write or a delete takes the place of a load before it.
                if request.op != Op::Change {
                    loads.remove(&request.hash);
                }
                continue;
            }
            self.reads += 1;
            if !matches!(reply, Value::Int(0)) || loads.contains_key(&request.hash) {
                self.hits += 1;
            } else {
                loads.insert(request.hash, request.ttl);
            }
        }
        if loads.is_empty() {
            return Ok(());
        }
        let mut pipeline = redis::pipe();
        loads.iter().for_each(|(hash, ttl)| self.set(&mut pipeline, *hash, *ttl));
        Ok(pipeline.exec_async(&mut self.connection).await?)
    }

    async fn info(&mut self, section: &str) -> Result<Fields> {
        let info: String = redis::cmd("INFO").arg(section).query_async(&mut self.connection).await?;
        Ok(Fields::parse(&info))
    }
}

/// As long for each, so that each takes as many bytes.
fn name(hash: u64) -> String {
    format!("k:{hash:016x}")
}
