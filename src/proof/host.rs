//! A throwaway server for scripts: no persistence, little memory, alone or as a cluster of one.

use std::future::Future;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use redis::aio::MultiplexedConnection;

use super::replay::said;
use crate::facts::{Engine, Fields};
use crate::probe::Scratch;
use crate::scripts::Said;

/// A library's sessions take a few megabytes. A script that wants more is told OOM.
const MEMORY: [&str; 4] = ["--maxmemory", "64mb", "--maxmemory-policy", "noeviction"];
/// From when on SCRIPT KILL is heard, under the name that every version knows.
const BUSY: [&str; 2] = ["--lua-time-limit", "100"];
/// A reply beyond this closes the connection, so that it does not fill our own memory.
const REPLY: [&str; 5] = ["--client-output-buffer-limit", "normal", "16mb", "0", "0"];
/// A server reserves some hundred megabytes of addresses and uses few of them; Lua's memory is only bounded by this.
const ADDRESSES: u64 = 1 << 30;
/// Before Redis 7.0 the bus of a cluster listens so far above the port.
const BUS: u16 = 10_000;
const SLOTS: u16 = 16_384;
/// Another program may take a port between our look and the server's.
const TRIES: usize = 5;
const PATIENCE: Duration = Duration::from_secs(10);

/// A server of our own, with nothing on it that matters: each replay empties it.
pub trait Host {
    /// A connection that may do anything, or why there is none.
    fn connection(&self) -> impl Future<Output = Result<MultiplexedConnection, String>> + Send;
}

impl Host for Scratch {
    async fn connection(&self) -> Result<MultiplexedConnection, String> {
        self.connect().await.map_err(|error| format!("{error:#}"))
    }
}

pub async fn alone(program: &Path) -> Result<Scratch> {
    Scratch::start_small(program, &options(&[]), ADDRESSES).await
}

/// A cluster of one node that has all slots: enough for everything about keys in different slots. From Redis 7.0 on it
/// opens the bus only; before, a port too.
pub async fn in_cluster(program: &Path, engine: &Engine) -> Result<Scratch> {
    let (option, bus) = if engine.at_least((7, 0), (0, 0)) { ("--cluster-port", 0) } else { ("--port", BUS) };
    let mut tries = 0;
    let scratch = loop {
        tries += 1;
        let port = free_port(bus)?.to_string();
        let options = options(&["--cluster-enabled", "yes", "--bind", "127.0.0.1", option, &port]);
        match Scratch::start_small(program, &options, ADDRESSES).await {
            Err(_) if tries < TRIES => {}
            done => break done?,
        }
    };
    let mut connection = scratch.connect().await?;
    redis::cmd("CLUSTER").arg("ADDSLOTS").arg((0..SLOTS).collect::<Vec<_>>()).exec_async(&mut connection).await?;
    let whole = async {
        loop {
            let info: String = redis::cmd("CLUSTER").arg("INFO").query_async(&mut connection).await?;
            if info.contains("cluster_state:ok") {
                return Ok::<_, redis::RedisError>(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, whole).await {
        Ok(done) => done?,
        Err(_) => bail!("a cluster of one node did not come up within {} s", PATIENCE.as_secs()),
    }
    Ok(scratch)
}

fn options<'a>(more: &[&'a str]) -> Vec<&'a str> {
    MEMORY.iter().chain(&BUSY).chain(&REPLY).copied().chain(more.iter().copied()).collect()
}

/// A port that is free now, and so is the one `bus` above it.
fn free_port(bus: u16) -> Result<u16> {
    loop {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        match port.checked_add(bus) {
            Some(other) if other == port || TcpListener::bind(("127.0.0.1", other)).is_ok() => return Ok(port),
            _ => {}
        }
    }
}

/// Which engine a server of ours is.
pub async fn engine_of(scratch: &Scratch) -> Result<Engine> {
    let mut connection = scratch.connect().await?;
    let info = said(redis::cmd("INFO").arg("server").query_async(&mut connection).await);
    let Said::Text(info) = info else { bail!("a scratch server answers INFO with {info:?}") };
    Engine::from_info(&Fields::parse(&info)).ok_or_else(|| anyhow::anyhow!("a scratch server does not say its version"))
}
