//! A throwaway server on which candidates are built one after the other, and what it says of its memory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use redis::aio::MultiplexedConnection;
use redis::cmd;
use tokio::time::{Instant, sleep};

use crate::decisions::structures::{Module, Place};
use crate::facts::{Engine, Fields};
use crate::footprint::Allocator;
use crate::probe::Scratch;

/// More than the bounds of the data let any structure take, and then an error instead of a full machine.
const OPTIONS: [&str; 8] = [
    "--maxmemory",
    "512mb",
    "--maxmemory-policy",
    "noeviction",
    // Tables are moved and freed memory is handed back in the server's rounds.
    "--hz",
    "500",
    "--slowlog-log-slower-than",
    "-1",
];
/// Where packages put modules, seen from the folder of the server's program.
const MODULES: [&str; 2] = ["../modules", "../lib/redis/modules"];
/// Equal readings after which memory counts as settled, and the rest between them.
const EQUAL: u32 = 5;
const REST: Duration = Duration::from_millis(5);
const PATIENCE: Duration = Duration::from_secs(20);
/// Commands for a server that has just started.
const WARMING: usize = 1_000;
/// Keys that MEMORY USAGE is asked for.
const ASKED: usize = 200;

/// The server, and the place that it is for the tables.
#[derive(Debug)]
pub struct Stand {
    program: PathBuf,
    server: Scratch,
    pub place: Place,
    pub(super) watch: MultiplexedConnection,
}

impl Stand {
    /// With the modules that lie beside the program, if it takes them.
    pub async fn start(program: &Path) -> Result<Self> {
        let modules = modules_beside(program);
        let loads: Vec<&str> =
            modules.iter().filter_map(|file| file.to_str()).flat_map(|file| ["--loadmodule", file]).collect();
        let options: Vec<&str> = OPTIONS.iter().copied().chain(loads).collect();
        let server = match Scratch::start(program, &options).await {
            Err(_) if !modules.is_empty() => Scratch::start(program, &OPTIONS).await?,
            started => started?,
        };
        let mut watch = server.connect().await?;
        let info = info(&mut watch, "everything").await?;
        let fields = Fields::parse(&info);
        let engine = Engine::from_info(&fields).context("a scratch server does not say its version")?;
        let stats: String = cmd("MEMORY").arg("MALLOC-STATS").query_async(&mut watch).await.unwrap_or_default();
        let quantum = stats.lines().find_map(|line| line.strip_prefix("Quantum size: ")?.trim().parse().ok());
        let mut place = Place::new(engine);
        place.allocator = Allocator::named(&place.engine, fields.get("mem_allocator").unwrap_or_default(), quantum);
        let names: Vec<&str> = fields.starting("module_").map(|(name, _)| name).collect();
        let there = |module: &Module| module.names().1.iter().any(|name| names.contains(name));
        place.modules = Some(Module::ALL.into_iter().filter(there).collect());
        // From Redis 7.0 on; else a histogram for each command at its first use would be taken for data.
        let _ = cmd("CONFIG").arg(&["SET", "latency-tracking", "no"]).exec_async(&mut watch).await;
        // What the server allocates once, for its first pipelines and tables, it allocates now.
        let mut warm = redis::pipe();
        (0..WARMING).for_each(|n| {
            warm.cmd("SET").arg(n).arg("warm").arg("EX").arg(WARMING).ignore();
        });
        warm.query_async::<()>(&mut server.connect().await?).await?;
        Ok(Self { program: program.to_owned(), server, place, watch })
    }

    pub async fn connect(&self) -> Result<MultiplexedConnection> {
        self.server.connect().await
    }

    /// The same on a server that has kept nothing yet.
    pub async fn renew(&mut self) -> Result<()> {
        *self = Self::start(&self.program).await?;
        Ok(())
    }

    pub async fn empty(&mut self) -> Result<()> {
        // Valkey frees behind our back unless it is told not to; Redis 6.0 knows no such word, and frees at once.
        if cmd("FLUSHALL").arg("SYNC").exec_async(&mut self.watch).await.is_err() {
            cmd("FLUSHALL").exec_async(&mut self.watch).await?;
        }
        Ok(())
    }

    /// `used_memory` without connections, when it no longer changes.
    pub async fn settled(&mut self) -> Result<u64> {
        let deadline = Instant::now() + PATIENCE;
        let (mut last, mut equal) = (0, 0);
        while equal < EQUAL {
            if Instant::now() > deadline {
                bail!("used_memory does not settle within {} s", PATIENCE.as_secs());
            }
            let fields = Fields::parse(&info(&mut self.watch, "memory").await?);
            let number = |name: &str| fields.number(name).unwrap_or(0.0);
            let now = (number("used_memory") - number("mem_clients_normal")).max(0.0) as u64;
            equal = if now == last { equal + 1 } else { 0 };
            last = now;
            sleep(REST).await;
        }
        Ok(last)
    }

    /// How many keys there are, and what MEMORY USAGE adds up to, of a sample.
    pub async fn claimed(&mut self) -> Result<(u64, u64)> {
        let keys: u64 = cmd("DBSIZE").query_async(&mut self.watch).await?;
        let (_, page): (u64, Vec<String>) =
            cmd("SCAN").arg(0).arg("COUNT").arg(ASKED).query_async(&mut self.watch).await?;
        let mut sum = 0_u64;
        for key in &page {
            sum += cmd("MEMORY").arg("USAGE").arg(key).query_async::<Option<u64>>(&mut self.watch).await?.unwrap_or(0);
        }
        let all = sum as f64 / page.len().max(1) as f64 * keys as f64;
        Ok((keys, all.round() as u64))
    }
}

pub async fn info(connection: &mut MultiplexedConnection, section: &str) -> Result<String> {
    Ok(cmd("INFO").arg(section).query_async(connection).await?)
}

fn modules_beside(program: &Path) -> Vec<PathBuf> {
    let program = program.canonicalize().unwrap_or_else(|_| program.to_owned());
    let Some(folder) = program.parent() else { return Vec::new() };
    let files = MODULES.iter().filter_map(|place| std::fs::read_dir(folder.join(place)).ok()).flatten().flatten();
    let mut files: Vec<PathBuf> =
        files.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "so")).collect();
    files.sort();
    files
}
