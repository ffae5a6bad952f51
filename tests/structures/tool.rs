//! The tool for structures: what it answers in words, for what is asked well and for what is not.

use godmode_redis::decisions::structures::{SCENARIOS, Scenario, choose};
use godmode_redis::page::words::{Found, Sought as _};
use serde_json::Value;

use crate::stage::node::Node;
use crate::stage::setup::Setup;
use crate::stage::{Ran, binary, run};

pub async fn recommend(arguments: &[&str]) -> Ran {
    let mut command = binary(&["recommend"]);
    command.args(arguments);
    run(command).await
}

pub async fn json(arguments: &[&str]) -> Value {
    recommend(&[arguments, &["--json"]].concat()).await.json()
}

pub fn ids(found: Found<&'static Scenario>) -> Vec<&'static str> {
    match found {
        Found::One { found, .. } => vec![found.id],
        Found::Several(found) => found.iter().map(|scenario| scenario.id).collect(),
        Found::Unknown => Vec::new(),
    }
}

#[test]
fn a_use_is_found_by_its_name_and_by_each_phrase_on_its_page() {
    for scenario in SCENARIOS {
        assert_eq!(ids(choose(scenario.id)), [scenario.id]);
        for phrase in scenario.phrases() {
            assert!(ids(choose(phrase)).contains(&scenario.id), "{phrase:?} does not lead to {}", scenario.id);
        }
    }
    for (words, wanted) in [
        ("Use a cache for API responses", "cache"),
        ("distributed lock", "lock"),
        ("who is online right now", "presence"),
        ("top players of a game", "leaderboard"),
        ("count page views", "counter"),
        ("store locator", "nearby"),
        ("queue for emails that must survive a crash", "events"),
    ] {
        assert_eq!(ids(choose(words)), [wanted], "{words}");
    }
    for words in ["", "the", "weather forecast", "\u{0}\u{202e}", &"x".repeat(100_000)] {
        assert_eq!(choose(words), Found::Unknown, "{}", words.len());
    }
}

#[test]
fn what_people_use_it_for_has_a_page() {
    for (words, id) in [
        ("time-windowed leaderboard", "period-leaderboard"),
        ("leaderboard ties", "period-leaderboard"),
        ("rate limits", "rate-limit"),
        ("idempotency", "idempotency"),
        ("delayed jobs", "delayed-jobs"),
        ("priority jobs", "priority-jobs"),
        ("pub/sub fan-out", "broadcast"),
        ("social graph", "social-graph"),
        ("inverted index", "tags"),
        ("feature flags", "feature-flags"),
        ("shopping cart", "cart"),
        ("inventory reservation", "inventory"),
        ("bitmap analytics", "daily-active"),
        ("sampling", "sampling"),
        ("sliding statistics", "sliding-statistics"),
        ("config distribution", "config"),
        ("multi-tenant quotas", "quotas"),
        ("object cache", "object-cache"),
        ("large objects", "large-objects"),
        ("full text", "catalogue"),
        ("distributed semaphore", "semaphore"),
        ("scheduled events", "scheduled-events"),
        ("audit log", "audit-log"),
        ("chat history", "chat-history"),
        ("email inbox", "inbox"),
        ("notification inbox", "inbox"),
        ("A/B assignment", "ab-assignment"),
        ("sessions with absolute and idle expiry", "session-expiry"),
    ] {
        assert_eq!(ids(choose(words)), [id], "{words}");
    }
}

#[tokio::test]
async fn the_source_texts_table_holds() {
    for (words, structure, key) in [
        ("cache", "string", "cache:{entity}:{id}"),
        ("counter", "counter", "count:{entity}:{id}"),
        ("session", "hash", "session:{token}"),
        ("queue", "list", "queue:{name}"),
        ("unique set", "set", "set:{entity}:{scope}"),
        ("leaderboard", "zset", "lb:{game}:{period}"),
        ("event log", "stream", "stream:{topic}"),
        ("lock", "string", "lock:{resource}"),
    ] {
        let answer = json(&[words]).await;
        assert_eq!(answer["structure"], structure, "{words}");
        assert_eq!(answer["keys"][0]["pattern"], key, "{words}");
        assert!(answer["memory"]["used"].as_u64().unwrap() > 0, "{words}");
        assert!(!answer["session"].as_array().unwrap().is_empty(), "{words}");
    }
}

#[tokio::test]
async fn impossible_wishes_name_the_conflict_and_what_comes_nearest() {
    for (arguments, wanted) in [
        (
            &["--needs", "distinct", "--elements", "1M", "--element-bytes", "16", "--budget", "12KB"][..],
            &["12.0 KiB are allowed", "HyperLogLog", "a Set for up to"][..],
        ),
        (
            &["unique", "--elements", "10 billion"],
            &["4,294,967,295 elements in one key", "a Bloom filter", "a Cluster"],
        ),
        (&["--needs", "delay,groups"], &["nothing serves all of them together", "a sorted set and a Stream"]),
        (
            &["tokens", "--engine", "redis 7.2", "--needs=-remove,-enumerate,whole"],
            &["expire-item", "Redis 7.4, Valkey 9.0"],
        ),
        (
            &["metrics", "--engine", "valkey 9.1"],
            &["A time series, if it runs on Redis 8.6.0", "a Hash and a sorted set"],
        ),
        (
            &["catalogue", "--engine", "valkey 8.1", "--modules", "search"],
            &["Nothing on Valkey 8.1.0 serves full-text"],
        ),
        (&["semantic cache", "--engine", "redis 7.2"], &["similarity", "Nothing on Redis 7.2.0 serves similarity"]),
    ] {
        let ran = recommend(arguments).await;
        for words in wanted {
            assert!(
                ran.out.split_whitespace().collect::<Vec<_>>().join(" ").contains(words),
                "{arguments:?}: {words}\n{}",
                ran.out
            );
        }
        assert!(ran.out.contains("What comes nearest"), "{}", ran.out);
    }
}

#[tokio::test]
async fn what_cannot_be_understood_says_what_could_be() {
    for (arguments, wanted) in [
        (&[][..], "say what it is for"),
        (&["cache", "--needs", "speed"], "there is no need \"speed\"; there are whole, fields"),
        (&["cache", "--elements", "many"], "write 1000, 10k or 2.5M"),
        (&["cache", "--engine", "oracle 19"], "say redis 7.2 or valkey 9.1"),
        (&["cache", "--modules", "lua"], "there is no module \"lua\"; there are json"),
        (&["cache", "--present", "tree"], "there is no structure \"tree\"; there are counter"),
        (&["unique", "--accuracy", "perfect"], "write 1% or 0.01, or exact"),
        (&["cache", "--keys", "1 billion", "--element-bytes", "1TB"], "more than 10 petabytes"),
        (&["cache", "--needs=-whole,-expire"], "nothing is left that tells structures apart"),
        (&["--needs", "expire,kept"], "nothing is left that tells structures apart"),
    ] {
        let ran = recommend(arguments).await;
        assert!(ran.err.contains(wanted), "{arguments:?}: {}", ran.err);
    }
    let unknown = recommend(&["weather forecast"]).await;
    assert!(unknown.out.contains("No page is about anything like"), "{}", unknown.out);
    let several = recommend(&["approximate"]).await;
    assert!(several.out.contains("Which use?") && several.out.contains("unique-approx"), "{}", several.out);
}

#[tokio::test]
async fn a_deprecated_command_is_told_with_its_successor() {
    let answer = json(&["reliable queue with BRPOPLPUSH"]).await;
    assert!(answer["asked"]["deprecated"][0].as_str().unwrap().contains("BLMOVE"), "{answer}");
    let old = json(&["leaderboard by ZREVRANGE", "--engine", "redis 6.0"]).await;
    assert_eq!(old["asked"]["deprecated"], Value::Null, "Redis 6.0 has no ZRANGE REV");
    assert!(old["calls"].to_string().contains("ZREVRANGE"), "{old}");
}

#[tokio::test]
async fn a_move_writes_both_copies_compares_switches_and_deletes() {
    let answer = json(&["unique", "--present", "string"]).await;
    let steps: Vec<&str> = answer["migration"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
    for words in ["Write both", "SCAN 0 MATCH set:* TYPE string", "Compare", "Switch the reads", "UNLINK"] {
        assert!(steps.iter().any(|step| step.contains(words)), "{words}: {steps:?}");
    }
}

#[tokio::test]
async fn the_target_says_what_it_is_and_which_policy_does_not_suit() {
    let node = Node::start(&Setup::new(&["maxmemory-policy allkeys-lru", "maxmemory 64mb"])).await;
    let answer = json(&["queue", "--probe", "--url", &node.url()]).await;
    assert!(answer["asked"]["server"].as_str().unwrap().contains("as the target says"), "{answer}");
    assert!(answer["eviction"].as_str().unwrap().contains("allkeys-lru, which does not suit"), "{answer}");
    let large = json(&["queue", "--elements", "10M", "--probe", "--url", &node.url()]).await;
    assert_eq!(large["answer"], "conflict", "{large}");
}

#[tokio::test]
async fn a_proof_puts_what_was_measured_beside_what_was_predicted() {
    let mut command = binary(&["recommend", "lock", "--prove", "--json"]);
    command.env("GODMODE_REDIS_SERVER", crate::stage::node::program());
    let answer = run(command).await.json();
    let row = &answer["proven"]["rows"][0];
    assert_eq!(row["structure"], "string", "{answer}");
    let (predicted, measured) = (row["predicted"].as_f64().unwrap(), row["measured"].as_f64().unwrap());
    assert!((predicted / measured - 1.0).abs() < 0.1, "{answer}");
    let claim = row["operations"].as_array().unwrap().iter().find(|one| one["need"] == "claim").unwrap();
    assert_eq!(claim["commands"], 1.0, "{answer}");
    assert!(claim["per_second"].as_f64().unwrap() > 0.0 && claim["wire_bytes"].as_f64().unwrap() > 36.0, "{answer}");
    // Without a server the advice stands.
    let mut command = binary(&["recommend", "lock", "--prove", "--json"]);
    command.env("GODMODE_REDIS_SERVER", "").env("PATH", "/nonexistent");
    let without = run(command).await.json();
    assert!(without["proven"]["says"].as_str().unwrap().starts_with("not proven: no redis-server found"), "{without}");
    assert_eq!((&without["structure"], &without["proven"]["rows"]), (&Value::from("string"), &Value::Null));
}
