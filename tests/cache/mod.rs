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
        (&["write-behind for page counters"], "loses the last second"),
        (&["cache 2 million carts of 3 KB, this is the only copy, 1 GB of memory"], "store may evict nothing"),
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
        (&["x", "--hosting", "cloud"], "it is one of self-managed"),
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

fn row(report: &Value, name: &str) -> Value {
    let all = report["taken"].as_array().unwrap();
    all.iter().find(|taken| taken["name"] == name).unwrap_or_else(|| panic!("{name}: {all:?}")).clone()
}

#[tokio::test]
async fn code_follows_the_design_and_a_client_without_code_costs_no_answer() {
    let text = |report: &Value| report["code"]["text"].as_str().unwrap_or_default().to_owned();
    let old = "cache 10000 pages of 2 KB, 20000 reads/s, 60 s old at most, the database takes 500 ms";
    let served = json(&[old, "--client", "go-redis"]).await;
    assert_eq!(served["cache"]["stampede"]["answer"], "stale-while-revalidate");
    assert!(text(&served).contains("PTTL") && text(&served).contains("zlib"), "{}", text(&served));
    let fresh = json(&["cache 1000 flags of 200 B, 20000 reads/s, 2 s old at most", "--client", "go-redis"]).await;
    assert!(!text(&fresh).contains("PTTL") && !text(&fresh).contains("zlib"), "{}", text(&fresh));
    let through = json(&["write-through cache of 1000 profiles of 200 B", "--client", "go-redis"]).await;
    assert_eq!(through["kept"], "write-through");
    assert!(text(&through).contains("value []byte) { store("), "{}", text(&through));
    let behind = json(&["write-behind for counters", "--is", "losable-writes", "--client", "go-redis"]).await;
    assert_eq!((behind["kept"].as_str(), text(&behind).as_str()), (Some("write-behind"), ""));
    let lines = behind["cache"]["lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["name"] == "maxmemory-policy" && line["value"] == "noeviction"), "{lines:?}");
    let ran = design(&["cache pages", "--client", "fortran"]).await;
    assert!(ran.out.contains("There is code for redis-py") && ran.out.contains("maxmemory-policy"), "{}", ran.out);
}

#[tokio::test]
async fn sizes_that_spread_are_averaged_and_large_ones_are_compressed_or_split_with_the_arithmetic() {
    let words = "cache 10000 pages, median 2 KB, p99 900 KB, 100 reads/s";
    let report = json(&[words]).await;
    assert_eq!(row(&report, "bytes of a value")["value"], "2.0 KiB");
    assert_eq!(row(&report, "bytes of a large value (p99)")["value"], "900.0 KiB");
    assert!(row(&report, "bytes on average")["note"].as_str().unwrap().contains("log-normal"));
    assert_eq!(report["cache"]["encoding"]["answer"], "split");
    let value = &report["cache"]["value"];
    // 900 KiB x 0.4, in parts of 100 KiB; x 8 bits on 1 Gbit/s.
    assert_eq!((value["stored_large"].as_u64(), value["parts"].as_u64()), (Some(368_640), Some(4)), "{value}");
    assert!((value["wire_ms"].as_f64().unwrap() - 2.949).abs() < 0.001, "{value}");
    let text = design(&[words]).await.out;
    assert!(text.contains("4 parts and a head of 16 B") && text.contains("assumed"), "{text}");
    let even = json(&["cache 10000 pages of 2 KB to 6 KB, 100 reads/s"]).await;
    assert_eq!(row(&even, "bytes on average")["value"], "4.0 KiB");
    // A document whose fields are read by path wants a server that has JSON.
    let nested = ["cache 1000 documents", "--is", "nested", "--value-bytes", "900"];
    assert_eq!(json(&nested).await["cache"]["encoding"]["answer"], "string");
    let service = json(&[&nested[..], &["--hosting", "elasticache"]].concat()).await;
    assert_eq!(service["cache"]["encoding"]["answer"], "json");
    let way = &service["managed"]["settings"].as_array().unwrap()[1];
    assert!(way["way"].as_str().unwrap().contains("modify-cache-parameter-group"), "{way}");
}

#[tokio::test]
async fn a_store_holds_every_item_and_has_no_origin_and_what_was_assumed_is_doubted() {
    let words = "cache 2 million carts of 3 KB, this is the only copy";
    let report = json(&[words]).await;
    assert_eq!(report["cache"]["size"]["advised"]["items"].as_f64(), Some(2e6));
    assert_eq!(report["cache"]["key"], "cache:cart:v1:{id}");
    let text = design(&[words]).await.out;
    assert!(!text.contains("Stampede") && !text.contains("Cold start"), "{text}");
    let assumed = |report: &Value| {
        let conflicts = report["conflicts"].as_array().unwrap();
        conflicts.iter().map(|conflict| conflict["assumed"].to_string()).collect::<String>()
    };
    assert!(assumed(&json(&["cache pages"]).await).contains("items (1,000,000)"));
    let ran = design(&["cache pages", "--fail-on", "warning"]).await;
    assert!(ran.out.contains("to settle") && !ran.out.contains("conflict "), "{}", ran.out);
    assert_eq!(ran.code, 0, "nobody said what cannot be had");
    let said = "cache 1 million pages, zipf 0.9, 1000 reads/s, 60 s old at most, the database bears 200 queries/s";
    assert!(!assumed(&json(&[said]).await).contains('('), "{}", assumed(&json(&[said]).await));
    assert_eq!(design(&[said, "--fail-on", "warning"]).await.code, 1);
}

#[tokio::test]
async fn what_is_said_to_live_beside_the_cache_is_heard() {
    let precious = ("queues, locks, limits or sessions", "words");
    let nothing = ("nothing", "assumed");
    for (words, wanted) in [
        ("rate limits and sessions in the same redis as the cache", precious),
        ("cache product pages on the same server as our job queues", precious),
        ("cache prices and locks", precious),
        ("cache prices in a redis that also holds streams", precious),
        ("cache sessions on the same server as the web server", nothing),
        ("cache prices, our queues on the same server in separate databases", precious),
        ("cache prices, not on the same server as our queues", nothing),
        ("cache video stream manifests", nothing),
        ("cache users and sessions", nothing),
    ] {
        let row = row(&json(&[words]).await, "on the same server").clone();
        assert_eq!((row["value"].as_str().unwrap(), row["from"].as_str().unwrap()), wanted, "{words}");
    }
}

#[tokio::test]
async fn rates_and_skew_are_heard_in_the_words_that_people_use() {
    let report =
        json(&["user profiles: 5M users, ~2KB each, 8k rps reads, 200 rps updates, 90% of reads hit 5% of users"])
            .await;
    for (name, value) in [("items", "5,000,000"), ("reads", "8000/s"), ("writes", "200/s"), ("skew", "1.09")] {
        let row = row(&report, name);
        assert_eq!((row["value"].as_str(), row["from"].as_str()), (Some(value), Some("words")), "{row}");
    }
    let slow = json(&["cache for answers of a model, 20 KB each, a miss costs 3 s"]).await;
    assert_eq!(row(&slow, "a load from the origin takes")["value"], "3000 ms");
    let mix = json(&["cache pages, 90% reads / 10% writes, hit ratio 90% to 95%"]).await;
    assert_eq!(
        (row(&mix, "skew")["from"].as_str(), row(&mix, "items")["from"].as_str()),
        (Some("assumed"), Some("assumed"))
    );
}
