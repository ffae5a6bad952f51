//! Plans set up for real: nothing to warn of, a primary is killed, and outage and loss are within what the plan says.

use std::time::{Duration, Instant};

use godmode_redis::decisions::topology::{Demand, Kind, Loss, Outage, PASSWORD, Place, Purpose};
use godmode_redis::facts::{Bytes, slot_of};

use super::deployed::{Deployed, ask, demand, engine_of, in_range};
use crate::stage::node::program;
use crate::stage::{PATIENCE, binary, run};

/// Nothing worse than a notice, on all servers that the plan has.
async fn passes(deployed: &Deployed) {
    let url = deployed.url();
    let mut look = binary(&["inspect", "--json", "--interval", "0", "--url", &url]);
    if deployed.plan.kind == Kind::Sentinel {
        look.args(["--sentinel-password-env", "PW"]).env("PW", PASSWORD);
    }
    let report = run(look).await.json();
    let findings = report["findings"].as_array().unwrap();
    let bad: Vec<_> = findings.iter().filter(|finding| finding["severity"] != "notice").collect();
    assert!(bad.is_empty(), "{bad:#?}");
    let nodes = report["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), deployed.plan.layout.members.len(), "{nodes:?}");
    assert!(nodes.iter().all(|node| node.get("trouble").is_none()), "{nodes:?}");
}

/// Fewer acknowledged writes would prove nothing.
const WRITES: usize = 11;

/// Writes for a second, and for longer where replicas were not ready: what was acknowledged, with the time of that.
async fn write(place: &Place, key: impl Fn(usize) -> String) -> Vec<(String, Instant)> {
    let mut written = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(1) || written.len() < WRITES {
        let key = key(written.len());
        match ask::<String>(place, &format!("SET {key} 1")).await {
            Ok(_) => written.push((key, Instant::now())),
            // A primary without a replica that keeps up refuses: that is the plan's own bound on what can be lost.
            Err(why) => assert!(why.contains("NOREPLICAS") && start.elapsed() < PATIENCE, "{why}"),
        }
    }
    written
}

/// Tries to write where it is found, until it is taken.
async fn resumes(
    deployed: &Deployed,
    killed: Instant,
    key: &str,
    find: impl AsyncFn() -> Result<Place, String>,
) -> Place {
    let bound = Duration::from_secs_f64(2.0 * deployed.plan.failover.at_most.unwrap());
    loop {
        let tried = async {
            let place = find().await?;
            ask::<String>(&place, &format!("SET {key} after")).await.map(|_| place)
        };
        match tried.await {
            Ok(place) => return place,
            Err(why) => assert!(killed.elapsed() < bound, "no write for {bound:?}: {why}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What is gone was acknowledged no longer before the kill than the plan says.
async fn lost_within(deployed: &Deployed, place: &Place, written: &[(String, Instant)], killed: Instant) {
    let window = Duration::from_secs_f64(deployed.plan.failover.crash_seconds.unwrap());
    for (key, acknowledged) in written {
        let there: i64 = ask(place, &format!("EXISTS {key}")).await.unwrap();
        assert!(there == 1 || killed.duration_since(*acknowledged) <= window, "{key} is gone");
    }
}

#[tokio::test]
async fn one_server_and_a_pair_start_as_planned() {
    let engine = engine_of(&program());
    if !in_range(&engine) {
        return;
    }
    let one = Deployed::start(&program(), &demand(engine.clone())).await;
    assert_eq!((one.plan.kind, one.plan.layout.members.len()), (Kind::Standalone, 1));
    passes(&one).await;
    let pair = Demand { outage: Outage::Minutes, loss: Loss::Second, purpose: Purpose::Store, ..demand(engine) };
    let pair = Deployed::start(&program(), &pair).await;
    assert_eq!((pair.plan.kind, pair.plan.layout.members.len()), (Kind::Replication, 2));
    passes(&pair).await;
}

#[tokio::test]
async fn a_sentinel_group_survives_its_primary_as_planned() {
    let engine = engine_of(&program());
    if !in_range(&engine) {
        return;
    }
    let wish = Demand { outage: Outage::Seconds, loss: Loss::Second, purpose: Purpose::Session, ..demand(engine) };
    let mut group = Deployed::start(&program(), &wish).await;
    assert_eq!(
        (group.plan.kind, group.plan.layout.members.len(), group.plan.layout.voters.len()),
        (Kind::Sentinel, 3, 3)
    );
    assert_eq!(group.plan.failover.min_replicas, 1);
    passes(&group).await;
    let old = group.plan.layout.members[0].place.clone();
    let written = write(&old, |n| format!("session:{n}")).await;
    let killed = Instant::now();
    group.kill(0);
    let voter = group.plan.layout.voters[1].place.clone();
    let find = async || {
        let (host, port): (String, u16) = ask(&voter, "SENTINEL GET-MASTER-ADDR-BY-NAME mymaster").await?;
        Ok(Place { host, port })
    };
    let new = resumes(&group, killed, "session:after", find).await;
    assert_ne!(new, old);
    lost_within(&group, &new, &written, killed).await;
}

#[tokio::test]
async fn a_cluster_survives_a_primary_and_refuses_what_the_plan_says() {
    let engine = engine_of(&program());
    if !in_range(&engine) {
        return;
    }
    let wish = Demand {
        outage: Outage::Seconds,
        loss: Loss::Second,
        purpose: Purpose::Session,
        data: Bytes::gib(5),
        multi_key: true,
        ..demand(engine)
    };
    let mut cluster = Deployed::start(&program(), &wish).await;
    let plan = cluster.plan.clone();
    assert_eq!((plan.kind, plan.sizing.shards, plan.sizing.replicas), (Kind::Cluster, 3, 1));
    passes(&cluster).await;
    // The server of a slot answers for it; the others say MOVED before they say anything else.
    let serves = |key: &str| {
        let slot = u64::from(slot_of(key.as_bytes()));
        let mut members = plan.layout.members.iter();
        members
            .find(|member| member.slots.is_some_and(|(first, last)| (first..=last).contains(&slot)))
            .unwrap()
            .place
            .clone()
    };
    assert_eq!(plan.keys.breaks.len(), 6);
    for broken in &plan.keys.breaks {
        let error = ask::<redis::Value>(&plan.layout.members[0].place, broken.example).await.unwrap_err();
        assert!(error.contains(broken.answers), "{}: {error}", broken.example);
        let words: Vec<&str> = broken.instead.split(' ').collect();
        let key = words.iter().find(|word| word.starts_with('{')).unwrap();
        ask::<redis::Value>(&serves(key), broken.instead).await.unwrap();
    }

    let key = |n: usize| format!("{{{}}}:{n}", tag_of(&plan.layout.members[0].slots.unwrap()));
    let old = plan.layout.members[0].place.clone();
    let written = write(&old, key).await;
    let killed = Instant::now();
    cluster.kill(0);
    let replica = plan.layout.members.iter().find(|member| member.copies == Some(0)).unwrap().place.clone();
    let new = resumes(&cluster, killed, &key(written.len()), async || Ok(replica.clone())).await;
    lost_within(&cluster, &new, &written, killed).await;
}

/// A tag whose slot is in this range.
fn tag_of((first, last): &(u64, u64)) -> String {
    let tags = (0..).map(|n| format!("user:{n}"));
    let inside = |tag: &String| (*first..=*last).contains(&u64::from(slot_of(tag.as_bytes())));
    tags.into_iter().find(inside).unwrap()
}
