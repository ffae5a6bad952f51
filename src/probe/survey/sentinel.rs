//! A primary and its replicas, as their Sentinels tell it; every Sentinel is asked, since they may disagree.

use std::collections::{BTreeMap, BTreeSet};

use redis::Value;
use tokio::task::JoinSet;

use super::Plan;
use crate::facts::{Cost, DeploymentKind, Foreign, Known, Role, Sentinel, View};
use crate::probe::link::Link;
use crate::probe::name::PrimaryName;
use crate::probe::trouble::Obstacle;
use crate::probe::{Address, Ask, Endpoint, Target, Trouble, Wishes, reply};

const PORT: u16 = 6379;

pub async fn plan(
    target: &Target,
    addresses: &[Address],
    primary: &str,
    wishes: &Wishes,
    alone: bool,
) -> Result<Plan, Trouble> {
    let name = PrimaryName::new(primary).ok_or_else(|| Trouble::target("the name of the primary is no plain word"))?;
    let mut known: BTreeSet<Address> = addresses.iter().cloned().collect();
    let mut to_ask: Vec<Address> = known.iter().cloned().collect();
    let mut sentinels = Vec::new();
    let mut cost = Cost::default();
    // Each Sentinel knows the others: the second round asks those that nobody named.
    while !to_ask.is_empty() {
        let mut round = JoinSet::new();
        for address in std::mem::take(&mut to_ask) {
            let (endpoint, name, wishes) = (target.at_sentinel(&address), name.clone(), *wishes);
            round.spawn(async move { (address, ask(&endpoint, &name, &wishes).await) });
        }
        for (address, told) in round.join_all().await {
            let view = told.map_err(|trouble| trouble.to_string()).and_then(|(view, others, spent)| {
                cost = cost + spent;
                to_ask.extend(others.into_iter().filter(|other| known.insert(other.clone())));
                view
            });
            sentinels.push(Sentinel { address: target.shown(&address), view });
        }
    }
    sentinels.sort_by(|one, other| one.address.cmp(&other.address));
    let nodes = nodes(&sentinels, alone).ok_or_else(|| nobody(target, &sentinels))?;
    Ok(Plan { sentinels, cost, ..Plan::of(DeploymentKind::Sentinel, nodes) })
}

type Told = (Result<View, String>, Vec<Address>, Cost);

async fn ask(sentinel: &Endpoint, name: &PrimaryName, wishes: &Wishes) -> Result<Told, Trouble> {
    let mut link = Link::open(sentinel, wishes.patience()).await?;
    if link.holds_data() {
        return Err(Trouble::new(Obstacle::DataNode, format!("{sentinel} holds data: it is no Sentinel")));
    }
    let asks = [
        Ask::SentinelPrimary(name.clone()),
        Ask::SentinelReplicas(name.clone()),
        Ask::SentinelOthers(name.clone()),
        Ask::SentinelQuorum(name.clone()),
    ];
    let mut answers = link.ask(&asks).await?.into_iter();
    let mut next = || answers.next().unwrap_or_else(|| Err(crate::facts::Missing::new("SENTINEL", "no answer")));
    let (primary, replicas, others, quorum) = (next(), next(), next(), next());
    let view = primary.map_err(|missing| missing.to_string()).and_then(|primary| view(&primary, &replicas, quorum));
    let others = rows(&others).iter().filter_map(address_of).collect();
    Ok((view, others, link.cost()))
}

fn view(primary: &Value, replicas: &Known<Value>, quorum: Known<Value>) -> Result<View, String> {
    let fields = reply::texts(primary);
    let field = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
    let address = address_of(&fields).ok_or("its answer has a shape we do not know")?;
    Ok(View {
        primary: Foreign::value(&address.to_string()),
        flags: Foreign::value(field("flags")),
        quorum: field("quorum").parse().unwrap_or(0),
        other_sentinels: field("num-other-sentinels").parse().unwrap_or(0),
        replicas: rows(replicas)
            .iter()
            .filter_map(address_of)
            .map(|address| Foreign::value(&address.to_string()))
            .collect(),
        objection: quorum.err().map(|missing| missing.why),
    })
}

fn rows(value: &Known<Value>) -> Vec<BTreeMap<String, String>> {
    value.as_ref().map(reply::rows).unwrap_or_default()
}

fn address_of(fields: &BTreeMap<String, String>) -> Option<Address> {
    Some(Address::Tcp(fields.get("ip")?.clone(), fields.get("port")?.parse().ok()?))
}

/// The primary that most Sentinels name, and the replicas that those know.
fn nodes(sentinels: &[Sentinel], alone: bool) -> Option<Vec<(Address, Role)>> {
    let views: Vec<&View> = sentinels.iter().filter_map(|sentinel| sentinel.view.as_ref().ok()).collect();
    let votes = |primary: &Foreign| views.iter().filter(|view| view.primary == *primary).count();
    let most = views.iter().max_by_key(|view| votes(&view.primary))?;
    let mut nodes = vec![(Address::parse(most.primary.raw(), PORT).ok()?, Role::Primary)];
    if !alone {
        let replicas = views.iter().filter(|view| view.primary == most.primary).flat_map(|view| &view.replicas);
        for replica in replicas.filter_map(|replica| Address::parse(replica.raw(), PORT).ok()) {
            if !nodes.iter().any(|(known, _)| *known == replica) {
                nodes.push((replica, Role::Replica));
            }
        }
    }
    Some(nodes)
}

fn nobody(target: &Target, sentinels: &[Sentinel]) -> Trouble {
    let why = sentinels.iter().filter_map(|sentinel| sentinel.view.as_ref().err()).next();
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    Trouble::new(Obstacle::NoPrimary, format!("No Sentinel of {target} tells where the primary is{why}"))
}
