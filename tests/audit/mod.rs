//! What an audit says of keys, against servers whose keys we put there.

mod bytes;
mod corpus;
mod denied;
mod deployments;
mod drawn;
mod failovers;
mod indexes;
mod manners;
mod sampling;

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use godmode_redis::probe::{Scratch, every_ask};
use redis::aio::MultiplexedConnection;
use serde_json::Value;

use crate::stage::{Ran, binary, node, run, say, server, until, url};
use corpus::{FAMILIES, GIANTS};

/// Runs an audit to its end and returns the JSON report.
pub async fn audit(url: &str, more: &[&str]) -> Value {
    let arguments: Vec<&str> = ["audit", "--json", "--url", url].iter().chain(more).copied().collect();
    run(binary(&arguments)).await.json()
}

pub fn family<'a>(report: &'a Value, pattern: &str) -> &'a Value {
    let shown = format!("«{pattern}»");
    let mut families = report["families"].as_array().unwrap().iter();
    families.find(|family| family["pattern"] == shown.as_str()).unwrap_or_else(|| panic!("no {pattern} in {report:#}"))
}

pub fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

async fn filled(unit: u64) -> (Scratch, MultiplexedConnection) {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    corpus::mixed(&mut connection, unit).await;
    (server, connection)
}

/// What MEMORY USAGE claims of all keys together, asked by ourselves.
async fn claimed(connection: &mut MultiplexedConnection) -> i64 {
    let keys: Vec<Vec<u8>> = redis::cmd("KEYS").arg("*").query_async(connection).await.unwrap();
    let mut sum = 0;
    for some in keys.chunks(5_000) {
        let mut pipeline = redis::pipe();
        some.iter().for_each(|key| {
            pipeline.cmd("MEMORY").arg("USAGE").arg(key.as_slice());
        });
        sum += pipeline.query_async::<Vec<i64>>(connection).await.unwrap().iter().sum::<i64>();
    }
    sum
}

#[tokio::test]
async fn a_whole_reading_counts_every_key_and_balances_the_books() {
    let (server, mut connection) = filled(300).await;
    corpus::giants(&mut connection).await;
    let report = audit(&url(&server), &["--full", "--pace", "fast"]).await;
    assert_eq!(report["coverage"]["reading"], "whole");
    for (pattern, many) in FAMILIES {
        let keys = &family(&report, pattern)["keys"];
        assert_eq!(
            (number(&keys["low"]), number(&keys["high"])),
            ((many * 300) as f64, (many * 300) as f64),
            "{pattern}"
        );
    }
    assert_eq!(report["families"].as_array().unwrap().len(), FAMILIES.len() + GIANTS.len(), "{:#}", report["families"]);
    assert_eq!(number(&report["parts"]["claimed"]) as i64, claimed(&mut connection).await);
    let largest: Vec<&str> =
        report["largest"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    for (place, (name, _)) in GIANTS.iter().enumerate() {
        assert_eq!(largest[place], format!("«{name}»"));
    }
    let ledger = &report["ledger"];
    let off = number(&ledger["gap"]).abs() / number(&ledger["used_memory"]);
    assert!(off < 0.02, "{ledger:#}");
}

#[tokio::test]
async fn an_audit_leaves_no_trace_but_its_reading() {
    let (server, mut connection) = filled(20).await;
    // Not a counter: small numbers share a clock that no use sets.
    let keys = ["app:session:1", "shop:user:3", "tags:item:5", "board:7:daily", "queue:job:9", "cache:user:8:profile"];
    let aged = until("keys to age", async || {
        let idle = idle(&mut server.connect().await.unwrap(), &keys).await;
        if idle.iter().all(|seconds| *seconds >= 3) { Ok(idle) } else { Err(format!("{idle:?} s")) }
    })
    .await;
    let before: u64 = redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap();
    say(&mut connection, "CONFIG RESETSTAT").await;
    let report = audit(&url(&server), &["--full", "--sample-values"]).await;
    let info: String = redis::cmd("INFO").arg("everything").query_async(&mut connection).await.unwrap();
    let declared: Vec<String> = every_ask().iter().map(|ask| ask.command().to_owned()).collect();
    let seen: Vec<&str> = info
        .lines()
        .filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(':').map(|(name, _)| name))
        .filter(|name| {
            !matches!(*name, "config|resetstat" | "config" | "object" | "memory" | "client" | "acl" | "command")
        })
        .collect();
    for name in seen {
        let container = name.split('|').next().unwrap();
        let known = declared
            .iter()
            .any(|ask| *ask == name.to_lowercase() || ask.starts_with(&format!("{container}|")) && name == container);
        assert!(known || name == "slowlog" || name == "latency", "{name} was never declared");
    }
    assert!(!info.contains("errorstat_"), "an audit provokes no error");
    let hits: u64 = info.lines().find_map(|line| line.strip_prefix("keyspace_hits:")).unwrap().parse().unwrap();
    assert_eq!(hits, report["cost"]["keyspace_hits"].as_u64().unwrap(), "we know what we added");
    let after: u64 = redis::cmd("DBSIZE").query_async(&mut connection).await.unwrap();
    assert_eq!(before, after);
    for ((key, before), after) in keys.iter().zip(aged).zip(idle(&mut connection, &keys).await) {
        assert!(after >= before, "{key} was touched: {before} s, then {after} s");
    }
    // Nor does it take a clock that no key owns for a long sleep.
    assert_eq!(report["idle"].as_array().unwrap().len(), 1, "{:#}", report["idle"]);
}

/// How many seconds ago each key was used, as the server says.
async fn idle(connection: &mut MultiplexedConnection, keys: &[&str]) -> Vec<u64> {
    let mut pipeline = redis::pipe();
    keys.iter().for_each(|key| {
        pipeline.cmd("OBJECT").arg("IDLETIME").arg(*key);
    });
    pipeline.query_async(connection).await.unwrap()
}

#[tokio::test]
async fn the_hit_ratio_of_others_is_told_without_our_own_questions() {
    let (server, mut connection) = filled(20).await;
    say(&mut connection, "CONFIG RESETSTAT").await;
    for n in 0..400 {
        say(&mut connection, &format!("GET count:{}:{n}", if n < 300 { "page" } else { "none" })).await;
    }
    let report = audit(&url(&server), &["--full"]).await;
    assert!(report["cost"]["keyspace_hits"].as_u64().unwrap() > 1_000, "{:#}", report["cost"]);
    assert_eq!(report["cost"]["others"], serde_json::json!({ "hits": 300, "misses": 100 }));
    say(&mut connection, "CONFIG RESETSTAT").await;
    say(&mut connection, "GET count:page:1").await;
    let text = run(binary(&["audit", "--full", "--url", &url(&server)])).await;
    let told = text.out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("without these the hit ratio is 100 % of 1 lookups"), "{told}");
}

#[tokio::test]
async fn an_audit_judges_the_memory_of_its_nodes_too() {
    let server = server(&["--maxmemory", "20mb", "--maxmemory-policy", "noeviction"]).await;
    let mut connection = server.connect().await.unwrap();
    corpus::many(&mut connection, "page:", 16_000, &"x".repeat(1_000)).await;
    let report = audit(&url(&server), &["--full"]).await;
    let full = report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "memory-nearly-full");
    assert!(full.is_some_and(|finding| finding["topic"] == "memory"), "{:#}", report["findings"]);
}

#[tokio::test]
async fn a_sample_finds_or_announces_the_giants() {
    let (server, mut connection) = filled(300).await;
    corpus::giants(&mut connection).await;
    let report = audit(&url(&server), &["--max-keys", "2000", "--pace", "fast"]).await;
    assert_eq!(report["coverage"]["reading"], "sample");
    let named = |name: &str| {
        let shown = format!("«{name}»");
        report["largest"].as_array().unwrap().iter().any(|key| key["name"] == shown.as_str())
    };
    for (name, _) in GIANTS {
        assert!(named(name) || report["ledger"].get("unexplained").is_some(), "{name} in {report:#}");
    }
    // 22,000 keys are searched in no time, so they are even named.
    assert!(GIANTS.iter().all(|(name, _)| named(name)), "{:#}", report["largest"]);
    for (pattern, many) in FAMILIES.iter().take(4) {
        let keys = &family(&report, pattern)["keys"];
        let truth = (many * 300) as f64;
        // One sample of twenty misses by a little; by a whole interval none does. `sampling` counts them.
        let width = number(&keys["high"]) - number(&keys["low"]);
        let (low, high) = (number(&keys["low"]) - width / 2.0, number(&keys["high"]) + width / 2.0);
        assert!((low..=high).contains(&truth), "{pattern}: {keys}");
    }
}

#[tokio::test]
async fn what_is_wished_for_narrows_the_reading() {
    let (server, mut connection) = filled(10).await;
    let url = url(&server);
    let only = audit(&url, &["--match", "app:*"]).await;
    assert_eq!((only["families"].as_array().unwrap().len(), &only["coverage"]["read"]), (1, &Value::from(200)));
    let sets = audit(&url, &["--type", "set"]).await;
    assert_eq!((number(&sets["keys"]["low"]), sets["types"].as_array().unwrap().len()), (40.0, 1));
    say(&mut connection, "SELECT 3").await;
    say(&mut connection, "SET other:1 x").await;
    let all = audit(&url, &[]).await;
    assert_eq!(all["databases"].as_array().unwrap().len(), 2);
    let third = audit(&url, &["--db", "3"]).await;
    assert!(all.get("url_database").is_none() && third.get("url_database").is_none());
    assert_eq!((number(&third["keys"]["low"]), &third["databases"][0]["name"]), (1.0, &Value::from("db3")));
    let values = audit(&url, &["--sample-values", "--match", "cache:*"]).await;
    let untouching = values["nodes"][0].get("not_asked").is_none();
    if !untouching {
        // Without CLIENT NO-TOUCH no value is read, and the report says so.
        assert!(values["nodes"][0]["not_asked"].to_string().contains("getrange"), "{:#}", values["nodes"]);
        return;
    }
    let sampled = &values["families"][0]["values"];
    assert!(number(&sampled["zstd"]) < number(&sampled["bytes"]) / 2.0, "{sampled}");
}

#[tokio::test]
async fn wrong_wishes_are_told_from_right_ones() {
    for (wish, says) in [
        (&["--time", "0.5"][..], "time is 0.5 but must be from 1 to 86400 seconds"),
        (&["--max-keys", "10"], "max_keys is 10 but must be 1000 or more"),
        (&["--top", "201"], "top is 201"),
        (&["--resume", "x"], "resume is not a cursor"),
        (&["--resume", "8f3a.0.1", "--max-keys", "5000"], "max_keys draws a sample"),
    ] {
        let arguments: Vec<&str> = ["audit", "--url", "redis://127.0.0.1:1"].iter().chain(wish).copied().collect();
        let ran = run(binary(&arguments)).await;
        assert!(ran.code == 2 && ran.err.contains(says), "{wish:?}: {ran:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("targets.toml");
    std::fs::write(&book, "[targets.prod]\nurl = 'redis://127.0.0.1:1'\nprotected = true\n").unwrap();
    let path = book.to_str().unwrap();
    let ran = run(binary(&["audit", "--full", "--config", path, "--target", "prod"])).await;
    assert!(ran.code == 2 && ran.err.contains("protected") && ran.err.contains("budget"), "{ran:?}");
}

/// Interrupts an audit when it has read something, and returns what it printed.
async fn interrupted(url: &str) -> Ran {
    let arguments = ["audit", "--json", "--full", "--pace", "polite", "--url", url];
    let mut command: Command = binary(&arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert!(node::signal(child.id(), "INT"));
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    Ran::from(output)
}

#[tokio::test]
async fn whoever_interrupts_gets_what_there_is_and_a_cursor_for_the_rest() {
    let (server, _connection) = filled(4_000).await;
    let url = url(&server);
    let first = interrupted(&url).await.json();
    assert_eq!(first["stopped"], "asked", "{first:#}");
    let seen = number(&first["coverage"]["seen"]);
    assert!(seen > 0.0 && seen < 292_000.0, "{seen}");
    // In hash order what was read may stand for all.
    assert_eq!(first["coverage"]["reading"], "sample");
    let cursor = first["cursor"].as_str().unwrap();
    let rest = audit(&url, &["--full", "--pace", "fast", "--resume", cursor]).await;
    assert_eq!(seen + number(&rest["coverage"]["seen"]), 292_000.0);
    assert!(rest.get("cursor").is_none(), "{rest:#}");
}

#[tokio::test]
async fn keys_that_come_and_go_and_a_table_that_grows_do_not_confuse_the_count() {
    let (server, connection) = filled(1_000).await;
    let url = url(&server);
    let churn = tokio::spawn(async move {
        let mut connection = connection;
        let mut filling = corpus::Filling::new(&mut connection);
        for n in 0..100_000u64 {
            filling.put(&[b"SET", format!("count:page:{}", 20_000 + n).as_bytes(), b"1"]).await;
            if n % 10 == 0 {
                filling.put(&[b"DEL", format!("app:session:{}", n / 10).as_bytes()]).await;
            }
        }
        filling.flush().await;
    });
    let report = audit(&url, &["--full", "--pace", "fast"]).await;
    churn.await.unwrap();
    assert_eq!(report["coverage"]["reading"], "whole");
    // Families that nobody changed are exact, whatever moved around them.
    for (pattern, many) in
        FAMILIES.iter().filter(|(pattern, _)| !pattern.starts_with("app") && !pattern.starts_with("count"))
    {
        assert_eq!(number(&family(&report, pattern)["keys"]["low"]), (many * 1_000) as f64, "{pattern}");
    }
    let counters = number(&family(&report, "count:page:*")["keys"]["low"]);
    assert!((20_000.0..=120_000.0).contains(&counters), "{counters}");
}

#[tokio::test]
async fn kinds_of_names_beyond_those_that_are_kept_apart_are_summed_up() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    let mut filling = corpus::Filling::new(&mut connection);
    // Each name is divided in a way of its own.
    for n in 0..6_000u64 {
        let marks = (0..5).map(|place| b":./-_|#"[(n / 7u64.pow(place) % 7) as usize]);
        let key: Vec<u8> = [b'a'].into_iter().chain(marks.flat_map(|mark| [mark, b'b'])).collect();
        filling.put(&[b"SET", &key, b"x"]).await;
    }
    filling.flush().await;
    let report = audit(&url(&server), &["--full"]).await;
    let others = &report["overflow"];
    assert_eq!(others["pattern"], "(others)", "{} families", report["families_not_listed"]);
    let text = run(binary(&["audit", "--full", "--url", &url(&server)])).await;
    assert!(text.out.contains("(others)"), "{text:?}");
    assert_eq!((number(&report["keys"]["low"]), &report["coverage"]["reading"]), (6_000.0, &Value::from("whole")));
}

#[tokio::test]
async fn an_empty_server_is_no_riddle() {
    let server = server(&[]).await;
    let report = audit(&url(&server), &[]).await;
    assert_eq!((number(&report["keys"]["high"]), report["findings"].as_array().unwrap().len()), (0.0, 0), "{report:#}");
    let names: BTreeMap<&str, &Value> =
        report.as_object().unwrap().iter().map(|(name, value)| (name.as_str(), value)).collect();
    assert!(names.contains_key("ledger") && report["ledger"].get("unexplained").is_none(), "{:#}", report["ledger"]);
    let text = run(binary(&["audit", "--url", &url(&server)])).await;
    assert!(text.out.contains("none, there are no keys"), "{text:?}");
}

#[tokio::test]
async fn a_group_that_finishes_nothing_is_found_where_streams_may_be_asked() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    let fill = "redis.call('XGROUP', 'CREATE', 'orders', 'billing', '0', 'MKSTREAM') \
                for n = 1, 12000 do redis.call('XADD', 'orders', '*', 'n', n) end \
                redis.call('XREADGROUP', 'GROUP', 'billing', 'c', 'COUNT', 12000, 'STREAMS', 'orders', '>')";
    let () = redis::cmd("EVAL").arg(fill).arg(0).query_async(&mut connection).await.unwrap();
    let report = audit(&url(&server), &[]).await;
    let behind = |list: &str| crate::stage::rules(&report, list).iter().any(|rule| rule == "stream-groups-behind");
    let asked = report["nodes"][0].get("not_asked").is_none();
    assert_eq!((behind("findings"), behind("not_checked")), (asked, !asked), "{report:#}");
    if asked {
        assert_eq!(report["largest"][0]["groups"]["pending"], 12_000, "{:#}", report["largest"]);
    }
}
