//! What people say beside the use: numbers, services, wishes that would end badly.

use serde_json::Value;

use super::tool::{json, recommend};

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_wish_that_would_end_badly_is_refused_with_what_does_the_job() {
    for (words, id, instead, page) in [
        ("lock so that nobody is charged twice", "lock-without-fence", "idempotency", "idempotency"),
        ("pub/sub as job queue", "pubsub-as-queue", "Stream", "events"),
        ("keyspace notifications as a job scheduler", "expiry-events-as-timer", "sorted set", "delayed-jobs"),
    ] {
        let answer = json(&[words]).await;
        assert_eq!((text(&answer["answer"]), text(&answer["refusals"][0]["id"])), ("refused", id), "{answer}");
        let says = text(&answer["refusals"][0]["instead"]).to_lowercase();
        assert!(says.contains(&instead.to_lowercase()), "{words}: {says}");
        let uses: Vec<&str> = answer["uses"].as_array().unwrap().iter().map(|row| text(&row["id"])).collect();
        assert!(uses.contains(&page), "{words}: {uses:?}");
    }
    let sound = json(&["lock with a fencing token"]).await;
    assert_ne!(sound["answer"], "refused", "{sound}");
}

#[tokio::test]
async fn numbers_in_the_words_count_and_are_told() {
    let words = "leaderboard of 2 million users of 40 bytes, 500 writes/s";
    let said = json(&[words]).await;
    let given = json(&["leaderboard", "--elements", "2M", "--element-bytes", "40", "--writes", "500"]).await;
    assert_eq!(said["structure"], "zset", "{said}");
    assert_eq!(said["memory"], given["memory"]);
    let read: Vec<&str> = said["asked"]["read"].as_array().unwrap().iter().map(text).collect();
    assert_eq!(read.len(), 3, "{read:?}");
    assert!(read.contains(&"elements 2,000,000 from \"2 million\""), "{read:?}");
    let bits = json(&["bitmap of active users, 10 million users"]).await;
    assert!(text(&bits["asked"]["sizes"]).contains("ids up to 10,000,000"), "{bits}");
    let field = json(&[words, "--elements", "1000"]).await;
    assert!(field["asked"]["read"].to_string().contains("1,000 as given, and not"), "{field}");
    assert!(field["memory"]["used"].as_u64() < said["memory"]["used"].as_u64());
}

#[tokio::test]
async fn who_named_nothing_is_offered_no_module_unless_nothing_else_does() {
    let plain = json(&["seen before"]).await;
    assert_eq!(plain["structure"], "set", "{plain}");
    let changes = plain["would_change"].to_string();
    assert!(changes.contains("official builds of Redis 8.0") && changes.contains("bloom"), "{changes}");
    for arguments in [&["bloom filter"][..], &["seen before", "--engine", "redis 8.6"]] {
        assert_eq!(json(arguments).await["structure"], "bloom", "{arguments:?}");
    }
    let only = json(&["semantic cache"]).await;
    assert_eq!(only["structure"], "vector-set", "{only}");
    assert!(text(&only["asked"]["server"]).contains("assumed, since none was named"), "{only}");
    assert!(text(&only["available"]).contains("module vectors"), "{only}");
}

#[tokio::test]
async fn a_service_has_the_modules_that_it_documents_and_no_other() {
    let upstash = json(&["bloom filter", "--hosting", "upstash"]).await;
    assert_eq!(upstash["structure"], "set", "{upstash}");
    assert!(text(&upstash["asked"]["hosting"]).contains("bloom (not there)"), "{upstash}");
    for (engine, structure) in [("valkey 8.1", "bloom"), ("valkey 8.0", "set"), ("redis 7.1", "set")] {
        let answer = json(&["bloom filter", "--hosting", "elasticache", "--engine", engine]).await;
        assert_eq!(answer["structure"], structure, "{engine}: {answer}");
    }
    let vectors = json(&["semantic cache", "--hosting", "elasticache", "--engine", "valkey 8.2"]).await;
    assert_eq!(vectors["structure"], "search-index", "{vectors}");
    let choice = json(&["nested document", "--hosting", "azure-managed-redis", "--engine", "redis 7.4"]).await;
    assert_eq!(choice["structure"], "json", "{choice}");
    assert!(text(&choice["asked"]["hosting"]).contains("chosen when the instance is made"), "{choice}");
    let unknown = recommend(&["cache", "--hosting", "moon"]).await;
    assert!(unknown.err.contains("there is no hosting \"moon\"; it is one of"), "{}", unknown.err);
}

#[tokio::test]
async fn what_takes_one_step_names_its_script() {
    for (words, script) in [
        ("rate limit", "gcra"),
        ("idempotency key", "idempotency-begin"),
        ("distributed semaphore", "semaphore-acquire"),
        ("inventory", "stock-reserve"),
        ("absolute and idle expiry", "session-touch"),
    ] {
        let answer = json(&[words]).await;
        let scripts: Vec<&str> = answer["scripts"].as_array().unwrap().iter().map(|row| text(&row["id"])).collect();
        assert!(scripts.contains(&script), "{words}: {scripts:?}");
    }
    let ran = recommend(&["rate limit"]).await;
    assert!(ran.out.contains("generate_lua gcra"), "{}", ran.out);
}
