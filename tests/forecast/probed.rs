//! The popularity that a live server's keys tell, replayed on a server of our own.

use serde_json::Value;

use super::live::{Law, Workload, at, looked_at};
use super::tool::simulate;
use crate::stage::node::Node;
use crate::stage::setup::Setup;

/// How far the ratio that is replayed may be from that of a server which has this size and the true load.
const WITHIN: f64 = 0.03;

/// What `simulate` reports of the workload at this share of the present size, and whether it comes out so.
async fn replayed(workload: Workload, share: f64) -> Value {
    let fit = (share * workload.held as f64).to_string();
    let verb = ["simulate", "--fit", &fit, "--run", "--seconds", "40"];
    let (report, truth) = tokio::join!(looked_at(workload, &verb), at(workload, share * workload.held as f64));
    let number =
        |place: &str| report.pointer(place).and_then(Value::as_f64).unwrap_or_else(|| panic!("{place}: {report:#}"));
    let (predicted, measured) = (number("/rerun/predicted/hit_ratio"), number("/rerun/measured/hit_ratio"));
    assert!((measured - truth).abs() <= WITHIN, "{workload:?}: {measured:.4} replayed, {truth:.4} is true: {report:#}");
    assert!((predicted - measured).abs() <= 0.02, "{workload:?}: {predicted:.4} predicted: {report:#}");
    assert!(number("/rerun/measured/evictions_per_second") > 0.0);
    // As on the target: ages of some seconds are those of the clock too.
    assert!((0.8..2.0).contains(&number("/rerun/hurry")), "{report:#}");
    report
}

#[tokio::test]
async fn a_popularity_that_was_measured_is_replayed_and_hits_what_the_true_one_does() {
    let zipf = Workload { held: 6_000, law: Law::Zipf(1.0), seed: 11 };
    let other = Workload { held: 2_500, law: Law::FewHot, seed: 12 };
    let (zipf, other) = tokio::join!(replayed(zipf, 0.5), replayed(other, 0.6));
    let fit = &zipf["probed"]["fit"];
    assert!((fit["alpha"].as_f64().unwrap() - 1.0).abs() < 0.15, "{fit}");
    // Whether a law explains it as well, or the idle times speak for themselves, is chance: what it hits is not.
    assert!(other["probed"]["largest"].as_f64().unwrap() >= 1_500.0, "{other:#}");
}

/// A server with so many keys, that nobody reads.
async fn idle(keys: u32, policy: &str) -> Node {
    let node = Node::start(&Setup::new(&["maxmemory 64mb", &format!("maxmemory-policy {policy}")])).await;
    let mut pipeline = redis::pipe();
    (0..keys).for_each(|key| {
        pipeline.cmd("SET").arg(format!("page:{key}")).arg("v").ignore();
    });
    pipeline.query_async::<()>(&mut node.connect().await.unwrap()).await.unwrap();
    node
}

#[tokio::test]
async fn a_server_that_tells_no_popularity_is_refused_with_the_next_step_and_no_zipf_in_its_place() {
    for (keys, policy, says, next) in [
        (2_000, "allkeys-lfu", "no time of their last read", "give a trace"),
        (2_000, "allkeys-random", "random eviction", "give a trace"),
        (50, "allkeys-lru", "300 are needed", "where there are more keys"),
        (2_000, "allkeys-lru", "nobody reads", "while its clients read"),
    ] {
        let node = idle(keys, policy).await;
        let ran = simulate(&["--probe", "--run", "--interval", "0.2", "--url", &node.url()]).await;
        assert!(ran.code == 2 && ran.out.is_empty(), "{policy}: {ran:?}");
        for words in ["tells no popularity", says, next, "items, skew and requests_per_second"] {
            assert!(ran.err.contains(words), "{policy} {keys}: {words}: {}", ran.err);
        }
    }
    for (arguments, says) in [
        (&["--probe", "--skew", "1"][..], "leave items and skew out"),
        (&["--probe", "--items", "5"], "leave items and skew out"),
        (&["--probe", "--trace", "a.csv"], "leave probe out"),
        (&["--probe", "--interval", "0"], "interval is 0"),
    ] {
        let ran = simulate(arguments).await;
        assert!(ran.code == 2 && ran.err.contains(says), "{arguments:?}: {ran:?}");
    }
}
