//! Finds every server of a deployment and looks at all of them at once; one that is gone takes nothing from the others.

mod cluster;
mod replication;
mod sentinel;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::link::{Greeting, Link};
use super::look::{Wishes, loading, look_over};
use super::trouble::Obstacle;
use super::{Address, Ask, Reach, Target, Trouble, reply};
use crate::facts::{Cost, Deployment, DeploymentKind, Fields, Node, Role, Server};

/// Nodes that are looked at in the same moment. More would load our side, not theirs.
const AT_ONCE: usize = 16;

/// A deployment before its nodes are looked at.
struct Plan {
    kind: DeploymentKind,
    nodes: Vec<(Address, Role)>,
    sentinels: Vec<crate::facts::Sentinel>,
    uncovered_slots: Option<u64>,
    /// What each node of a Cluster serves.
    slots: BTreeMap<Address, u64>,
    /// What was spent on connections that nobody looks through.
    cost: Cost,
    /// Connections to some of the nodes: each is looked at through the one that is open already.
    open: Vec<(Address, Link)>,
}

/// Looks at a whole deployment, or with `alone` only at the first server that answers.
pub async fn survey(target: &Target, wishes: &Wishes, alone: bool) -> Result<Deployment, Trouble> {
    let start = Instant::now();
    let limit = wishes.deadline;
    let planning = async {
        match &target.reach {
            Reach::Servers(addresses) => from_servers(target, addresses, wishes, alone).await,
            Reach::Sentinels { addresses, primary } => sentinel::plan(target, addresses, primary, wishes, alone).await,
        }
    };
    let mut plan = tokio::time::timeout(limit, planning).await.unwrap_or_else(|_| {
        let says = format!("{target} had not told of its nodes after {} s", limit.as_secs_f64());
        Err(Trouble::new(Obstacle::Silent, says))
    })?;
    // What planning took is off the deadline; a second is left for a look in any case.
    let left = limit.saturating_sub(start.elapsed()).max(Duration::from_secs(1));
    let mut nodes = look_at_all(target, &mut plan, &Wishes { deadline: left, ..*wishes }).await;
    // A single server has nobody to stand in for it: its trouble is the answer.
    if let [node] = nodes.as_mut_slice()
        && let Err(trouble) = &node.1
    {
        return Err(trouble.clone());
    }
    Ok(Deployment {
        kind: plan.kind,
        nodes: nodes.into_iter().map(|(node, server)| node_of(target, &plan.slots, node, server)).collect(),
        sentinels: plan.sentinels,
        uncovered_slots: plan.uncovered_slots,
        unverified_tls: target.tls.on && target.tls.insecure,
        cost: plan.cost,
    })
}

fn node_of(
    target: &Target,
    slots: &BTreeMap<Address, u64>,
    (address, role): (Address, Role),
    server: Result<Server, Trouble>,
) -> Node {
    let slots = slots.get(&address).copied();
    Node { address: target.shown(&address), role, slots, server: server.map_err(|trouble| trouble.to_string()) }
}

/// The first server that answers tells what it belongs to.
async fn from_servers(target: &Target, addresses: &[Address], wishes: &Wishes, alone: bool) -> Result<Plan, Trouble> {
    let mut first_trouble = None;
    for address in addresses {
        match ask_around(target, address, wishes, alone).await {
            Ok(plan) => return Ok(plan),
            Err(trouble) => {
                first_trouble.get_or_insert(trouble);
            }
        }
    }
    Err(first_trouble.unwrap_or_else(|| Trouble::target("it names no server")))
}

async fn ask_around(target: &Target, address: &Address, wishes: &Wishes, alone: bool) -> Result<Plan, Trouble> {
    let endpoint = target.at(address);
    let mut link = Link::open(&endpoint, wishes.patience()).await?;
    if link.greeting == Greeting::Loading {
        return Err(loading(&mut link, &endpoint).await?);
    }
    let info = info(&mut link).await?;
    let is = |name: &str, value: &str| info.get(name) == Some(value);
    if link.is_sentinel() || is("redis_mode", "sentinel") || is("server_mode", "sentinel") {
        return Err(Trouble::new(Obstacle::Sentinel, format!("{endpoint} is a Sentinel: it holds no data")));
    }
    let plan = if alone {
        None
    } else if is("cluster_enabled", "1") {
        cluster::plan(&mut link, address).await?
    } else if is("role", "slave") || info.number("connected_slaves").is_some_and(|replicas| replicas > 0.0) {
        replication::plan(target, address, &info, wishes).await
    } else {
        None
    };
    let mut plan = plan.unwrap_or_else(|| {
        let role = if is("role", "slave") { Role::Replica } else { Role::Primary };
        Plan::of(DeploymentKind::Standalone, vec![(address.clone(), role)])
    });
    plan.keep(address, link);
    Ok(plan)
}

impl Plan {
    fn of(kind: DeploymentKind, nodes: Vec<(Address, Role)>) -> Self {
        Self {
            kind,
            nodes,
            sentinels: Vec::new(),
            uncovered_slots: None,
            slots: BTreeMap::new(),
            cost: Cost::default(),
            open: Vec::new(),
        }
    }

    /// Keeps a connection for the look at its node. One to a server that is no node, or by another name, is closed.
    fn keep(&mut self, address: &Address, link: Link) {
        if self.nodes.iter().any(|(node, _)| node == address) {
            self.open.push((address.clone(), link));
        } else {
            self.cost = self.cost + link.cost();
        }
    }

    fn take_open(&mut self, address: &Address) -> Option<Link> {
        let at = self.open.iter().position(|(open, _)| open == address)?;
        Some(self.open.swap_remove(at).1)
    }
}

/// INFO of a server we only want to know the neighbours of. A user who may not ask it has none.
async fn info(link: &mut Link) -> Result<Fields, Trouble> {
    let answer = link.ask(&[Ask::Info]).await?.pop();
    let text = answer.and_then(Result::ok).and_then(|value| reply::text(&value)).unwrap_or_default();
    Ok(Fields::parse(&text))
}

type Looked = ((Address, Role), Result<Server, Trouble>);

/// Every node with its own deadline; the order of the plan is kept.
async fn look_at_all(target: &Target, plan: &mut Plan, wishes: &Wishes) -> Vec<Looked> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut looks = JoinSet::new();
    for (n, node) in plan.nodes.clone().into_iter().enumerate() {
        let (endpoint, wishes, places) = (target.at(&node.0), *wishes, Arc::clone(&places));
        let open = plan.take_open(&node.0);
        looks.spawn(async move {
            // The semaphore is never closed.
            let _place = places.acquire().await;
            (n, node, look_over(&endpoint, open, &wishes).await)
        });
    }
    let mut looked = Vec::new();
    while let Some(done) = looks.join_next().await {
        if let Ok(done) = done {
            looked.push(done);
        }
    }
    looked.sort_by_key(|(n, ..)| *n);
    looked.into_iter().map(|(_, node, server)| (node, server)).collect()
}
