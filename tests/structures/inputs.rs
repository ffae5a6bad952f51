//! Every field of the input has its say: in the structure, in the bytes, or in a part of the answer that it is for.

use serde_json::Value;

use super::tool::json;

/// What a field must change.
enum Changes {
    /// The structure, from and to.
    Pick(&'static str, &'static str),
    /// A number under this path: less or more.
    Less(&'static str),
    More(&'static str),
    /// A text under this path has these words now, and had not.
    Says(&'static str, &'static str),
}

use Changes::{Less, More, Pick, Says};

const USED: &str = "/memory/used";

#[rustfmt::skip]
const FIELDS: &[(&[&str], &[&str], Changes)] = &[
    (&["unique"], &["--needs", "rank"], Pick("set", "zset")),
    (&["cache"], &["--keys", "2M"], More(USED)),
    (&["cache"], &["--elements", "1000"], Less(USED)),
    (&["cache"], &["--element-bytes", "2KB"], More(USED)),
    (&["cache"], &["--element-bytes", "2KB"], More("/memory/claimed")),
    (&["lock"], &["--element-bytes", "200KB"], Says("/pitfalls", "values of 200.0 KiB hold up others")),
    (&["unique"], &["--highest-id", "200000"], Pick("set", "bitmap")),
    (&["counter"], &["--reads", "150000"], Says("/throughput", "beyond one node")),
    (&["leaderboard"], &["--writes", "60000"], Says("/throughput", "on one key load one core")),
    (&["leaderboard"], &["--elements", "3M"], More(USED)),
    (&["--needs", "enumerate,membership"], &["--ordering", "score"], Pick("set", "zset")),
    (&["--needs", "enumerate,whole"], &["--ordering", "arrival"], Says("/asked/needs", "fifo")),
    (&["--needs", "enumerate,membership"], &["--ordering", "time"], Pick("set", "zset")),
    (&["leaderboard", "--needs", "membership"], &["--ordering", "none"], Pick("zset", "set")),
    (&["session"], &["--expiry", "none"], Less("/memory/expiry")),
    (&["session"], &["--expiry", "element"], Pick("hash", "hash-field-ttl")),
    (&["leaderboard"], &["--expiry", "key"], More("/memory/expiry")),
    (&["dedup", "--modules", "bloom"], &["--accuracy", "exact"], Pick("bloom", "set")),
    (&["unique", "--modules", "none", "--needs=-membership"], &["--accuracy", "1%"], Pick("set", "hyperloglog")),
    (&["events"], &["--retention", "86400"], Says("/retention", "MINID ~ (now - 86,400,000 ms)")),
    (&["events"], &["--retention", "86400", "--writes", "100"], More(USED)),
    (&["queue"], &["--retention", "3600", "--writes", "10"], Says("/retention", "LTRIM key 0 36,000")),
    (&["cache"], &["--retention", "60"], Says("/retention", "EXPIRE key 60")),
    (&["queue"], &["--delivery", "at-least-once"], Pick("list", "stream")),
    (&["broadcast"], &["--delivery", "kept"], Pick("pubsub", "stream")),
    (&["events"], &["--delivery", "may-be-lost", "--needs=-groups,-replay"], Says("/messaging/loss", "with the consumer that crashes")),
    (&["leaderboard"], &["--tenants", "40"], Says("/tenants/names", "lb:{tenant}:{game}:{period}")),
    (&["leaderboard"], &["--tenants", "40"], Says("/tenants/quota", "capped-increment")),
    (&["leaderboard"], &["--tenants", "40"], Says("/tenants/access", "ACL SETUSER acme ~lb:acme:*")),
    (&["unique"], &["--budget", "1MB"], Says("/answer", "conflict")),
    (&["unique"], &["--present", "list"], Says("/migration", "LRANGE in pages")),
    (&["leaderboard"], &["--engine", "redis 6.0"], Says("/calls", "ZREVRANGE")),
    (&["seen before"], &["--modules", "bloom"], Pick("set", "bloom")),
    (&["cache"], &["--hosting", "elasticache"], Says("/asked/hosting", "ElastiCache")),
    (&["broadcast"], &["--cluster"], Pick("pubsub", "sharded-pubsub")),
];

fn at<'a>(answer: &'a Value, path: &str) -> &'a Value {
    answer.pointer(path).unwrap_or(&Value::Null)
}

fn number(answer: &Value, path: &str) -> f64 {
    at(answer, path).as_f64().unwrap_or(f64::NAN)
}

#[tokio::test]
async fn every_field_changes_what_it_is_for() {
    let mut wrong = Vec::new();
    for (base, field, changes) in FIELDS {
        let (before, after) = (json(base).await, json(&[*base, *field].concat()).await);
        let (holds, saw) = match changes {
            Pick(from, to) => {
                let picks = [&before, &after].map(|answer| at(answer, "/structure").as_str().unwrap_or("none"));
                (picks == [*from, *to], format!("{picks:?}"))
            }
            Less(path) | More(path) => {
                let (was, is) = (number(&before, path), number(&after, path));
                (if matches!(changes, Less(_)) { is < was } else { is > was }, format!("{path}: {was} {is}"))
            }
            Says(path, words) => {
                let [was, is] = [&before, &after].map(|answer| at(answer, path).to_string());
                (is.contains(words) && !was.contains(words), format!("{path}: {was} {is}"))
            }
        };
        if !holds {
            wrong.push(format!("{base:?} with {field:?}: {saw}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn what_memory_usage_claims_and_what_calls_cost_is_told() {
    let answer = json(&["leaderboard"]).await;
    assert!(number(&answer, "/memory/claimed") > 0.0);
    assert!(at(&answer, "/memory/says").as_str().unwrap().contains("MEMORY USAGE will claim"), "{answer}");
    assert!(
        at(&answer, "/throughput").as_str().unwrap().contains("O(log N + M): a node serves some 100,000"),
        "{answer}"
    );
    // Valkey keeps fields that end together in a table that the model does not have.
    for (engine, owns_up) in [("redis 8.6", false), ("valkey 9.1", true)] {
        let fields = json(&["tokens", "--engine", engine]).await;
        let says = at(&fields, "/memory/says").as_str().unwrap();
        assert!(says.contains("The times of fields count to the structure"), "{says}");
        assert_eq!(says.contains("is not modelled: up to 15 %"), owns_up, "{says}");
    }
    let grows = json(&["--needs", "remove,fifo,cap", "--elements", "100000", "--delivery", "may-be-lost"]).await;
    assert!(at(&grows, "/throughput").as_str().unwrap().contains("takes longer the more there is"), "{grows}");
}

/// Wherever a document is offered: what it takes, what MEMORY USAGE makes of it, and on which RedisJSON that was measured.
#[tokio::test]
async fn a_document_is_offered_with_its_bytes_and_with_what_they_were_measured_on() {
    let offered = ["--modules", "json", "--engine"];
    for (engine, beyond) in [
        ("redis 7.2", None),
        ("redis 7.4", None),
        ("redis 6.2", Some("not on those before")),
        ("redis 8.6", Some("not on RedisJSON 8: ")),
    ] {
        let pick = json(&[&["documents"], &offered[..], &[engine]].concat()).await;
        assert_eq!(pick["structure"], "json", "{pick}");
        assert!(number(&pick, "/memory/used") > number(&pick, "/memory/claimed"), "{pick}");
        let second = json(&[&["session"], &offered[..], &[engine]].concat()).await;
        let mut others = second["runners_up"].as_array().unwrap().iter();
        let other = others.find(|other| other["structure"] == "json").unwrap();
        for says in [at(&pick, "/memory/says"), &other["memory"]] {
            let says = says.as_str().unwrap();
            assert!(says.contains("MEMORY USAGE will claim"), "{says}");
            assert!(says.contains("measured on RedisJSON 2.6.9 and 2.8.3"), "{says}");
            match beyond {
                Some(words) => assert!(says.contains(words), "{engine}: {says}"),
                None => assert!(!says.contains("not on"), "{engine}: {says}"),
            }
        }
    }
    let unknown = json(&["documents", "--modules", "json", "--engine", "valkey 9.1"]).await;
    assert!(at(&unknown, "/memory/says").as_str().unwrap().starts_with("not modelled"), "{unknown}");
}
