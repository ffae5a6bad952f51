//! One secret, planted everywhere a secret can be: no byte of it leaves the process, by any door, in any format.
//! The names of keys are none: they are shown. Values and arguments are.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::mcp::Client;
use crate::stage::node::Node;
use crate::stage::setup::Setup;
use crate::stage::tls::has_tls;
use crate::stage::{binary, run};

/// Small letters only, and few enough: nothing takes it for an identifier and hides it for that.
const CANARY: &str = "canarymustnotsing";
/// What no text may hold, however the first letter is written.
const SONG: &str = "anarymustnotsing";
/// How it stands in a URL; the login needs it decoded.
const ENCODED: &str = "%63anarymustnotsing";

/// Runs at once.
const CROWD: usize = 6;

/// A verb, what is said to it, its tool, and the same for that. Each looks at its target, but `simulate`.
fn verbs() -> Vec<(&'static [&'static str], &'static str, Value)> {
    vec![
        (&["inspect", "--interval", "0.2"], "inspect_server", json!({"interval": 0.2})),
        (&["inspect", "--interval", "0", "--alone"], "inspect_server", json!({"interval": 0, "alone": true})),
        (&["audit", "--top", "200"], "audit_memory", json!({"top": 200})),
        (&["audit", "--full", "--sample-values"], "audit_memory", json!({"full": true, "sample_values": true})),
        (
            &["lua", "sliding-log", "--probe", "--prove", "false"],
            "generate_lua",
            json!({"need": "sliding-log", "probe": true, "prove": false}),
        ),
        (
            &["cache", "cache pages", "--probe", "--interval", "0.2"],
            "design_cache",
            json!({"workload": "cache pages", "probe": true, "interval": 0.2}),
        ),
        (
            &["recommend", "leaderboard", "--probe"],
            "recommend_structure",
            json!({"use_case": "leaderboard", "probe": true}),
        ),
        (&["topology", "--probe"], "plan_topology", json!({"probe": true})),
        (&["simulate", "--maxmemory", "8mb"], "simulate", json!({"maxmemory": "8mb"})),
    ]
}

/// A server on which the secret is a password, a setting, an ACL hash, a value of every type, and an argument in every
/// log there is; and the hashes.
async fn planted() -> (Node, Vec<String>) {
    let mut setup = Setup::new(&["slowlog-log-slower-than 0", "slowlog-max-len 1000", "latency-monitor-threshold 1"]);
    if has_tls() {
        setup = setup.with(&[&format!("tls-key-file-pass {CANARY}")]);
    }
    let node = Node::start(&setup.password(CANARY)).await;
    let setting = async |name: &str| -> Option<String> {
        let found: HashMap<String, String> = node.ask(&format!("CONFIG GET {name}")).await.unwrap();
        found.get(name).cloned()
    };
    // Valkey has both names for one; Redis only the first.
    let primary = if setting("primaryauth").await.is_some() { "primaryauth" } else { "masterauth" };
    for words in [
        format!("CONFIG SET {primary} {CANARY}"),
        format!("ACL SETUSER app on >{CANARY} ~* +@all"),
        format!("AUTH {CANARY}"),
        format!("AUTH app {CANARY}"),
        format!("HELLO 2 AUTH app {CANARY}"),
        format!("SET user:1042:apikey {CANARY}"),
        format!("HSET user:1042:settings {CANARY} {CANARY}"),
        format!("RPUSH user:1042:queue {CANARY}"),
        format!("SADD user:1042:tags {CANARY} other"),
        format!("ZADD user:1042:board 1 {CANARY}"),
        format!("XADD user:1042:stream * {CANARY} {CANARY}"),
        format!("EVAL return(1) 0 {CANARY}"),
    ] {
        node.ask::<redis::Value>(&words).await.unwrap_or_else(|error| panic!("{words}: {error}"));
    }
    // Nobody is there, and it is logged all the same.
    let nobody = node.ask::<redis::Value>(&format!("MIGRATE 127.0.0.1 1 user:1042:apikey 0 10 AUTH {CANARY}")).await;
    assert!(nobody.unwrap_err().contains("IOERR"));
    for name in ["requirepass", "masterauth", primary] {
        assert_eq!(setting(name).await.as_deref(), Some(CANARY), "{name}");
    }
    assert_eq!(setting("tls-key-file-pass").await.as_deref(), has_tls().then_some(CANARY));
    let log = format!("{:?}", node.ask::<redis::Value>("SLOWLOG GET 1000").await.unwrap());
    assert!(log.contains("EVAL") && log.contains(CANARY), "{log}");
    // Valkey from 8.1.
    if setting("commandlog-request-larger-than").await.is_some() {
        node.ask::<()>("CONFIG SET commandlog-request-larger-than 0").await.unwrap();
        node.ask::<()>(&format!("SET user:1042:apikey {CANARY}")).await.unwrap();
        let log = format!("{:?}", node.ask::<redis::Value>("COMMANDLOG GET 10 large-request").await.unwrap());
        assert!(log.contains(CANARY), "{log}");
    }
    let users: Vec<String> = node.ask("ACL LIST").await.unwrap();
    let words = users.iter().flat_map(|user| user.split(' '));
    let hashes: Vec<String> = words.filter_map(|word| word.strip_prefix('#')).map(str::to_owned).collect();
    assert!(!hashes.is_empty(), "no hash in {users:?}");
    (node, hashes)
}

fn clean(what: &str, text: &str, hashes: &[String]) {
    let small = text.to_lowercase();
    for shape in hashes.iter().map(String::as_str).chain([SONG]) {
        assert!(!small.contains(shape), "{what} shows {shape}:\n{text}");
    }
}

/// Runs all of them, a few at a time; none may say the secret, and all end with this code.
async fn leave_nothing(commands: Vec<Command>, code: i32, hashes: &[String]) {
    let mut under_way = JoinSet::new();
    for mut command in commands {
        if under_way.len() >= CROWD {
            under_way.join_next().await.unwrap().unwrap();
        }
        let hashes = hashes.to_vec();
        under_way.spawn(async move {
            command.env("RUST_LOG", "trace").env("GODMODE_SECRET", CANARY);
            let what = format!("{:?}", command.get_args());
            let ran = run(command).await;
            clean(&what, &ran.out, &hashes);
            clean(&what, &ran.err, &hashes);
            assert_eq!(ran.code, code, "{what}: {ran:?}");
        });
    }
    under_way.join_all().await;
}

fn at(arguments: &[&str], url: &str) -> Command {
    let mut command = binary(arguments);
    command.env("GODMODE_REDIS_URL", url);
    command
}

#[tokio::test]
async fn no_verb_says_the_secret_in_any_format() {
    let (node, hashes) = planted().await;
    let good = format!("redis://app:{ENCODED}@{}", node.address());
    let mut commands = Vec::new();
    for (arguments, _, _) in verbs() {
        for format in [None, Some("--json"), Some("--markdown")] {
            commands.push(at(&[arguments, format.as_slice()].concat(), &good));
        }
    }
    for verb in [&["permissions"][..], &["handbook"], &["handbook", "questions"], &["completions", "bash"], &["--help"]]
    {
        commands.push(at(verb, &good));
    }
    leave_nothing(commands, 0, &hashes).await;
    // Of so few keys it tells no popularity.
    leave_nothing(vec![at(&["simulate", "--probe", "--interval", "0.2"], &good)], 2, &hashes).await;
    // It is the server that was planted.
    let report = run(at(&["audit", "--json"], &good)).await.json();
    assert!(report["families"].to_string().contains("user:*:apikey"), "{report:#}");
}

#[tokio::test]
async fn no_error_says_the_secret() {
    let (node, hashes) = planted().await;
    let mut commands = Vec::new();
    for url in [
        format!("redis://wrong:{CANARY}@{}", node.address()),
        format!("redis://app:{CANARY}:{}", node.address()),
        format!("http://app:{CANARY}@{}", node.address()),
    ] {
        for (arguments, tool, _) in verbs().into_iter().filter(|(_, tool, _)| *tool != "simulate") {
            // The way in decides, not the format.
            let format = if tool.len() % 2 == 0 { "--json" } else { "--markdown" };
            commands.push(at(&[arguments, &[format]].concat(), &url));
        }
        commands.push(at(&["simulate", "--probe"], &url));
    }
    // Where no URL belongs.
    let url = format!("redis://app:{CANARY}@{}", node.address());
    for misplaced in [
        &["inspect", &url][..],
        &["audit", "--time", &url],
        &["audit", "--resume", &url],
        &["topology", "--hosting", &url],
        &["handbook", &url],
        &["simulate", "--maxmemory", &url],
        &["lua", "sliding-log", "--set", &format!("limit={url}")],
        &["recommend", "--needs", &url],
        &["inspect", "--ca", &url],
        &["inspect", "--password-file", &url],
        &["inspect", "--target", &url],
    ] {
        commands.push(at(misplaced, "redis://127.0.0.1:1"));
    }
    leave_nothing(commands, 2, &hashes).await;
    // These are answered, and repeat what they were asked.
    let words = [["lua", &url], ["recommend", &url]];
    leave_nothing(words.iter().map(|words| at(words, "redis://127.0.0.1:1")).collect(), 0, &hashes).await;
}

/// A user's file that has the secret in each place where one can stand.
fn book(folder: &Path, node: &Node) -> String {
    let address = node.address();
    let file = folder.join("targets.toml");
    let text = format!(
        "[targets.url]\nurl = 'redis://app:{CANARY}@{address}'\n\
         [targets.command]\nurl = 'redis://app@{address}'\npassword_command = 'printf %s {CANARY}'\n\
         [targets.failing]\nurl = 'redis://app@{address}'\npassword_command = 'printf %s {CANARY}; exit 3'\n\
         [mcp]\nallow_hosts = ['127.0.0.1']\n"
    );
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

#[tokio::test]
async fn no_source_of_a_password_says_it() {
    let (node, hashes) = planted().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, CANARY).unwrap();
    let (address, file) = (node.address(), file.display().to_string());
    let command = format!("printf %s {CANARY}");
    let mut commands: Vec<Command> =
        [["--password-env", "GODMODE_SECRET"], ["--password-file", &file], ["--password-command", &command]]
            .iter()
            .map(|[option, value]| {
                binary(&["inspect", "--interval", "0", "--user", "app", "--url", &address, option, value])
            })
            .collect();
    let book = book(folder.path(), &node);
    let named = |target: &str| binary(&["audit", "--config", &book, "--target", target]);
    commands.extend([named("url"), named("command")]);
    leave_nothing(commands, 0, &hashes).await;

    let broken = folder.path().join("broken.toml");
    fs::write(&broken, format!("[targets.url]\nurl = 'redis://app:{CANARY}@h'\npassword = '{CANARY}'\n")).unwrap();
    let broken = broken.display().to_string();
    let broken = binary(&["inspect", "--config", &broken, "--target", "url"]);
    leave_nothing(vec![named("failing"), named("nobody"), broken], 2, &hashes).await;
}

#[tokio::test]
async fn no_tool_says_the_secret_and_no_log_of_the_agents_door() {
    let (node, hashes) = planted().await;
    let folder = tempfile::tempdir().unwrap();
    let book = book(folder.path(), &node);
    let mut command = at(&["mcp", "--config", &book], &format!("redis://app:{ENCODED}@{}", node.address()));
    command.env("RUST_LOG", "trace");
    let raw = format!("redis://app:{CANARY}@{}", node.address());
    let talk = tokio::task::spawn_blocking(move || {
        let mut client = Client::of(command);
        client.hello();
        let mut said = vec![client.ask("tools/list", json!({})).to_string()];
        for (_, tool, arguments) in verbs() {
            for (target, fails) in [("", false), ("url", false), ("command", false), ("failing", true), (&raw, true)] {
                let mut arguments = arguments.clone();
                arguments["target"] = target.into();
                let answer = client.tool(tool, arguments);
                // It asks no server, and so for no password.
                let fails = fails && (tool != "simulate" || target != "failing");
                assert_eq!(answer["isError"] == true, fails, "{tool} {target}: {answer}");
                said.push(answer.to_string());
            }
        }
        said.push(client.tool("generate_lua", json!({"need": raw})).to_string());
        said.push(client.tool("simulate", json!({"maxmemory": raw})).to_string());
        (said, client.leave())
    });
    let (said, log) = talk.await.unwrap();
    for said in said {
        clean("a tool", &said, &hashes);
    }
    assert!(log.contains("DEBUG godmode_redis"), "{log}");
    clean("the log", &log, &hashes);
}
