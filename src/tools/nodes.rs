//! Which nodes to read: every shard once, a replica in good health before its primary; and how their keys are laid out.

use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use tokio::task::JoinSet;

use crate::census::layout;
use crate::facts::{Database, Deployment, DeploymentKind, Foreign, Node, Role, Server};
use crate::footprint::Layout;
use crate::probe::{Endpoint, Source, Target, indexes, quantum};

/// A replica that has heard nothing of its primary for so many seconds is behind.
const FRESH: f64 = 10.0;
/// So much of a server's run id tells its process from any other.
const RUN_ID: usize = 12;

/// What a reading wants.
#[derive(Debug, Default)]
pub struct Wanted<'a> {
    /// Primaries, even where a replica could be read.
    pub primary: bool,
    /// Only these logical databases; all when empty.
    pub databases: &'a [u32],
    /// Only these processes, where a reading goes on: a cursor means nothing to another, not even to the next one at the
    /// same address, since each hashes with a seed of its own.
    pub runs: Vec<&'a str>,
}

/// What to read, and what has to be left out.
#[derive(Debug)]
pub struct Choice {
    pub sources: Vec<Source>,
    /// Primaries whose keys nobody can tell us.
    pub unread: Vec<Unread>,
}

/// A primary that could not be looked at.
#[derive(Debug)]
pub struct Unread {
    pub address: Foreign,
    pub why: String,
    pub slots: Option<u64>,
}

/// The process of a server, by the beginning of its run id.
pub fn run_of(server: &Server) -> Option<&str> {
    server.info.as_ref().ok()?.get("run_id")?.get(..RUN_ID)
}

pub fn choose(target: &Target, deployment: &Deployment, wanted: &Wanted) -> Result<Choice> {
    if !wanted.runs.is_empty() {
        return go_on(target, deployment, wanted);
    }
    let mut choice = Choice { sources: Vec::new(), unread: Vec::new() };
    let shards = deployment.nodes.iter().enumerate().filter(|(_, node)| node.role == Role::Primary);
    let mut shards: Vec<(usize, &Node)> = shards.filter(|(_, node)| !replaced(node)).collect();
    // A replica that is looked at alone, or whose primary is unknown, has to do.
    if shards.is_empty() {
        shards = deployment.nodes.iter().enumerate().take(1).collect();
    }
    for (n, shard) in shards {
        let replica = if wanted.primary { None } else { replica_of(deployment, shard) };
        let (n, node) = replica.unwrap_or((n, shard));
        match &node.server {
            Ok(server) => choice.sources.push(source(target, n, node, server, wanted.databases)?),
            Err(why) => {
                choice.unread.push(Unread { address: shard.address.clone(), why: why.clone(), slots: shard.slots });
            }
        }
    }
    if choice.sources.is_empty() {
        let none = || (Foreign::ours("it"), "it has no nodes".into());
        let (node, why) = choice.unread.into_iter().next().map_or_else(none, |unread| (unread.address, unread.why));
        bail!("no node of {target} could be read. {node}: {why}");
    }
    Ok(choice)
}

/// A primary that died and left its slots to its replica is still a member, but holds no shard.
fn replaced(node: &Node) -> bool {
    node.server.is_err() && node.slots == Some(0)
}

/// The processes that were being read, wherever they are and whatever they do by now.
fn go_on(target: &Target, deployment: &Deployment, wanted: &Wanted) -> Result<Choice> {
    let mut sources: Vec<Source> = Vec::new();
    for run in &wanted.runs {
        let seen = deployment.nodes.iter().enumerate();
        let mut seen = seen.filter_map(|(n, node)| Some((n, node, node.server.as_ref().ok()?)));
        let (n, node, server) = seen.find(|(.., server)| run_of(server) == Some(run)).ok_or_else(|| {
            anyhow!(
                "resume: no server of {target} runs under the id {run} any more. It was restarted, replaced or cannot be \
                 seen, and its cursor means nothing to another. Audit anew, without resume."
            )
        })?;
        if !sources.iter().any(|source| source.node == n) {
            sources.push(source(target, n, node, server, wanted.databases)?);
        }
    }
    Ok(Choice { sources, unread: Vec::new() })
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
    let tables_by_length = server.engine().is_none_or(|engine| Layout::corrects_tables_by_length(&engine));
    let endpoint = target.at_node(&node.address)?;
    Ok(Source { node: n, endpoint, databases, lfu, modules, clustered, by_slot, tables_by_length })
}

/// Asks something of every node at once.
pub async fn of_each<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    sources: &[Source],
    ask: impl Fn(Endpoint) -> F,
) -> Vec<(usize, T)> {
    let mut asking = JoinSet::new();
    for source in sources {
        let (node, answer) = (source.node, ask(source.endpoint.clone()));
        asking.spawn(async move { (node, answer.await) });
    }
    asking.join_all().await
}

/// Asks each node that is read how its allocator rounds up: what a small key costs depends on it.
pub async fn ask_quanta(deployment: &mut Deployment, sources: &[Source], patience: Duration) {
    for (node, quantum) in of_each(sources, move |endpoint| async move { quantum(&endpoint, patience).await }).await {
        if let Some(Ok(server)) = deployment.nodes.get_mut(node).map(|node| &mut node.server) {
            server.quantum = quantum;
        }
    }
}

/// Asks each node that is read, and has the search module, for its indexes.
pub async fn ask_indexes(deployment: &mut Deployment, sources: &[Source], patience: Duration) {
    let searches = |source: &&Source| {
        let server = deployment.nodes.get(source.node).and_then(|node| node.server.as_ref().ok());
        server.is_some_and(Server::searches)
    };
    let those: Vec<Source> = sources.iter().filter(searches).cloned().collect();
    for (node, found) in of_each(&those, move |endpoint| async move { indexes(&endpoint, patience).await }).await {
        if let Some(Ok(server)) = deployment.nodes.get_mut(node).map(|node| &mut node.server) {
            server.indexes = Some(found);
        }
    }
}

/// What the keys of each node cost, in the order of nodes; a node we did not see is taken for its neighbour.
pub fn layouts(deployment: &Deployment) -> Vec<Layout> {
    let any = deployment.seen().find_map(|(_, server)| layout(server));
    let each = deployment.nodes.iter().map(|node| node.server.as_ref().ok().and_then(layout).or(any));
    each.collect::<Option<Vec<Layout>>>().unwrap_or_default()
}

pub fn keys_of(sources: &[Source]) -> f64 {
    sources.iter().flat_map(|source| &source.databases).map(|(_, keys)| *keys as f64).sum()
}
