//! What `design_cache` measures on a live server, and that it writes nothing there.

use serde_json::Value;

use super::json;
use crate::stage::node::Node;
use crate::stage::setup::Setup;

/// Readers at work while it looks.
async fn with_readers(node: &Node, arguments: &[&str]) -> Value {
    let mut connection = node.connect().await.unwrap();
    let reading = async {
        let mut random = fastrand::Rng::with_seed(3);
        loop {
            let mut pipeline = redis::pipe();
            for _ in 0..50 {
                pipeline.cmd("GET").arg(format!("cache:page:{}", random.u32(0..4_000))).ignore();
            }
            pipeline.query_async::<()>(&mut connection).await.unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let url = node.url();
    let mut all = vec!["--probe", "--url", url.as_str(), "--interval", "1"];
    all.extend(arguments);
    tokio::select! {
        report = json(&all) => report,
        () = reading => panic!("readers do not end"),
    }
}

#[tokio::test]
async fn rates_sizes_and_lives_are_measured_and_nothing_is_written() {
    let node = Node::start(&Setup::new(&["maxmemory 64mb", "maxmemory-policy allkeys-lru"])).await;
    let mut connection = node.connect().await.unwrap();
    for some in (0..2_000).collect::<Vec<u32>>().chunks(500) {
        let mut pipeline = redis::pipe();
        for n in some {
            let value = "v".repeat(300);
            pipeline.cmd("SET").arg(format!("cache:page:{n}")).arg(value).arg("EX").arg(3_600).ignore();
        }
        pipeline.query_async::<()>(&mut connection).await.unwrap();
    }
    node.ask::<String>("CONFIG RESETSTAT").await.unwrap();
    let report = with_readers(&node, &["cache pages, 120 s old at most"]).await;
    let taken = |name: &str| {
        let all = report["taken"].as_array().unwrap();
        all.iter().find(|taken| taken["name"] == name).unwrap().clone()
    };
    assert_eq!(taken("reads")["from"], "measured");
    assert_eq!(taken("memory")["value"], "64.0 MiB");
    // Exact where the length can be asked for without touching a key; else as near as the classes of sizes lie.
    let bytes = taken("bytes of a value");
    let size = bytes["value"].as_str().unwrap().trim_end_matches(" B").parse::<u32>().unwrap();
    assert!((265..=335).contains(&size), "{size}");
    assert_eq!(bytes["from"], "measured");
    // Half of the pages that are asked for exist.
    let seen = report["measured"]["seen"].as_array().unwrap();
    let hit = seen.iter().find(|seen| seen["name"] == "hit ratio now").unwrap()["value"].as_str().unwrap();
    let hit: f64 = hit.trim_end_matches(" %").parse().unwrap();
    assert!((40.0..60.0).contains(&hit), "{hit}");
    assert!(report["engine"].as_str().unwrap().contains(['.']), "{}", report["engine"]);
    let stats = node.ask::<String>("INFO commandstats").await.unwrap();
    for harm in ["cmdstat_set:", "cmdstat_del:", "cmdstat_eval", "cmdstat_config|set"] {
        assert!(!stats.contains(harm), "{harm} was sent");
    }
}

#[tokio::test]
async fn what_cannot_be_measured_is_told() {
    let node = Node::start(&Setup::new(&[])).await;
    let report = json(&["--probe", "--url", &node.url(), "--interval", "0.2", "cache pages"]).await;
    let unseen = report["measured"]["unseen"].as_array().unwrap();
    assert!(unseen.iter().any(|why| why.as_str().unwrap().contains("too few to tell")), "{unseen:?}");
    let reads = report["taken"].as_array().unwrap().iter().find(|taken| taken["name"] == "reads").unwrap().clone();
    assert_eq!(reads["from"], "assumed");
}
