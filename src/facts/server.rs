//! One look at one server, and what the look did not get.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::{
    Bytes, Clients, CommandHistogram, Engine, Fields, Foreign, Hosting, LatencyEvent, Provider, RoundTrip, SlowCommand,
};

/// A fact we asked for and did not get, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Missing {
    pub fact: String,
    pub why: String,
}

impl Missing {
    pub fn new(fact: impl Into<String>, why: impl Into<String>) -> Self {
        Self { fact: fact.into(), why: why.into() }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.fact, self.why)
    }
}

/// A fact, or the reason why we do not have it.
pub type Known<T> = Result<T, Missing>;

/// What `ACL GETUSER` says of a user, less its password hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AclUser {
    pub flags: BTreeSet<String>,
    /// Its rules for commands: `-@all +ping`.
    pub commands: String,
    /// Whether it has selectors, which grant more; 7.0 and later.
    pub selectors: bool,
}

/// Commands that tell nothing of the data and change nothing: those of a health check, and of a login.
const GREETINGS: [&str; 6] = ["ping", "echo", "hello", "auth", "quit", "reset"];

impl AclUser {
    pub fn has(&self, flag: &str) -> bool {
        self.flags.contains(flag)
    }

    /// Whether all it can do is to say hello, as a user for health checks.
    pub fn can_only_greet(&self) -> bool {
        let harmless = |rule: &str| {
            rule.starts_with('-') || rule.strip_prefix('+').is_some_and(|command| GREETINGS.contains(&command))
        };
        // What stands before the last -@all is undone by it.
        let granted = self.commands.rsplit_once("-@all").map(|(_, granted)| granted);
        !self.selectors && granted.is_some_and(|granted| granted.split_whitespace().all(harmless))
    }
}

/// A slot and what its commands took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SlotUse {
    pub slot: u64,
    pub usec: u64,
}

/// What a HOTKEYS session of somebody else has counted. Redis 8.6 and later.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HotKeys {
    /// Whether it goes on.
    pub counting: bool,
    /// One use in so many was counted.
    pub sample_ratio: u64,
    pub milliseconds: u64,
    /// Keys by the microseconds of CPU and by the bytes of network traffic that were counted of them, the most first; empty for
    /// what the session does not count.
    pub by_cpu: Vec<(Foreign, u64)>,
    pub by_net: Vec<(Foreign, u64)>,
}

impl HotKeys {
    /// With so many keys of each list.
    pub fn first(&self, keys: usize) -> Self {
        let some = |list: &[(Foreign, u64)]| list.iter().take(keys).cloned().collect();
        Self { by_cpu: some(&self.by_cpu), by_net: some(&self.by_net), ..*self }
    }
}

/// INFO as it was a moment before, so that counters become rates.
#[derive(Debug, Clone)]
pub struct Earlier {
    pub info: Fields,
    pub seconds: f64,
    /// Commands we sent ourselves between the two looks, by name (`config|get`).
    pub own: BTreeMap<&'static str, u64>,
    /// How many of them were answered by an error.
    pub own_errors: u64,
}

/// A search index, as FT.INFO tells of it: of one that was not asked about, how many documents it holds is not known.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchIndex {
    pub name: Foreign,
    pub documents: Option<u64>,
    /// Keys that could not be indexed since it was made: they are in no result.
    pub failures: u64,
    /// Whether it still goes through the keys there are.
    pub indexing: bool,
    /// Keys that begin so are indexed.
    pub prefixes: Vec<Foreign>,
    pub bytes: Bytes,
}

impl SearchIndex {
    pub fn untold(name: &str) -> Self {
        Self {
            name: Foreign::name(name),
            documents: None,
            failures: 0,
            indexing: false,
            prefixes: Vec::new(),
            bytes: Bytes(0),
        }
    }

    /// The part of the same index that another shard has.
    pub fn add(&mut self, other: &Self) {
        self.documents = self.documents.zip(other.documents).map(|(mine, theirs)| mine + theirs);
        self.failures += other.failures;
        self.indexing |= other.indexing;
        self.bytes = Bytes(self.bytes.0 + other.bytes.0);
    }
}

/// What our look asked of the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    pub commands: u64,
    pub round_trips: u64,
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { commands: self.commands + other.commands, round_trips: self.round_trips + other.round_trips }
    }
}

/// One look at one server. Every part carries its own reason when it is missing.
#[derive(Debug, Clone)]
pub struct Server {
    pub info: Known<Fields>,
    pub earlier: Known<Earlier>,
    pub config: BTreeMap<String, Known<String>>,
    pub clients: Known<Clients>,
    pub slowlog: Known<Vec<SlowCommand>>,
    pub latency_events: Known<Vec<LatencyEvent>>,
    pub histograms: Known<Vec<CommandHistogram>>,
    pub memory: Known<BTreeMap<String, f64>>,
    pub keys: Known<u64>,
    pub user: Known<Foreign>,
    pub default_user: Known<AclUser>,
    pub supports: Known<BTreeSet<String>>,
    pub cluster: Known<Fields>,
    /// Slots and the microseconds of CPU that their commands took since they are counted, the busiest first.
    pub slots: Known<Vec<SlotUse>>,
    pub round_trip: Known<RoundTrip>,
    /// So many seconds its clock is ahead of ours, to about a round trip.
    pub ahead: Option<f64>,
    /// The step between the smallest size classes of jemalloc, in bytes; only asked where keys are counted.
    pub quantum: Known<u64>,
    /// The search indexes, where they were asked for: with keys, of nodes that have the module.
    pub indexes: Option<Known<Vec<SearchIndex>>>,
    pub cost: Cost,
    /// The host we dialled, when there was one.
    pub host: Option<String>,
    /// Who runs the server, when whoever asks has said so.
    pub provider: Option<Provider>,
}

impl Server {
    /// A server of which nothing is known yet, for the same reason throughout.
    pub fn unseen(why: &str) -> Self {
        fn gap<T>(fact: &str, why: &str) -> Known<T> {
            Err(Missing::new(fact, why))
        }
        Self {
            info: gap("INFO", why),
            earlier: gap("rates", "they need two looks, an interval above 0 apart"),
            config: BTreeMap::new(),
            clients: gap("CLIENT LIST", why),
            slowlog: gap("SLOWLOG GET", why),
            latency_events: gap("LATENCY LATEST", why),
            histograms: gap("LATENCY HISTOGRAM", why),
            memory: gap("MEMORY STATS", why),
            keys: gap("DBSIZE", why),
            user: gap("ACL WHOAMI", why),
            default_user: gap("ACL GETUSER default", why),
            supports: gap("COMMAND INFO", why),
            cluster: gap("CLUSTER INFO", why),
            slots: gap(
                "CLUSTER SLOT-STATS",
                "the cluster does not count by slot: cluster-slot-stats-enabled, Valkey 8.0 or Redis 8.2",
            ),
            round_trip: gap("PING", why),
            ahead: None,
            quantum: gap("MEMORY MALLOC-STATS", "not asked"),
            indexes: None,
            cost: Cost::default(),
            host: None,
            provider: None,
        }
    }

    pub fn engine(&self) -> Option<Engine> {
        Engine::from_info(self.info.as_ref().ok()?)
    }

    /// Whether it has the search module.
    pub fn searches(&self) -> bool {
        self.supports.as_ref().is_ok_and(|names| names.contains("ft.search"))
    }

    pub fn hosting(&self) -> Hosting {
        Hosting::of(self)
    }

    /// The commands without an answer, as ACL rules name them, each with what it would have told. A parameter counts for
    /// itself: some services answer CONFIG GET for a few of them only.
    pub fn unanswered(&self) -> impl Iterator<Item = (&'static str, &Missing)> {
        let parameters = self.config.values().filter_map(|value| Some(("config|get", value.as_ref().err()?)));
        let single = [
            ("client|list", self.clients.as_ref().err()),
            ("slowlog|get", self.slowlog.as_ref().err()),
            ("latency|latest", self.latency_events.as_ref().err()),
            ("memory|stats", self.memory.as_ref().err()),
            ("dbsize", self.keys.as_ref().err()),
            ("acl|whoami", self.user.as_ref().err()),
            ("acl|getuser", self.default_user.as_ref().err()),
            ("command|info", self.supports.as_ref().err()),
        ];
        parameters.chain(single.into_iter().filter_map(|(command, missing)| Some((command, missing?))))
    }

    /// A field of INFO, or else a parameter of CONFIG, by its Redis name, with the command that told it.
    pub fn fact(&self, name: &str) -> Known<(&'static str, &str)> {
        if let Some(value) = self.info.as_ref().ok().and_then(|info| info.get(name)) {
            return Ok(("INFO", value));
        }
        match self.config.get(name) {
            Some(Ok(value)) => Ok(("CONFIG GET", value)),
            Some(Err(missing)) => Err(missing.clone()),
            None => Err(match (&self.info, self.engine()) {
                (Err(missing), _) => Missing::new(name, missing.why.clone()),
                (Ok(_), Some(engine)) => Missing::new(name, format!("{engine} does not report it")),
                (Ok(_), None) => Missing::new(name, "this server does not report it"),
            }),
        }
    }

    /// The same field of INFO in the earlier look.
    pub fn earlier_fact(&self, name: &str) -> Known<&str> {
        let earlier = self.earlier.as_ref().map_err(Clone::clone)?;
        earlier.info.get(name).ok_or_else(|| Missing::new(name, "the first of the two looks did not report it"))
    }
}
