//! A cluster of three primaries with a replica each, made by hand: `redis-cli` is not always there.

use redis::Value;

use super::node::Node;
use super::setup::{Kind, Setup};
use super::until;

const PRIMARIES: usize = 3;
const NODES: usize = 6;
const SLOTS: usize = 16_384;

/// Node `n` of the last three starts as the replica of node `n - 3`.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Node>,
}

/// A node that is a cluster by itself: enough for what is told of slots.
pub async fn one_node() -> Node {
    let node = Node::start(&Setup { kind: Kind::Member, ..Setup::new(&["cluster-enabled yes"]) }).await;
    let slots: Vec<String> = (0..SLOTS).map(|slot| slot.to_string()).collect();
    node.ask::<()>(&format!("CLUSTER ADDSLOTS {}", slots.join(" "))).await.unwrap();
    until("a cluster of one", async || node.shows("CLUSTER INFO", &[("cluster_state", "ok")]).await).await;
    node
}

impl Cluster {
    /// All nodes with the same setup.
    pub async fn start(setup: &Setup) -> Self {
        let own = [
            "cluster-enabled yes",
            "cluster-node-timeout 1000",
            "repl-diskless-sync-delay 0",
            // CLUSTER SLOTS hides a replica with offset 0, and without writes only this ping moves it.
            "repl-ping-replica-period 1",
        ];
        let lines = own.map(str::to_owned).into_iter().chain(setup.lines.iter().cloned()).collect();
        let setup = Setup { kind: Kind::Member, lines, ..setup.clone() };
        let cluster = Self { nodes: Node::start_all(&vec![setup; NODES]).await };
        cluster.deal_slots().await;
        cluster.introduce().await;
        cluster.assign_replicas().await;
        until("a whole cluster", async || cluster.whole().await).await;
        cluster
    }

    async fn deal_slots(&self) {
        for (n, node) in self.nodes.iter().take(PRIMARIES).enumerate() {
            let slots = SLOTS * n / PRIMARIES..SLOTS * (n + 1) / PRIMARIES;
            // Slot by slot, since Redis 6.2 has no ADDSLOTSRANGE.
            let slots: Vec<String> = slots.map(|slot| slot.to_string()).collect();
            node.ask::<()>(&format!("CLUSTER ADDSLOTS {}", slots.join(" "))).await.unwrap();
        }
        for (n, node) in self.nodes.iter().enumerate() {
            // Else all start with epoch 0 and spend seconds on agreeing who is to change it.
            node.ask::<()>(&format!("CLUSTER SET-CONFIG-EPOCH {}", n + 1)).await.unwrap();
        }
    }

    /// Everybody meets everybody: gossip alone takes longer.
    async fn introduce(&self) {
        for (n, node) in self.nodes.iter().enumerate() {
            for other in &self.nodes[n + 1..] {
                node.ask::<()>(&format!("CLUSTER MEET 127.0.0.1 {}", other.port())).await.unwrap();
            }
        }
    }

    async fn assign_replicas(&self) {
        for (primary, replica) in self.nodes.iter().zip(&self.nodes[PRIMARIES..]) {
            let id: String = primary.ask("CLUSTER MYID").await.unwrap();
            // Refused until the replica has heard of its primary.
            until("a replica that knows its primary", async || {
                replica.ask::<()>(&format!("CLUSTER REPLICATE {id}")).await
            })
            .await;
        }
    }

    /// Whether every node sees all slots served, each by a primary with its replica, and has its own link.
    async fn whole(&self) -> Result<(), String> {
        self.agrees().await?;
        for node in &self.nodes {
            // First slot, last slot, primary, replica.
            let ranges: Vec<Vec<Value>> = node.ask("CLUSTER SLOTS").await?;
            if ranges.len() != PRIMARIES || ranges.iter().any(|range| range.len() != 4) {
                return Err(format!("{} knows of other ranges: {ranges:?}", node.address()));
            }
            let text: String = node.ask("INFO replication").await?;
            if !text.contains("master_link_status:up") && !text.contains("state=online") {
                return Err(format!("{} has no link", node.address()));
            }
        }
        Ok(())
    }

    /// Whether every node that is up says `cluster_state:ok` with all slots.
    async fn agrees(&self) -> Result<(), String> {
        let slots = SLOTS.to_string();
        for node in self.nodes.iter().filter(|node| node.is_up()) {
            let fields = [("cluster_state", "ok"), ("cluster_slots_ok", slots.as_str()), ("cluster_size", "3")];
            node.shows("CLUSTER INFO", &fields).await?;
        }
        Ok(())
    }

    /// Waits until this node is a primary and all that are up agree that all is well: the failover is done.
    pub async fn taken_over_by(&self, n: usize) {
        until("a new primary", async || {
            if !self.primaries().await.contains(&n) {
                return Err(format!("{} is a replica", self.address(n)));
            }
            self.agrees().await
        })
        .await;
    }

    /// The nodes that call themselves primary now. It may change under a test: a machine that is busy for a second can
    /// look like a dead node.
    pub async fn primaries(&self) -> Vec<usize> {
        let mut primaries = Vec::new();
        for (n, node) in self.nodes.iter().enumerate() {
            if node.is_up() && node.shows("INFO replication", &[("role", "master")]).await.is_ok() {
                primaries.push(n);
            }
        }
        primaries
    }

    /// The primary that this slot was dealt to.
    pub fn owner(&self, slot: u16) -> usize {
        (1..PRIMARIES).take_while(|n| usize::from(slot) >= SLOTS * n / PRIMARIES).count()
    }

    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub fn address(&self, n: usize) -> String {
        self.nodes[n].address()
    }

    pub fn kill(&mut self, n: usize) {
        self.nodes[n].kill();
    }

    pub fn pause(&mut self, n: usize) {
        self.nodes[n].pause();
    }

    pub fn resume(&mut self, n: usize) {
        self.nodes[n].resume();
    }
}
