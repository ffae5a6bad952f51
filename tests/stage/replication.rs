//! A primary and its replicas, in sync.

use super::node::Node;
use super::setup::Setup;
use super::until;

#[derive(Debug)]
pub struct Replication {
    pub primary: Node,
    pub replicas: Vec<Node>,
}

impl Replication {
    /// All with the same setup.
    pub async fn start(setup: &Setup, replicas: usize) -> Self {
        // The primary would wait five seconds for more replicas to come.
        let setup = setup.clone().with(&["repl-diskless-sync-delay 0"]);
        let primary = Node::start(&setup).await;
        let follow = setup.with(&[&format!("replicaof 127.0.0.1 {}", primary.port())]);
        let replicas = Node::start_all(&vec![follow; replicas]).await;
        let started = Self { primary, replicas };
        until("replicas in sync", async || started.in_sync().await).await;
        started
    }

    /// Both sides say so; a replica is `online` for its primary a moment after its own link is up.
    async fn in_sync(&self) -> Result<(), String> {
        for replica in &self.replicas {
            replica.shows("INFO replication", &[("role", "slave"), ("master_link_status", "up")]).await?;
        }
        let text: String = self.primary.ask("INFO replication").await?;
        match text.matches("state=online").count() {
            online if online == self.replicas.len() => Ok(()),
            online => Err(format!("{online} replicas are online")),
        }
    }

    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        std::iter::once(&self.primary).chain(&self.replicas)
    }
}
