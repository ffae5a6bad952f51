//! States that a server can be in, and wrong turns: each is told with what it means and what to do, and is no crash.

use serde_json::Value;

use crate::stage::cluster::one_node;
use crate::stage::node::Node;
use crate::stage::replication::Replication;
use crate::stage::sentinel::NAME;
use crate::stage::setup::Setup;
use crate::stage::{binary, inspect, rules, run, until};

/// What the report says of a node.
fn node<'a>(report: &'a Value, address: &str) -> &'a Value {
    let mut nodes = report["nodes"].as_array().unwrap().iter();
    nodes.find(|node| node["address"] == address).unwrap_or_else(|| panic!("no {address} in {report:#}"))
}

#[tokio::test]
async fn a_replica_that_lost_its_primary_and_does_not_answer_from_old_data() {
    let mut group = Replication::start(&Setup::new(&["replica-serve-stale-data no"]), 1).await;
    let replica = &group.replicas[0];
    group.primary.ask::<()>("SET k 1").await.unwrap();
    until("its copy", async || match replica.ask::<Option<u8>>("GET k").await? {
        Some(_) => Ok(()),
        None => Err("no key yet".to_owned()),
    })
    .await;
    group.primary.kill();
    let replica = &group.replicas[0];
    until("a replica that knows it", async || {
        replica.shows("INFO replication", &[("master_link_status", "down")]).await
    })
    .await;
    let report = inspect(&replica.url(), &["--interval", "0"]).await;
    assert!(node(&report, &replica.address()).get("trouble").is_none(), "it is seen: {report:#}");
    assert!(node(&report, &group.primary.address())["trouble"].as_str().unwrap().contains("refuses connections"));
    assert!(rules(&report, "findings").contains(&"primary-link-down".to_owned()), "{report:#}");
    // Its keys can't be read, and that is not "denied" or "other".
    let ran = run(binary(&["audit", "--alone", "--url", &replica.url()])).await;
    for words in ["lost its primary", "replica-serve-stale-data no", "Bring the primary back"] {
        assert!(ran.code == 2 && ran.err.contains(words), "{words:?} is missing: {ran:?}");
    }
}

#[tokio::test]
async fn a_replica_that_is_loading_leaves_the_others_to_be_seen() {
    let primary = Node::start(&Setup::new(&["repl-diskless-sync-delay 0"])).await;
    let mut fill = redis::pipe();
    for n in 0..20_000 {
        fill.cmd("SET").arg(n).arg("x".repeat(100)).ignore();
    }
    fill.exec_async(&mut primary.connect().await.unwrap()).await.unwrap();
    // A millisecond for each key makes twenty seconds, and in between it answers after each kilobyte.
    let slow = Setup::new(&[
        &format!("replicaof 127.0.0.1 {}", primary.port()),
        "key-load-delay 1000",
        "loading-process-events-interval-bytes 1024",
    ]);
    let replica = Node::start(&slow).await;
    until("a replica that loads", async || match replica.ask::<String>("PING").await {
        Err(why) if why.contains("is loading the dataset") => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    let report = inspect(&primary.url(), &["--interval", "0"]).await;
    let trouble = node(&report, &replica.address())["trouble"].as_str().unwrap();
    assert!(trouble.contains("is loading its data (") && trouble.contains("Look again"), "{trouble}");
    assert!(node(&report, &primary.address()).get("trouble").is_none(), "{report:#}");
}

#[tokio::test]
async fn a_sentinel_url_that_leads_to_a_data_node() {
    let data = Node::start(&Setup::default()).await;
    for verb in ["inspect", "audit"] {
        let ran = run(binary(&[verb, "--url", &format!("redis+sentinel://{}/{NAME}", data.address())])).await;
        assert!(ran.code == 2 && ran.err.contains("holds data: it is no Sentinel"), "{ran:?}");
        assert!(ran.err.contains("redis://host:port"), "{ran:?}");
    }
}

#[tokio::test]
async fn a_cluster_with_a_slot_that_nobody_serves() {
    let node = one_node().await;
    let mut fill = redis::pipe();
    for n in 0..100 {
        fill.cmd("SET").arg(format!("k:{n}")).arg("x").ignore();
    }
    fill.exec_async(&mut node.connect().await.unwrap()).await.unwrap();
    node.ask::<()>("CLUSTER DELSLOTS 16383").await.unwrap();
    until("a cluster that is down", async || node.shows("CLUSTER INFO", &[("cluster_state", "fail")]).await).await;
    let report = inspect(&node.url(), &["--interval", "0"]).await;
    assert_eq!(report["uncovered_slots"], 1);
    assert!(rules(&report, "findings").contains(&"slots-uncovered".to_owned()), "{report:#}");
    // It may be on its way back, so it is waited for, but not for ever.
    let audit = run(binary(&["audit", "--full", "--url", &node.url()])).await;
    for words in ["belongs to a cluster that is down", "Bring the primary of the missing slots back"] {
        assert!(audit.code == 2 && audit.err.contains(words), "{words:?} is missing: {audit:?}");
    }
}
