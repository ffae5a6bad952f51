//! The nodes of a Cluster, as one of them tells it.

use super::Plan;
use crate::facts::{ClusterNode, DeploymentKind, Role, SLOTS};
use crate::probe::link::Link;
use crate::probe::{Address, Ask, Trouble, reply};

/// `None` when the node may not be asked, or knows of nobody.
pub async fn plan(link: &mut Link, asked: &Address) -> Result<Option<Plan>, Trouble> {
    let answer = link.ask(&[Ask::ClusterNodes]).await?.pop();
    let text = answer.and_then(Result::ok).and_then(|value| reply::text(&value)).unwrap_or_default();
    let mut nodes = ClusterNode::all(&text);
    // One that failed and was replaced is a member still: it is gone, though nobody misses its slots.
    nodes.sort_by_key(|node| (node.role, node.host.clone(), node.port));
    let covered: u64 = nodes.iter().filter(|node| !node.gone).map(|node| node.slots).sum();
    let places = nodes.iter().map(|node| (address(node, asked), node.role)).collect::<Vec<(Address, Role)>>();
    Ok((!places.is_empty()).then(|| Plan {
        uncovered_slots: Some(SLOTS.saturating_sub(covered)),
        slots: nodes.iter().map(|node| (address(node, asked), node.slots)).collect(),
        ..Plan::of(DeploymentKind::Cluster, places)
    }))
}

/// A node that does not know its own host is the one we asked.
fn address(node: &ClusterNode, asked: &Address) -> Address {
    match (node.host.as_str(), asked) {
        ("", Address::Tcp(host, _)) => Address::Tcp(host.clone(), node.port),
        ("", Address::Unix(_)) => asked.clone(),
        (host, _) => Address::Tcp(host.to_owned(), node.port),
    }
}
