//! Plans set up for real: nothing to warn of, primaries are killed and cut off, and outage and loss are within what the plan
//! says. `make test` kills one of each kind; `make failover` kills every one, cuts them off, and prints the seconds.

use std::io::Write as _;
use std::time::{Duration, Instant};

use godmode_redis::decisions::topology::{Demand, Kind, Loss, Outage, PASSWORD, Place, Purpose};
use godmode_redis::facts::{Bytes, Engine, slot_of};

use tokio::time::timeout;

use super::deployed::{Deployed, ask, demand, engine_of, in_range};
use crate::stage::node::program;
use crate::stage::{PATIENCE, binary, run, until};

/// Nothing worse than a notice, by two looks, on all servers that the plan has.
async fn passes(deployed: &Deployed) {
    let url = deployed.url();
    let mut look = binary(&["inspect", "--json", "--interval", "1", "--url", &url]);
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
/// The group that the plan's Sentinels watch.
const GROUP: &str = "mymaster";

/// A measurement, for whoever runs it with `--nocapture`.
fn told(what: &str) {
    let _ = writeln!(std::io::stderr(), "{what}");
}

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

/// Tries to write where it is found, until it is taken, for as long as the plan says.
async fn resumes(
    deployed: &Deployed,
    lost: Instant,
    key: &str,
    find: impl AsyncFn() -> Result<Place, String>,
) -> Place {
    let bound = Duration::from_secs_f64(deployed.plan.failover.at_most.unwrap());
    loop {
        let tried = async {
            let place = find().await?;
            ask::<String>(&place, &format!("SET {key} after")).await.map(|_| place)
        };
        match tried.await {
            Ok(place) => return place,
            Err(why) => assert!(lost.elapsed() < bound, "no write for {bound:?}: {why}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// What is gone was acknowledged no longer before the kill than the plan says.
async fn lost_within(deployed: &Deployed, place: &Place, written: &[(String, Instant)], killed: Instant) {
    let window = Duration::from_secs_f64(deployed.plan.failover.crash_seconds.unwrap());
    let mut gone = 0;
    for (key, acknowledged) in written {
        let there: i64 = ask(place, &format!("EXISTS {key}")).await.unwrap();
        assert!(there == 1 || killed.duration_since(*acknowledged) <= window, "{key} is gone");
        gone += i64::from(there == 0);
    }
    told(&format!("  {gone} of {} acknowledged writes gone, all of the last {window:?}", written.len()));
}

/// Kills a primary under writes: others take them within the time that is planned, and lose no more than is planned.
async fn survives(
    deployed: &mut Deployed,
    n: usize,
    tag: &str,
    find: impl AsyncFn() -> Result<Place, String>,
) -> Place {
    let old = deployed.plan.layout.members[n].place.clone();
    // No key of an earlier round, which would be there in any case.
    let round = fastrand::u32(..);
    let key = |i: usize| format!("{{{tag}}}:{round}:{i}");
    let written = write(&old, key).await;
    let killed = Instant::now();
    deployed.kill(n);
    let new = resumes(deployed, killed, &key(written.len()), find).await;
    let failover = &deployed.plan.failover;
    let [least, most] = failover.expected.unwrap();
    told(&format!(
        "{}, {}: {} killed, written again after {:.1} s; planned {least:.1} to {most:.1}, {:.1} at most",
        deployed.plan.engine,
        deployed.plan.kind,
        deployed.plan.files[n].name,
        killed.elapsed().as_secs_f64(),
        failover.at_most.unwrap()
    ));
    assert_ne!(new, old);
    lost_within(deployed, &new, &written, killed).await;
    new
}

/// Where a Sentinel says that the primary is.
async fn watched_primary(voter: &Place) -> Result<Place, String> {
    let (host, port): (String, u16) = ask(voter, &format!("SENTINEL GET-MASTER-ADDR-BY-NAME {GROUP}")).await?;
    Ok(Place { host, port })
}

async fn group(engine: Engine) -> Deployed {
    let wish = Demand { outage: Outage::Seconds, loss: Loss::Second, purpose: Purpose::Session, ..demand(engine) };
    let group = Deployed::start(&program(), &wish).await;
    let plan = &group.plan;
    assert_eq!((plan.kind, plan.layout.members.len(), plan.layout.voters.len()), (Kind::Sentinel, 3, 3));
    assert_eq!(plan.failover.min_replicas, 1);
    group
}

async fn cluster(engine: Engine) -> Deployed {
    let wish = Demand {
        outage: Outage::Seconds,
        loss: Loss::Second,
        purpose: Purpose::Session,
        data: Bytes::gib(5),
        multi_key: true,
        ..demand(engine)
    };
    let cluster = Deployed::start(&program(), &wish).await;
    let plan = &cluster.plan;
    assert_eq!((plan.kind, plan.sizing.shards, plan.sizing.replicas), (Kind::Cluster, 3, 1));
    cluster
}

/// The engine at hand, if plans are made for it.
fn engine() -> Option<Engine> {
    Some(engine_of(&program())).filter(in_range)
}

#[tokio::test]
async fn one_server_and_a_pair_start_as_planned_and_the_replica_is_promoted_as_printed() {
    let Some(engine) = engine() else { return };
    let one = Deployed::start(&program(), &demand(engine.clone())).await;
    assert_eq!((one.plan.kind, one.plan.layout.members.len()), (Kind::Standalone, 1));
    passes(&one).await;
    let pair = Demand { outage: Outage::Minutes, loss: Loss::Second, purpose: Purpose::Store, ..demand(engine) };
    let mut pair = Deployed::start(&program(), &pair).await;
    assert_eq!((pair.plan.kind, pair.plan.layout.members.len()), (Kind::Replication, 2));
    passes(&pair).await;
    let [old, new] = [0, 1].map(|n| pair.plan.layout.members[n].place.clone());
    let written = write(&old, |n| format!("row:{n}")).await;
    let killed = Instant::now();
    pair.kill(0);
    pair.say(&pair.plan.promotion).await;
    assert_eq!(ask::<String>(&new, "SET row:after 1").await.unwrap(), "OK");
    lost_within(&pair, &new, &written, killed).await;
    // And it stays the primary after a restart.
    pair.kill(1);
    pair.revive(1).await;
    until("a primary that has read its file", async || match ask::<i64>(&new, "EXISTS row:0").await? {
        1 => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    assert!(ask::<String>(&new, "INFO replication").await.unwrap().contains("role:master"));
}

#[tokio::test]
async fn a_sentinel_group_survives_its_primary_as_planned() {
    let Some(engine) = engine() else { return };
    let mut group = group(engine).await;
    passes(&group).await;
    let voter = group.plan.layout.voters[1].place.clone();
    survives(&mut group, 0, "session", async || watched_primary(&voter).await).await;
}

#[tokio::test]
async fn a_cluster_survives_a_primary_and_refuses_what_the_plan_says() {
    let Some(engine) = engine() else { return };
    let mut cluster = cluster(engine).await;
    let plan = cluster.plan.clone();
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
    loses(&mut cluster, 0).await;
}

/// Kills a primary of a Cluster; its replica takes over.
async fn loses(cluster: &mut Deployed, n: usize) {
    let members = &cluster.plan.layout.members;
    let tag = tag_of(&members[n].slots.unwrap());
    let replica = members.iter().find(|member| member.copies == Some(n)).unwrap().place.clone();
    survives(cluster, n, &tag, async || Ok(replica.clone())).await;
}

#[tokio::test]
#[ignore = "make failover: minutes of waiting"]
async fn every_primary_of_a_sentinel_group_may_be_lost_in_turn() {
    let Some(engine) = engine() else { return };
    let mut group = group(engine).await;
    let voter = group.plan.layout.voters[0].place.clone();
    for _ in 0..group.plan.layout.members.len() {
        let primary = group.member_at(&watched_primary(&voter).await.unwrap());
        survives(&mut group, primary, "session", async || watched_primary(&voter).await).await;
        group.revive(primary).await;
        whole(&group).await;
    }
}

#[tokio::test]
#[ignore = "make failover: minutes of waiting"]
async fn every_primary_of_a_cluster_may_be_lost_in_turn() {
    let Some(engine) = engine() else { return };
    let mut cluster = cluster(engine).await;
    for n in 0..cluster.plan.sizing.shards {
        loses(&mut cluster, n).await;
        cluster.revive(n).await;
        whole(&cluster).await;
    }
}

async fn whole(deployed: &Deployed) {
    until("all in sync again", async || deployed.in_sync().await).await;
    until("Sentinels that know everybody", async || deployed.watched().await).await;
}

/// Writes until it refuses: how long after `since` the last write was acknowledged, and how many were.
async fn taken(place: &Place, tag: &str, since: Instant) -> (Duration, usize) {
    let (mut last, mut count) = (Duration::ZERO, 0);
    loop {
        assert!(since.elapsed() < PATIENCE, "it goes on writing");
        match ask::<String>(place, &format!("SET {{{tag}}}:cut-off:{count} 1")).await {
            Ok(_) => (last, count) = (since.elapsed(), count + 1),
            Err(why) if ["NOREPLICAS", "CLUSTERDOWN", "READONLY", "MOVED"].iter().any(|word| why.contains(word)) => {
                return (last, count);
            }
            // A Sentinel closes the clients' connections.
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A primary that hears nobody, and one that slept through its own replacement: both stop taking writes in time.
async fn cut_off(deployed: &mut Deployed, primary: usize, tag: &str, find: impl AsyncFn() -> Result<Place, String>) {
    let planned = deployed.plan.failover.cut_off_seconds.unwrap();
    let place = deployed.plan.layout.members[primary].place.clone();
    // Not the Sentinels: one that was stopped trusts nobody for 30 s (its TILT mode).
    let all = deployed.plan.layout.members.len();
    let others = || (0..all).filter(|n| *n != primary);
    write(&place, |n| format!("{{{tag}}}:before:{n}")).await;

    let since = Instant::now();
    deployed.signal("STOP", others());
    let (alone, count) = taken(&place, tag, since).await;
    deployed.signal("CONT", others());
    let what = format!("{}, {}", deployed.plan.engine, deployed.plan.kind);
    told(&format!(
        "{what}: alone it took {count} writes for {:.1} s; planned {planned:.1} at most",
        alone.as_secs_f64()
    ));
    assert!(count > 0 && alone.as_secs_f64() <= planned, "{alone:?}");
    whole(deployed).await;

    let primary = deployed.member_at(&find().await.unwrap());
    let place = deployed.plan.layout.members[primary].place.clone();
    let stopped = Instant::now();
    deployed.signal("STOP", std::iter::once(primary));
    let elsewhere = async || match find().await? {
        found if found == place => Err("not replaced".to_owned()),
        found => Ok(found),
    };
    let new = resumes(deployed, stopped, &format!("{{{tag}}}:after"), elsewhere).await;
    assert_ne!(new, place);
    let since = Instant::now();
    deployed.signal("CONT", std::iter::once(primary));
    let (late, count) = taken(&place, tag, since).await;
    told(&format!("{what}: awake again it took {count} writes for {:.2} s", late.as_secs_f64()));
    assert!(late.as_secs_f64() <= planned, "{late:?}");
    whole(deployed).await;
}

#[tokio::test]
#[ignore = "make failover: minutes of waiting"]
async fn a_primary_that_is_cut_off_stops_within_the_stated_window() {
    let Some(engine) = engine() else { return };
    let mut group = group(engine.clone()).await;
    let voter = group.plan.layout.voters[0].place.clone();
    cut_off(&mut group, 0, "session", async || watched_primary(&voter).await).await;
    drop(group);
    let mut cluster = cluster(engine).await;
    let tag = tag_of(&cluster.plan.layout.members[0].slots.unwrap());
    let shard: Vec<Place> = cluster
        .plan
        .layout
        .members
        .iter()
        .filter(|member| member.shard == 1)
        .map(|member| member.place.clone())
        .collect();
    let find = async || {
        for place in &shard {
            // One of them may be stopped.
            let told = timeout(Duration::from_millis(500), ask::<String>(place, "INFO replication")).await;
            if told.is_ok_and(|told| told.is_ok_and(|text| text.contains("role:master"))) {
                return Ok(place.clone());
            }
        }
        Err("no primary of the shard answers".to_owned())
    };
    cut_off(&mut cluster, 0, &tag, find).await;
}

/// A tag whose slot is in this range.
fn tag_of((first, last): &(u64, u64)) -> String {
    let tags = (0..).map(|n| format!("user:{n}"));
    let inside = |tag: &String| (*first..=*last).contains(&u64::from(slot_of(tag.as_bytes())));
    tags.into_iter().find(inside).unwrap()
}
