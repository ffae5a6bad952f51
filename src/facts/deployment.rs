//! Servers that belong together, and what binds them: a primary and its replicas, Sentinels, a Cluster.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::witness::Record;
use super::{Cost, Evidence, Foreign, Provider, Server};

/// How the servers belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Standalone,
    Replication,
    Sentinel,
    Cluster,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standalone => "a single server",
            Self::Replication => "a primary with replicas",
            Self::Sentinel => "a primary with replicas, watched by Sentinels",
            Self::Cluster => "a Cluster",
        })
    }
}

/// What a node does, as its deployment tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Primary,
    Replica,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Self::Primary { "primary" } else { "replica" })
    }
}

/// One server, seen or not.
#[derive(Debug, Clone)]
pub struct Node {
    /// As the deployment announces it, or as it was given.
    pub address: Foreign,
    pub role: Role,
    /// How many slots it serves, or served until it died; only in a Cluster.
    pub slots: Option<u64>,
    /// What we saw, or why we could not look.
    pub server: Result<Server, String>,
}

/// What one Sentinel says of the primary that it watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sentinel {
    pub address: Foreign,
    /// What it says, or why it said nothing.
    pub view: Result<View, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct View {
    pub primary: Foreign,
    /// `s_down`, `o_down`, `master`, ...
    pub flags: Foreign,
    pub quorum: u64,
    pub other_sentinels: u64,
    pub replicas: Vec<Foreign>,
    /// What `SENTINEL CKQUORUM` objects to.
    pub objection: Option<String>,
}

/// Everything that one target stands for.
#[derive(Debug, Clone)]
pub struct Deployment {
    pub kind: Kind,
    pub nodes: Vec<Node>,
    pub sentinels: Vec<Sentinel>,
    /// Slots that no living primary serves; only in a Cluster.
    pub uncovered_slots: Option<u64>,
    /// The target was asked for with TLS and without a check of certificates.
    pub unverified_tls: bool,
    /// What finding the nodes took.
    pub cost: Cost,
}

impl Deployment {
    /// Who runs the nodes, where somebody said so.
    pub fn run_by(&mut self, provider: Option<Provider>) {
        for node in &mut self.nodes {
            if let Ok(server) = &mut node.server {
                server.provider = provider;
            }
        }
    }

    /// The nodes we saw.
    pub fn seen(&self) -> impl Iterator<Item = (&Node, &Server)> {
        self.nodes.iter().filter_map(|node| Some((node, node.server.as_ref().ok()?)))
    }
}

/// Answers about a whole deployment, for one rule.
#[derive(Debug)]
pub struct DeploymentWitness<'a> {
    pub deployment: &'a Deployment,
    said: Record,
}

impl<'a> DeploymentWitness<'a> {
    pub fn new(deployment: &'a Deployment) -> Self {
        Self { deployment, said: Record::default() }
    }

    /// Puts a fact on record. `about` is a node, a Sentinel, or the command that told of all.
    pub fn note(&self, about: &str, fact: &str, value: impl fmt::Display) {
        self.said.note(about, fact, value);
    }

    pub fn into_evidence(self) -> Vec<Evidence> {
        self.said.into_evidence()
    }
}

/// A line of CLUSTER NODES: who, where, what, and which slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterNode {
    /// Empty when a node does not know its own host yet.
    pub host: String,
    pub port: u16,
    pub role: Role,
    /// Failed, or never met properly.
    pub gone: bool,
    pub slots: u64,
}

/// All slots of a Cluster.
pub const SLOTS: u64 = 16_384;

impl ClusterNode {
    pub fn all(text: &str) -> Vec<Self> {
        text.lines().filter_map(Self::parse).collect()
    }

    /// `id host:port@bus[,hostname] flags primary ping pong epoch link slot ...`
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let place = words.nth(1)?;
        let flags: BTreeSet<&str> = words.next()?.split(',').collect();
        let (host, port) = place.split(['@', ',']).next()?.rsplit_once(':')?;
        let hostname = place.split(',').nth(1).filter(|name| !name.is_empty() && !name.contains('='));
        let ranges = words.skip(5).filter(|range| !range.starts_with('['));
        Some(Self {
            // A name is announced for those who cannot use the address.
            host: hostname.unwrap_or(host).to_owned(),
            port: port.parse().ok()?,
            role: if flags.contains("master") { Role::Primary } else { Role::Replica },
            gone: ["fail", "noaddr", "handshake"].iter().any(|flag| flags.contains(flag)),
            slots: ranges.filter_map(slots_in).sum(),
        })
    }
}

/// `5461-10922` or `7`.
fn slots_in(range: &str) -> Option<u64> {
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    let (from, to): (u64, u64) = (from.parse().ok()?, to.parse().ok()?);
    Some((to + 1).saturating_sub(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: &str = "\
07c37d 10.0.0.1:7000@17000 myself,master - 0 0 1 connected 0-5460 [93-<-67ed2d]
67ed2d 10.0.0.2:7001@17001,b.example master - 0 1426238316232 2 connected 5461-10922 11000
292f8b 10.0.0.3:7002@17002,,tls-port=0,shard-id=a slave 67ed2d 0 1426238318243 3 connected
6ec239 :7003@17003 master,fail - 0 1426238317239 4 disconnected 10923-16383
";

    #[test]
    fn a_cluster_tells_of_its_nodes() {
        let nodes = ClusterNode::all(NODES);
        let shown: Vec<(&str, u16, Role, bool, u64)> =
            nodes.iter().map(|node| (node.host.as_str(), node.port, node.role, node.gone, node.slots)).collect();
        assert_eq!(
            shown,
            [
                ("10.0.0.1", 7000, Role::Primary, false, 5461),
                ("b.example", 7001, Role::Primary, false, 5463),
                ("10.0.0.3", 7002, Role::Replica, false, 0),
                ("", 7003, Role::Primary, true, 5461),
            ]
        );
        assert_eq!(ClusterNode::all("nonsense\n\na b c"), []);
    }
}
