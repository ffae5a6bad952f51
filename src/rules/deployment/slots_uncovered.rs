//! Slots that no living primary serves.

use crate::facts::{Count, DeploymentWitness, SLOTS, Share};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "slots-uncovered", page: page!("rules/deployment/slots-uncovered.md"), check: Check::Deployment(check) };

fn check(witness: &DeploymentWitness) -> Checked {
    // Only a Cluster has slots.
    let Some(uncovered) = witness.deployment.uncovered_slots else { return Ok(None) };
    witness.note("CLUSTER NODES", "slots without a living primary", Count(uncovered));
    if uncovered == 0 {
        return Ok(None);
    }
    let share = Share::of(uncovered, SLOTS);
    let says = format!("{} of {} slots ({share}) have no living primary", Count(uncovered), Count(SLOTS));
    Ok(Some(
        Alarm::new(Severity::Critical, says)
            .fix(Risk::Safe, "redis-cli --cluster check HOST:PORT names the slots and their last owners")
            .fix(Risk::Review, "start the primary that owned them, or CLUSTER FAILOVER TAKEOVER on its replica")
            .fix(Risk::Disruptive, "redis-cli --cluster fix HOST:PORT, if their data is lost anyway"),
    ))
}
