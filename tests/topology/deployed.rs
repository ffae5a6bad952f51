//! A plan set up on this machine: its files as they are printed, with addresses and a folder that were given to the plan.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use godmode_redis::decisions::topology::{
    Demand, Kind, Loss, Outage, Outcome, PASSWORD, Place, Plan, Purpose, Step, plan,
};
use godmode_redis::facts::{Bytes, Engine};
use redis::FromRedisValue;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::stage::{free_port, free_port_with_bus, until};

const PORT_TAKEN: &str = "Address already in use";
const ANSWER: Duration = Duration::from_secs(5);

/// A gigabyte of a cache on servers of four, and no wish that decides.
pub fn demand(engine: Engine) -> Demand {
    Demand {
        purpose: Purpose::Cache,
        data: Bytes::gib(1),
        growth: 0.0,
        reads: 2_000.0,
        writes: 500.0,
        scripts: 0.0,
        pipelined: false,
        value: Bytes(1_000),
        outage: Outage::Hours,
        loss: Loss::Everything,
        stale_reads: false,
        multi_key: false,
        largest_tag: 0.0,
        zones: 3,
        nodes: None,
        ram: Bytes::gib(4),
        measured: None,
        network: 1e9,
        policy: None,
        managed: None,
        engine,
        present: None,
        places: Vec::new(),
        sentinel_places: Vec::new(),
        directory: "/var/lib/redis".to_owned(),
    }
}

pub fn planned(demand: &Demand) -> Plan {
    match plan(demand) {
        Outcome::Plan(plan) => *plan,
        Outcome::Refused { refusals } => panic!("refused: {refusals:?}"),
    }
}

/// What `--version` says: `Redis server v=7.0.15 sha=...`, or `Valkey server v=8.1.1`.
pub fn engine_of(program: &Path) -> Engine {
    let said = Command::new(program).arg("--version").output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    let version = said.split("v=").nth(1).unwrap().split(' ').next().unwrap();
    let name = if said.starts_with("Valkey") { "valkey" } else { "redis" };
    format!("{name} {version}").parse().unwrap()
}

/// Whether plans are made for it.
pub fn in_range(engine: &Engine) -> bool {
    engine.at_least((6, 2), (7, 2))
}

#[derive(Debug)]
pub struct Deployed {
    pub plan: Plan,
    program: PathBuf,
    /// Gone with us.
    _folder: TempDir,
    /// In the order of the files.
    servers: Vec<Child>,
}

impl Deployed {
    /// Plans again with the addresses of this machine, and starts what comes out; again when somebody took a port.
    pub async fn start(program: &Path, demand: &Demand) -> Self {
        for _ in 0..5 {
            let deployed = Self::try_start(program, demand).await;
            match deployed {
                Some(deployed) => return deployed,
                None => continue,
            }
        }
        panic!("no free ports");
    }

    async fn try_start(program: &Path, demand: &Demand) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("godmode-topology-").tempdir().unwrap();
        let member = planned(demand).kind == Kind::Cluster;
        let port = || if member { free_port_with_bus() } else { free_port() };
        let places = |count: usize| (0..count).map(|_| Place { host: "127.0.0.1".to_owned(), port: port() }).collect();
        let first = planned(demand);
        let demand = Demand {
            places: places(first.layout.members.len()),
            sentinel_places: places(first.layout.voters.len()),
            directory: folder.path().to_str().unwrap().to_owned(),
            ..demand.clone()
        };
        let mut deployed =
            Self { plan: planned(&demand), program: program.to_owned(), _folder: folder, servers: Vec::new() };
        // A Sentinel asks for the replicas every ten seconds: they have to be there when it asks for the first time.
        let members = deployed.plan.layout.members.len();
        deployed.launch(0..members).await?;
        deployed.say(&deployed.plan.steps).await;
        until("replicas in sync", async || deployed.in_sync().await).await;
        deployed.launch(members..deployed.plan.files.len()).await?;
        until("Sentinels that know everybody", async || deployed.watched().await).await;
        Some(deployed)
    }

    /// Nothing when a port was taken.
    async fn launch(&mut self, which: std::ops::Range<usize>) -> Option<()> {
        for n in which.clone() {
            let file = &self.plan.files[n];
            fs::create_dir_all(&file.directory).unwrap();
            fs::write(PathBuf::from(&file.directory).join(&file.name), &file.text).unwrap();
            let child = self.spawn(n);
            self.servers.push(child);
        }
        for n in which {
            self.answers(n).await?;
        }
        Some(())
    }

    /// With its file as it is now: a failover writes to it.
    fn spawn(&self, n: usize) -> Child {
        let file = &self.plan.files[n];
        let log = File::options().append(true).create(true).open(Path::new(&file.directory).join("log")).unwrap();
        let mut command = Command::new(&self.program);
        command.arg(Path::new(&file.directory).join(&file.name)).current_dir(&file.directory);
        if file.start.ends_with(" --sentinel") {
            command.arg("--sentinel");
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
    }

    /// Nothing when its port was taken.
    async fn answers(&mut self, n: usize) -> Option<()> {
        let place = self.plan.files[n].place.clone();
        let log = Path::new(&self.plan.files[n].directory).join("log");
        loop {
            // A server that reads its file says LOADING: it is there.
            match ask::<String>(&place, "PING").await {
                Ok(_) => return Some(()),
                Err(why) if why.contains("LOADING") => return Some(()),
                Err(_) => {}
            }
            if let Some(status) = self.servers[n].try_wait().unwrap() {
                let said = fs::read_to_string(&log).unwrap();
                assert!(said.contains(PORT_TAKEN), "{} ended ({status}): {said}", self.plan.files[n].name);
                return None;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Says steps of the plan as they are printed.
    pub async fn say(&self, steps: &[Step]) {
        for step in steps {
            let mut command = step.command.clone();
            // What a shell makes of braces.
            if let Some((head, range)) = step.command.split_once('{') {
                let (first, last) = range.trim_end_matches('}').split_once("..").unwrap();
                let slots: Vec<String> =
                    (first.parse::<u32>().unwrap()..=last.parse().unwrap()).map(|slot| slot.to_string()).collect();
                command = head.to_owned() + &slots.join(" ");
            }
            if let Some((head, n)) = step.command.split_once("ID_") {
                let source = &self.plan.layout.members[n.parse::<usize>().unwrap() - 1];
                command = head.to_owned() + &ask::<String>(&source.place, "CLUSTER MYID").await.unwrap();
            }
            until("a step", async || ask::<redis::Value>(&step.place, &command).await.map(drop)).await;
        }
    }

    /// Every replica is in sync, whoever has become one, and a Cluster is whole.
    pub async fn in_sync(&self) -> Result<(), String> {
        for member in &self.plan.layout.members {
            let text: String = ask(&member.place, "INFO replication").await?;
            let well = if text.contains("role:slave") {
                text.contains("master_link_status:up")
            } else {
                text.matches("state=online").count() == self.plan.sizing.replicas
            };
            if !well {
                return Err(format!("{}: {text}", member.name));
            }
            if self.plan.kind == Kind::Cluster {
                let text: String = ask(&member.place, "CLUSTER INFO").await?;
                let known = format!("cluster_known_nodes:{}\r", self.plan.layout.members.len());
                if !text.contains("cluster_state:ok") || !text.contains(&known) {
                    return Err(format!("{}: {text}", member.name));
                }
            }
        }
        Ok(())
    }

    pub async fn watched(&self) -> Result<(), String> {
        for voter in &self.plan.layout.voters {
            let seen: std::collections::HashMap<String, String> = ask(&voter.place, "SENTINEL MASTER mymaster").await?;
            let others = (self.plan.layout.voters.len() - 1).to_string();
            let replicas = self.plan.sizing.replicas.to_string();
            for (field, value) in [("flags", "master"), ("num-slaves", &replicas), ("num-other-sentinels", &others)] {
                if seen[field] != value {
                    return Err(format!("{}: {field} is {}", voter.name, seen[field]));
                }
            }
        }
        Ok(())
    }

    /// As the reader's tools would be given it.
    pub fn url(&self) -> String {
        let address = |place: &Place| format!("{}:{}", place.host, place.port);
        let members: Vec<String> = self.plan.layout.members.iter().map(|member| address(&member.place)).collect();
        let voters: Vec<String> = self.plan.layout.voters.iter().map(|voter| address(&voter.place)).collect();
        match self.plan.kind {
            Kind::Sentinel => format!("redis+sentinel://:{PASSWORD}@{}/mymaster", voters.join(",")),
            _ => format!("redis://:{PASSWORD}@{}", members[0]),
        }
    }

    /// As a power cut does.
    pub fn kill(&mut self, n: usize) {
        self.servers[n].kill().unwrap();
        self.servers[n].wait().unwrap();
    }

    /// What was killed comes back, with what is on its disk.
    pub async fn revive(&mut self, n: usize) {
        self.servers[n] = self.spawn(n);
        self.answers(n).await.expect("its port is still free");
    }

    /// `STOP` or `CONT`, to some of the servers at once: they keep their connections and say nothing.
    pub fn signal(&self, name: &str, which: impl Iterator<Item = usize>) {
        let ids: Vec<String> = which.map(|n| self.servers[n].id().to_string()).collect();
        let sent = Command::new("kill").arg(format!("-{name}")).args(&ids).status().unwrap();
        assert!(sent.success(), "kill -{name} {ids:?}");
    }

    /// Which member listens there.
    pub fn member_at(&self, place: &Place) -> usize {
        self.plan.layout.members.iter().position(|member| member.place == *place).unwrap()
    }
}

impl Drop for Deployed {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        if std::thread::panicking() {
            for file in &self.plan.files {
                let log = fs::read_to_string(Path::new(&file.directory).join("log")).unwrap_or_default();
                let end: Vec<&str> = log.lines().rev().take(8).collect();
                let lines = end.into_iter().rev().collect::<Vec<_>>().join("\n");
                let _ = std::io::Write::write_all(
                    &mut std::io::stderr(),
                    format!("--- {}\n{lines}\n", file.name).as_bytes(),
                );
            }
        }
    }
}

/// One command on a connection of its own.
pub async fn ask<T: FromRedisValue>(place: &Place, words: &str) -> Result<T, String> {
    let url = format!("redis://:{PASSWORD}@{}:{}", place.host, place.port);
    let mut words = words.split_whitespace();
    let mut command = redis::cmd(words.next().unwrap());
    command.arg(words.collect::<Vec<_>>());
    let answer = async {
        let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
        command.query_async(&mut connection).await
    };
    match timeout(ANSWER, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(format!("{}: {} {error}", place.port, error.code().unwrap_or_default())),
        Err(_) => Err(format!("{}: no answer", place.port)),
    }
}
