//! The tools against real servers. The server itself testifies to what we asked.

use std::collections::BTreeSet;

use godmode_redis::demo::PLANTED;
use godmode_redis::facts::{CommandUse, ErrorCount, Fields};
use godmode_redis::probe::{acl_line, every_ask};
use serde_json::Value;

use crate::stage::{CANARY, binary, free_port, grant, inspect, rules, run, say, server, url};

#[tokio::test]
async fn a_fresh_empty_server_gets_no_warning() {
    let server = server(&["--save", "3600 1 300 100 60 10000"]).await;
    let report = inspect(&url(&server), &[]).await;
    let loud: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "notice").collect();
    assert!(loud.is_empty(), "{loud:#?}");
    let states: Vec<&str> =
        report["stop_conditions"].as_array().unwrap().iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["unknown", "unknown", "met"]);
    assert!(report["clear"].as_u64().unwrap() > 20, "{report:#}");
}

#[tokio::test]
async fn the_server_saw_only_the_declared_questions() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    say(&mut connection, "CONFIG SET slowlog-log-slower-than 0").await;
    say(&mut connection, "SET a 1").await;
    say(&mut connection, "CONFIG RESETSTAT").await;
    inspect(&url(&server), &[]).await;

    let text: String = redis::cmd("INFO").arg("everything").query_async(&mut connection).await.unwrap();
    let info = Fields::parse(&text);
    // Before 7.0 a subcommand is counted under its container.
    let declared: BTreeSet<String> = every_ask()
        .iter()
        .flat_map(|ask| [ask.command().to_owned(), ask.command().split('|').next().unwrap().to_owned()])
        .collect();
    let seen: Vec<String> = CommandUse::all(&info).into_iter().map(|command| command.name.raw().to_owned()).collect();
    let foreign: Vec<&String> = seen.iter().filter(|name| !declared.contains(*name)).collect();
    // CONFIG RESETSTAT is the test's own, counted after it reset.
    assert!(foreign.iter().all(|name| *name == "config|resetstat"), "{foreign:?}");
    assert!(seen.iter().any(|name| name == "ping") && seen.len() > 8, "{seen:?}");
    assert_eq!(ErrorCount::all(&info), [], "a look must not provoke an error");
    assert_eq!(info.number("db0"), None);
}

#[tokio::test]
async fn a_user_with_the_printed_permissions_gets_the_same_report() {
    let port = free_port().to_string();
    let server = server(&["--port", &port, "--bind", "127.0.0.1"]).await;
    let mut connection = server.connect().await.unwrap();
    let printed = run(binary(&["permissions", "--user", "watcher"])).await.out;
    assert_eq!(printed.trim(), acl_line("watcher", &every_ask()));
    let refused = grant(&mut connection, &printed.replace("CHOOSE-A-PASSWORD", CANARY)).await;
    say(&mut connection, "SET a 1").await;

    let place = format!("redis://127.0.0.1:{port}");
    let (free, bound) =
        (inspect(&place, &[]).await, inspect(&format!("redis://watcher:{CANARY}@127.0.0.1:{port}"), &[]).await);
    for list in ["findings", "not_checked"] {
        assert_eq!(rules(&free, list), rules(&bound, list));
    }
    assert_eq!(free["clear"], bound["clear"]);
    let missing = |report: &Value| -> Vec<String> {
        let overview = report["nodes"][0]["overview"].as_object().unwrap();
        overview.iter().filter(|(_, value)| value.get("missing").is_some()).map(|(name, _)| name.clone()).collect()
    };
    assert_eq!(missing(&free), missing(&bound));
    assert_eq!(bound["nodes"][0]["overview"]["user"], "watcher");
    assert_eq!(say(&mut connection, "ACL LOG").await, redis::Value::Array(Vec::new()), "nothing was refused");
    let text: String = redis::cmd("INFO").arg("everything").query_async(&mut connection).await.unwrap();
    // A server that refuses a line of the grants has counted that.
    assert_eq!(ErrorCount::all(&Fields::parse(&text)).iter().map(|error| error.count).sum::<u64>(), refused);
}

#[tokio::test]
async fn a_denied_question_becomes_not_checked_with_its_grant() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    say(&mut connection, "ACL SETUSER poor on >poor-pw resetkeys -@all +ping").await;
    let poor = url(&server).replace("unix://", "unix://poor:poor-pw@");
    let report = inspect(&poor, &[]).await;
    assert_eq!(rules(&report, "findings"), Vec::<String>::new());
    // What a single server cannot have wrong is clear without a question: nodes that differ, slots, Sentinels.
    let deployment = godmode_redis::rules::TOPICS.iter().find(|topic| topic.id == "deployment").unwrap();
    assert_eq!(report["clear"], deployment.rules.len(), "{report:#}");
    for row in report["not_checked"].as_array().unwrap() {
        let why = row["why"].as_str().unwrap();
        assert!(why.contains("grant +") || why.contains("two looks"), "{row}");
    }
    let gate = run(binary(&["inspect", "--interval", "0", "--fail-on", "critical", "--url", &poor])).await;
    assert_eq!(gate.code, 2, "a gate that sees nothing does not open: {gate:?}");
    say(&mut connection, "ACL SETUSER poor +info +config|get").await;
    let report = inspect(&poor, &[]).await;
    let denied: Vec<String> = rules(&report, "not_checked");
    assert!(
        denied.contains(&"slow-commands".to_owned()) && !denied.contains(&"maxmemory-unset".to_owned()),
        "{denied:?}"
    );
    // Ten refusals in a second are a finding when they are not our own.
    assert!(!rules(&report, "findings").contains(&"failing-commands".to_owned()), "{report:#}");
}

#[tokio::test]
async fn one_look_knows_no_rates_and_says_so() {
    let server = server(&[]).await;
    let report = inspect(&url(&server), &["--interval", "0", "--pings", "0"]).await;
    let unchecked = rules(&report, "not_checked");
    assert!(unchecked.contains(&"eviction-running".to_owned()), "{unchecked:?}");
    assert_eq!(report["nodes"][0]["overview"]["throughput"]["missing"], "rates");
    assert_eq!(report["nodes"][0]["overview"]["round_trip"]["missing"], "PING");
}

/// What depends on how fast this machine is, and so may or may not show in the demo.
const BY_SPEED: [&str; 3] = ["slow-commands", "main-thread-busy", "latency-spikes"];

#[tokio::test]
async fn the_demo_finds_what_was_planted_and_nothing_else() {
    let report = run(binary(&["demo", "--json"])).await.json();
    let (found, unchecked) = (rules(&report, "findings"), rules(&report, "not_checked"));
    for plant in PLANTED {
        // Only Redis 8.0 and later keep the sizes of keys; older servers must admit that nobody looked.
        let admitted = plant.rule == "giant-keys" && unchecked.contains(&plant.rule.to_owned());
        assert!(found.contains(&plant.rule.to_owned()) || admitted, "{} ({})\n{report:#}", plant.rule, plant.fault);
    }
    for finding in report["findings"].as_array().unwrap() {
        let rule = finding["rule"].as_str().unwrap();
        let planted = PLANTED.iter().any(|plant| plant.rule == rule);
        assert!(planted || BY_SPEED.contains(&rule), "nobody planted {finding:#}");
        assert!(
            !finding["evidence"].as_array().unwrap().is_empty() && !finding["fixes"].as_array().unwrap().is_empty()
        );
        for words in ["says", "verify", "could_break", "page"] {
            assert!(!finding[words].as_str().unwrap().is_empty(), "{rule}: {words}");
        }
    }
    // The tools that read keys find what was planted for them, and prove what they advise.
    let families: Vec<&str> =
        report["audit"]["families"].as_array().unwrap().iter().map(|row| row["pattern"].as_str().unwrap()).collect();
    assert!(families.iter().any(|family| family.contains("shop:profile:")), "{families:?}");
    let advice = &report["recommendation"];
    assert_eq!(advice["structure"], "hash-buckets", "{advice:#}");
    let saving = &advice["asked"]["present"]["advice"][0];
    assert!(saving["then"].as_f64().unwrap() < saving["now"].as_f64().unwrap() * 0.7, "{saving}");
    let row = &advice["proven"]["rows"][0];
    let (predicted, measured) = (row["predicted"].as_f64().unwrap(), row["measured"].as_f64().unwrap());
    assert!((predicted / measured - 1.0).abs() < 0.1, "{row:#}");
}

#[tokio::test]
async fn slow_commands_are_told_without_their_arguments() {
    let server = server(&["--slowlog-log-slower-than", "0"]).await;
    let mut connection = server.connect().await.unwrap();
    for words in [
        &format!("SET user:1042:token {CANARY}"),
        &format!("ACL SETUSER someone on >{CANARY}"),
        &format!("CONFIG SET requirepass {CANARY}"),
        "CONFIG SET requirepass \u{22}\u{22}",
    ] {
        let _: Result<redis::Value, _> = {
            let mut words = words.split_whitespace();
            let mut command = redis::cmd(words.next().unwrap());
            command.arg(words.collect::<Vec<_>>());
            command.query_async(&mut connection).await
        };
    }
    let place = url(&server).replace("unix://", "unix://:%22%22@");
    for format in ["--json", "--markdown"] {
        let ran = run(binary(&["inspect", format, "--url", &place])).await;
        assert_eq!(ran.code, 0, "{ran:?}");
        assert!(!ran.out.contains(CANARY) && !ran.err.contains(CANARY));
    }
}

#[tokio::test]
async fn exit_codes_follow_the_worst_finding() {
    let server = server(&["--hash-max-ziplist-entries", "4096"]).await;
    let place = url(&server);
    for (level, code) in [("notice", 1), ("warning", 0), ("critical", 0)] {
        let ran = run(binary(&["inspect", "--interval", "0", "--url", &place, "--fail-on", level])).await;
        assert_eq!(ran.code, code, "{level}: {ran:?}");
    }
    let ran = run(binary(&["inspect_server", "--interval", "0", "--url", &place])).await;
    assert_eq!(ran.code, 0, "the MCP name is an alias: {ran:?}");
    let plain = ran.out.lines().all(|line| line.chars().count() <= 120 && !line.contains('\x1b'));
    assert!(plain, "no colour and no long line in a pipe: {}", ran.out);
}

#[tokio::test]
async fn topics_narrow_the_judgement() {
    let server = server(&[]).await;
    let report = inspect(&url(&server), &["--interval", "0", "--topic", "memory,security"]).await;
    for list in ["findings", "not_checked"] {
        for rule in rules(&report, list) {
            let (topic, _) = godmode_redis::rules::all().find(|(_, known)| known.id == rule).unwrap();
            assert!(["memory", "security"].contains(&topic.id), "{rule}");
        }
    }
}
