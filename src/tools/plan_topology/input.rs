//! What `plan_topology` is asked with, and what of it can be right.

use anyhow::{Result, bail, ensure};
use schemars::JsonSchema;
use serde::Deserialize;

use super::growth::Earlier;
use crate::decisions::topology::{Demand, Loss, Outage, Place, Purpose};
use crate::facts::Kind as EngineKind;
use crate::facts::{Bytes, Engine, Provider, Version, foreign};

/// Every policy of the engines that we plan for.
const POLICIES: [&str; 8] = [
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
];

/// The load, the goals and what there is to meet them with.
#[derive(Debug, Clone, Deserialize, JsonSchema, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// Load and goals in words; fields go before: "40 GB of sessions, 90000 reads/s, 3 zones".
    #[arg(default_value = "", hide_default_value = true, value_name = "WORDS")]
    pub workload: String,

    /// What the data is for: cache, session, queue, lock, or store (the only copy).
    #[arg(long = "for", value_enum, default_value_t)]
    pub purpose: Purpose,

    /// Data in GiB, as used_memory counts it. 0 takes it from the target (probe).
    #[arg(long, default_value_t = 0.0, value_name = "GIB")]
    pub data_gb: f64,

    /// Growth in a year, in percent.
    #[arg(long, default_value_t = 0.0, value_name = "PERCENT", allow_negative_numbers = true)]
    pub growth_percent: f64,

    /// Reading commands per second at the peak. With probe, measured where it is 0.
    #[arg(long, default_value_t = 0.0, value_name = "PER_SECOND")]
    pub reads: f64,

    /// Writing commands per second at the peak.
    #[arg(long, default_value_t = 0.0, value_name = "PER_SECOND")]
    pub writes: f64,

    /// Calls of Lua scripts per second at the peak, of three to five commands each.
    #[arg(long, default_value_t = 0.0, value_name = "PER_SECOND")]
    pub scripts: f64,

    /// Clients send many commands at once.
    #[arg(long)]
    pub pipelined: bool,

    /// Bytes of a typical value: they count against the network.
    #[arg(long, default_value_t = 1000, value_name = "BYTES")]
    pub value_bytes: u64,

    /// How long it may be down when a server is lost: hours, minutes (by hand), seconds (by itself).
    #[arg(long, value_enum, default_value_t)]
    pub outage: Outage,

    /// What may be lost of acknowledged writes: everything (made again from elsewhere), second, nothing.
    #[arg(long, value_enum, default_value_t)]
    pub loss: Loss,

    /// Reads may be older than the last write, so that replicas may serve them.
    #[arg(long)]
    pub stale_reads: bool,

    /// Commands or scripts take several keys at once.
    #[arg(long)]
    pub multi_key: bool,

    /// The part of the load that the busiest group of keys takes (tenant, user), in percent. 0 when nobody knows.
    #[arg(long, default_value_t = 0.0, value_name = "PERCENT")]
    pub largest_tag_percent: f64,

    /// Zones that can be lost one at a time.
    #[arg(long, default_value_t = 3, value_name = "COUNT")]
    pub zones: usize,

    /// Servers that may be had at most. 0: as many as it takes.
    #[arg(long, default_value_t = 0, value_name = "COUNT")]
    pub nodes: usize,

    /// RAM of one server in GiB.
    #[arg(long, default_value_t = 16.0, value_name = "GIB")]
    pub ram_gb: f64,

    /// GET and SET per second that one such server was measured to do, by redis-benchmark. 0: the limit of 100,000/s holds.
    #[arg(long, default_value_t = 0.0, value_name = "PER_SECOND")]
    pub ops_per_core: f64,

    /// Network of one server.
    #[arg(long, default_value_t = 1.0, value_name = "GBIT_PER_SECOND")]
    pub network_gbit: f64,

    /// The maxmemory-policy that is wished for. Chosen when empty.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "POLICY")]
    pub policy: String,

    /// A managed service that is to run it, such as elasticache. Empty: your own servers.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    pub hosting: String,

    /// Engine and version, such as redis 7.2 or valkey 9.1.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ENGINE")]
    pub engine: String,

    /// Begin with the deployment that is there: its kind, data, load, version and skew. Without it nothing connects.
    #[arg(long)]
    pub probe: bool,

    /// With probe: seconds between the two looks that make rates, 0 to 300.
    #[arg(long, default_value_t = 2.0, value_name = "SECONDS")]
    pub interval: f64,

    /// With probe: an earlier answer, saved by --json, of topology --probe or of inspect: growth follows from both.
    #[arg(long, value_name = "FILE")]
    #[serde(skip)]
    #[schemars(skip)]
    pub earlier: Option<std::path::PathBuf>,

    /// With probe: used_memory of all primaries in an earlier look, in GiB.
    #[arg(long, default_value_t = 0.0, hide_default_value = true, value_name = "GIB")]
    pub earlier_gb: f64,

    /// How many days ago that was.
    #[arg(long, default_value_t = 0.0, hide_default_value = true, value_name = "DAYS")]
    pub earlier_days: f64,

    /// Addresses for the files, IP:PORT, in the order of the servers. Names stand where none is given.
    #[arg(long, value_delimiter = ',', value_name = "IP:PORT")]
    pub addresses: Vec<String>,

    /// The same for Sentinels.
    #[arg(long, value_delimiter = ',', value_name = "IP:PORT")]
    pub sentinel_addresses: Vec<String>,

    /// The folder in which each server gets its own.
    #[arg(long, default_value = "/var/lib/redis", value_name = "FOLDER")]
    pub directory: String,
}

impl Default for Input {
    fn default() -> Self {
        Self {
            workload: String::new(),
            purpose: Purpose::default(),
            data_gb: 0.0,
            growth_percent: 0.0,
            reads: 0.0,
            writes: 0.0,
            scripts: 0.0,
            pipelined: false,
            value_bytes: 1000,
            outage: Outage::default(),
            loss: Loss::default(),
            stale_reads: false,
            multi_key: false,
            largest_tag_percent: 0.0,
            zones: 3,
            nodes: 0,
            ram_gb: 16.0,
            ops_per_core: 0.0,
            network_gbit: 1.0,
            policy: String::new(),
            hosting: String::new(),
            engine: String::new(),
            probe: false,
            interval: 2.0,
            earlier: None,
            earlier_gb: 0.0,
            earlier_days: 0.0,
            addresses: Vec::new(),
            sentinel_addresses: Vec::new(),
            directory: "/var/lib/redis".to_owned(),
        }
    }
}

impl Input {
    /// The demand as it was said; what is 0 may be filled in from the target.
    pub fn demand(&self) -> Result<Demand> {
        self.ranges()?;
        let gibibytes = |n: f64| Bytes((n * Bytes::gib(1).0 as f64) as u64);
        Ok(Demand {
            purpose: self.purpose,
            data: gibibytes(self.data_gb),
            growth: self.growth_percent / 100.0,
            reads: self.reads,
            writes: self.writes,
            scripts: self.scripts,
            pipelined: self.pipelined,
            value: Bytes(self.value_bytes),
            outage: self.outage,
            loss: self.loss,
            stale_reads: self.stale_reads,
            multi_key: self.multi_key,
            largest_tag: self.largest_tag_percent / 100.0,
            zones: self.zones,
            nodes: (self.nodes > 0).then_some(self.nodes),
            ram: gibibytes(self.ram_gb),
            measured: (self.ops_per_core > 0.0).then_some(self.ops_per_core),
            network: self.network_gbit * 1e9,
            policy: self.policy()?,
            managed: self.managed()?,
            engine: self.engine()?,
            present: None,
            places: places(&self.addresses)?,
            sentinel_places: places(&self.sentinel_addresses)?,
            directory: self.directory()?,
        })
    }

    /// The earlier size that was said in numbers.
    pub fn ago(&self) -> Option<Earlier> {
        let used = Bytes((self.earlier_gb * Bytes::gib(1).0 as f64) as u64);
        (self.earlier_days > 0.0).then_some(Earlier::DaysAgo(self.earlier_days, used))
    }

    fn ranges(&self) -> Result<()> {
        let within = |name: &str, value: f64, low: f64, high: f64| {
            ensure!((low..=high).contains(&value), "{name} is {value} but must be from {low} to {high}");
            Ok(())
        };
        within("data_gb", self.data_gb, 0.0, 1e6)?;
        within("growth_percent", self.growth_percent, -90.0, 10_000.0)?;
        for (name, rate) in [
            ("reads", self.reads),
            ("writes", self.writes),
            ("scripts", self.scripts),
            ("ops_per_core", self.ops_per_core),
        ] {
            within(name, rate, 0.0, 1e9)?;
        }
        within("value_bytes", self.value_bytes as f64, 1.0, 536_870_912.0)?;
        within("largest_tag_percent", self.largest_tag_percent, 0.0, 100.0)?;
        within("zones", self.zones as f64, 1.0, 100.0)?;
        within("nodes", self.nodes as f64, 0.0, 10_000.0)?;
        within("interval", self.interval, 0.0, 300.0)?;
        within("earlier_gb", self.earlier_gb, 0.0, 1e6)?;
        within("earlier_days", self.earlier_days, 0.0, 36_500.0)?;
        ensure!(
            (self.earlier_gb > 0.0) == (self.earlier_days > 0.0),
            "earlier_gb and earlier_days belong together: a size, and how many days ago it was"
        );
        ensure!(
            self.probe || (self.earlier.is_none() && self.earlier_gb <= 0.0),
            "an earlier look is compared with the target now: add probe, or say the growth (growth_percent)"
        );
        within("ram_gb", self.ram_gb, 0.25, 100_000.0)?;
        within("network_gbit", self.network_gbit, 0.01, 1_000.0)
    }

    fn policy(&self) -> Result<Option<&'static str>> {
        if self.policy.is_empty() {
            return Ok(None);
        }
        let known = POLICIES.iter().find(|policy| **policy == self.policy);
        let Some(policy) = known else {
            bail!("there is no policy {:?}; it is one of {}", foreign::bounded(&self.policy, 40), POLICIES.join(", "))
        };
        Ok(Some(policy))
    }

    fn managed(&self) -> Result<Option<Provider>> {
        match Provider::named(&self.hosting) {
            None if !self.hosting.is_empty() => {
                let unknown = foreign::bounded(&self.hosting, 40);
                bail!(
                    "there is no hosting {unknown:?}; it is one of {}",
                    Provider::ids().collect::<Vec<_>>().join(", ")
                )
            }
            own => Ok(own.filter(|provider| !matches!(provider, Provider::SelfManaged | Provider::Container))),
        }
    }

    fn engine(&self) -> Result<Engine> {
        let engine = match self.engine.trim() {
            // What both engines of our range understand.
            "" => Engine { kind: EngineKind::Redis, version: Version(6, 2, 0) },
            named => named.parse().map_err(anyhow::Error::msg)?,
        };
        ensure!(
            engine.at_least((6, 2), (7, 2)),
            "{engine} is older than what is planned for: Redis 6.2 and Valkey 7.2"
        );
        Ok(engine)
    }

    /// It stands in files, so it may hold nothing that would end a line or a word there.
    fn directory(&self) -> Result<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        ensure!(
            self.directory.starts_with('/') && self.directory.chars().all(plain),
            "directory must begin with / and hold letters, digits and . _ - only, such as /var/lib/redis"
        );
        Ok(self.directory.trim_end_matches('/').to_owned())
    }
}

fn places(addresses: &[String]) -> Result<Vec<Place>> {
    let place = |address: &String| {
        let read = || {
            let (host, port) = address.rsplit_once(':')?;
            let plain = |c: char| c.is_ascii_alphanumeric() || ".-:".contains(c);
            let host = host.trim_start_matches('[').trim_end_matches(']');
            (!host.is_empty() && host.chars().all(plain)).then_some(())?;
            Some(Place { host: host.to_owned(), port: port.parse().ok().filter(|port| *port > 0)? })
        };
        let Some(place) = read() else {
            bail!("{:?} is no address; write IP:PORT, such as 10.0.0.1:6379", foreign::bounded(address, 60))
        };
        Ok(place)
    };
    addresses.iter().map(place).collect()
}
