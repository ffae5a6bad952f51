//! `design_cache`: what it answers, and that what it promises comes true on a real server.

mod expiring;
mod live;
mod mass;
mod stampede;

use serde_json::Value;

use crate::stage::{Ran, binary, run};

async fn design(arguments: &[&str]) -> Ran {
    let mut all = vec!["cache"];
    all.extend(arguments);
    run(binary(&all)).await
}

async fn json(arguments: &[&str]) -> Value {
    let mut all = arguments.to_vec();
    all.push("--json");
    let ran = design(&all).await;
    ran.json()
}

#[tokio::test]
async fn words_are_read_and_everything_else_is_told_as_assumed() {
    let words = "cache 2 million user profiles of 2 KB, 5000 reads/s and 50 writes/s, may be 60 s old, Postgres takes 30 ms \
                 and bears 800 queries/s, 12 pods, 3 GB of memory";
    let report = json(&[words]).await;
    let taken = |name: &str| {
        let all = report["taken"].as_array().unwrap();
        all.iter().find(|taken| taken["name"] == name).unwrap_or_else(|| panic!("{name}: {all:?}")).clone()
    };
    for (name, value) in [
        ("items", "2,000,000"),
        ("bytes of a value", "2.0 KiB"),
        ("reads", "5000/s"),
        ("writes", "50/s"),
        ("may be old for", "60 s"),
        ("a load from the origin takes", "30 ms"),
        ("the origin bears", "800/s"),
        ("processes", "12"),
        ("memory", "3.0 GiB"),
    ] {
        assert_eq!(
            (taken(name)["value"].as_str(), taken(name)["from"].as_str()),
            (Some(value), Some("words")),
            "{name}"
        );
    }
    assert_eq!(taken("skew")["from"], "assumed");
    assert!(!taken("skew")["note"].as_str().unwrap().is_empty());
    assert_eq!(report["strategy"]["answer"], "cache-aside");
    // A field beats the words.
    let report = json(&[words, "--items", "1000"]).await;
    let items = report["taken"].as_array().unwrap().iter().find(|taken| taken["name"] == "items").unwrap().clone();
    assert_eq!((items["value"].as_str(), items["from"].as_str()), (Some("1,000"), Some("given")));
}

#[tokio::test]
async fn contradictions_are_named_with_what_can_be_had() {
    for (arguments, says) in [
        (&["cache prices, never stale", "--strategy", "write-behind"][..], "nobody may read an old value"),
        (&["cache 1000 pages of 10 KB, 200 bytes of memory"], "nothing fits"),
        (&["cache carts, this is the only copy", "--strategy", "cache-aside"], "only copy"),
        (&["cache counters", "--strategy", "write-behind"], "loses the last second"),
        (
            &["cache 1 million rows, 50000 reads/s, 1 s old at most, the database bears 5 queries/s"],
            "the origin bears 5 loads/s",
        ),
    ] {
        let report = json(arguments).await;
        let conflicts = report["conflicts"].as_array().unwrap();
        let found = conflicts.iter().find(|conflict| conflict["says"].as_str().unwrap().contains(says));
        let conflict = found.unwrap_or_else(|| panic!("{arguments:?}: {conflicts:?}"));
        assert!(!conflict["options"].as_array().unwrap().is_empty(), "{arguments:?}");
    }
}

#[tokio::test]
async fn what_would_lose_data_is_refused_with_what_does_the_job() {
    for (words, strategy, id) in [
        ("write-behind cache for account balances", "", "write-behind-for-money"),
        ("cache of orders, money", "write-behind", "write-behind-for-money"),
        ("allkeys-lru cache, the same server keeps our queues and locks", "", "evictable-queue"),
        ("redlock so that payments are never charged twice", "", "redlock-for-correctness"),
        ("pub/sub for jobs that must not be lost", "", "pubsub-as-queue"),
    ] {
        let ran = design(&[words, "--strategy", strategy, "--json"]).await;
        let report = ran.json();
        let ids: Vec<&str> =
            report["refusals"].as_array().unwrap().iter().map(|refusal| refusal["id"].as_str().unwrap()).collect();
        assert!(ids.contains(&id), "{words}: {ids:?}");
        let text = design(&[words, "--strategy", strategy]).await.out;
        assert!(text.contains("refused") && text.contains("instead"), "{text}");
    }
}

#[tokio::test]
async fn bad_input_is_told_from_good_with_the_next_step() {
    for (arguments, says) in [
        (&[][..], "say what is cached"),
        (&["x", "--strategy", "magic"], "it is one of cache-aside"),
        (&["x", "--skew", "7"], "from 0 (even) to 2"),
        (&["x", "--is", "blue"], "the facts are only-copy"),
        (&["x", "--engine", "dragonfly 1"], "say redis 7.2 or valkey 9.1"),
        (&["x", "--client", "fortran"], "there is code for redis-py"),
        (&["x", "--consistency", "maybe"], "eventual, read-your-writes or strict"),
        (&["x", "--neighbours", "noisy"], "none, permanent or precious"),
        (&["x", "--items", "99999999999999"], "check items"),
        (&["x", "--reads-per-second", "nan"], "not finite"),
    ] {
        let ran = design(arguments).await;
        assert_ne!(ran.code, 0, "{arguments:?}: {}", ran.out);
        assert!(ran.err.contains(says), "{arguments:?}: {}", ran.err);
    }
}
