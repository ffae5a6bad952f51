//! Nodes of one deployment run different versions.

use std::collections::BTreeSet;

use crate::facts::{DeploymentWitness, Missing};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "versions-mixed", page: page!("rules/deployment/versions-mixed.md"), check: Check::Deployment(check) };

fn check(witness: &DeploymentWitness) -> Checked {
    let mut versions = BTreeSet::new();
    if witness.deployment.nodes.len() < 2 {
        return Ok(None);
    }
    for (node, server) in witness.deployment.seen() {
        let unknown = || Missing::new(format!("version of {}", node.address), "INFO does not show it");
        let engine = server.engine().ok_or_else(unknown)?;
        witness.note(&node.address.to_string(), "engine", &engine);
        versions.insert(engine.to_string());
    }
    if versions.len() < 2 {
        return Ok(None);
    }
    let named = versions.into_iter().collect::<Vec<_>>().join(" and ");
    Ok(Some(Alarm::new(Severity::Warning, format!("the nodes run different versions: {named}")).fix(
        Risk::Review,
        "bring all to the newest of them, replicas first, then fail over and upgrade the old primary",
    )))
}
