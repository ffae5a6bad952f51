//! What a plan takes from the deployment that is there: its rates, its growth since a saved look, and its hottest slot.

use std::fs;

use godmode_redis::facts::slot_of;
use serde_json::{Value, json};

use super::deployed::engine_of;
use crate::stage::cluster::one_node;
use crate::stage::node::{Node, program};
use crate::stage::setup::Setup;
use crate::stage::{Ran, binary, inspect, run};

async fn planned(node: &Node, more: &[&str]) -> Ran {
    let url = node.url();
    let mut all = vec!["topology", "--probe", "--engine", "redis 7.2", "--url", &url, "--interval", "0.2"];
    all.extend(more);
    run(binary(&all)).await
}

#[tokio::test]
async fn growth_follows_from_a_saved_answer_and_not_from_a_short_span() {
    let node = Node::start(&Setup::default()).await;
    let answer = planned(&node, &["--json"]).await.json();
    let present = &answer["demand"]["present"];
    let (at, used) = (present["at"].as_u64().unwrap(), present["used"].as_u64().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("earlier.json");
    let path = file.to_str().unwrap();
    let save = |answer: &Value| fs::write(&file, answer.to_string()).unwrap();

    let mut old = answer.clone();
    old["demand"]["present"]["at"] = json!(at - 30 * 86_400);
    old["demand"]["present"]["used"] = json!(used / 2);
    save(&old);
    let grown = planned(&node, &["--json", "--earlier", path]).await.json();
    // Half of what is there in 30 days is six times what is there in a year.
    let growth = grown["demand"]["growth"].as_f64().unwrap();
    assert!((5.5..6.7).contains(&growth), "{growth}");
    let text = planned(&node, &["--earlier", path]).await.out;
    assert!(text.contains("in 30 days") && text.contains("a month"), "{text}");

    save(&answer);
    let short = planned(&node, &["--earlier", path]).await;
    assert!(short.code == 2 && short.err.contains("growth needs 7 days"), "{short:?}");

    // An inspection has both too, and so have two numbers.
    let mut look = inspect(&node.url(), &["--interval", "0"]).await;
    look["nodes"][0]["overview"]["clock"] = json!(at - 100 * 86_400);
    save(&look);
    assert!(planned(&node, &["--json", "--earlier", path]).await.json()["demand"]["present"]["growth"].is_string());
    let said = planned(&node, &["--json", "--earlier-gb", "1", "--earlier-days", "30"]).await.json();
    assert!(said["demand"]["growth"].as_f64().unwrap() < 0.0, "{said:#}");

    for (arguments, says) in [
        (&["--earlier-gb", "1"][..], "belong together"),
        (&["--earlier", "/nowhere.json"], "cannot be read"),
        (&["--earlier", "Cargo.toml"], "is not JSON"),
    ] {
        let ran = planned(&node, arguments).await;
        assert!(ran.code == 2 && ran.err.contains(says), "{arguments:?}: {ran:?}");
    }
    fs::write(&file, "{}").unwrap();
    assert!(planned(&node, &["--earlier", path]).await.err.contains("tells no time and size"));
}

#[tokio::test]
async fn a_hammered_slot_is_found_where_the_cluster_counts_by_slot() {
    let node = one_node().await;
    let counts = node.ask::<String>("CONFIG SET cluster-slot-stats-enabled yes").await.is_ok();
    // To make the cluster took time too.
    node.ask::<String>("CONFIG RESETSTAT").await.unwrap();
    let mut connection = node.connect().await.unwrap();
    for _ in 0..20 {
        let mut pipeline = redis::pipe();
        for n in 0..200 {
            // Nine of ten commands are of one tag.
            let key = if n % 10 == 0 { format!("item:{n}") } else { format!("{{tenant}}:{n}") };
            pipeline.cmd("SET").arg(key).arg("x".repeat(500)).ignore();
        }
        pipeline.query_async::<()>(&mut connection).await.unwrap();
    }
    let answer = planned(&node, &["--json"]).await.json();
    let present = &answer["demand"]["present"];
    if counts {
        let hot = &present["hottest_slot"];
        assert_eq!(hot["slot"].as_u64().unwrap(), u64::from(slot_of(b"{tenant}")), "{present:#}");
        let share = hot["share"].as_f64().unwrap();
        assert!(share > 0.3, "{share}");
        assert_eq!(answer["demand"]["largest_tag"].as_f64().unwrap(), share);
    } else {
        let why = present["unseen"].to_string();
        assert!(
            why.contains("hot slots: ") && why.contains("cluster-slot-stats-enabled"),
            "{}: {why}",
            engine_of(&program())
        );
    }
}
