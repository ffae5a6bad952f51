//! Settings differ between nodes that may take each other's place.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{DeploymentWitness, Foreign};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "settings-differ", page: page!("rules/deployment/settings-differ.md"), check: Check::Deployment(check) };

/// What decides how a node behaves once it is the primary. `save` is not among them: replicas often save for their primary.
const SETTINGS: [&str; 5] = ["maxmemory", "maxmemory_policy", "maxclients", "timeout", "hash-max-listpack-entries"];

fn check(witness: &DeploymentWitness) -> Checked {
    if witness.deployment.nodes.len() < 2 {
        return Ok(None);
    }
    // INFO shows the first of them; a node that does not even show that cannot be compared.
    for (_, server) in witness.deployment.seen() {
        server.fact("maxmemory")?;
    }
    let mut differ = Vec::new();
    for setting in SETTINGS {
        let values: BTreeMap<String, String> = witness
            .deployment
            .seen()
            // The others may be hidden, or unknown to an older version.
            .filter_map(|(node, server)| {
                Some((node.address.to_string(), Foreign::value(server.fact(setting).ok()?.1).to_string()))
            })
            .collect();
        let distinct: BTreeSet<String> = values.values().cloned().collect();
        if distinct.len() > 1 {
            for (node, value) in values {
                witness.note(&node, setting, value);
            }
            differ.push(format!("{setting} ({})", distinct.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }
    if differ.is_empty() {
        return Ok(None);
    }
    Ok(Some(
        Alarm::new(Severity::Warning, format!("the nodes differ in {}", differ.join(", ")))
            .fix(Risk::Review, "set them alike on every node (CONFIG SET, then CONFIG REWRITE), replicas first"),
    ))
}
