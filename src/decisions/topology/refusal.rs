//! Wishes that no topology of Redis grants, and wishes that contradict each other: the conflict, and the options.

use serde::Serialize;

use super::capacity::Sizing;
use super::demand::{Demand, Loss, Outage, Purpose};
use super::kind::Kind;
use crate::decisions::refusals::refusal;
use crate::facts::{Count, Share};

/// The fewest voters of which one may be lost.
pub const VOTERS: usize = 3;

/// What was asked, why it is refused, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    pub id: &'static str,
    pub asked: String,
    pub because: String,
    pub instead: Vec<String>,
}

impl Refusal {
    fn new(id: &'static str, asked: impl Into<String>, because: impl Into<String>, instead: &[&str]) -> Self {
        let instead = instead.iter().map(|option| (*option).to_owned()).collect();
        Self { id, asked: asked.into(), because: because.into(), instead }
    }
}

/// The reason on the page of all refusals: other tools refuse the same wish.
fn shared(id: &str) -> String {
    refusal(id).map(|refusal| refusal.because()).unwrap_or_default()
}

/// What can be refused before anything is sized.
pub fn of_wishes(demand: &Demand) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    if demand.loss == Loss::Nothing {
        refusals.push(Refusal::new(
            "zero-loss",
            "no acknowledged write may be lost",
            "a primary of Redis or Valkey acknowledges a write before its replicas have it, so that a failover can lose it; \
             WAIT tells that copies exist, but a replica without them can still be promoted",
            &[
                "keep the truth in a database with a consensus log, and make it again here from there (loss: everything)",
                "use a service with a durable log of many zones, such as Amazon MemoryDB (hosting: memorydb, loss: second)",
                "accept about a second (loss: second), narrow it by WAIT and WAITAOF, and make writers repeat safely",
            ],
        ));
    }
    if demand.zones == 2 && demand.outage == Outage::Seconds && demand.managed.is_none() {
        refusals.push(Refusal::new(
            "two-zones",
            "failover by itself over two zones",
            shared("two-zones"),
            &[
                "put one small voter into a third zone: a Sentinel needs no data (zones: 3)",
                "stay in one zone and say so (zones: 1)",
                "let a person fail over (outage: minutes)",
                "take a managed service, whose voters are elsewhere (hosting)",
            ],
        ));
    }
    let keeps = matches!(demand.purpose, Purpose::Lock | Purpose::Queue | Purpose::Store);
    if let Some(policy) = demand.policy.filter(|policy| keeps && policy.starts_with("allkeys-")) {
        refusals.push(Refusal::new(
            "evictable-queue",
            format!("maxmemory-policy {policy} where locks, queues or the only copy live"),
            shared("evictable-queue"),
            &[
                "noeviction, with an alert at 80 % of maxmemory",
                "a server of its own for the cache, with allkeys-lru there",
            ],
        ));
    }
    if let Some(nodes) =
        demand.nodes.filter(|nodes| *nodes < VOTERS && demand.outage == Outage::Seconds && demand.managed.is_none())
    {
        refusals.push(Refusal::new(
            "too-few-voters",
            format!("failover by itself with {nodes} servers"),
            "two of three voters have to agree that the primary is gone; with fewer servers than three the loss of one can \
             leave no majority, or two primaries",
            &[
                "a third server, however small: a Sentinel alone needs 64 MB (nodes: 3)",
                "let a person fail over (outage: minutes)",
                "take a managed service (hosting)",
            ],
        ));
    }
    let busiest = demand.largest_tag * demand.load(true);
    if busiest > 1.0 {
        refusals.push(Refusal::new(
            "hot-tag",
            format!("{} of the load under one hash tag", Share(demand.largest_tag)),
            format!(
                "a hash tag is one slot, a slot is one core, and this one would need {:.1} of what a primary bears ({}/s)",
                busiest,
                Count(demand.bears() as u64)
            ),
            &["split the tag: {tenant:bucket} with as many buckets as that", "fewer commands: pipelines, larger values, a cache in the client"],
        ));
    }
    refusals
}

/// What is refused once it is known how many servers it takes; `None` where no number of shards bears it.
pub fn of_size(demand: &Demand, kind: Kind, sizing: Option<&Sizing>) -> Option<Refusal> {
    let Some(sizing) = sizing else {
        return Some(Refusal::new(
            "never-fits",
            format!("{} on servers with {} RAM", demand.data_in_a_year(), demand.ram),
            "no number of shards up to 500 bears it: after the system, buffers and copies during a fork too little memory is \
             left on each server, or the load is too much for each",
            &[
                "servers with more RAM (ram_gb)",
                "less data: TTLs, smaller values, an audit (audit_memory)",
                "fewer writes on each server",
            ],
        ));
    };
    let needed = sizing.nodes();
    let nodes = demand.nodes.filter(|nodes| *nodes < needed && kind != Kind::Managed)?;
    Some(Refusal::new(
        "budget",
        format!("{nodes} servers for what takes {needed}"),
        format!(
            "{kind} takes {} primaries with {} replicas each: {needed} servers with {} RAM",
            sizing.shards, sizing.replicas, demand.ram
        ),
        &[
            "more servers (nodes)",
            "servers with more RAM (ram_gb)",
            "a longer outage (outage: hours needs no replicas)",
            "less data or load",
        ],
    ))
}
