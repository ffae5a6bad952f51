//! A node is dead, or announces an address that leads nowhere from here.

use crate::facts::{DeploymentWitness, Role};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "node-unseen", page: page!("rules/deployment/node-unseen.md"), check: Check::Deployment(check) };

fn check(witness: &DeploymentWitness) -> Checked {
    let nodes = &witness.deployment.nodes;
    let unseen: Vec<_> = nodes.iter().filter_map(|node| Some((node, node.server.as_ref().err()?))).collect();
    for (node, why) in &unseen {
        witness.note(&node.address.to_string(), node.role.to_string().as_str(), why);
    }
    if unseen.is_empty() {
        return Ok(None);
    }
    let is_primary = unseen.iter().any(|(node, _)| node.role == Role::Primary);
    let severity = if is_primary { Severity::Critical } else { Severity::Warning };
    let names: Vec<String> = unseen.iter().map(|(node, _)| format!("{} ({})", node.address, node.role)).collect();
    let says = format!(
        "{} of {} nodes could not be looked at: {}; this report is partial",
        unseen.len(),
        nodes.len(),
        names.join(", ")
    );
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Safe, "if the node is dead: start it, and read its log for why it ended")
            .fix(
                Risk::Safe,
                "if its address is one of another network: map it below [targets.NAME.addresses] in godmode-redis.toml, \
                 as \"announced:port\" = \"reachable:port\"",
            ),
    ))
}
