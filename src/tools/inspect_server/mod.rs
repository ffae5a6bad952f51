//! One look at a live server: what it is, how it does, what is wrong, what we could not see.

mod document;
mod overview;
mod stop;

use std::time::Duration;

use anyhow::{Result, bail};
use clap::builder::PossibleValuesParser;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::{Report, Tool, Watch};
use crate::facts::{Cost, Deployment, DeploymentKind, Foreign, Node, Provider, Role, Sentinel};
use crate::print::Document;
use crate::probe::{Ask, Target, Wishes, look_asks, survey};
use crate::rules::{self, Check, Rule, Severity, TOPICS, Verdict};

use overview::Overview;
use stop::StopCondition;

/// Looks at a live server and judges it.
#[derive(Debug)]
pub struct InspectServer;

/// How to look.
#[derive(Debug, Clone, Deserialize, JsonSchema, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// Seconds between the two looks that turn counters into rates, 0 to 300. 0 looks once and knows no rates; 30 sees
    /// rarer events.
    #[arg(long, default_value_t = 1.0, value_name = "SECONDS")]
    #[schemars(range(min = 0, max = 300))]
    pub interval: f64,

    /// How many PINGs measure the round trip, 0 to 10000.
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    #[schemars(range(min = 0, max = 10000))]
    pub pings: u32,

    /// Seconds to wait for the server in all, the interval not counted, 1 to 300. Connecting takes 5 of them at most.
    #[arg(long, default_value_t = 15.0, value_name = "SECONDS")]
    #[schemars(range(min = 1, max = 300))]
    pub deadline: f64,

    /// Judge only these topics. All of them when empty.
    #[arg(long = "topic", value_delimiter = ',', value_name = "TOPIC", value_parser = PossibleValuesParser::new(topic_ids()))]
    #[schemars(schema_with = "topics_schema")]
    pub topics: Vec<String>,

    /// Look only at the server that is named, not at the other nodes of its deployment.
    #[arg(long)]
    pub alone: bool,

    /// Who runs the server, where it does not show it itself: memorystore, elasticache, elasticache-serverless, memorydb,
    /// azure-cache, azure-managed-redis, redis-cloud, redis-enterprise, upstash, aiven, container, self-managed. Fixes are
    /// then given in the ways of that service. Found out when empty.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    pub hosting: String,
}

/// The schema and the command line take what the rules have, so that neither can name another topic.
fn topic_ids() -> Vec<&'static str> {
    // What is said of keys needs an audit.
    let looks = |rule: &Rule| !matches!(rule.check, Check::Keys(_));
    TOPICS.iter().filter(|topic| topic.rules.iter().any(looks)).map(|topic| topic.id).collect()
}

fn topics_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": { "type": "string", "enum": topic_ids() } })
}

impl Default for Input {
    fn default() -> Self {
        Self { interval: 1.0, pings: 100, deadline: 15.0, topics: Vec::new(), alone: false, hosting: String::new() }
    }
}

impl Input {
    fn wishes(&self) -> Result<Wishes> {
        if !(0.0..=300.0).contains(&self.interval) {
            bail!("interval is {} but must be from 0 to 300 seconds", self.interval);
        }
        if !(1.0..=300.0).contains(&self.deadline) {
            bail!("deadline is {} but must be from 1 to 300 seconds", self.deadline);
        }
        if self.pings > 10_000 {
            bail!("pings is {} but must be from 0 to 10000", self.pings);
        }
        let known = topic_ids();
        if let Some(unknown) = self.topics.iter().find(|topic| !known.contains(&topic.as_str())) {
            let unknown = crate::facts::foreign::bounded(unknown, 40);
            bail!("there is no topic {unknown:?}; the topics are {}", known.join(", "));
        }
        self.provider()?;
        Ok(Wishes {
            interval: Duration::from_secs_f64(self.interval),
            pings: self.pings,
            deadline: Duration::from_secs_f64(self.deadline),
        })
    }
}

impl Input {
    /// Who runs the server, if that was said.
    fn provider(&self) -> Result<Option<Provider>> {
        Provider::said(&self.hosting).map_err(anyhow::Error::msg)
    }
}

/// What we saw and what we make of it.
#[derive(Debug, Serialize)]
pub struct Inspection {
    /// Addresses and user; never the password.
    target: String,
    deployment: DeploymentKind,
    nodes: Vec<NodeReport>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sentinels: Vec<Sentinel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uncovered_slots: Option<u64>,
    #[serde(flatten)]
    verdict: Verdict,
    stop_conditions: Vec<StopCondition>,
    cost: Cost,
}

/// One node: what it is and how it does, or why we could not look.
#[derive(Debug, Serialize)]
struct NodeReport {
    address: Foreign,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    overview: Option<Overview>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

impl NodeReport {
    fn of(node: &Node) -> Self {
        Self {
            address: node.address.clone(),
            role: node.role,
            overview: node.server.as_ref().ok().map(Overview::of),
            trouble: node.server.as_ref().err().cloned(),
        }
    }
}

impl Inspection {
    fn of(target: &Target, deployment: Deployment, topics: &[String]) -> Self {
        Self {
            target: target.to_string(),
            deployment: deployment.kind,
            nodes: deployment.nodes.iter().map(NodeReport::of).collect(),
            verdict: rules::judge(&deployment, topics),
            stop_conditions: stop::conditions(&deployment),
            cost: deployment.seen().fold(deployment.cost, |cost, (_, server)| cost + server.cost),
            sentinels: deployment.sentinels,
            uncovered_slots: deployment.uncovered_slots,
        }
    }
}

impl Report for Inspection {
    fn document(&self) -> Document {
        document::of(self)
    }

    fn worst(&self) -> Option<Severity> {
        self.verdict.worst()
    }

    /// Without INFO of any node there is no verdict.
    fn saw_nothing(&self) -> bool {
        !self.nodes.iter().filter_map(|node| node.overview.as_ref()).any(|overview| overview.engine.is_ok())
    }
}

impl Tool for InspectServer {
    const NAME: &'static str = "inspect_server";
    const VERB: &'static str = "inspect";
    const TITLE: &'static str = "Inspect a Redis or Valkey server";
    const ABOUT: &'static str = "Looks at the live Redis or Valkey deployment (one server, primary and replicas, \
        Sentinel, Cluster), read-only, and says what is wrong with it: memory and eviction, hit ratio, latency and slow \
        commands, clients, persistence, replication, security, configuration. Each finding carries its evidence, fix \
        commands with their risk, how to verify, and what the fix could break; what could not be seen is listed as not \
        checked. Use it first for any question about a running server: slow, full, evicting, failing, unsafe, or before \
        a change.";
    type Input = Input;
    type Report = Inspection;

    fn asks() -> Vec<Ask> {
        look_asks()
    }

    async fn run(target: &Target, input: Input, _watch: &Watch) -> Result<Inspection> {
        let provider = input.provider()?;
        let mut deployment = survey(target, &input.wishes()?, input.alone).await?;
        deployment.run_by(provider);
        Ok(Inspection::of(target, deployment, &input.topics))
    }
}
