//! Audits by users who may not do all of it: each denial costs one error, and the report says what it lacks.

use redis::Value as Reply;

use super::{number, run};
use crate::stage::cluster::one_node;
use crate::stage::node::Node;
use crate::stage::setup::Setup;
use crate::stage::{Ran, binary, grant, say};

/// A server with keys of two families, and a user with the printed permissions but for what `change` takes away.
async fn watched(node: &Node, keys: u64, change: impl Fn(String) -> String) {
    let mut connection = node.connect().await.unwrap();
    let mut filling = super::corpus::Filling::new(&mut connection);
    for n in 0..keys {
        filling.put(&[b"SET", format!("a:{n}").as_bytes(), b"x"]).await;
        filling.put(&[b"SET", format!("b:{n}").as_bytes(), b"x"]).await;
    }
    filling.flush().await;
    let lines = run(binary(&["permissions", "audit", "--user", "watcher"])).await.out;
    grant(&mut connection, &change(lines.replace("CHOOSE-A-PASSWORD", "pw"))).await;
    say(&mut connection, "ACL LOG RESET").await;
}

async fn audit_as_watcher(node: &Node, more: &[&str]) -> Ran {
    let url = format!("redis://watcher:pw@{}", node.address());
    let arguments = [&["audit", "--url", &url], more].concat();
    run(binary(&arguments)).await
}

/// How often the watcher was denied something.
async fn denials(node: &Node) -> i64 {
    let log: Vec<Vec<Reply>> = node.ask("ACL LOG").await.unwrap();
    let count = |entry: &Vec<Reply>| match &entry[1] {
        Reply::Int(count) => *count,
        other => panic!("{other:?} is no count"),
    };
    log.iter().map(count).sum()
}

#[tokio::test]
async fn a_question_that_is_denied_is_asked_once_and_told() {
    let node = Node::start(&Setup::default()).await;
    watched(&node, 500, |lines| lines.replace(" +memory|usage", "").replace(" +pttl", "")).await;
    let report = audit_as_watcher(&node, &["--json", "--full"]).await.json();
    assert_eq!(denials(&node).await, 2, "{report:#}");
    let lacks = report["nodes"][0]["not_asked"].to_string();
    assert!(lacks.contains("\"memory|usage\"") && lacks.contains("\"pttl\""), "{lacks}");
    assert_eq!((number(&report["keys"]["low"]), &report["ledger"]["whole"]), (1_000.0, &false.into()), "{report:#}");
    let text = audit_as_watcher(&node, &["--full", "--markdown"]).await.out;
    assert!(text.contains("memory|usage") && text.contains("not granted to our user"), "{text}");
}

#[tokio::test]
async fn keys_that_are_denied_are_counted_and_told() {
    let node = Node::start(&Setup::default()).await;
    watched(&node, 500, |lines| lines.replace(" ~* ", " ~a:* ")).await;
    let report = audit_as_watcher(&node, &["--json", "--full"]).await.json();
    let refused = number(&report["nodes"][0]["refused"]["NOPERM"]);
    assert!(refused >= 1_500.0, "three questions about each of 500 keys: {refused}");
    assert_eq!(number(&report["keys"]["low"]), 1_000.0);
    let text = audit_as_watcher(&node, &["--full", "--markdown"]).await.out;
    assert!(text.contains("NOPERM: our user may not read these keys; grant ~*"), "{text}");
}

#[tokio::test]
async fn a_sample_that_cannot_weigh_slots_is_refused_with_what_helps() {
    let node = one_node().await;
    watched(&node, 2_000, |lines| lines.replace(" +cluster|countkeysinslot", "")).await;
    let ran = audit_as_watcher(&node, &["--max-keys", "1000"]).await;
    // Before Redis 7.4 and Valkey 8.0 a node keeps its keys in one table, and nobody counts slots.
    if ran.code != 0 {
        assert!(ran.err.contains("grant +cluster|countkeysinslot") && ran.err.contains("--full"), "{ran:?}");
    }
    assert_eq!(denials(&node).await, i64::from(ran.code != 0), "{ran:?}");
    let whole = audit_as_watcher(&node, &["--json", "--full"]).await.json();
    assert_eq!(number(&whole["keys"]["low"]), 4_000.0);
}

#[tokio::test]
async fn a_database_in_the_url_narrows_nothing_and_the_report_says_so() {
    let node = Node::start(&Setup::default()).await;
    let mut connection = node.connect().await.unwrap();
    for words in ["SET a 1", "SELECT 3", "SET b 2"] {
        say(&mut connection, words).await;
    }
    let url = format!("{}/3", node.url());
    let all = run(binary(&["audit", "--markdown", "--url", &url])).await.out;
    assert!(all.contains("all 2 keys were read") && all.contains("the URL ends in /3: `db 3` keeps"), "{all}");
    let third = run(binary(&["audit", "--markdown", "--db", "3", "--url", &url])).await.out;
    assert!(third.contains("all 1 keys were read") && !third.contains("the URL ends in"), "{third}");
}
