//! Which nodes to read: every shard once, a replica in good health before its primary.

use anyhow::{Result, bail};

use crate::facts::{Database, Deployment, DeploymentKind, Foreign, Node, Role, Server};
use crate::probe::{Source, Target};

/// A replica that has heard nothing of its primary for so many seconds is behind.
const FRESH: f64 = 10.0;

/// What to read, and what has to be left out.
#[derive(Debug)]
pub struct Choice {
    pub sources: Vec<Source>,
    /// Primaries whose keys nobody can tell us, with the reason.
    pub unread: Vec<(Foreign, String)>,
}

pub fn choose(target: &Target, deployment: &Deployment, primary: bool, databases: &[u32]) -> Result<Choice> {
    let mut choice = Choice { sources: Vec::new(), unread: Vec::new() };
    let shards = deployment.nodes.iter().enumerate().filter(|(_, node)| node.role == Role::Primary);
    let mut shards: Vec<(usize, &Node)> = shards.collect();
    // A replica that is looked at alone, or whose primary is unknown, has to do.
    if shards.is_empty() {
        shards = deployment.nodes.iter().enumerate().take(1).collect();
    }
    for (n, shard) in shards {
        let replica = if primary { None } else { replica_of(deployment, shard) };
        let (n, node) = replica.unwrap_or((n, shard));
        match &node.server {
            Ok(server) => choice.sources.push(source(target, n, node, server, databases)?),
            Err(why) => choice.unread.push((shard.address.clone(), why.clone())),
        }
    }
    if choice.sources.is_empty() {
        let (node, why) = choice.unread.into_iter().next().unwrap_or((Foreign::ours("it"), "it has no nodes".into()));
        bail!("no node of {target} could be read. {node}: {why}");
    }
    Ok(choice)
}

/// A replica of this primary that has all its data now.
fn replica_of<'a>(deployment: &'a Deployment, primary: &Node) -> Option<(usize, &'a Node)> {
    deployment.nodes.iter().enumerate().filter(|(_, node)| node.role == Role::Replica).find(|(_, node)| {
        let Some(info) = node.server.as_ref().ok().and_then(|server| server.info.as_ref().ok()) else { return false };
        let of = match (info.get("master_host"), info.get("master_port")) {
            (Some(host), Some(port)) if host.contains(':') => format!("[{host}]:{port}"),
            (Some(host), Some(port)) => format!("{host}:{port}"),
            _ => return false,
        };
        let whose = deployment.kind != DeploymentKind::Cluster || primary.address == *of;
        let fresh = info.number("master_last_io_seconds_ago").is_some_and(|seconds| seconds <= FRESH);
        whose && fresh && info.get("master_link_status") == Some("up") && info.get("loading") != Some("1")
    })
}

fn source(target: &Target, n: usize, node: &Node, server: &Server, wanted: &[u32]) -> Result<Source> {
    let info = server.info.as_ref().map_err(|missing| anyhow::anyhow!("{}: {missing}", node.address))?;
    let mut databases: Vec<(u32, u64)> = Database::all(info)
        .into_iter()
        .filter(|database| wanted.is_empty() || wanted.contains(&database.index))
        .map(|database| (database.index, database.keys))
        .collect();
    databases.sort_unstable();
    let clustered = info.get("cluster_enabled") == Some("1");
    // Redis from 7.4 and Valkey from 8.0 keep the keys of a Cluster in a table for each slot.
    let by_slot = clustered && server.engine().is_some_and(|engine| engine.at_least((7, 4), (8, 0)));
    let modules = info.get("module").is_some();
    let lfu = server.fact("maxmemory_policy").is_ok_and(|(_, policy)| policy.contains("lfu"));
    Ok(Source { node: n, endpoint: target.at_node(&node.address)?, databases, lfu, modules, clustered, by_slot })
}
