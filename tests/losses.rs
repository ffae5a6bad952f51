//! Nodes that die, hang, move or hide: the report is partial and says so, or one clear sentence, within the deadline.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::mcp::{Client, text};
use crate::stage::cluster::Cluster;
use crate::stage::node::Node;
use crate::stage::replication::Replication;
use crate::stage::sentinel::{NAME, Watched};
use crate::stage::setup::Setup;
use crate::stage::{binary, free_port, inspect, rules, run};

fn unseen(report: &Value) -> Vec<&str> {
    let nodes = report["nodes"].as_array().unwrap().iter();
    nodes.filter(|node| node.get("trouble").is_some()).map(|node| node["address"].as_str().unwrap()).collect()
}

fn finding<'a>(report: &'a Value, rule: &str) -> &'a Value {
    let mut findings = report["findings"].as_array().unwrap().iter();
    findings.find(|finding| finding["rule"] == rule).unwrap_or_else(|| panic!("no {rule} in {report:#}"))
}

#[tokio::test]
async fn a_cluster_that_loses_a_primary_and_has_a_node_that_hangs() {
    let mut cluster = Cluster::start(&Setup::default()).await;
    let (dead, hung) = (cluster.address(0), cluster.address(5));
    cluster.kill(0);
    cluster.pause(5);
    // The first seed is the dead one.
    let seeds = format!("redis://{dead},{}", cluster.address(1));
    let report = inspect(&seeds, &["--interval", "0", "--deadline", "4"]).await;
    let mut lost = unseen(&report);
    lost.sort_unstable();
    let mut expected = [dead.as_str(), hung.as_str()];
    expected.sort_unstable();
    assert_eq!(lost, expected, "{report:#}");
    assert!(finding(&report, "node-unseen")["says"].as_str().unwrap().starts_with("2 of 6 nodes"));
    let text = run(binary(&["inspect", "--interval", "0", "--deadline", "4", "--url", &seeds])).await;
    assert!(text.code == 0 && text.out.contains("The report is partial: 2 nodes"), "{text:?}");
    cluster.resume(5);
    // Its replica takes over, and every slot is served again.
    cluster.taken_over_by(3).await;
    let report = inspect(&seeds, &["--interval", "0"]).await;
    assert_eq!((unseen(&report), &report["uncovered_slots"]), (vec![dead.as_str()], &Value::from(0)));
}

#[tokio::test]
async fn a_failover_between_two_looks() {
    let mut group = Watched::start(&Setup::default(), &Setup::default(), 2).await;
    let places: Vec<String> = group.sentinels.iter().map(Node::address).collect();
    let url = format!("redis+sentinel://{}/{NAME}", places.join(","));
    let old = group.data.primary.address();
    let primary = |report: &Value| {
        let mut nodes = report["nodes"].as_array().unwrap().iter();
        nodes.find(|node| node["role"] == "primary").unwrap()["address"].as_str().unwrap().to_owned()
    };
    assert_eq!(primary(&inspect(&url, &["--interval", "0"]).await), old);
    let from = group.data.primary.port();
    group.data.primary.kill();
    group.sentinels[2].kill();
    // Whatever the Sentinels think at this moment, there is an answer.
    let during = run(binary(&["inspect", "--interval", "0", "--deadline", "6", "--url", &url])).await;
    assert_eq!(during.code, 0, "{during:?}");
    let named = |addresses: &[String]| format!("redis+sentinel://{}/{NAME}", addresses.join(","));
    // Two of three Sentinels are a majority.
    crate::stage::until("a failover", async || {
        let report = inspect(&named(&places), &["--interval", "0", "--deadline", "6"]).await;
        match primary(&report) {
            now if now != old => Ok(()),
            now => Err(format!("the primary is still {now} ({from})")),
        }
    })
    .await;
    // When the others have settled, the dead Sentinel is what is left to say.
    crate::stage::until("two Sentinels of one mind", async || {
        let report = inspect(&url, &["--interval", "0", "--deadline", "6"]).await;
        match finding(&report, "sentinels-disagree")["says"].as_str().unwrap() {
            "1 of 3 Sentinels did not answer" => Ok(()),
            other => Err(other.to_owned()),
        }
    })
    .await;
}

#[tokio::test]
async fn a_replica_behind_an_address_that_leads_nowhere_and_the_map_that_helps() {
    let group = Replication::start(&Setup::default(), 0).await;
    let port = free_port();
    let announced = format!("127.77.77.77:{port}");
    let hidden = Setup::new(&[
        &format!("replicaof 127.0.0.1 {}", group.primary.port()),
        "replica-announce-ip 127.77.77.77",
        &format!("replica-announce-port {port}"),
    ]);
    let replica = Node::start(&hidden).await;
    let address = group.primary.url();
    crate::stage::until("a replica that is announced", async || {
        let text: String = group.primary.ask("INFO replication").await?;
        if text.contains("127.77.77.77") && text.contains("state=online") { Ok(()) } else { Err(text) }
    })
    .await;
    let report = inspect(&address, &["--interval", "0"]).await;
    assert_eq!(unseen(&report), [announced.as_str()]);
    assert!(finding(&report, "node-unseen")["fixes"].to_string().contains("targets.NAME.addresses"));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("targets.toml");
    let map =
        format!("[targets.x]\nurl = '{address}'\n[targets.x.addresses]\n'{announced}' = '{}'\n", replica.address());
    std::fs::write(&file, map).unwrap();
    let config = file.to_str().unwrap();
    let report =
        run(binary(&["inspect", "--json", "--interval", "0", "--config", config, "--target", "x"])).await.json();
    assert_eq!(unseen(&report), Vec::<&str>::new(), "{report:#}");
    assert_eq!(report["nodes"][1]["address"], announced.as_str());
}

#[tokio::test]
async fn a_server_that_dies_or_sleeps_in_the_middle_of_a_look() {
    let mut node = Node::start(&Setup::default()).await;
    let url = node.url();
    let look = tokio::spawn(run(binary(&["inspect", "--interval", "4", "--deadline", "3", "--url", &url])));
    tokio::time::sleep(Duration::from_secs(2)).await;
    node.kill();
    let ran = look.await.unwrap();
    assert!(ran.code == 2 && ran.err.contains("closed the connection"), "{ran:?}");

    let mut node = Node::start(&Setup::default()).await;
    node.pause();
    let ran = run(binary(&["inspect", "--interval", "0", "--deadline", "2", "--url", &node.url()])).await;
    assert!(ran.code == 2 && ran.err.contains("said nothing for 1 s"), "{ran:?}");
    node.resume();
}

#[tokio::test]
async fn alone_means_one_server() {
    let group = Replication::start(&Setup::default(), 1).await;
    let report = inspect(&group.replicas[0].url(), &["--interval", "0", "--alone"]).await;
    assert_eq!((report["nodes"].as_array().unwrap().len(), &report["nodes"][0]["role"]), (1, &Value::from("replica")));
    assert!(!rules(&report, "findings").contains(&"node-unseen".to_owned()));
}

/// The agent door waits in a blocking way.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

#[tokio::test]
async fn an_agent_that_calls_before_and_after_a_failover_finds_the_new_primary() {
    let mut group = Watched::start(&Setup::default(), &Setup::default(), 1).await;
    let places: Vec<String> = group.sentinels.iter().map(Node::address).collect();
    let url = format!("redis+sentinel://{}/{NAME}", places.join(","));
    let (old, new) = (group.data.primary.address(), group.data.replicas[0].address());
    let session = Arc::new(Mutex::new(apart(move || Client::connected(&url)).await));
    let look = async || {
        let session = Arc::clone(&session);
        apart(move || session.lock().unwrap().call(json!({"interval": 0, "deadline": 6}))).await
    };
    let is_primary = |said: &Value, address: &str| {
        text(said).lines().any(|line| line.starts_with('|') && line.contains(address) && line.contains("primary"))
    };
    let before = look().await;
    assert!(is_primary(&before, &old) && !is_primary(&before, &new), "{}", text(&before));
    let from = group.data.primary.port();
    group.data.primary.kill();
    group.failed_over(from).await;
    let after = look().await;
    assert!(is_primary(&after, &new) && !is_primary(&after, &old), "{}", text(&after));
}

#[tokio::test]
async fn calls_side_by_side_have_connections_of_their_own() {
    let (mut hung, live) = (Node::start(&Setup::default()).await, Node::start(&Setup::default()).await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("targets.toml");
    let book = format!("[targets.hung]\nurl = '{}'\n[targets.live]\nurl = '{}'\n", hung.url(), live.url());
    std::fs::write(&file, book).unwrap();
    let mut command = binary(&["mcp", "--config", file.to_str().unwrap()]);
    command.env("GODMODE_REDIS_URL", "redis://127.0.0.1:1");
    hung.pause();
    let targets = ["hung", "live", "live", "hung"];
    let (mut client, answers) = apart(move || {
        let mut client = Client::of(command);
        client.hello();
        let call =
            |target| json!({"name": "inspect_server", "arguments": {"target": target, "interval": 0, "deadline": 4}});
        let asked: Vec<u64> = targets.iter().map(|target| client.request("tools/call", call(target))).collect();
        let mut answers: Vec<Value> = targets.iter().map(|_| client.answer()).collect();
        answers.sort_by_key(|answer| asked.iter().position(|id| answer["id"] == *id));
        (client, answers)
    })
    .await;
    for (target, answer) in targets.iter().zip(&answers) {
        let result = &answer["result"];
        assert_eq!(result["isError"] == true, *target == "hung", "{target}: {answer:#}");
        assert!(*target == "live" || text(result).contains("said nothing for 2 s"), "{answer:#}");
    }
    // What was hung is no burden on the calls that follow.
    hung.resume();
    let after = apart(move || client.call(json!({"target": "hung", "interval": 0}))).await;
    assert_ne!(after["isError"], true, "{after:#}");
}
