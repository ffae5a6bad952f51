//! Which servers, how many, where, with which settings: a pure function of what they have to bear.

mod capacity;
mod configuration;
mod demand;
mod failover;
mod keys;
mod kind;
mod layout;
mod migration;
mod page;
mod persistence;
mod refusal;

use serde::Serialize;

use super::Choice;
use crate::facts::{Count, Seconds, Share};
use configuration::Parts;
use kind::{Case, KIND};
use persistence::{PERSISTENCE, POLICY};

pub use capacity::{Line, Sizing};
pub use configuration::{File, PASSWORD, Step};
pub use demand::{Demand, HotSlot, Loss, Outage, Place, Present, Purpose};
pub use failover::Failover;
pub use keys::{Broken, Keys};
pub use kind::Kind;
pub use layout::{Layout, Member, Voter};
pub use page::{page, tables};
pub use persistence::Persistence;
pub use refusal::{Refusal, VOTERS};

/// A plan, or what stands against one.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Outcome {
    Plan(Box<Plan>),
    Refused { refusals: Vec<Refusal> },
}

/// Everything that it takes to set it up and to know when it no longer holds.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    pub kind: Kind,
    pub because: &'static str,
    /// The conditions that decided.
    pub held: Vec<String>,
    /// What would have to be true for each other kind.
    pub unless: Vec<String>,
    pub engine: String,
    pub sizing: Sizing,
    pub persistence: Persistence,
    pub persistence_because: &'static str,
    pub policy: &'static str,
    pub policy_because: &'static str,
    pub failover: Failover,
    pub layout: Layout,
    pub keys: Keys,
    pub client: Vec<(&'static str, String)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present: Option<Present>,
    pub migration: Vec<String>,
    pub mind: Vec<String>,
    pub breaks: Vec<String>,
    pub files: Vec<File>,
    pub steps: Vec<Step>,
    /// What is said when a primary is lost and nobody is elected by itself.
    pub promotion: Vec<Step>,
}

/// Plans it, or says what stands against it.
pub fn plan(demand: &Demand) -> Outcome {
    let refusals = refusal::of_wishes(demand);
    if !refusals.is_empty() {
        return Outcome::Refused { refusals };
    }
    // Every table of ours ends with an "otherwise", which its test holds.
    let Some(persistence) = PERSISTENCE.choose(demand) else { return Outcome::Refused { refusals } };
    let Some(policy) = POLICY.choose(demand) else { return Outcome::Refused { refusals } };
    let at_least = fewest_replicas(demand, Kind::Standalone);
    let case = Case { demand: demand.clone(), alone: Sizing::of(demand, 1, at_least, persistence.answer) };
    let Some(kind) = KIND.choose(&case) else { return Outcome::Refused { refusals } };
    let from = if kind.answer == Kind::Cluster { VOTERS } else { 1 };
    let sizing = Sizing::fewest(demand, from, fewest_replicas(demand, kind.answer), persistence.answer);
    if let Some(refusal) = refusal::of_size(demand, kind.answer, sizing.as_ref()) {
        return Outcome::Refused { refusals: vec![refusal] };
    }
    sizing.map_or(Outcome::Refused { refusals }, |sizing| {
        Outcome::Plan(Box::new(made(demand, &kind, sizing, &persistence, &policy)))
    })
}

/// Of each primary, before any are added for the reads.
fn fewest_replicas(demand: &Demand, kind: Kind) -> usize {
    match (kind, demand.outage) {
        (Kind::Sentinel, _) | (Kind::Standalone, Outage::Seconds) => 2,
        (Kind::Replication, _) | (Kind::Standalone, Outage::Minutes) => 1,
        (Kind::Cluster | Kind::Managed, Outage::Seconds | Outage::Minutes) => 1,
        (_, Outage::Hours) => 0,
    }
}

fn made(
    demand: &Demand,
    kind: &Choice<Kind>,
    sizing: Sizing,
    persistence: &Choice<Persistence>,
    policy: &Choice<&'static str>,
) -> Plan {
    let failover = Failover::of(demand, kind.answer, sizing.replicas);
    let layout = Layout::of(demand, kind.answer, &sizing);
    let asked = demand.policy.filter(|asked| *asked != policy.answer);
    let chosen = asked.unwrap_or(policy.answer);
    let parts = Parts {
        demand,
        kind: kind.answer,
        sizing: &sizing,
        persistence: persistence.answer,
        policy: chosen,
        failover: &failover,
        layout: &layout,
    };
    let (files, steps) = if kind.answer == Kind::Managed { Default::default() } else { (parts.files(), parts.steps()) };
    let promotion = parts.promotion();
    Plan {
        kind: kind.answer,
        because: kind.because,
        held: kind.held.clone(),
        unless: kind
            .unless
            .iter()
            .map(|other| format!("{} when {}", other.answer, other.lacks.join(", and ")))
            .collect(),
        engine: demand.engine.to_string(),
        persistence: persistence.answer,
        persistence_because: persistence.because,
        policy: chosen,
        policy_because: if asked.is_some() { "it was asked for" } else { policy.because },
        keys: Keys::of(demand, kind.answer, &sizing),
        client: migration::client(kind.answer, &failover),
        present: demand.present.clone(),
        migration: migration::steps(demand, kind.answer),
        mind: mind(demand, kind.answer, &sizing, persistence.answer),
        breaks: sizing.breaks(demand),
        failover,
        layout,
        files,
        steps,
        promotion,
        sizing,
    }
}

/// What goes wrong with such a plan when nobody thinks of it.
fn mind(demand: &Demand, kind: Kind, sizing: &Sizing, persistence: Persistence) -> Vec<String> {
    let mut mind = Vec::new();
    let each = (demand.reads + demand.writes) / sizing.shards as f64;
    let small = capacity::SMALL_CORE * capacity::BUSY;
    if demand.measured.is_none() && !demand.pipelined && each > small {
        mind.push(format!(
            "{}/s without pipelining is more than a small virtual machine does well ({}/s of {}/s measured): run redis-benchmark on the machine that is meant, and give its figure (ops_per_core)",
            Count(each as u64),
            Count(small as u64),
            Count(capacity::SMALL_CORE as u64)
        ));
    }
    if persistence == Persistence::Nothing && sizing.replicas > 0 {
        mind.push("a primary that restarts empty before a failover has its replicas copy the emptiness: let no supervisor restart it within the time of a failover, or switch the append-only file on".into());
    }
    if persistence == Persistence::Nothing && sizing.replicas == 0 {
        mind.push(format!(
            "a restart is a cold cache: up to {}/s of reads go to the origin at first; bound them in the client",
            Count(demand.reads as u64)
        ));
    }
    if kind == Kind::Replication {
        mind.push("a replica that is promoted by hand does not stop the old primary: shut that off first, or both take writes".into());
    }
    if demand.stale_reads && sizing.replicas > 0 {
        mind.push("a read from a replica may be older than a write that was acknowledged: read your own writes from the primary".into());
    }
    if let Some(skew) = demand.present.as_ref().and_then(|present| present.skew.clone()) {
        mind.push(format!(
            "{skew}: equal shards would not share this load equally, so find the keys first (audit_memory)"
        ));
    }
    if demand.growth > 0.0 {
        let room = (1.0 / sizing.memory).ln() / (1.0 + demand.growth).ln();
        if room.is_finite() {
            let seconds = Seconds(((1.0 + room.max(0.0)) * 365.25 * 86_400.0) as u64);
            mind.push(format!("at {} growth a year the memory is full in {seconds}", Share(demand.growth)));
        }
    }
    mind.push("Transparent Huge Pages off or madvise, vm.overcommit_memory 1, no swap, the same settings on all servers: each may become the primary".into());
    mind
}
