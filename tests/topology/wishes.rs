//! Which kind, how many, and what is refused: the tables and the arithmetic without a server.

use godmode_redis::decisions::topology::{Demand, Kind, Loss, Outage, Outcome, Persistence, Present, Purpose, plan};
use godmode_redis::facts::{Bytes, DeploymentKind};

use super::deployed::{demand, planned};
use crate::stage::{binary, run};

fn wish() -> Demand {
    demand("redis 7.2".parse().unwrap())
}

fn refused(demand: &Demand) -> Vec<&'static str> {
    match plan(demand) {
        Outcome::Refused { refusals } => {
            assert!(refusals.iter().all(|refusal| !refusal.because.is_empty() && !refusal.instead.is_empty()));
            refusals.iter().map(|refusal| refusal.id).collect()
        }
        Outcome::Plan(plan) => panic!("planned: {}", plan.kind),
    }
}

#[test]
fn the_limits_of_the_table_decide() {
    let kind = |demand: Demand| planned(&demand).kind;
    let seconds = || Demand { outage: Outage::Seconds, ram: Bytes::gib(64), network: 1e10, ..wish() };
    assert_eq!(kind(wish()), Kind::Standalone);
    assert_eq!(kind(Demand { outage: Outage::Minutes, ..wish() }), Kind::Replication);
    // Below 100,000/s and within one node: Sentinel; above either: Cluster.
    assert_eq!(kind(Demand { reads: 89_000.0, writes: 10_000.0, ..seconds() }), Kind::Sentinel);
    assert_eq!(kind(Demand { reads: 91_000.0, writes: 10_000.0, ..seconds() }), Kind::Cluster);
    assert_eq!(kind(Demand { data: Bytes::gib(24), ..seconds() }), Kind::Sentinel);
    assert_eq!(kind(Demand { data: Bytes::gib(26), ..seconds() }), Kind::Cluster);
    assert_eq!(kind(Demand { data: Bytes::gib(20), growth: 0.5, ..seconds() }), Kind::Cluster);
    // A measured rate takes the place of the limit.
    assert_eq!(kind(Demand { reads: 91_000.0, measured: Some(200_000.0), ..seconds() }), Kind::Sentinel);
    assert_eq!(kind(Demand { reads: 35_000.0, measured: Some(50_000.0), ..seconds() }), Kind::Cluster);
    // A script is ten microseconds of the one core.
    assert_eq!(kind(Demand { scripts: 70_000.0, ..seconds() }), Kind::Cluster);
    // 60 % of 1 Gbit/s are 75 MB/s.
    assert_eq!(kind(Demand { reads: 10_000.0, value: Bytes(10_000), network: 1e9, ..seconds() }), Kind::Cluster);
    // Replicas take reads that may be stale.
    let reads = Demand { reads: 250_000.0, stale_reads: true, network: 1e11, ram: Bytes::gib(64), ..wish() };
    let spread = planned(&reads);
    assert_eq!((spread.kind, spread.sizing.replicas), (Kind::Replication, 3));
}

#[test]
fn the_sizes_bear_the_demand_and_fall_with_it() {
    for data in [1, 10, 40, 200, 1000] {
        for writes in [100.0, 5_000.0, 60_000.0] {
            let demand = Demand {
                data: Bytes::gib(data),
                writes,
                ram: Bytes::gib(32),
                outage: Outage::Seconds,
                loss: Loss::Second,
                ..wish()
            };
            let plan = planned(&demand);
            let sizing = &plan.sizing;
            assert!(sizing.fits() && sizing.data.0 <= sizing.maxmemory.0 / 10 * 8, "{sizing:?}");
            assert!(sizing.maxmemory.0 < demand.ram.0 / 6 * 5, "no room beside maxmemory: {sizing:?}");
            assert_eq!(plan.files.len(), sizing.nodes() + plan.layout.voters.len());
            let fewer = Demand { data: Bytes::gib(data / 2), ..demand };
            assert!(planned(&fewer).sizing.nodes() <= sizing.nodes());
        }
    }
}

#[test]
fn the_loss_of_a_zone_leaves_a_majority_and_a_copy_of_each_slot() {
    for data in [30, 80, 130, 200, 400] {
        let demand = Demand { data: Bytes::gib(data), ram: Bytes::gib(32), outage: Outage::Seconds, ..wish() };
        let plan = planned(&demand);
        assert_eq!(plan.kind, Kind::Cluster);
        let members = &plan.layout.members;
        let slots: u64 = members.iter().filter_map(|member| member.slots).map(|(first, last)| last - first + 1).sum();
        assert_eq!(slots, 16_384);
        for zone in 1..=3 {
            let left: Vec<_> = members.iter().filter(|member| member.zone != zone).collect();
            let primaries = left.iter().filter(|member| member.copies.is_none()).count();
            assert!(
                primaries > plan.sizing.shards / 2,
                "{data} GiB, zone {zone}: {primaries} of {}",
                plan.sizing.shards
            );
            for shard in 1..=plan.sizing.shards {
                assert!(left.iter().any(|member| member.shard == shard), "zone {zone} takes all of shard {shard}");
            }
        }
    }
}

#[test]
fn what_is_kept_follows_from_what_it_is_for() {
    let of = |purpose, loss| {
        let plan = planned(&Demand { purpose, loss, ..wish() });
        (plan.persistence, plan.policy)
    };
    assert_eq!(of(Purpose::Cache, Loss::Everything), (Persistence::Nothing, "allkeys-lru"));
    assert_eq!(of(Purpose::Session, Loss::Second), (Persistence::AppendOnly, "noeviction"));
    assert_eq!(of(Purpose::Queue, Loss::Everything), (Persistence::AppendOnly, "noeviction"));
    assert_eq!(of(Purpose::Store, Loss::Second), (Persistence::Both, "noeviction"));
}

#[test]
fn what_cannot_hold_is_refused_with_its_options() {
    let seconds = || Demand { outage: Outage::Seconds, ..wish() };
    assert_eq!(refused(&Demand { loss: Loss::Nothing, ..wish() }), ["zero-loss"]);
    assert_eq!(refused(&Demand { zones: 2, ..seconds() }), ["two-zones"]);
    for purpose in [Purpose::Lock, Purpose::Queue, Purpose::Store] {
        assert_eq!(refused(&Demand { purpose, policy: Some("allkeys-lfu"), ..wish() }), ["evictable-queue"]);
    }
    assert_eq!(refused(&Demand { nodes: Some(2), ..seconds() }), ["too-few-voters"]);
    assert_eq!(refused(&Demand { nodes: Some(5), data: Bytes::gib(5), ..seconds() }), ["budget"]);
    assert_eq!(refused(&Demand { largest_tag: 0.9, reads: 200_000.0, ..seconds() }), ["hot-tag"]);
    assert_eq!(refused(&Demand { writes: 1e9, ..seconds() }), ["never-fits"]);
    let all = Demand { loss: Loss::Nothing, zones: 2, nodes: Some(1), ..seconds() };
    assert_eq!(refused(&all), ["zero-loss", "two-zones", "too-few-voters"]);
    // Each option of a refusal that names a field is one that helps.
    assert_eq!(planned(&Demand { zones: 1, ..seconds() }).kind, Kind::Sentinel);
    assert_eq!(planned(&Demand { zones: 2, ..wish() }).kind, Kind::Standalone);
    assert_eq!(planned(&Demand { nodes: Some(3), ..seconds() }).kind, Kind::Sentinel);
}

#[test]
fn the_way_begins_where_one_is() {
    let from = |kind| {
        let (at, skew, hottest_slot, growth) = (None, None, None, None);
        let (primaries, replicas, used, unseen) = (1, 0, Bytes::gib(1), Vec::new());
        Some(Present { kind, primaries, replicas, at, used, skew, hottest_slot, growth, unseen })
    };
    let mut ways = std::collections::BTreeSet::new();
    for kind in [DeploymentKind::Standalone, DeploymentKind::Cluster] {
        for data in [1, 30] {
            let demand = Demand {
                present: from(kind),
                data: Bytes::gib(data),
                outage: Outage::Seconds,
                ram: Bytes::gib(16),
                ..wish()
            };
            ways.insert(planned(&demand).migration);
        }
    }
    assert_eq!(ways.len(), 4);
}

#[tokio::test]
async fn the_tool_says_what_to_give_and_starts_from_what_is_there() {
    for (arguments, says) in [
        (vec!["topology"], "data_gb"),
        (vec!["topology", "--data-gb=-1"], "data_gb is -1"),
        (vec!["topology", "--data-gb", "1", "--policy", "lru"], "allkeys-lru"),
        (vec!["topology", "--data-gb", "1", "--engine", "redis 5.0"], "older than what is planned for"),
        (vec!["topology", "--data-gb", "1", "--addresses", "a b:1"], "IP:PORT"),
        (vec!["topology", "--data-gb", "1", "--directory", "/x\ny"], "directory"),
        (vec!["topology", "--data-gb", "1", "--hosting", "cloud"], "elasticache"),
    ] {
        let ran = run(binary(&arguments)).await;
        assert!(ran.code == 2 && ran.err.contains(says), "{arguments:?}: {ran:?}");
    }
    let node = crate::stage::node::Node::start(&crate::stage::setup::Setup::default()).await;
    let ran = run(binary(&["topology", "--json", "--probe", "--engine", "redis 7.2", "--url", &node.url()])).await;
    let answer = ran.json();
    assert_eq!(answer["answer"], "plan");
    assert_eq!(answer["present"]["kind"], "standalone", "{answer:#}");
    let ran = run(binary(&["topology", "--data-gb", "1", "--loss", "nothing", "--fail-on", "critical"])).await;
    assert!(ran.code == 1 && ran.out.contains("no acknowledged write may be lost"), "{ran:?}");
}

#[tokio::test]
async fn words_are_taken_for_fields_and_told() {
    let words = "40 GB of sessions, 90000 reads/s and 5000 writes/s, servers of 64 GB, three zones";
    let of_words = run(binary(&["topology", words, "--json"])).await.json();
    let fields = ["--for", "session", "--data-gb", "40", "--reads", "90000", "--writes", "5000", "--ram-gb", "64"];
    let of_fields = run(binary(&[&["topology", "--json"][..], &fields].concat())).await.json();
    assert_eq!(of_words["demand"], of_fields["demand"]);
    assert_eq!(of_words["from_words"].as_array().unwrap().len(), 6, "{}", of_words["from_words"]);
    assert_eq!(of_fields["from_words"], serde_json::Value::Null);
    let ran = run(binary(&["topology", "make it fast"])).await;
    assert!(ran.code == 2 && ran.err.contains("write numbers with units"), "{}", ran.err);
}
