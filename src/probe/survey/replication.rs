//! A primary and its replicas, from either end.

use super::{Plan, info};
use crate::facts::{DeploymentKind, Fields, Replica, Role};
use crate::probe::link::Link;
use crate::probe::{Address, Target, Wishes};

/// `None` when the neighbours cannot be told, or there are none.
pub async fn plan(target: &Target, asked: &Address, seen: &Fields, wishes: &Wishes) -> Option<Plan> {
    let (primary, known, link) = match primary_of(seen) {
        // We asked a replica: its primary knows the others.
        Some(primary) => match Link::open(&target.at(&primary), wishes.patience()).await {
            Ok(mut link) => {
                let known = info(&mut link).await.unwrap_or_default();
                (primary, known, Some(link))
            }
            Err(_) => (primary, Fields::default(), None),
        },
        None => (asked.clone(), seen.clone(), None),
    };
    let mut nodes = vec![(primary, Role::Primary)];
    let replicas =
        Replica::all(&known).into_iter().filter_map(|replica| Address::parse(replica.address.raw(), 6379).ok());
    nodes.extend(replicas.map(|address| (address, Role::Replica)));
    let asked_is_there = nodes.iter().any(|(address, _)| address == asked);
    if primary_of(seen).is_some() && !asked_is_there {
        // The primary may call it by another name; seen twice is better than not at all.
        nodes.push((asked.clone(), Role::Replica));
    }
    if nodes.len() < 2 {
        return None;
    }
    let primary = nodes.first().map(|(primary, _)| primary.clone());
    let mut plan = Plan::of(DeploymentKind::Replication, nodes);
    if let Some((primary, link)) = primary.zip(link) {
        plan.keep(&primary, link);
    }
    Some(plan)
}

fn primary_of(info: &Fields) -> Option<Address> {
    let (host, port) = (info.get("master_host")?, info.get("master_port")?);
    Some(Address::Tcp(host.to_owned(), port.parse().ok()?))
}
