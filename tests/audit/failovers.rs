//! Audits in the middle of a failover, of a dying shard, and of servers that are not the ones that they were.

use godmode_redis::facts::slot_of;
use serde_json::Value;

use super::corpus::many;
use super::{audit, family, number};
use crate::stage::cluster::Cluster;
use crate::stage::node::Node;
use crate::stage::setup::Setup;
use crate::stage::{binary, rules, run, until};

/// Keys of one shard: a polite audit needs far longer for them than it takes to see it at work.
const KEYS: u64 = 25_000;

/// A tag whose slot is on this primary.
fn tag_of(cluster: &Cluster, n: usize) -> String {
    (0..).map(|tag| format!("{{s{n}-{tag}}}")).find(|tag| cluster.owner(slot_of(tag.as_bytes())) == n).unwrap()
}

/// The same keys for each of three shards.
async fn filled(cluster: &Cluster) {
    for n in 0..3 {
        let mut connection = cluster.nodes()[n].connect().await.unwrap();
        many(&mut connection, &format!("cart:{}:", tag_of(cluster, n)), KEYS, "some goods in a cart").await;
    }
    until("replicas that have all", async || {
        for replica in &cluster.nodes()[3..] {
            let keys: u64 = replica.ask("DBSIZE").await?;
            if keys != KEYS {
                return Err(format!("{keys} keys"));
            }
        }
        Ok(())
    })
    .await;
}

/// Starts an audit and waits until it reads keys of this node.
async fn under_way(seeds: &str, more: &'static [&'static str], node: &Node) -> tokio::task::JoinHandle<Value> {
    let seeds = seeds.to_owned();
    let audited = tokio::spawn(async move { audit(&seeds, more).await });
    until("an audit that reads keys", async || {
        let stats: String = node.ask("INFO commandstats").await?;
        let calls =
            stats.lines().find_map(|line| line.strip_prefix("cmdstat_scan:calls=")?.split(',').next()?.parse().ok());
        if calls.unwrap_or(0) > 20 { Ok(()) } else { Err(format!("{calls:?} pages")) }
    })
    .await;
    audited
}

fn low(report: &Value) -> f64 {
    number(&report["keys"]["low"])
}

#[tokio::test]
async fn a_failover_and_a_dying_shard_in_the_middle() {
    // A machine that is busy for a second must not look like a dead node.
    let mut cluster = Cluster::start(&Setup::new(&["cluster-node-timeout 3000"])).await;
    filled(&cluster).await;
    let (all, shard) = (3.0 * KEYS as f64, KEYS as f64);
    let seeds = format!("redis://{},{}", cluster.address(1), cluster.address(2));

    // Replicas are read, and one of them becomes the primary meanwhile.
    let audited = under_way(&seeds, &["--full"], &cluster.nodes()[3]).await;
    cluster.nodes()[3].ask::<()>("CLUSTER FAILOVER").await.unwrap();
    let report = audited.await.unwrap();
    assert!(report["nodes"].as_array().unwrap().iter().all(|node| node["role"] == "replica"), "{:#}", report["nodes"]);
    assert_eq!(
        (low(&report), &report["coverage"]["reading"]),
        (all, &Value::from("whole")),
        "{:#}",
        report["coverage"]
    );
    assert_eq!(report["coverage"]["untold"], 0, "{:#}", report["coverage"]);
    let of_one = number(&report["nodes"][0]["bytes"]);
    assert!(of_one > shard * 50.0, "{:#}", report["nodes"]);
    cluster.taken_over_by(3).await;

    // Primaries are read, and one of them becomes a replica meanwhile.
    until("its new replica in sync", async || {
        cluster.nodes()[0].shows("INFO replication", &[("role", "slave"), ("master_link_status", "up")]).await
    })
    .await;
    cluster.nodes()[3].ask::<()>("CONFIG RESETSTAT").await.unwrap();
    let audited = under_way(&seeds, &["--full", "--primary"], &cluster.nodes()[3]).await;
    cluster.nodes()[0].ask::<()>("CLUSTER FAILOVER").await.unwrap();
    let report = audited.await.unwrap();
    assert_eq!((low(&report), &report["coverage"]["untold"]), (all, &Value::from(0)), "{:#}", report["coverage"]);
    cluster.taken_over_by(0).await;

    // A primary dies, and what it did not tell is said. The others answer for nothing until its replica has taken over.
    cluster.nodes()[0].ask::<()>("CONFIG RESETSTAT").await.unwrap();
    let audited = under_way(&seeds, &["--full", "--primary"], &cluster.nodes()[0]).await;
    cluster.kill(0);
    let report = audited.await.unwrap();
    assert_eq!(report["coverage"]["reading"], "part", "{report:#}");
    let [hole] = report["unread"].as_array().unwrap().as_slice() else { panic!("{:#}", report["unread"]) };
    assert_eq!(hole["address"], cluster.address(0));
    let (missing, share) = (number(&hole["keys"]), number(&hole["share"]));
    assert!(missing > 0.0 && missing <= shard, "{hole}");
    assert!((share - missing / all).abs() < 0.01, "a third of the slots hold a third of the keys: {hole}");
    // Pages that were under way came or did not.
    assert!((low(&report) + missing - all).abs() < 10.0 && low(&report) >= 2.0 * shard, "{:#}", report["coverage"]);
    assert_eq!(report["ledger"]["whole"], false, "{:#}", report["ledger"]);
    assert!(rules(&report, "not_checked").contains(&"types-mixed".into()), "no family is fine after such a look");

    // The dead one is a member still, but its replica has its slots and its keys.
    cluster.taken_over_by(3).await;
    let report = audit(&seeds, &["--full", "--primary"]).await;
    assert_eq!((low(&report), &report["coverage"]["reading"]), (all, &Value::from("whole")), "{report:#}");
    assert!(report.get("unread").is_none(), "{:#}", report["unread"]);

    // Nobody takes the place of the second.
    for n in [1, 2] {
        cluster.nodes()[n].ask::<()>("CONFIG SET cluster-allow-reads-when-down yes").await.unwrap();
    }
    cluster.kill(3);
    let report = audit(&seeds, &["--full", "--primary"]).await;
    assert_eq!(report["coverage"]["reading"], "part", "{report:#}");
    let hole = &report["unread"][0];
    assert_eq!(
        (&hole["slots"], &hole["address"]),
        (&Value::from(16_384 / 3), &Value::from(cluster.address(3))),
        "{hole}"
    );
    let text = run(binary(&["audit", "--full", "--primary", "--url", &seeds])).await;
    assert!(text.out.contains("(5,461 slots), 33 % of the key space"), "{text:?}");
}

/// An audit that read something before its time was up, which on a busy machine is not each.
async fn stopped_on_the_way(node: &Node, wishes: &[&str]) -> Value {
    until("a stop on the way", async || {
        let report = audit(&node.url(), wishes).await;
        if number(&report["coverage"]["read"]) > 0.0 { Ok(report) } else { Err(report["coverage"].to_string()) }
    })
    .await
}

#[tokio::test]
async fn a_stop_between_databases_says_nothing_of_the_one_that_was_not_begun() {
    let node = Node::start(&Setup::default()).await;
    let mut connection = node.connect().await.unwrap();
    many(&mut connection, "small:", 400_000, "x").await;
    crate::stage::say(&mut connection, "SELECT 1").await;
    many(&mut connection, "large:", 20_000, &"y".repeat(2_000)).await;
    let stopped = stopped_on_the_way(&node, &["--full", "--time", "1"]).await;
    assert_eq!((&stopped["stopped"], &stopped["coverage"]["reading"]), (&Value::from("time"), &Value::from("part")));
    let read = number(&stopped["coverage"]["read"]);
    let small = &family(&stopped, "small:*")["keys"];
    assert_eq!((number(&small["low"]), number(&small["high"])), (read, read), "no guess: {stopped:#}");
    assert_eq!(number(&stopped["coverage"]["population"]), 420_000.0);
    assert_eq!(stopped["ledger"]["whole"], false);
    assert!(rules(&stopped, "not_checked").contains(&"types-mixed".into()), "{:#}", stopped["not_checked"]);
    // A sample that is drawn is of both.
    let sample = audit(&node.url(), &["--max-keys", "20000"]).await;
    assert_eq!(sample["coverage"]["reading"], "sample");
    let large = &family(&sample, "large:*")["keys"];
    assert!(number(&large["low"]) <= 20_000.0 && number(&large["high"]) >= 20_000.0, "{large}");
    // One database alone may stand for itself.
    let alone = stopped_on_the_way(&node, &["--full", "--time", "1", "--db", "0"]).await;
    assert_eq!((&alone["stopped"], &alone["coverage"]["reading"]), (&Value::from("time"), &Value::from("sample")));

    // Its cursor is of this process: the next one at the same address refuses it.
    let cursor = stopped["cursor"].as_str().unwrap().to_owned();
    let (setup, port) = (Setup::default(), node.port());
    drop(node);
    let next = Node::start_at(&setup, port).await;
    let ran = run(binary(&["audit", "--resume", &cursor, "--url", &next.url()])).await;
    assert!(ran.code == 2 && ran.err.contains("its cursor means nothing to another"), "{ran:?}");
}
