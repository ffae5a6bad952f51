//! The stage itself: what it says it has set up is there, and nothing of it stays behind.

use std::net::TcpListener;
use std::time::Duration;

use redis::RedisResult;

use crate::stage::cluster::Cluster;
use crate::stage::node::{Node, signal};
use crate::stage::replication::Replication;
use crate::stage::sentinel::Watched;
use crate::stage::setup::{POLICIES, Setup};
use crate::stage::tls::{Authority, Clients, Pair, has_tls};
use crate::stage::{CANARY, free_port, say, until};

/// Whether a process exists, dead ones that nobody has waited for included.
fn exists(pid: u32) -> bool {
    signal(pid, "0")
}

async fn ping(url: &str) -> RedisResult<String> {
    let client = redis::Client::open(url)?;
    redis::cmd("PING").query_async(&mut client.get_multiplexed_async_connection().await?).await
}

async fn secure_ping(authority: &Authority, node: &Node, own: Option<&Pair>) -> RedisResult<String> {
    let connect = authority.connect(&node.url(), own).await;
    redis::cmd("PING").query_async(&mut connect?).await
}

/// Writes to a primary and returns how many replicas have it.
async fn written_with_copies(primary: &Node, wanted: usize) -> usize {
    // One connection: WAIT is about its own writes.
    let mut connection = primary.connect().await.unwrap();
    say(&mut connection, "SET key value").await;
    let copies = say(&mut connection, &format!("WAIT {wanted} 30000")).await;
    redis::from_redis_value(copies).unwrap()
}

#[tokio::test]
async fn nothing_stays_behind() {
    let node = Node::start(&Setup::default()).await;
    let (pid, folder) = (node.pid(), node.folder().to_path_buf());
    assert_eq!(ping(&node.url()).await.unwrap(), "PONG");
    assert!(exists(pid) && folder.is_dir());
    drop(node);
    assert!(!exists(pid) && !folder.exists());
}

#[tokio::test]
async fn nothing_stays_behind_when_a_test_fails() {
    let mut node = Node::start(&Setup::default()).await;
    node.pause();
    let pid = node.pid();
    // This failure is wanted, so its log is not worth a look.
    std::fs::remove_file(node.folder().join("log")).unwrap();
    let failed = tokio::spawn(async move {
        let _held = node;
        panic!("wanted");
    });
    assert!(failed.await.is_err_and(|error| error.is_panic()));
    assert!(!exists(pid), "also when it was paused");
}

#[tokio::test]
async fn a_taken_port_is_left_alone() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let node = Node::start_at(&Setup::default(), port).await;
    assert_ne!(node.port(), port);
    assert_eq!(ping(&node.url()).await.unwrap(), "PONG");
}

#[tokio::test]
async fn a_node_comes_back_in_its_place() {
    let setup = Setup::default().password("odd \"\\ one");
    let port = free_port();
    let mut first = Node::start_at(&setup, port).await;
    first.kill();
    assert!(ping(&first.url()).await.unwrap_err().is_connection_refusal());
    let second = Node::start_at(&setup, port).await;
    assert_eq!((second.port(), second.ask("PING").await), (port, Ok("PONG".to_owned())));
    assert_eq!(ping(&format!("redis://{}", second.address())).await.unwrap_err().code(), Some("NOAUTH"));
}

#[tokio::test]
async fn a_paused_node_takes_calls_and_does_not_answer() {
    let mut node = Node::start(&Setup::default()).await;
    node.pause();
    assert!(!node.is_up());
    assert!(ping(&node.url()).await.unwrap_err().is_timeout());
    node.resume();
    until("an answer", async || ping(&node.url()).await.map_err(|error| error.to_string())).await;
}

#[tokio::test]
async fn replicas_are_in_sync() {
    let group = Replication::start(&Setup::default().password(CANARY), 2).await;
    assert_eq!(written_with_copies(&group.primary, 2).await, 2);
    for replica in &group.replicas {
        assert_eq!(replica.ask::<String>("GET key").await, Ok("value".to_owned()));
    }
}

#[tokio::test]
async fn each_policy_acts_when_memory_ends() {
    for policy in POLICIES {
        let node = Node::start(&Setup::tiny(policy)).await;
        let mut fill = redis::pipe();
        fill.ignore_errors();
        for n in 0..1_000 {
            fill.cmd("SET").arg(n).arg("x".repeat(10_000)).arg("EX").arg(9_000 + n);
        }
        let replies: Vec<redis::Value> = fill.query_async(&mut node.connect().await.unwrap()).await.unwrap();
        let refused = replies.iter().any(|reply| matches!(reply, redis::Value::ServerError(_)));
        let kept: usize = node.ask("DBSIZE").await.unwrap();
        assert!(kept < 1_000, "{policy}");
        assert_eq!(refused, policy == "noeviction", "{policy}");
    }
}

/// A failover as the Sentinels see it, and a replica that follows the new primary.
async fn fails_over(mut group: Watched) {
    let before = group.primary().await.unwrap();
    assert_eq!(before, group.data.primary.port());
    group.data.primary.kill();
    let after = group.failed_over(before).await;
    let new = group.data.replicas.iter().find(|node| node.port() == after).unwrap();
    let other = group.data.replicas.iter().find(|node| node.port() != after).unwrap();
    let followed = ("master_port", after.to_string());
    let fields = [("role", "slave"), (followed.0, &followed.1), ("master_link_status", "up")];
    until("the other replica", async || other.shows("INFO replication", &fields).await).await;
    assert_eq!(written_with_copies(new, 1).await, 1);
}

#[tokio::test]
async fn sentinels_fail_over() {
    fails_over(Watched::start(&Setup::default(), &Setup::default(), 2).await).await;
}

#[tokio::test]
async fn sentinels_fail_over_with_passwords() {
    let (data, sentinel) = (Setup::default().password("odd \"\\ one"), Setup::default().password(CANARY));
    let group = Watched::start(&data, &sentinel, 2).await;
    for node in group.data.nodes().chain(&group.sentinels) {
        assert_eq!(ping(&format!("redis://{}", node.address())).await.unwrap_err().code(), Some("NOAUTH"));
    }
    fails_over(group).await;
}

#[tokio::test]
async fn sentinels_fail_over_with_tls() {
    if !has_tls() {
        return;
    }
    let authority = Authority::new();
    let data = Setup::default().tls(&authority, &authority.server, Clients::WithCertificate);
    let group = Watched::start(&data, &data, 2).await;
    for node in group.data.nodes().chain(&group.sentinels) {
        assert_eq!(secure_ping(&authority, node, Some(&authority.client)).await.unwrap(), "PONG");
    }
    fails_over(group).await;
}

/// Every slot has one of the three primaries, and each primary a replica.
async fn has_everything(cluster: &Cluster) {
    // First slot, last slot, primary, replica; how a node is described differs between versions.
    let slots: Vec<(usize, usize, Vec<redis::Value>, Vec<redis::Value>)> =
        match cluster.nodes()[0].ask("CLUSTER SLOTS").await {
            Ok(slots) => slots,
            Err(error) => panic!("a range without exactly one replica: {error}"),
        };
    let served: usize = slots.iter().map(|(first, last, ..)| last - first + 1).sum();
    assert_eq!((slots.len(), served), (3, 16_384));
    assert_eq!(cluster.primaries().await.len(), 3);
    for (n, node) in cluster.nodes().iter().enumerate() {
        let role: String = node.ask("INFO replication").await.unwrap();
        assert!(role.contains("master_link_status:up") || role.contains("connected_slaves:1"), "{n}: {role}");
    }
}

#[tokio::test]
async fn a_cluster_serves_all_slots_and_survives_a_death() {
    let mut cluster = Cluster::start(&Setup::default()).await;
    has_everything(&cluster).await;
    assert_eq!(ping(&format!("redis://{}", cluster.address(5))).await.unwrap(), "PONG");
    let old = cluster.primaries().await[0];
    let heir = replica_of(&cluster, old).await;
    cluster.kill(old);
    cluster.taken_over_by(heir).await;
    assert!(!cluster.primaries().await.contains(&old));
}

/// Where a primary's replica is.
async fn replica_of(cluster: &Cluster, primary: usize) -> usize {
    let port = cluster.nodes()[primary].port().to_string();
    for (n, node) in cluster.nodes().iter().enumerate() {
        if node.shows("INFO replication", &[("role", "slave"), ("master_port", &port)]).await.is_ok() {
            return n;
        }
    }
    panic!("node {primary} has no replica");
}

#[tokio::test]
async fn a_cluster_with_a_password_survives_a_node_that_hangs() {
    let mut cluster = Cluster::start(&Setup::default().password(CANARY)).await;
    has_everything(&cluster).await;
    assert_eq!(ping(&format!("redis://{}", cluster.address(0))).await.unwrap_err().code(), Some("NOAUTH"));
    let old = cluster.primaries().await[0];
    let heir = replica_of(&cluster, old).await;
    cluster.pause(old);
    cluster.taken_over_by(heir).await;
    cluster.resume(old);
    let fields = [("role", "slave"), ("master_link_status", "up")];
    until("its return as a replica", async || cluster.nodes()[old].shows("INFO replication", &fields).await).await;
}

#[tokio::test]
async fn a_cluster_speaks_tls_everywhere() {
    if !has_tls() {
        return;
    }
    let authority = Authority::new();
    let setup = Setup::default().password(CANARY).tls(&authority, &authority.server, Clients::Anyone);
    let cluster = Cluster::start(&setup).await;
    has_everything(&cluster).await;
    for node in cluster.nodes() {
        assert_eq!(secure_ping(&authority, node, None).await.unwrap(), "PONG");
    }
}

#[tokio::test]
async fn tls_needs_the_authority_and_the_right_name() {
    if !has_tls() {
        return;
    }
    let authority = Authority::new();
    let node = Node::start(&Setup::default().tls(&authority, &authority.server, Clients::Anyone)).await;
    assert_eq!(secure_ping(&authority, &node, None).await.unwrap(), "PONG");
    let untrusted = secure_ping(&Authority::new(), &node, None).await.unwrap_err().to_string();
    assert!(untrusted.contains("UnknownIssuer"), "{untrusted}");
    assert!(ping(&node.url().replace("rediss", "redis")).await.is_err(), "clear text");
    for (pair, word) in [(&authority.expired, "xpired"), (&authority.misnamed, "elsewhere.test")] {
        let node = Node::start(&Setup::default().tls(&authority, pair, Clients::Anyone)).await;
        let error = secure_ping(&authority, &node, None).await.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[tokio::test]
async fn mtls_needs_a_certificate_of_the_client() {
    if !has_tls() {
        return;
    }
    let authority = Authority::new();
    let node = Node::start(&Setup::default().tls(&authority, &authority.server, Clients::WithCertificate)).await;
    assert_eq!(secure_ping(&authority, &node, Some(&authority.client)).await.unwrap(), "PONG");
    let stranger = Authority::new();
    for own in [None, Some(&stranger.client), Some(&authority.expired)] {
        let refused = tokio::time::timeout(Duration::from_secs(30), secure_ping(&authority, &node, own)).await;
        assert!(refused.unwrap().is_err(), "{own:?}");
    }
}
