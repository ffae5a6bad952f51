//! The shop at work: readers, writers, and the habits that hurt. It stops when dropped.

use std::time::Duration;

use anyhow::Result;
use redis::Pipeline;
use redis::aio::MultiplexedConnection;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::task::JoinSet;

use super::data::{CATALOGUE, GROUP, PRODUCTS, QUEUE, STREAM, cache_product, product, scattered};
use crate::probe::Scratch;

/// Tasks that talk to the server until the set is dropped.
#[derive(Debug)]
pub struct Traffic {
    tasks: JoinSet<()>,
}

impl Traffic {
    pub async fn start(server: &Scratch) -> Result<Self> {
        let mut tasks = JoinSet::new();
        tasks.spawn(every(50, server.connect().await?, shoppers));
        tasks.spawn(every(50, server.connect().await?, orders));
        tasks.spawn(every(150, server.connect().await?, catalogue_page));
        tasks.spawn(every(400, server.connect().await?, session_job));
        let socket = server.socket();
        tasks.spawn(async move {
            // No pool: a connection for each command, a hundred and more a second.
            loop {
                if let Ok(mut stream) = UnixStream::connect(&socket).await {
                    let _ = stream.write_all(b"PING\r\n").await;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let mut forgotten = UnixStream::connect(server.socket()).await?;
        tasks.spawn(async move {
            if forgotten.write_all(b"MONITOR\r\n").await.is_ok() {
                let _ = tokio::io::copy(&mut forgotten, &mut tokio::io::sink()).await;
            }
        });
        Ok(Self { tasks })
    }

    /// Until each task has had its turn.
    pub async fn warm(&self) {
        tokio::time::sleep(Duration::from_millis(if self.tasks.is_empty() { 0 } else { 800 })).await;
    }
}

/// Sends a pipeline again and again. Errors are part of the show.
async fn every(milliseconds: u64, mut to: MultiplexedConnection, turn: fn(&mut Pipeline, u64)) {
    let mut clock = tokio::time::interval(Duration::from_millis(milliseconds));
    for n in 0.. {
        clock.tick().await;
        let mut pipeline = redis::pipe();
        pipeline.ignore_errors();
        turn(&mut pipeline, n);
        let _ = pipeline.query_async::<redis::Value>(&mut to).await;
    }
}

/// Customers look at products, most of which the cache no longer holds, and miss entries are filled.
fn shoppers(pipeline: &mut Pipeline, n: u64) {
    for k in 0..60 {
        pipeline.cmd("GET").arg(product(scattered(n * 60 + k) % PRODUCTS));
    }
    for k in 0..25 {
        cache_product(pipeline, scattered(n * 25 + k) % PRODUCTS);
    }
    for k in 0..10 {
        let session = format!("shop:session:{:016x}", scattered((n * 10 + k) % 8_000));
        pipeline.cmd("HGET").arg(session).arg("cart");
    }
    // A counter that somebody gave the name of the queue.
    for _ in 0..4 {
        pipeline.cmd("INCR").arg(QUEUE);
    }
}

/// Orders come in and are read; nobody acknowledges them. Mail goes out as it should.
fn orders(pipeline: &mut Pipeline, n: u64) {
    for k in 0..2 {
        pipeline.cmd("XADD").arg(STREAM).arg("MAXLEN").arg("~").arg(20_000).arg("*").arg("order").arg(n * 2 + k);
    }
    pipeline
        .cmd("XREADGROUP")
        .arg("GROUP")
        .arg(GROUP)
        .arg("worker-1")
        .arg("COUNT")
        .arg(2)
        .arg("STREAMS")
        .arg(STREAM)
        .arg(">");
    pipeline.cmd("LPUSH").arg(QUEUE).arg("{\"to\":\"you@example.com\",\"template\":\"order\"}");
    pipeline.cmd("RPOP").arg(QUEUE);
    pipeline.cmd("ZINCRBY").arg("shop:leaderboard:2026-w47").arg(5).arg(format!("player-{}", scattered(n) % 5_000));
}

fn catalogue_page(pipeline: &mut Pipeline, _: u64) {
    pipeline.cmd("HGETALL").arg(CATALOGUE);
}

fn session_job(pipeline: &mut Pipeline, _: u64) {
    pipeline.cmd("KEYS").arg("shop:session:0*");
}
