//! The tool for structures: what it answers in words, for what is asked well and for what is not.

use godmode_redis::decisions::structures::{SCENARIOS, Scenario, choose, find};
use godmode_redis::facts::Engine;
use godmode_redis::page::words::{Found, Sought as _};
use godmode_redis::probe::Target;
use godmode_redis::scripts::find as script;
use godmode_redis::tools::{RecommendStructure, Tool, Watch};
use serde_json::Value;

use crate::stage::node::Node;
use crate::stage::setup::Setup;
use crate::stage::{Ran, binary, run};

type Input = <RecommendStructure as Tool>::Input;
type Answer = <RecommendStructure as Tool>::Report;

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
        (&["large files of 50 MB"], &["a String, in a Cluster of 3 nodes or more"]),
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
    // Nor does it run what the page prints for newer servers.
    assert_eq!(old["session"], Value::Null, "{old}");
    let newer = old["newer"].to_string();
    assert!(newer.contains("Redis 6.2, every Valkey") && newer.contains("this is Redis 6.0.0"), "{newer}");
    assert!(json(&["leaderboard", "--engine", "redis 6.2"]).await["session"].to_string().contains("REV"));
}

#[tokio::test]
async fn what_is_printed_to_be_run_runs_on_the_server_that_was_named() {
    let nowhere = Target::parse("redis://127.0.0.1:1").unwrap();
    for engine in ["redis 6.0", "redis 6.2", "redis 7.0", "valkey 7.2"] {
        let version: Engine = engine.parse().unwrap();
        let mut left_out = 0;
        for scenario in SCENARIOS {
            let input = Input { use_case: scenario.id.into(), engine: engine.into(), ..Input::default() };
            let answer = RecommendStructure::run(&nowhere, input, &Watch::default()).await.unwrap();
            let Answer::Structure(answer) = answer else { continue };
            left_out += answer.newer.len();
            let commands = answer.session.iter().filter_map(|line| find(line));
            for command in commands {
                assert!(command.since.has(&version), "{}: {} on {engine}", scenario.id, command.name);
            }
            for row in &answer.scripts {
                let since = script(row.id).unwrap().since(&version.kind);
                assert!(since.is_some_and(|since| since <= version.version), "{}: {} on {engine}", scenario.id, row.id);
            }
        }
        // SINTERCARD came with 7.0; and Valkey 7.2 is Redis 7.2.4 under another name (<https://valkey.io/topics/migration/>).
        let has_all = matches!(engine, "redis 7.0" | "valkey 7.2");
        assert_eq!(left_out == 0, has_all, "{engine}: {left_out}");
    }
}

#[tokio::test]
async fn a_move_writes_both_copies_compares_switches_and_deletes() {
    let answer = json(&["unique", "--present", "string"]).await;
    let steps: Vec<&str> = answer["migration"].as_array().unwrap().iter().map(|step| step.as_str().unwrap()).collect();
    // The names on the page are those of the new keys; the old ones nobody has named.
    for words in [
        "set:{entity}:{scope} as a Set",
        "Write both",
        "SCAN 0 MATCH <old prefix>* TYPE string",
        "Compare",
        "Switch the reads",
        "UNLINK",
    ] {
        assert!(steps.iter().any(|step| step.contains(words)), "{words}: {steps:?}");
    }
}

#[tokio::test]
async fn a_move_depends_on_what_can_be_read_and_on_the_server() {
    let text = async |arguments: &[&str]| json(arguments).await["migration"].to_string();
    let sketch = text(&["unique", "--present", "bloom"]).await;
    assert!(sketch.contains("does not give back what went into it") && sketch.contains("the database"), "{sketch}");
    assert!(!sketch.contains("let readers listen to both"), "{sketch}");
    let counted = text(&["unique", "--present", "hyperloglog"]).await;
    assert!(counted.contains("does not give back"), "{counted}");
    let published = text(&["events", "--present", "pubsub"]).await;
    assert!(published.contains("let readers listen to both"), "{published}");
    // Jobs that are taken are not written twice.
    let queue = text(&["queue that survives crashes", "--needs", "ack", "--present", "list"]).await;
    assert!(queue.contains("LLEN is 0") && !queue.contains("Write both"), "{queue}");
    let bits = async |engine: &str| text(&["unique", "--present", "bitmap", "--engine", engine]).await;
    assert!(bits("redis 6.2").await.contains("COPY") && !bits("redis 6.0").await.contains("COPY"));
    // A need that takes the pick off its page leaves the convention for names.
    let plain = json(&["leaderboard", "--needs=-top,-rank,-score-range,fields"]).await;
    assert_eq!(plain["keys"][0]["pattern"], "{service}:{entity}:{id}", "{plain}");
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
    let (told, claimed) = (row["predicted_claim"].as_f64().unwrap(), row["claimed"].as_f64().unwrap());
    assert!((told / claimed - 1.0).abs() < 0.05, "{answer}");
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

#[tokio::test]
async fn needs_that_the_words_name_beside_the_use_are_heard() {
    for (words, structure) in [
        ("object cache", "string"),
        ("object cache, read one field at a time", "hash"),
        ("work queue", "list"),
        ("work queue, workers may crash", "stream"),
    ] {
        let answer = json(&[words]).await;
        assert_eq!(answer["structure"], structure, "{words}: {:#}", answer["asked"]);
    }
}
