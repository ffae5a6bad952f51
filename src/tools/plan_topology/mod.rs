//! A topology for a load: how many servers, where, with which files; or what stands against it.

mod document;
mod growth;
mod input;
mod present;
mod reading;

use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::{Report, Tool, Watch};
use crate::decisions::topology::{Demand, Outcome, plan};
use crate::facts::Bytes;
use crate::print::Document;
use crate::probe::{Ask, Target, Wishes, look_asks, survey};
use crate::rules::Severity;
use growth::Earlier;
use input::Input;
use present::Said;

/// Plans servers for a load.
#[derive(Debug)]
pub struct PlanTopology;

/// How long the target may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(15);

/// The demand as it was understood, and what follows from it.
#[derive(Debug, Serialize)]
pub struct Answer {
    demand: Demand,
    /// What was taken from the words, and from which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    from_words: Vec<String>,
    #[serde(flatten)]
    outcome: Outcome,
}

impl Report for Answer {
    fn document(&self) -> Document {
        document::of(&self.demand, &self.from_words, &self.outcome)
    }

    fn worst(&self) -> Option<Severity> {
        matches!(self.outcome, Outcome::Refused { .. }).then_some(Severity::Critical)
    }

    fn saw_nothing(&self) -> bool {
        false
    }
}

impl Tool for PlanTopology {
    const NAME: &'static str = "plan_topology";
    const VERB: &'static str = "topology";
    const TITLE: &'static str = "Plan servers: standalone, replication, Sentinel, Cluster or managed";
    const ABOUT: &'static str = "Answers data size, load and goals, in words or fields, with a topology of Redis or Valkey: \
        standalone, replication, Sentinel, Cluster or a managed service, shards and replicas with the arithmetic, memory of \
        each server with headroom, expected failover time and loss of writes, quorum and zones, hash tags and the commands \
        that break, persistence, client settings, migration, every server's configuration file; and what load breaks it. \
        With probe it begins with the deployment that is there. What cannot hold (no loss at all, two zones for a quorum, \
        allkeys-* under locks) is refused with the reason and the options.";
    type Input = Input;
    type Report = Answer;

    fn asks() -> Vec<Ask> {
        look_asks()
    }

    async fn run(target: &Target, input: Input, _watch: &Watch) -> Result<Answer> {
        let (input, from_words) = reading::read(input)?;
        let mut demand = input.demand()?;
        if input.probe {
            // Told before the target is waited for.
            let saved = input.earlier.as_deref().map(growth::saved).transpose()?.map(Earlier::At);
            let wishes = Wishes { interval: Duration::from_secs_f64(input.interval), pings: 0, deadline: PATIENCE };
            let deployment = survey(target, &wishes, false).await?;
            let said = Said { engine: !input.engine.is_empty(), earlier: saved.or_else(|| input.ago()) };
            present::fill(&mut demand, &deployment, said)?;
        }
        ensure!(
            input.probe || demand.data > Bytes(0),
            "say how much data it is to hold (data_gb: 20, or \"20 GB\"), or take it from the target (probe)"
        );
        let outcome = plan(&demand);
        Ok(Answer { demand, from_words, outcome })
    }
}
