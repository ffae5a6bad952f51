//! Which server stands in which zone, and what would be left when a zone is lost.

use serde::Serialize;

use super::capacity::Sizing;
use super::demand::{Demand, Place};
use super::kind::Kind;
use super::refusal::VOTERS;
use crate::facts::{Kind as EngineKind, SLOTS};

/// Under this name the Sentinels watch the primary and clients ask for it.
pub const GROUP: &str = "mymaster";
const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// A server with data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// `redis-1`: of its file and its folder.
    pub name: String,
    pub place: Place,
    /// From 1.
    pub zone: usize,
    /// From 1.
    pub shard: usize,
    /// The server that it copies at first, from 0; none for a primary.
    pub copies: Option<usize>,
    /// First and last, of a primary in a Cluster.
    pub slots: Option<(u64, u64)>,
}

/// A Sentinel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Voter {
    pub name: String,
    pub place: Place,
    pub zone: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layout {
    pub members: Vec<Member>,
    pub voters: Vec<Voter>,
    /// How many Sentinels have to agree that the primary is gone.
    pub quorum: usize,
    /// What the loss of a zone leaves.
    pub says: String,
}

impl Layout {
    pub fn of(demand: &Demand, kind: Kind, sizing: &Sizing) -> Self {
        let zones = demand.zones.max(1);
        let engine = if demand.engine.kind == EngineKind::Valkey { "valkey" } else { "redis" };
        let place = |n: usize| {
            let named = || Place { host: format!("HOST_{}", n + 1), port: PORT };
            demand.places.get(n).cloned().unwrap_or_else(named)
        };
        let member = |n: usize| {
            let (shard, copy) = (n % sizing.shards, n / sizing.shards);
            let bounds = |shard: usize| SLOTS * shard as u64 / sizing.shards as u64;
            Member {
                name: format!("{engine}-{}", n + 1),
                place: place(n),
                // The copies of a shard follow it into the next zones.
                zone: (shard + copy) % zones + 1,
                shard: shard + 1,
                copies: (copy > 0).then_some(shard),
                slots: (kind == Kind::Cluster && copy == 0).then(|| (bounds(shard), bounds(shard + 1) - 1)),
            }
        };
        let voter = |n: usize| Voter {
            name: format!("sentinel-{}", n + 1),
            place: demand
                .sentinel_places
                .get(n)
                .cloned()
                .unwrap_or_else(|| Place { host: place(n).host, port: SENTINEL_PORT }),
            zone: n % zones + 1,
        };
        let voters = if kind == Kind::Sentinel { VOTERS } else { 0 };
        Self {
            members: (0..sizing.nodes()).map(member).collect(),
            voters: (0..voters).map(voter).collect(),
            quorum: voters / 2 + usize::from(voters > 0),
            says: says(demand, kind, sizing),
        }
    }

    /// The server that this one copies.
    pub fn source(&self, member: &Member) -> Option<&Member> {
        self.members.get(member.copies?)
    }
}

fn says(demand: &Demand, kind: Kind, sizing: &Sizing) -> String {
    if sizing.nodes() == 1 {
        return "one server: the loss of its machine or zone is an outage".to_owned();
    }
    if demand.zones < 2 {
        return "all in one zone: the loss of a machine is survived, the loss of the zone is not; put each on a machine of its own".to_owned();
    }
    match kind {
        Kind::Sentinel => format!(
            "a Sentinel in each of three zones, quorum 2: the loss of any zone leaves two of three voters and {} of {} servers",
            sizing.nodes() - sizing.nodes().div_ceil(demand.zones),
            sizing.nodes()
        ),
        Kind::Cluster if demand.zones >= 3 => {
            let most = sizing.shards.div_ceil(demand.zones);
            let copies = match sizing.replicas {
                0 => "and nothing has a copy of its slots elsewhere",
                _ => "and each lost primary has a replica in another zone",
            };
            format!("at most {most} of {} primaries in a zone: the loss of any zone leaves a majority of {}, {copies}", sizing.shards, sizing.shards - most)
        }
        Kind::Cluster => "one zone holds most of the primaries: when it is lost nobody is elected, and a person has to use CLUSTER FAILOVER TAKEOVER".to_owned(),
        _ => "the primary and its replicas stand in different zones".to_owned(),
    }
}
