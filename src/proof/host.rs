//! A throwaway server for scripts: no persistence, little memory.

use std::fs::File;
use std::future::Future;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
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
    start(program, &[], None).await
}

pub async fn start(program: &Path, more: &[&str], password: Option<&str>) -> Result<Scratch> {
    let options: Vec<&str> = MEMORY.iter().chain(&BUSY).chain(&REPLY).chain(more).copied().collect();
    Scratch::start_small(program, &options, ADDRESSES, password).await
}

/// Which engine a server of ours is.
pub async fn engine_of(scratch: &Scratch) -> Result<Engine> {
    let mut connection = scratch.connect().await?;
    let info = said(redis::cmd("INFO").arg("server").query_async(&mut connection).await);
    let Said::Text(info) = info else { bail!("a scratch server answers INFO with {info:?}") };
    Engine::from_info(&Fields::parse(&info)).ok_or_else(|| anyhow::anyhow!("a scratch server does not say its version"))
}

/// One that nobody guesses.
pub fn password() -> Result<String> {
    const SOURCE: &str = "/dev/urandom";
    let mut bytes = [0; 16];
    File::open(SOURCE).and_then(|mut file| file.read_exact(&mut bytes)).context(SOURCE)?;
    Ok(format!("{:032x}", u128::from_le_bytes(bytes)))
}
