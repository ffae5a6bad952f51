//! One real server on a free loopback port and a socket of its own, in a folder of its own, gone when dropped.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use godmode_redis::probe::find_server;
use godmode_redis::proof::Host;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, FromRedisValue, IntoConnectionInfo as _, RedisConnectionInfo,
    RedisResult,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

use super::PATIENCE;
use super::setup::{Kind, Setup};

/// How far the cluster bus is from the port. `cluster-port` would free us from it, but Redis 6.2 has no such parameter.
const BUS: u16 = 10_000;
/// How long a node may take for one answer before we say that it does not answer.
const ANSWER: Duration = Duration::from_secs(10);
const PORT_TAKEN: &str = "Address already in use";
/// Lines of a server's log that a failed test shows.
const LOG: usize = 20;

pub fn program() -> PathBuf {
    find_server().expect("install redis-server or valkey-server, or name one in GODMODE_REDIS_SERVER")
}

/// A port that is free now and was not given away before: the tests run side by side in this process.
pub(super) fn free_port(with_bus: bool) -> u16 {
    static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let bus = port.checked_add(BUS).filter(|_| with_bus);
        if with_bus && bus.is_none_or(|bus| TcpListener::bind(("127.0.0.1", bus)).is_err()) {
            continue;
        }
        let wanted: Vec<u16> = [port].into_iter().chain(bus).collect();
        // A test that failed while it held the lock must not fail the others.
        let mut given = GIVEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if wanted.iter().all(|port| !given.contains(port)) {
            given.extend(wanted);
            return port;
        }
    }
}

/// Whether the process could be told. The shell has a `kill` of its own; the program of that name is not on every machine.
pub fn signal(pid: u32, name: &str) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("kill -s {name} {pid}")]).stderr(Stdio::null()).status().unwrap().success()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Up,
    Paused,
    Gone,
}

/// A running server. What we say to it ourselves goes through its socket, in clear text whatever the port speaks.
#[derive(Debug)]
pub struct Node {
    child: Child,
    folder: TempDir,
    port: u16,
    setup: Setup,
    state: State,
}

impl Node {
    pub async fn start(setup: &Setup) -> Self {
        Self::spawn(setup, None).ready().await
    }

    /// Takes this port if it is free: the place of a node that was killed.
    pub async fn start_at(setup: &Setup, port: u16) -> Self {
        Self::spawn(setup, Some(port)).ready().await
    }

    /// All at once, since each needs some tens of milliseconds.
    pub async fn start_all(setups: &[Setup]) -> Vec<Self> {
        let spawned: Vec<Self> = setups.iter().map(|setup| Self::spawn(setup, None)).collect();
        let mut ready = Vec::new();
        for node in spawned {
            ready.push(node.ready().await);
        }
        ready
    }

    fn spawn(setup: &Setup, port: Option<u16>) -> Self {
        let port = port.unwrap_or_else(|| free_port(setup.kind == Kind::Member));
        // Short, for the path of a socket may have some hundred bytes.
        let folder = tempfile::Builder::new().prefix("godmode-node-").tempdir().unwrap();
        let socket = folder.path().join("socket");
        let file = format!("{}unixsocket {}\n", setup.file(port), socket.display());
        fs::write(folder.path().join("redis.conf"), file).unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new(program());
        command.current_dir(folder.path()).arg("redis.conf");
        if setup.kind == Kind::Sentinel {
            // Every build is its own Sentinel; the packages' `redis-sentinel` is a link to it.
            command.arg("--sentinel");
        }
        let child =
            command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().expect("a server starts");
        Self { child, folder, port, setup: setup.clone(), state: State::Up }
    }

    /// Waits for the first answer, and moves to another port if somebody took this one meanwhile.
    async fn ready(mut self) -> Self {
        let deadline = Instant::now() + PATIENCE;
        while !self.answers().await {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(self.log().contains(PORT_TAKEN), "the server ended at once ({status})");
                self = Self::spawn(&self.setup, None);
            }
            assert!(Instant::now() < deadline, "no answer within {} s", PATIENCE.as_secs());
            sleep(Duration::from_millis(5)).await;
        }
        self
    }

    /// Any answer will do, an error too: NOAUTH, LOADING. The TCP port is open before the socket is.
    async fn answers(&self) -> bool {
        let ping = async {
            let mut socket = UnixStream::connect(self.socket()).await?;
            socket.write_all(b"PING\r\n").await?;
            socket.read_u8().await
        };
        matches!(timeout(ANSWER, ping).await, Ok(Ok(b'+' | b'-')))
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The TCP port as a URL, with the password if there is one.
    pub fn url(&self) -> String {
        let scheme = if self.setup.tls { "rediss" } else { "redis" };
        let login = self.setup.password.as_ref().map(|password| format!(":{password}@")).unwrap_or_default();
        format!("{scheme}://{login}{}", self.address())
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A connection as the default user, without a deadline of its own.
    pub async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let mut login = RedisConnectionInfo::default().set_skip_set_lib_name();
        if let Some(password) = &self.setup.password {
            login = login.set_password(password);
        }
        let info = ConnectionAddr::Unix(self.socket()).into_connection_info()?.set_redis_settings(login);
        let patient = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        Client::open(info)?.get_multiplexed_async_connection_with_config(&patient).await
    }

    /// One command on a connection of its own, and its answer or why there is none.
    pub async fn ask<T: FromRedisValue>(&self, words: &str) -> Result<T, String> {
        let mut words = words.split_whitespace();
        let mut command = redis::cmd(words.next().unwrap());
        command.arg(words.collect::<Vec<_>>());
        let answer = async { command.query_async(&mut self.connect().await?).await };
        let reason = match timeout(ANSWER, answer).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        Err(format!("{}: {reason}", self.address()))
    }

    /// The fields of INFO or CLUSTER INFO that must have these values; else the first that has another.
    pub async fn shows(&self, words: &str, fields: &[(&str, &str)]) -> Result<(), String> {
        let text: String = self.ask(words).await?;
        for (name, value) in fields {
            let line = text.lines().find(|line| line.split_once(':').is_some_and(|(found, _)| found == *name));
            if line != Some(format!("{name}:{value}").as_str()) {
                return Err(format!("{}: {} instead of {name}:{value}", self.address(), line.unwrap_or("nothing")));
            }
        }
        Ok(())
    }

    /// Neither killed nor paused by us.
    pub fn is_up(&self) -> bool {
        self.state == State::Up
    }

    /// As a power cut does: nothing is said to anybody.
    pub fn kill(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.state = State::Gone;
    }

    /// Connections stay open and nothing answers any more, as on a machine that hangs.
    pub fn pause(&mut self) {
        self.signal("STOP");
        self.state = State::Paused;
    }

    pub fn resume(&mut self) {
        self.signal("CONT");
        self.state = State::Up;
    }

    fn signal(&self, name: &str) {
        assert!(signal(self.pid(), name), "kill -s {name} {}", self.pid());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn show_log(&self) {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        if !lines.is_empty() {
            let test = std::thread::current().name().unwrap_or("a test").to_owned();
            let end = lines.iter().rev().take(LOG).rev().copied().collect::<Vec<_>>().join("\n");
            let text = format!("--- {test}: the log of {} ends with\n{end}\n", self.address());
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}

impl Host for Node {
    async fn connection(&self) -> Result<MultiplexedConnection, String> {
        self.connect().await.map_err(|error| error.to_string())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            self.show_log();
        }
    }
}
