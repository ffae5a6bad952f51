//! What each way to hand messages on costs for a message and for a consumer: the words of the table against servers.

use std::fmt::Write as _;
use std::path::Path;

use godmode_redis::decisions::structures::Channel;
use godmode_redis::facts::{Engine, Fields, Kind};
use godmode_redis::probe::Scratch;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, cmd};

use super::servers::programs;
use crate::stage::settled;

const MESSAGES: u64 = 20_000;
const CONSUMERS: u64 = 100;
/// Of the figures of the table: the tables of the server grow by doubling, and its own needs move.
const NEAR: f64 = 0.05;

/// A server that is measured.
struct Scale {
    server: Scratch,
    client: MultiplexedConnection,
    engine: Engine,
}

impl Scale {
    async fn start(program: &Path) -> Self {
        let server = Scratch::start(program, &["--hz", "500"]).await.unwrap();
        let mut client = server.connect().await.unwrap();
        let info: String = cmd("INFO").query_async(&mut client).await.unwrap();
        let engine = Engine::from_info(&Fields::parse(&info)).unwrap();
        // From 7.0 on a histogram for each command would be taken for data; and what another thread has yet to free, from
        // Valkey 8.0 on by default, would be weighed with what comes next.
        for (parameter, value) in [("latency-tracking", "no"), ("lazyfree-lazy-user-flush", "no")] {
            let _ = cmd("CONFIG").arg(&["SET", parameter, value]).exec_async(&mut client).await;
        }
        let mut scale = Self { server, client, engine };
        scale.fill(|n| line(&["SET", "warm", &n.to_string()])).await;
        scale.empty().await;
        scale
    }

    async fn empty(&mut self) {
        cmd("FLUSHALL").exec_async(&mut self.client).await.unwrap();
    }

    /// On a connection of its own, which is gone when it is weighed.
    async fn fill(&self, command: impl Fn(u64) -> Cmd) {
        let mut client = self.server.connect().await.unwrap();
        for start in (0..MESSAGES).step_by(500) {
            let mut pipe = redis::pipe();
            (start..start + 500).for_each(|n| {
                pipe.add_command(command(n)).ignore();
            });
            pipe.exec_async(&mut client).await.unwrap();
        }
    }

    async fn weigh(&mut self) -> f64 {
        settled(&mut self.client).await
    }
}

fn line(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    command.arg(words);
    command
}

/// Fifty bytes, and no two alike.
fn message(n: u64) -> String {
    format!("m{n:049}")
}

/// `62` of "62 bytes an entry", `116` and `169` of "116 to 169 bytes a message".
fn figures(text: &str, of: &str) -> (f64, f64) {
    let before = text.split_once(of).unwrap_or_else(|| panic!("{of:?} is not in {text:?}")).0;
    let numbers: Vec<f64> =
        before.rsplit([',', ';', '(']).next().unwrap().split(' ').filter_map(|word| word.parse().ok()).collect();
    (numbers[0], *numbers.last().unwrap())
}

fn check(wrong: &mut String, scale: &Scale, channel: Channel, of: &str, seen: f64) {
    let (least, most) = figures(channel.guarantees().cost, of);
    if seen < least * (1.0 - NEAR) || seen > most * (1.0 + NEAR) {
        writeln!(wrong, "{channel} on {}: {seen:.1} bytes, {least} to {most}{of} are said", scale.engine).unwrap();
    }
}

/// The bytes of an entry that is read and not acknowledged, its group and each of its consumers.
async fn weigh_stream(scale: &mut Scale, wrong: &mut String, apart: u64) {
    scale.empty().await;
    let empty = scale.weigh().await;
    scale.fill(|n| line(&["XADD", "k", &format!("{}-0", 1_700_000_000_000 + n * apart), "payload", &message(n)])).await;
    let entries = scale.weigh().await;
    check(wrong, scale, Channel::Stream, " bytes an entry", (entries - empty) / MESSAGES as f64);
    for n in 0..CONSUMERS {
        line(&["XGROUP", "CREATE", "k", &format!("g{n}"), "0"]).exec_async(&mut scale.client).await.unwrap();
    }
    let groups = scale.weigh().await;
    check(wrong, scale, Channel::Stream, " a group", (groups - entries) / CONSUMERS as f64);
    let mut groups = groups;
    if scale.engine.at_least((6, 2), (7, 2)) {
        for n in 0..CONSUMERS {
            line(&["XGROUP", "CREATECONSUMER", "k", "g0", &format!("c{n}")])
                .exec_async(&mut scale.client)
                .await
                .unwrap();
        }
        let consumers = scale.weigh().await;
        check(wrong, scale, Channel::Stream, " a consumer", (consumers - groups) / CONSUMERS as f64);
        groups = consumers;
    }
    let many = (MESSAGES / 2).to_string();
    let mut reader = scale.server.connect().await.unwrap();
    line(&["XREADGROUP", "GROUP", "g0", "c0", "COUNT", &many, "STREAMS", "k", ">"])
        .exec_async(&mut reader)
        .await
        .unwrap();
    drop(reader);
    let pending = (scale.weigh().await - groups) / (MESSAGES / 2) as f64;
    let twice = scale.engine.kind == Kind::Redis && scale.engine.at_least((8, 6), (99, 0));
    check(wrong, scale, Channel::Stream, if twice { " on Redis 8.6" } else { " more while pending" }, pending);
}

#[tokio::test]
async fn a_message_costs_what_the_table_says() {
    let mut wrong = String::new();
    for program in programs() {
        let mut scale = Scale::start(&program).await;
        let empty = scale.weigh().await;
        scale.fill(|n| line(&["LPUSH", "k", &message(n)])).await;
        let pushed = scale.weigh().await;
        check(&mut wrong, &scale, Channel::List, " bytes a message", (pushed - empty) / MESSAGES as f64);
        // Taken or not, it is kept once.
        scale.fill(|_| line(&["RPOPLPUSH", "k", "taken"])).await;
        let taken = scale.weigh().await;
        check(&mut wrong, &scale, Channel::ReliableList, " bytes a message", (taken - empty) / MESSAGES as f64);
        scale.empty().await;
        let empty = scale.weigh().await;
        scale.fill(|n| line(&["ZADD", "k", &(1_700_000_000_000 + n).to_string(), &message(n)])).await;
        let added = scale.weigh().await;
        check(&mut wrong, &scale, Channel::SortedSet, " bytes a message", (added - empty) / MESSAGES as f64);
        for apart in [1, 1_000] {
            weigh_stream(&mut scale, &mut wrong, apart).await;
        }
        scale.empty().await;
        let empty = scale.weigh().await;
        scale.fill(|n| line(&["PUBLISH", "k", &message(n)])).await;
        if scale.engine.at_least((7, 0), (7, 2)) {
            scale.fill(|n| line(&["SPUBLISH", "k", &message(n)])).await;
        }
        let stored = (scale.weigh().await - empty) / MESSAGES as f64;
        for channel in [Channel::PubSub, Channel::ShardedPubSub] {
            assert!(channel.guarantees().cost.starts_with("nothing is stored"), "{channel}");
        }
        // Twenty thousand messages of fifty bytes leave not two bytes each, whatever the server takes for itself.
        if stored.abs() > 2.0 {
            writeln!(wrong, "Pub/Sub on {} keeps {stored:.1} bytes a message", scale.engine).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Takes the oldest message and dies, over and over: what is left for the one that comes after it.
#[tokio::test]
async fn what_a_crashed_consumer_had_is_lost_or_comes_back_as_the_table_says() {
    let scale = Scale::start(&crate::stage::node::program()).await;
    let mut client = scale.client.clone();
    let dies = async |words: &[&str]| {
        let mut consumer = scale.server.connect().await.unwrap();
        let taken: redis::Value = line(words).query_async(&mut consumer).await.unwrap();
        let id: u64 = cmd("CLIENT").arg("ID").query_async(&mut consumer).await.unwrap();
        cmd("CLIENT").arg(&["KILL", "ID", &id.to_string()]).exec_async(&mut scale.client.clone()).await.unwrap();
        taken
    };
    // A List: gone with who took it.
    line(&["LPUSH", "list", "m"]).exec_async(&mut client).await.unwrap();
    assert_ne!(dies(&["BRPOP", "list", "1"]).await, redis::Value::Nil);
    let left: u64 = line(&["LLEN", "list"]).query_async(&mut client).await.unwrap();
    assert_eq!(left, 0);
    // With a list of what is being worked on it waits there for the sweep.
    line(&["LPUSH", "list", "m"]).exec_async(&mut client).await.unwrap();
    assert_ne!(dies(&["RPOPLPUSH", "list", "taken"]).await, redis::Value::Nil);
    let left: Vec<String> = line(&["LRANGE", "taken", "0", "-1"]).query_async(&mut client).await.unwrap();
    assert_eq!(left, ["m"]);
    // A sorted set: gone, as from a List.
    line(&["ZADD", "zset", "1", "m"]).exec_async(&mut client).await.unwrap();
    assert_ne!(dies(&["ZPOPMIN", "zset"]).await, redis::Value::Nil);
    let left: u64 = line(&["ZCARD", "zset"]).query_async(&mut client).await.unwrap();
    assert_eq!(left, 0);
    // A Stream with a group: another consumer has it.
    line(&["XADD", "stream", "1-1", "f", "m"]).exec_async(&mut client).await.unwrap();
    line(&["XGROUP", "CREATE", "stream", "g", "0"]).exec_async(&mut client).await.unwrap();
    assert_ne!(dies(&["XREADGROUP", "GROUP", "g", "dead", "STREAMS", "stream", ">"]).await, redis::Value::Nil);
    let back: Vec<(String, Vec<String>)> =
        line(&["XCLAIM", "stream", "g", "alive", "0", "1-1"]).query_async(&mut client).await.unwrap();
    assert_eq!(back, [("1-1".to_owned(), vec!["f".to_owned(), "m".to_owned()])]);
    // Pub/Sub: who is away misses it.
    let heard: u64 = line(&["PUBLISH", "channel", "m"]).query_async(&mut client).await.unwrap();
    assert_eq!(heard, 0);
}
