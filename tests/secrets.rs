//! One secret, planted everywhere a secret can be: no byte of it leaves the process, by any door, in any format.

use std::process::Command;

use serde_json::json;

use crate::mcp::Client;
use crate::stage::node::Node;
use crate::stage::setup::Setup;
use crate::stage::{CANARY, binary, run};

/// A server on which the secret is a password, a setting, an ACL hash, and an argument in every log there is.
async fn planted() -> (Node, Vec<String>) {
    let setup = Setup::new(&["slowlog-log-slower-than 0", "latency-monitor-threshold 1"]);
    let node = Node::start(&setup.password(CANARY)).await;
    for words in [
        &format!("ACL SETUSER app on >{CANARY} ~* +@all"),
        &format!("AUTH {CANARY}"),
        &format!("AUTH app {CANARY}"),
        &format!("HELLO 2 AUTH app {CANARY}"),
        &format!("CONFIG SET masterauth {CANARY}"),
        &format!("CONFIG SET primaryauth {CANARY}"),
        &format!("CONFIG SET tls-key-file-pass {CANARY}"),
        &format!("SET user:1042:apikey {CANARY}"),
        &format!("SET {CANARY}-1 x"),
        &format!("MIGRATE 127.0.0.1 1 key 0 10 AUTH {CANARY}"),
        &format!("EVAL return(1) 0 {CANARY}"),
    ] {
        // Some of these fail, and are logged all the same.
        let _: Result<redis::Value, String> = node.ask(words).await;
    }
    let users: Vec<String> = node.ask("ACL LIST").await.unwrap();
    let hashes = users.iter().flat_map(|user| user.split(' ')).filter_map(|word| word.strip_prefix('#'));
    // In plain, percent-encoded, and as the hash that ACL keeps.
    let plain = [CANARY.to_owned(), CANARY.replace('-', "%2D")].into_iter();
    let shapes: Vec<String> = plain.chain(hashes.map(str::to_owned)).collect();
    assert!(shapes.len() > 2, "no hash in {users:?}");
    (node, shapes)
}

fn clean(what: &str, text: &str, shapes: &[String]) {
    for shape in shapes {
        assert!(!text.contains(shape.as_str()), "{what} shows {shape}:\n{text}");
    }
}

async fn leaves_nothing(mut command: Command, shapes: &[String]) {
    command.env("RUST_LOG", "trace").env("GODMODE_SECRET", CANARY);
    let what = format!("{command:?}");
    let ran = run(command).await;
    clean(&what, &ran.out, shapes);
    clean(&what, &ran.err, shapes);
}

#[tokio::test]
async fn the_canary_stays_inside() {
    let (node, shapes) = planted().await;
    let good = format!("redis://app:{CANARY}@{}", node.address());
    let bad = format!("redis://wrong:{CANARY}@{}", node.address());
    let broken = format!("redis://app:{CANARY}:{}", node.address());
    let looks: [&[&str]; 4] =
        [&["inspect"], &["inspect", "--json"], &["inspect", "--markdown"], &["inspect", "--json", "--alone"]];
    for url in [&good, &bad, &broken] {
        for look in looks {
            let mut command = binary(look);
            command.args(["--interval", "0.2"]).env("GODMODE_REDIS_URL", url);
            leaves_nothing(command, &shapes).await;
        }
    }
    for verb in [&["permissions"][..], &["handbook"], &["handbook", "questions"], &["completions", "bash"], &["--help"]]
    {
        let mut command = binary(verb);
        command.env("GODMODE_REDIS_URL", &good);
        leaves_nothing(command, &shapes).await;
    }
    let mut command = binary(&["inspect", "--interval", "0", "--user", "app", "--password-env", "GODMODE_SECRET"]);
    command.args(["--url", &node.address()]);
    leaves_nothing(command, &shapes).await;

    let (good, bad) = (good.clone(), bad.clone());
    tokio::task::spawn_blocking(move || {
        for url in [good, bad] {
            let mut client = Client::connected(&url);
            clean("a tool call", &client.call(json!({"interval": 0.2})).to_string(), &shapes);
            clean("the tool list", &client.ask("tools/list", json!({})).to_string(), &shapes);
        }
    })
    .await
    .unwrap();
}
