//! What the tests share: real servers, the real binary, and what it printed.

pub mod cluster;
pub mod node;
pub mod replication;
pub mod sentinel;
pub mod setup;
pub mod tls;

use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use godmode_redis::probe::{Scratch, find_server};
use redis::aio::MultiplexedConnection;
use serde_json::Value;

/// A secret that must never be seen again.
pub const CANARY: &str = "c4n4ry-S3cret";

/// Far more than anything here takes: a machine that is busy is slow, not wrong.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A throwaway server. Without a server program on the machine there is nothing to test against, and that fails.
pub async fn server(options: &[&str]) -> Scratch {
    let program = find_server().expect("install redis-server or valkey-server, or name one in GODMODE_REDIS_SERVER");
    Scratch::start(&program, options).await.expect("a scratch server")
}

/// A port that was free a moment ago, and that no server of ours will take.
pub fn free_port() -> u16 {
    node::free_port(false)
}

/// The same for a member of a cluster, whose bus is free too.
pub fn free_port_with_bus() -> u16 {
    node::free_port(true)
}

/// Looks again and again until it is so, and hands back what was found; in the end fails with the last reason.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(why) => assert!(Instant::now() < deadline, "waited {} s for {what}: {why}", PATIENCE.as_secs()),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Equal readings after which memory counts as settled, and the rest between them.
const EQUAL: u32 = 5;
const REST: Duration = Duration::from_millis(20);

/// `used_memory` without the buffers of clients, when it no longer changes. Tables that nobody reads move on with the server's
/// clock, so that `hz 500` is quick and sure. Before and after are best asked by new connections: buffers grow with use.
pub async fn settled(connection: &mut MultiplexedConnection) -> f64 {
    let (mut last, mut equal) = (0, 0);
    until("memory to settle", async || {
        tokio::time::sleep(REST).await;
        let info: String = redis::cmd("INFO").arg("memory").query_async(connection).await.unwrap();
        let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<i64>().ok());
        let now = field("used_memory:").unwrap() - field("mem_clients_normal:").unwrap_or(0);
        equal = if now == last { equal + 1 } else { 0 };
        last = now;
        if equal >= EQUAL { Ok(now as f64) } else { Err(format!("{now} bytes")) }
    })
    .await
}

/// Runs a command on a scratch server.
pub async fn say(connection: &mut MultiplexedConnection, words: &str) -> redis::Value {
    let mut words = words.split_whitespace();
    let mut command = redis::cmd(words.next().unwrap());
    command.arg(words.collect::<Vec<_>>());
    command.query_async(connection).await.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// Makes the user of printed ACL lines. Lines after the first are for servers that have more subcommands than older ones,
/// and a server that lacks them refuses a line as a whole; how many it refused.
pub async fn grant(connection: &mut MultiplexedConnection, lines: &str) -> u64 {
    let (first, others) = lines.trim().split_once('\n').expect("two lines or more");
    say(connection, first).await;
    let mut refused = 0;
    for line in others.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let granted: redis::RedisResult<redis::Value> =
            redis::cmd(words[0]).arg(&words[1..]).query_async(connection).await;
        let Err(error) = granted else { continue };
        assert!(error.to_string().contains("Unknown command or category"), "{error}");
        let grants = words.iter().filter_map(|word| word.strip_prefix('+')).collect::<Vec<_>>().join(" ");
        let redis::Value::Array(rows) = say(connection, &format!("COMMAND INFO {grants}")).await else {
            panic!("no table")
        };
        assert!(rows.contains(&redis::Value::Nil), "{grants}: {rows:?}");
        refused += 1;
    }
    refused
}

/// The binary as a user runs it, with no target in its environment.
pub fn binary(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_godmode-redis"));
    command.args(arguments).env_remove("GODMODE_REDIS_URL").env_remove("REDIS_URL").stdin(Stdio::null());
    command
}

/// Runs it to its end, away from the async threads.
pub async fn run(mut command: Command) -> Ran {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Ran::from(output)
}

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().expect("an exit code"),
            out: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            err: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
        }
    }
}

impl Ran {
    pub fn json(&self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }
}

/// Inspects a server and returns the JSON report.
pub async fn inspect(url: &str, more: &[&str]) -> Value {
    let arguments: Vec<&str> = ["inspect", "--json", "--url", url].iter().chain(more).copied().collect();
    run(binary(&arguments)).await.json()
}

pub fn url(server: &Scratch) -> String {
    server.target().unwrap().to_string()
}

/// The rules named in a list of the report.
pub fn rules(report: &Value, list: &str) -> Vec<String> {
    report[list].as_array().unwrap().iter().map(|row| row["rule"].as_str().unwrap().to_owned()).collect()
}
