//! What the server is and how it does, in numbers. A number that is missing says why.

use serde::{Serialize, Serializer};

use crate::facts::{
    Bytes, Clients, CommandUse, Foreign, Hosting, Known, Micros, Missing, PerSecond, RoundTrip, Server, Share, Witness,
    part,
};

/// A known part of the overview serializes as itself, a missing one as `{"missing": ..., "why": ...}`.
fn known<T: Serialize, S: Serializer>(value: &Known<T>, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Gap<'a> {
        missing: &'a str,
        why: &'a str,
    }
    match value {
        Ok(value) => value.serialize(serializer),
        Err(Missing { fact, why }) => Gap { missing: fact, why }.serialize(serializer),
    }
}

#[derive(Debug, Serialize)]
pub struct Overview {
    #[serde(serialize_with = "known")]
    pub engine: Known<String>,
    pub hosting: Hosting,
    #[serde(serialize_with = "known")]
    pub topology: Known<Topology>,
    #[serde(serialize_with = "known")]
    pub user: Known<Foreign>,
    #[serde(serialize_with = "known")]
    pub uptime_seconds: Known<u64>,
    /// Unix seconds, by the server's own clock.
    #[serde(serialize_with = "known")]
    pub clock: Known<u64>,
    #[serde(serialize_with = "known")]
    pub memory: Known<Memory>,
    #[serde(serialize_with = "known")]
    pub keys: Known<Keys>,
    /// Between the two looks.
    #[serde(serialize_with = "known")]
    pub hits_now: Known<Hits>,
    /// Since the counters were last reset.
    #[serde(serialize_with = "known")]
    pub hits_since_reset: Known<Hits>,
    #[serde(serialize_with = "known")]
    pub throughput: Known<Throughput>,
    #[serde(serialize_with = "known")]
    pub busiest_commands: Known<Vec<Busy>>,
    #[serde(serialize_with = "known")]
    pub clients: Known<Clients>,
    #[serde(serialize_with = "known")]
    pub max_clients: Known<u64>,
    #[serde(serialize_with = "known")]
    pub round_trip: Known<RoundTrip>,
    #[serde(serialize_with = "known")]
    pub persistence: Known<Persistence>,
    /// Commands of newer versions and modules that this server has.
    #[serde(serialize_with = "known")]
    pub supports: Known<Vec<String>>,
}

#[derive(Debug, Serialize)]
pub struct Topology {
    /// `primary`, `replica` or `sentinel`.
    pub role: &'static str,
    pub cluster: bool,
    pub replicas: u64,
    /// Only a replica has one: its primary, and whether the link is up.
    pub primary: Option<(Foreign, bool)>,
    /// Only where the cluster is enabled: `ok` or `fail`.
    pub cluster_state: Option<Foreign>,
}

#[derive(Debug, Serialize)]
pub struct Memory {
    pub used: Bytes,
    pub peak: Bytes,
    /// 0 = no ceiling.
    pub maxmemory: Bytes,
    pub policy: Foreign,
    pub resident: Bytes,
    /// What is not data: tables, buffers, backlog; `None` where MEMORY STATS is hidden.
    pub overhead: Option<Bytes>,
}

#[derive(Debug, Serialize)]
pub struct Keys {
    pub total: u64,
    pub with_ttl: u64,
    pub databases: usize,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub struct Hits {
    pub lookups: u64,
    pub ratio: Share,
    /// Only between two looks.
    pub seconds: Option<f64>,
}

#[derive(Debug, Serialize)]
pub struct Throughput {
    pub seconds: f64,
    /// Our own commands are taken off.
    pub commands: PerSecond,
    pub new_connections: PerSecond,
    pub input: Bytes,
    pub output: Bytes,
    pub expired: PerSecond,
    pub evicted: PerSecond,
}

/// A command that took a good part of the server's time between the two looks.
#[derive(Debug, Serialize)]
pub struct Busy {
    pub command: Foreign,
    pub calls: PerSecond,
    pub per_call: Micros,
    /// Of the time spent on all commands.
    pub share: Share,
    /// Since the counters were last reset; 7.0 and later.
    pub p99: Option<Micros>,
}

#[derive(Debug, Serialize)]
pub struct Persistence {
    /// The `save` rules; empty = no snapshots, unknown where CONFIG is hidden.
    pub save: Option<Foreign>,
    pub last_save_ok: bool,
    pub unsaved_changes: u64,
    pub append_only: bool,
}

impl Overview {
    pub fn of(server: &Server) -> Self {
        let ask = Witness::new(server);
        Self {
            engine: ask.engine().map(|engine| engine.to_string()),
            hosting: server.hosting(),
            topology: topology(server, &ask),
            user: server.user.clone(),
            uptime_seconds: ask.number("uptime_in_seconds"),
            clock: ask.now(),
            memory: memory(server, &ask),
            keys: keys(&ask),
            hits_now: hits_now(&ask),
            hits_since_reset: hits(&ask),
            throughput: throughput(&ask),
            busiest_commands: busiest(server, &ask),
            clients: server.clients.clone(),
            max_clients: ask.number("maxclients"),
            round_trip: server.round_trip.clone(),
            persistence: persistence(&ask),
            supports: server
                .supports
                .clone()
                .map(|names| names.into_iter().map(|name| name.replace('|', " ")).collect()),
        }
    }
}

fn topology(server: &Server, ask: &Witness) -> Known<Topology> {
    let sentinel = ["redis_mode", "server_mode"].iter().any(|mode| ask.word(mode).is_ok_and(|word| word == "sentinel"));
    if sentinel {
        return Ok(Topology { role: "sentinel", cluster: false, replicas: 0, primary: None, cluster_state: None });
    }
    let replica = ask.word("role")? == "slave";
    let primary = || {
        let address = format!("{}:{}", ask.word("master_host").ok()?.raw(), ask.word("master_port").ok()?.raw());
        Some((Foreign::value(&address), ask.word("master_link_status").is_ok_and(|link| link == "up")))
    };
    Ok(Topology {
        role: if replica { "replica" } else { "primary" },
        cluster: ask.is_on("cluster_enabled").unwrap_or(false),
        replicas: ask.number("connected_slaves").unwrap_or(0),
        primary: if replica { primary() } else { None },
        cluster_state: server
            .cluster
            .as_ref()
            .ok()
            .and_then(|cluster| cluster.get("cluster_state"))
            .map(Foreign::value),
    })
}

fn memory(server: &Server, ask: &Witness) -> Known<Memory> {
    Ok(Memory {
        used: ask.bytes("used_memory")?,
        peak: ask.bytes("used_memory_peak")?,
        maxmemory: ask.bytes("maxmemory")?,
        policy: ask.word("maxmemory_policy")?,
        resident: ask.bytes("used_memory_rss")?,
        overhead: server.memory.as_ref().ok().and_then(|stats| stats.get("overhead.total")).map(|n| Bytes(*n as u64)),
    })
}

fn keys(ask: &Witness) -> Known<Keys> {
    let databases = ask.databases()?;
    let total = databases.iter().fold(0, |total: u64, db| total.saturating_add(db.keys));
    Ok(Keys { total, with_ttl: databases.iter().map(|db| db.expires).sum(), databases: databases.len() })
}

pub fn hits_now(ask: &Witness) -> Known<Hits> {
    let (hits, misses) = (ask.growth("keyspace_hits")?, ask.growth("keyspace_misses")?);
    let lookups = hits.by.saturating_add(misses.by);
    Ok(Hits { lookups, ratio: Share::of(hits.by, lookups), seconds: Some(hits.seconds) })
}

pub fn hits(ask: &Witness) -> Known<Hits> {
    let (hits, misses) = (ask.number("keyspace_hits")?, ask.number("keyspace_misses")?);
    let lookups = hits.saturating_add(misses);
    Ok(Hits { lookups, ratio: Share::of(hits, lookups), seconds: None })
}

fn throughput(ask: &Witness) -> Known<Throughput> {
    let commands = ask.growth("total_commands_processed")?;
    let per_second = |name| ask.growth(name).map(|growth| growth.rate());
    let bytes = |name| per_second(name).map(|rate| Bytes(rate.0 as u64));
    Ok(Throughput {
        seconds: commands.seconds,
        commands: commands.rate(),
        new_connections: per_second("total_connections_received")?,
        input: bytes("total_net_input_bytes")?,
        output: bytes("total_net_output_bytes")?,
        expired: per_second("expired_keys")?,
        evicted: per_second("evicted_keys")?,
    })
}

/// More rows would not be read.
const BUSIEST: usize = 6;

fn busiest(server: &Server, ask: &Witness) -> Known<Vec<Busy>> {
    let seconds = ask.interval()?;
    let mut commands = ask.recent_commands()?;
    commands.retain(|command| command.calls > own_calls(server, command.name.raw()));
    commands.sort_by_key(|command| std::cmp::Reverse(command.usec));
    let all: u64 = commands.iter().map(|command| command.usec).sum();
    Ok(commands
        .into_iter()
        .take(BUSIEST)
        .map(|command| Busy {
            calls: PerSecond(if seconds > 0.0 { command.calls as f64 / seconds } else { 0.0 }),
            per_call: Micros(command.per_call().round() as u64),
            share: Share::of(command.usec, all),
            p99: p99(server, ask, &command),
            command: command.name,
        })
        .collect())
}

/// How often we called it ourselves. Before 7.0 a subcommand is counted under its container.
fn own_calls(server: &Server, name: &str) -> u64 {
    let is_it = |own: &str| own == name || own.split_once('|').is_some_and(|(container, _)| container == name);
    server.earlier.iter().flat_map(|earlier| &earlier.own).filter(|(own, _)| is_it(own)).map(|(_, times)| times).sum()
}

/// From LATENCY HISTOGRAM, or else from INFO's own percentiles.
fn p99(server: &Server, ask: &Witness, command: &CommandUse) -> Option<Micros> {
    let histogram = server.histograms.iter().flatten().find(|histogram| histogram.command == command.name);
    histogram.map(|histogram| histogram.at(0.99)).or_else(|| {
        let percentiles = ask.word(&format!("latency_percentiles_usec_{}", command.name.raw())).ok()?;
        part::<f64>(percentiles.raw(), "p99").map(|us| Micros(us.round() as u64))
    })
}

fn persistence(ask: &Witness) -> Known<Persistence> {
    Ok(Persistence {
        save: ask.word("save").ok(),
        last_save_ok: ask.word("rdb_last_bgsave_status")? == "ok",
        unsaved_changes: ask.number("rdb_changes_since_last_save")?,
        append_only: ask.is_on("aof_enabled")?,
    })
}
