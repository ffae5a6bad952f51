//! A primary with replicas, watched by three Sentinels that know it, its replicas and each other.

use std::collections::HashMap;

use super::node::Node;
use super::replication::Replication;
use super::setup::{Kind, Setup, quoted};
use super::until;

/// The name under which the Sentinels know the primary.
pub const NAME: &str = "mymaster";
const SENTINELS: usize = 3;

#[derive(Debug)]
pub struct Watched {
    pub data: Replication,
    pub sentinels: Vec<Node>,
}

impl Watched {
    /// The nodes and the Sentinels may have different passwords, or one of them none.
    pub async fn start(data: &Setup, sentinel: &Setup, replicas: usize) -> Self {
        // A Sentinel asks for the replicas every ten seconds: they have to be there when it asks for the first time.
        let password = data.password.clone();
        let data = Replication::start(data, replicas).await;
        let setup = watching(&data.primary, password.as_deref(), sentinel);
        let sentinels = Node::start_all(&vec![setup; SENTINELS]).await;
        let started = Self { data, sentinels };
        until("Sentinels that know everybody", async || started.knows_everybody().await).await;
        started
    }

    async fn knows_everybody(&self) -> Result<(), String> {
        let replicas = self.data.replicas.len().to_string();
        let others = (SENTINELS - 1).to_string();
        for sentinel in &self.sentinels {
            let seen: HashMap<String, String> = sentinel.ask(&format!("SENTINEL MASTER {NAME}")).await?;
            for (field, value) in [("flags", "master"), ("num-slaves", &replicas), ("num-other-sentinels", &others)] {
                if seen[field] != value {
                    return Err(format!("{}: {field} is {} instead of {value}", sentinel.address(), seen[field]));
                }
            }
        }
        Ok(())
    }

    /// The port of the primary, if all Sentinels name the same and that node agrees.
    pub async fn primary(&self) -> Result<u16, String> {
        let mut named = Vec::new();
        for sentinel in &self.sentinels {
            let (_, port): (String, u16) = sentinel.ask(&format!("SENTINEL GET-MASTER-ADDR-BY-NAME {NAME}")).await?;
            named.push(port);
        }
        let port = named[0];
        if named.iter().any(|other| *other != port) {
            return Err(format!("the Sentinels name different primaries: {named:?}"));
        }
        let node = self.data.nodes().find(|node| node.port() == port).ok_or("the Sentinels name a stranger")?;
        node.shows("INFO replication", &[("role", "master")]).await.map(|()| port)
    }

    /// Waits until a failover from this port is done, and returns the port of the new primary.
    pub async fn failed_over(&self, from: u16) -> u16 {
        until("a failover", async || match self.primary().await? {
            port if port == from => Err("the primary is still the old one".to_owned()),
            port => Ok(port),
        })
        .await
    }
}

/// Fails over in about two seconds. A test that must not see a failover overrides `down-after-milliseconds`: the lines of
/// the caller come last.
fn watching(primary: &Node, password: Option<&str>, sentinel: &Setup) -> Setup {
    let mut lines = vec![
        format!("sentinel monitor {NAME} 127.0.0.1 {} 2", primary.port()),
        format!("sentinel down-after-milliseconds {NAME} 500"),
        // A vote that nobody wins is repeated after twice this time.
        format!("sentinel failover-timeout {NAME} 2000"),
        format!("sentinel parallel-syncs {NAME} 2"),
    ];
    lines.extend(password.map(|password| format!("sentinel auth-pass {NAME} {}", quoted(password))));
    lines.extend(sentinel.lines.iter().cloned());
    Setup { kind: Kind::Sentinel, lines, ..sentinel.clone() }
}
