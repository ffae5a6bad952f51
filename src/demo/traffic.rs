//! The shop at work: readers, writers, and the habits that hurt. It stops when dropped.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use redis::Pipeline;
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::data::{CATALOGUE, GROUP, LEADERBOARD, PRODUCTS, QUEUE, STREAM, cache_product, product, scattered};
use crate::probe::Scratch;

/// A thread of its own, so that the load does not slow the look that measures it.
#[derive(Debug)]
pub struct Traffic {
    // Dropping it ends the thread.
    _stop: oneshot::Sender<()>,
}

impl Traffic {
    pub fn start(server: &Scratch) -> Result<Self> {
        let (stop, stopped) = oneshot::channel();
        let socket = server.socket();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new().name("demo traffic".into()).spawn(move || {
            runtime.block_on(async {
                let mut tasks = JoinSet::new();
                tasks.spawn(every(50, socket.clone(), shoppers));
                tasks.spawn(every(50, socket.clone(), orders));
                tasks.spawn(every(150, socket.clone(), catalogue_page));
                tasks.spawn(every(400, socket.clone(), session_job));
                tasks.spawn(without_a_pool(socket.clone()));
                tasks.spawn(every(3_600_000, socket, |pipeline, _| _ = pipeline.cmd("MONITOR")));
                let _ = stopped.await;
            });
        })?;
        Ok(Self { _stop: stop })
    }

    /// Until each task has had its turn.
    pub async fn warm(&self) {
        tokio::time::sleep(Duration::from_millis(800)).await;
    }
}

/// Sends a pipeline again and again; answers, and errors among them, are read and forgotten.
async fn every(milliseconds: u64, socket: PathBuf, turn: fn(&mut Pipeline, u64)) {
    let Ok(stream) = UnixStream::connect(socket).await else { return };
    let (mut answers, mut questions) = stream.into_split();
    let mut drain = JoinSet::new();
    drain.spawn(async move { tokio::io::copy(&mut answers, &mut tokio::io::sink()).await });
    let mut clock = tokio::time::interval(Duration::from_millis(milliseconds));
    for n in 0.. {
        clock.tick().await;
        let mut pipeline = redis::pipe();
        turn(&mut pipeline, n);
        if questions.write_all(&pipeline.get_packed_pipeline()).await.is_err() {
            return;
        }
    }
}

/// A connection for each command, more than a hundred a second.
async fn without_a_pool(socket: PathBuf) {
    loop {
        if let Ok(mut stream) = UnixStream::connect(&socket).await {
            let _ = stream.write_all(b"PING\r\n").await;
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

/// Customers look at products, most of which the cache no longer holds, and miss entries are filled.
fn shoppers(pipeline: &mut Pipeline, n: u64) {
    for k in 0..100 {
        pipeline.cmd("GET").arg(product(scattered(n * 100 + k) % PRODUCTS));
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
    for k in 0..3 {
        pipeline.cmd("XADD").arg(STREAM).arg("MAXLEN").arg("~").arg(20_000).arg("*").arg("order").arg(n * 3 + k);
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
    pipeline.cmd("ZINCRBY").arg(LEADERBOARD).arg(5).arg(format!("player-{}", scattered(n) % 5_000));
}

fn catalogue_page(pipeline: &mut Pipeline, _: u64) {
    pipeline.cmd("HGETALL").arg(CATALOGUE);
}

fn session_job(pipeline: &mut Pipeline, _: u64) {
    pipeline.cmd("KEYS").arg("shop:session:0*");
}
