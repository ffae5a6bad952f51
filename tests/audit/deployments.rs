//! Audits of deployments: every shard once, replicas before primaries, and what is lost is said.

use std::process::Stdio;

use godmode_redis::facts::slot_of;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::corpus::Filling;
use super::{audit, family, number};
use crate::mcp::Client;
use crate::stage::cluster::Cluster;
use crate::stage::node::{Node, signal};
use crate::stage::replication::Replication;
use crate::stage::setup::Setup;
use crate::stage::{PATIENCE, Ran, binary, run, server, until, url};

/// Puts keys where a Cluster wants them: each node gets those of its own slots.
async fn fill(cluster: &Cluster, tenants: u64, per_tenant: u64) -> u64 {
    let mut all = 0;
    for n in cluster.primaries().await {
        let mut connection = cluster.nodes()[n].connect().await.unwrap();
        let shards: Vec<(u64, u64)> = own_slots(cluster, n).await;
        let mine = |tag: &str| {
            let slot = u64::from(slot_of(tag.as_bytes()));
            shards.iter().any(|(from, to)| (*from..=*to).contains(&slot))
        };
        let mut filling = Filling::new(&mut connection);
        for tenant in 0..tenants {
            let tag = format!("t{tenant}");
            if !mine(&tag) {
                continue;
            }
            // One tenant is a hundred times as large as the others.
            let many = if tenant == 7 { per_tenant * 100 } else { per_tenant };
            for item in 0..many {
                filling.put(&[b"SET", format!("cart:{{{tag}}}:{item}").as_bytes(), b"some goods in a cart"]).await;
                all += 1;
            }
        }
        filling.flush().await;
    }
    all
}

async fn own_slots(cluster: &Cluster, n: usize) -> Vec<(u64, u64)> {
    let text: String = cluster.nodes()[n].ask("CLUSTER NODES").await.unwrap();
    let line = text.lines().find(|line| line.contains("myself")).unwrap();
    let ranges = line.split(' ').skip(8).filter(|range| !range.starts_with('['));
    ranges
        .map(|range| {
            let (from, to) = range.split_once('-').unwrap_or((range, range));
            (from.parse().unwrap(), to.parse().unwrap())
        })
        .collect()
}

#[tokio::test]
async fn a_cluster_is_read_shard_by_shard_and_a_dead_one_is_told() {
    let mut cluster = Cluster::start(&Setup::default()).await;
    let all = fill(&cluster, 80, 50).await;
    let seeds = format!("redis://{}", cluster.address(1));
    let report = audit(&seeds, &["--full", "--primary"]).await;
    assert_eq!((number(&report["keys"]["low"]) as u64, report["nodes"].as_array().unwrap().len()), (all, 3));
    let heaviest = &report["slots"]["heaviest"][0];
    assert_eq!(heaviest["slot"], u64::from(slot_of(b"t7")), "{:#}", report["slots"]);
    // The large tenant holds most keys of its node: slots drawn evenly would hardly see it.
    let sample = audit(&seeds, &["--max-keys", "2000", "--primary"]).await;
    assert_eq!(sample["coverage"]["reading"], "sample");
    let carts = &family(&sample, "cart:{t*}:*")["keys"];
    assert!(number(&carts["low"]) <= all as f64 && all as f64 <= number(&carts["high"]).round(), "{carts}");
    let estimate = number(&sample["slots"]["heaviest"][0]["keys"]);
    assert!((4_000.0..6_000.0).contains(&estimate), "{estimate} of 5,000 keys in the slot of the large tenant");
    cluster.kill(0);
    let partial = audit(&seeds, &["--full", "--primary"]).await;
    assert_eq!(partial["unread"][0]["address"], cluster.address(0), "{partial:#}");
    assert!(number(&partial["keys"]["low"]) < all as f64);
}

#[tokio::test]
async fn a_replica_in_good_health_is_read_in_place_of_its_primary() {
    let group = Replication::start(&Setup::default(), 1).await;
    let mut connection = group.primary.connect().await.unwrap();
    let mut filling = Filling::new(&mut connection);
    for n in 0..500 {
        filling.put(&[b"SET", format!("a:{n}").as_bytes(), b"x"]).await;
    }
    filling.flush().await;
    let address = group.primary.url();
    let report = until("the replica to have all", async || {
        let report = audit(&address, &[]).await;
        if number(&report["keys"]["low"]) == 500.0 { Ok(report) } else { Err(report["coverage"].to_string()) }
    })
    .await;
    assert_eq!(report["nodes"][0]["role"], "replica", "{:#}", report["nodes"]);
    assert_eq!(report["idle"], Value::Array(Vec::new()), "a replica does not know when its primary was read");
    let primary = audit(&address, &["--primary"]).await;
    assert_eq!(primary["nodes"][0]["role"], "primary");
    assert!(!primary["idle"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_server_that_dies_half_way_leaves_what_was_read() {
    let mut node = Node::start(&Setup::default()).await;
    let mut connection = node.connect().await.unwrap();
    super::corpus::mixed(&mut connection, 3_000).await;
    let place = node.url();
    let audited = tokio::spawn(async move {
        let arguments = ["audit", "--json", "--full", "--pace", "polite", "--url", &place];
        run(binary(&arguments)).await
    });
    tokio::time::sleep(std::time::Duration::from_millis(1_800)).await;
    node.kill();
    let ran = audited.await.unwrap();
    let report: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert!(!report["unread"].as_array().unwrap().is_empty(), "{report:#}");
    assert!(number(&report["coverage"]["read"]) < 219_000.0);
}

/// As many keys as keep a polite audit busy for longer than it takes to see it at work.
async fn busy(node: &Node, prefix: &str) -> u64 {
    let mut connection = node.connect().await.unwrap();
    let mut filling = Filling::new(&mut connection);
    for n in 0..60_000 {
        filling.put(&[b"SET", format!("{prefix}{n}").as_bytes(), b"x"]).await;
    }
    filling.flush().await;
    60_000
}

/// How many connections of ours this server has.
async fn ours(node: &Node) -> Result<usize, String> {
    let clients: String = node.ask("CLIENT LIST").await?;
    Ok(clients.lines().filter(|line| line.contains("=godmode-redis ")).count())
}

/// How often this server was asked a command.
async fn calls(node: &Node, command: &str) -> Result<u64, String> {
    let stats: String = node.ask("INFO commandstats").await?;
    let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    Ok(line.and_then(|line| line.split(',').next()?.parse().ok()).unwrap_or(0))
}

/// Waits until some pages of keys were read.
async fn reads_keys(node: &Node) {
    until("an audit that reads keys", async || match calls(node, "pttl").await? {
        some if some > 1_000 => Ok(()),
        few => Err(format!("{few} keys")),
    })
    .await;
}

#[tokio::test]
async fn a_node_that_hangs_half_way_is_told_and_the_others_are_read() {
    // No failover: the hung node stays a primary.
    let mut cluster = Cluster::start(&Setup::new(&["cluster-node-timeout 60000"])).await;
    let all = fill(&cluster, 40, 50).await;
    // A tag whose slot is on the node that will hang.
    let tag = (0..).map(|n| format!("{{h{n}}}:")).find(|tag| cluster.owner(slot_of(tag.as_bytes())) == 2).unwrap();
    let there = busy(&cluster.nodes()[2], &tag).await;
    let seeds = format!("redis://{},{}", cluster.address(0), cluster.address(2));
    let audited = tokio::spawn(async move { audit(&seeds, &["--full", "--primary"]).await });
    reads_keys(&cluster.nodes()[2]).await;
    cluster.pause(2);
    let report = timeout(PATIENCE, audited).await.expect("an audit ends").unwrap();
    let hung = cluster.address(2);
    let unread = report["unread"].as_array().unwrap();
    let why = unread[0]["why"].as_str().unwrap();
    assert!(unread.len() == 1 && unread[0]["address"] == hung && why.contains("stopped answering"), "{unread:?}");
    for node in report["nodes"].as_array().unwrap() {
        let (keys, expected) = (number(&node["keys"]) as u64, own_keys(&cluster, &node["address"]).await);
        match expected {
            Some(expected) => assert_eq!(keys, expected, "{node:#}"),
            None => assert!(node["address"] == hung.as_str() && keys < there + all, "{node:#}"),
        }
    }
}

/// DBSIZE of a node that answers.
async fn own_keys(cluster: &Cluster, address: &Value) -> Option<u64> {
    let node = cluster.nodes().iter().find(|node| *address == node.address().as_str()).unwrap();
    if node.is_up() { Some(node.ask("DBSIZE").await.unwrap()) } else { None }
}

#[tokio::test]
async fn whoever_interrupts_an_audit_of_a_server_that_hangs_gets_an_end_and_what_was_read() {
    let mut node = Node::start(&Setup::default()).await;
    let all = busy(&node, "k:").await;
    let mut command = binary(&["audit", "--json", "--full", "--url", &node.url()]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    reads_keys(&node).await;
    node.pause();
    assert!(signal(child.id(), "INT"));
    let ended = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap());
    let report = Ran::from(timeout(PATIENCE, ended).await.expect("an audit ends").unwrap()).json();
    assert_eq!(report["stopped"], "asked", "{report:#}");
    assert!(report["unread"][0]["why"].as_str().unwrap().contains("stopped answering"), "{report:#}");
    assert!(report["cursor"].is_string() && number(&report["coverage"]["seen"]) < all as f64, "{report:#}");
}

#[tokio::test]
async fn an_audit_that_is_cancelled_leaves_the_server_at_once() {
    let node = Node::start(&Setup::default()).await;
    let all = busy(&node, "k:").await;
    let url = node.url();
    let (call, client) = tokio::task::spawn_blocking(move || {
        let mut client = Client::connected(&url);
        let wishes = json!({"name": "audit_memory", "arguments": {"full": true}});
        (client.request("tools/call", wishes), client)
    })
    .await
    .unwrap();
    reads_keys(&node).await;
    let mut client = client;
    client.cancel(call);
    until("the last connection to close", async || match ours(&node).await? {
        0 => Ok(()),
        connections => Err(format!("{connections} connections")),
    })
    .await;
    let read = calls(&node, "pttl").await.unwrap();
    assert!(read < all, "it read to its end: {read} keys");
}

#[tokio::test]
async fn a_user_who_may_not_read_keys_is_told_which_grant_is_missing() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    crate::stage::say(&mut connection, "ACL SETUSER blind on >pw resetkeys -@all +ping +info +command|info").await;
    crate::stage::say(&mut connection, "SET a 1").await;
    let place = url(&server).replace("unix://", "unix://blind:pw@");
    let ran = run(binary(&["audit", "--url", &place])).await;
    assert!(ran.code == 2 && ran.err.contains("scan"), "{ran:?}");
}
