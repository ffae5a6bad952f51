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
    let report = with_readers(&node, &["cache pages, 120 s old at most", "--sample-values"]).await;
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
    let told =
        |name: &str| seen.iter().find(|seen| seen["name"] == name).unwrap()["value"].as_str().unwrap().to_owned();
    assert_eq!(told("policy"), "allkeys-lru");
    // Nine deciles of one hour, less the seconds since.
    let deciles = told("TTLs").split("deciles is ").nth(1).unwrap().split(" s").next().unwrap().to_owned();
    let deciles: Vec<u64> = deciles.split(", ").map(|rest| rest.parse().unwrap()).collect();
    assert!(deciles.len() == 9 && deciles.iter().all(|rest| (3_000..=3_600).contains(rest)), "{deciles:?}");
    // `vvv...` leaves next to nothing; before 7.2 a look at a value would be a use of its key.
    if seen.iter().any(|seen| seen["name"] == "compression") {
        let ratio: f64 = told("compression").split(' ').next().unwrap().parse().unwrap();
        assert!(ratio < 0.2, "{ratio}");
    } else {
        assert!(report["measured"]["unseen"].to_string().contains("getrange"), "{}", report["measured"]["unseen"]);
    }
    assert_eq!(taken("allocator")["from"], "measured");
    assert_eq!(taken("on the same server")["value"], "nothing");
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

#[tokio::test]
async fn what_lives_beside_the_cache_decides_the_policy_and_counters_are_told() {
    let node = Node::start(&Setup::new(&["maxmemory 64mb", "maxmemory-policy allkeys-lfu"])).await;
    let mut connection = node.connect().await.unwrap();
    let mut pipeline = redis::pipe();
    for n in 0..400 {
        pipeline.cmd("SET").arg(format!("cache:page:{n}")).arg("v").arg("EX").arg(3_600).ignore();
    }
    (0..20).for_each(|n| {
        pipeline.cmd("SET").arg(format!("feature:{n}")).arg("on").ignore();
    });
    pipeline.query_async::<()>(&mut connection).await.unwrap();
    let look = async || json(&["--probe", "--url", &node.url(), "--interval", "0.2", "cache pages"]).await;
    let report = look().await;
    assert_eq!(report["cache"]["policy"]["answer"], "volatile-lru", "{:#}", report["taken"]);
    let seen = report["measured"]["seen"].as_array().unwrap();
    assert!(seen.iter().any(|seen| seen["name"] == "OBJECT FREQ"), "{seen:?}");
    // Of so many a sample finds some.
    for n in 0..20 {
        node.ask::<i64>(&format!("RPUSH queue:{n} a")).await.unwrap();
    }
    assert_eq!(look().await["cache"]["policy"]["answer"], "noeviction");
}
