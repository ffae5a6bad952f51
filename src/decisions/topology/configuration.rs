//! The configuration file of every server, and what has to be said to them once.

use serde::Serialize;

use super::capacity::{SMALL_CORE, Sizing};
use super::demand::{Demand, Place, Purpose};
use super::failover::Failover;
use super::kind::Kind;
use super::layout::{GROUP, Layout, Member, Voter};
use super::persistence::Persistence;

/// Stands for a secret of the reader's; the same on all servers, since each may become the primary.
pub const PASSWORD: &str = "PASSWORD";

/// A file, and how the server that reads it is started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    pub name: String,
    pub place: Place,
    pub zone: usize,
    /// Has to exist, and to be writable.
    pub directory: String,
    pub start: String,
    pub text: String,
}

/// A command for one server, once: `ID_n` stands for what `CLUSTER MYID` answers on the nth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub place: Place,
    pub command: String,
}

/// What the files are made of.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    pub demand: &'a Demand,
    pub kind: Kind,
    pub sizing: &'a Sizing,
    pub persistence: Persistence,
    pub policy: &'a str,
    pub failover: &'a Failover,
    pub layout: &'a Layout,
}

impl Parts<'_> {
    pub fn files(&self) -> Vec<File> {
        let members = self
            .layout
            .members
            .iter()
            .map(|member| self.file(&member.name, &member.place, member.zone, self.member(member)));
        let voters =
            self.layout.voters.iter().map(|voter| self.file(&voter.name, &voter.place, voter.zone, self.voter(voter)));
        members.chain(voters).collect()
    }

    fn directory(&self, name: &str) -> String {
        format!("{}/{name}", self.demand.directory)
    }

    fn file(&self, name: &str, place: &Place, zone: usize, lines: Vec<String>) -> File {
        let directory = self.directory(name);
        let engine = if name.starts_with("valkey") || self.is_valkey() { "valkey" } else { "redis" };
        let sentinel = if name.starts_with("sentinel") { " --sentinel" } else { "" };
        File {
            name: format!("{name}.conf"),
            place: place.clone(),
            zone,
            start: format!("{engine}-server {directory}/{name}.conf{sentinel}"),
            directory,
            text: lines.join("\n") + "\n",
        }
    }

    fn is_valkey(&self) -> bool {
        self.demand.engine.kind == crate::facts::Kind::Valkey
    }

    fn member(&self, member: &Member) -> Vec<String> {
        let mut lines = self.door(&member.place, &member.name);
        let mut line = |text: String| lines.push(text);
        line(format!("masterauth {PASSWORD}"));
        line(format!("maxmemory {}mb", self.sizing.maxmemory.0 >> 20));
        line(format!("maxmemory-policy {}", self.policy));
        // Large values are freed beside the commands; the default of Valkey 8.0.
        for what in ["eviction", "expire", "server-del", "user-del"] {
            line(format!("lazyfree-lazy-{what} yes"));
        }
        line("latency-monitor-threshold 100".to_owned());
        self.kept().into_iter().for_each(&mut line);
        self.threads().into_iter().for_each(&mut line);
        if self.sizing.replicas > 0 {
            line(format!("repl-backlog-size {}mb", self.sizing.backlog.0 >> 20));
            line("repl-diskless-sync yes".to_owned());
            let limit = self.sizing.output_limit.0 >> 20;
            line(format!("client-output-buffer-limit replica {limit}mb {}mb 60", limit / 4));
        }
        if self.failover.min_replicas > 0 {
            line(format!("min-replicas-to-write {}", self.failover.min_replicas));
            line(format!("min-replicas-max-lag {}", self.failover.max_lag));
        }
        if self.kind == Kind::Cluster {
            line("cluster-enabled yes".to_owned());
            line("cluster-config-file nodes.conf".to_owned());
            line(format!("cluster-node-timeout {}", self.failover.node_timeout_ms));
            // Half a cache is better than none; half of anything else may be taken for the whole.
            let whole = if self.demand.purpose == Purpose::Cache { "no" } else { "yes" };
            line(format!("cluster-require-full-coverage {whole}"));
        } else if let Some(source) = self.layout.source(member) {
            line(format!("replicaof {} {}", source.place.host, source.place.port));
        }
        if self.sizing.replicas > 0 && self.kind != Kind::Cluster {
            // The address that the Sentinels and the other servers are told, whatever network lies between.
            line(format!("replica-announce-ip {}", member.place.host));
            line(format!("replica-announce-port {}", member.place.port));
        }
        lines
    }

    /// Where it listens, and who may come in.
    fn door(&self, place: &Place, name: &str) -> Vec<String> {
        vec![
            format!("bind {}", place.host),
            format!("port {}", place.port),
            "protected-mode yes".to_owned(),
            format!("requirepass {PASSWORD}"),
            format!("dir {}", self.directory(name)),
        ]
    }

    fn kept(&self) -> Vec<String> {
        let file = ["appendonly yes", "appendfsync everysec", "aof-use-rdb-preamble yes"].map(str::to_owned);
        match self.persistence {
            Persistence::Nothing => vec!["save \"\"".to_owned(), "appendonly no".to_owned()],
            Persistence::AppendOnly => std::iter::once("save \"\"".to_owned()).chain(file).collect(),
            Persistence::Both => std::iter::once("save 3600 1 300 100".to_owned()).chain(file).collect(),
        }
    }

    /// Threads read and write sockets; commands stay on one. Pipelines leave little for them to do.
    fn threads(&self) -> Option<String> {
        let busy = (self.demand.reads + self.demand.writes) / self.sizing.shards as f64 > SMALL_CORE;
        (busy && !self.demand.pipelined).then(|| "io-threads 4".to_owned())
    }

    fn voter(&self, voter: &Voter) -> Vec<String> {
        let mut lines = self.door(&voter.place, &voter.name);
        let Some(primary) = self.layout.members.first() else { return lines };
        let Place { host, port } = &primary.place;
        lines.push(format!("sentinel monitor {GROUP} {host} {port} {}", self.layout.quorum));
        lines.push(format!("sentinel auth-pass {GROUP} {PASSWORD}"));
        lines.push(format!("sentinel down-after-milliseconds {GROUP} {}", self.failover.down_after_ms));
        lines.push(format!("sentinel failover-timeout {GROUP} {}", self.failover.failover_timeout_ms));
        lines.push(format!("sentinel parallel-syncs {GROUP} 1"));
        lines
    }

    /// What a person says when the primary of a plain replication is lost; the other kinds promote by themselves.
    pub fn promotion(&self) -> Vec<Step> {
        let mut copies = self.layout.members.iter().filter(|member| member.copies.is_some());
        let Some(next) = copies.next().filter(|_| self.kind == Kind::Replication) else { return Vec::new() };
        let step = |member: &Member, command: String| Step { place: member.place.clone(), command };
        let Place { host, port } = &next.place;
        let follow = copies.map(|member| (member, format!("REPLICAOF {host} {port}")));
        let told = std::iter::once((next, "REPLICAOF NO ONE".to_owned())).chain(follow);
        // Written down, else a restart undoes it.
        told.flat_map(|(member, command)| [step(member, command), step(member, "CONFIG REWRITE".to_owned())]).collect()
    }

    /// What a new Cluster has to be told; the other kinds read it all from their files.
    pub fn steps(&self) -> Vec<Step> {
        if self.kind != Kind::Cluster {
            return Vec::new();
        }
        let members = &self.layout.members;
        let step = |member: &Member, command: String| Step { place: member.place.clone(), command };
        let ranges = self.demand.engine.at_least((7, 0), (7, 2));
        let slots = members.iter().filter_map(|member| {
            let (first, last) = member.slots?;
            // A shell spells out what stands in the braces: Redis 6.2 takes no ranges.
            let range =
                if ranges { format!("ADDSLOTSRANGE {first} {last}") } else { format!("ADDSLOTS {{{first}..{last}}}") };
            Some(step(member, format!("CLUSTER {range}")))
        });
        // Else all begin with epoch 0, and spend seconds on who is to change it.
        let epochs =
            members.iter().enumerate().map(|(n, member)| step(member, format!("CLUSTER SET-CONFIG-EPOCH {}", n + 1)));
        let meet = members.iter().take(1).flat_map(|first| {
            let others = members.iter().skip(1);
            others.map(move |other| step(first, format!("CLUSTER MEET {} {}", other.place.host, other.place.port)))
        });
        let follow = members
            .iter()
            .filter_map(|member| Some(step(member, format!("CLUSTER REPLICATE ID_{}", member.copies? + 1))));
        slots.chain(epochs).chain(meet).chain(follow).collect()
    }
}
