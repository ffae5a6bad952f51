//! A throwaway cluster of three nodes, dealt so that a script which touches a key it did not name is found out.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use redis::RedisResult;
use redis::aio::MultiplexedConnection;

use super::host::{self, Host};
use crate::facts::SLOTS;
use crate::probe::Scratch;

/// The bus of a cluster listens so far above the port, on every version.
const BUS: u16 = 10_000;
/// Another program may take a port between our look and the server's.
const TRIES: usize = 5;
/// A node that has just started waits 2 s before it says that all is well (`CLUSTER_WRITABLE_DELAY` in Redis).
const PATIENCE: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(20);

/// What is called, is called on the first node. It has the slots of the keys that are named, and no other: each key that
/// is not named lies elsewhere, unless it shares a slot with one that is.
#[derive(Debug)]
pub struct Cluster {
    pub first: Scratch,
    pub others: Vec<Scratch>,
}

impl Host for Cluster {
    async fn connection(&self) -> Result<MultiplexedConnection, String> {
        self.first.connection().await
    }
}

impl Cluster {
    pub async fn start(program: &Path, named: &BTreeSet<u16>) -> Result<Self> {
        // The ports are open to everybody on this machine.
        let password = host::password()?;
        let start = || member(program, &password);
        let (first, second, third) = tokio::try_join!(start(), start(), start())?;
        let unnamed: Vec<u16> = (0..SLOTS as u16).filter(|slot| !named.contains(slot)).collect();
        let (lower, upper) = unnamed.split_at(unnamed.len() / 2);
        let named: Vec<u16> = named.iter().copied().collect();
        let mut met = Vec::new();
        for (epoch, ((node, port), slots)) in
            [&first, &second, &third].into_iter().zip([&named[..], lower, upper]).enumerate()
        {
            let mut connection = node.connect().await?;
            join(&mut connection, slots, epoch + 1, &met).await?;
            met.push(*port);
        }
        let cluster = Self { first: first.0, others: vec![second.0, third.0] };
        match tokio::time::timeout(PATIENCE, cluster.agrees()).await {
            Ok(agreed) => agreed.map(|()| cluster),
            Err(_) => bail!("a cluster of three nodes did not come up within {} s", PATIENCE.as_secs()),
        }
    }

    /// Waits until each node knows that all slots are served.
    async fn agrees(&self) -> Result<()> {
        for node in [&self.first].into_iter().chain(&self.others) {
            let mut connection = node.connect().await?;
            loop {
                let info: String = redis::cmd("CLUSTER").arg("INFO").query_async(&mut connection).await?;
                if info.contains("cluster_state:ok") {
                    break;
                }
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(())
    }
}

async fn member(program: &Path, password: &str) -> Result<(Scratch, u16)> {
    let mut tries = 0;
    loop {
        tries += 1;
        let port = free_port()?;
        let options = ["--cluster-enabled", "yes", "--bind", "127.0.0.1", "--port", &port.to_string()];
        match host::start(program, &options, Some(password)).await {
            Err(_) if tries < TRIES => {}
            started => return Ok((started?, port)),
        }
    }
}

/// Takes its slots and an epoch of its own, since equal ones are settled by seconds of talk, and meets those before it.
async fn join(connection: &mut MultiplexedConnection, slots: &[u16], epoch: usize, met: &[u16]) -> RedisResult<()> {
    if !slots.is_empty() {
        redis::cmd("CLUSTER").arg("ADDSLOTS").arg(slots).exec_async(connection).await?;
    }
    redis::cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(epoch).exec_async(connection).await?;
    for port in met {
        redis::cmd("CLUSTER").arg("MEET").arg("127.0.0.1").arg(port).exec_async(connection).await?;
    }
    Ok(())
}

/// A port that is free now, and so is that of its bus.
fn free_port() -> Result<u16> {
    loop {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        if port.checked_add(BUS).is_some_and(|bus| TcpListener::bind(("127.0.0.1", bus)).is_ok()) {
            return Ok(port);
        }
    }
}
