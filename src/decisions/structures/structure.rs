//! The structures of Redis and Valkey: since when each has them, with which module, and what a cluster does to them.

use std::fmt;
use std::str::FromStr;

use crate::facts::{Engine, Kind, Version};

/// A way to keep data. Plainer ones come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Structure {
    Counter,
    String,
    StringKeys,
    Set,
    Hash,
    HashBuckets,
    HashFieldTtl,
    List,
    Zset,
    Stream,
    PubSub,
    ShardedPubSub,
    Bitmap,
    Bitfield,
    HyperLogLog,
    Geo,
    VectorSet,
    Bloom,
    Cuckoo,
    CountMin,
    TopK,
    TDigest,
    TimeSeries,
    Json,
    SearchIndex,
}

/// What is not in every build of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Module {
    Json,
    Search,
    Bloom,
    TimeSeries,
    Vectors,
}

impl Module {
    pub const ALL: [Self; 5] = [Self::Json, Self::Search, Self::Bloom, Self::TimeSeries, Self::Vectors];

    /// Our name for it, and those under which INFO lists it.
    pub const fn names(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Json => ("json", &["ReJSON", "json"]),
            Self::Search => ("search", &["search", "searchlight"]),
            Self::Bloom => ("bloom", &["bf"]),
            Self::TimeSeries => ("timeseries", &["timeseries"]),
            Self::Vectors => ("vectors", &["vectorset"]),
        }
    }

    pub const fn id(self) -> &'static str {
        self.names().0
    }

    /// Whether the official build of this version brings it.
    pub fn comes_with(self, engine: &Engine) -> bool {
        engine.kind == Kind::Redis && engine.version >= Version(8, 0, 0)
    }
}

/// First versions; `None`: not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    pub redis: Option<Version>,
    pub valkey: Option<Version>,
}

/// Every version that is in use has it.
pub const ALWAYS: Since = since((1, 0), (7, 2));

/// Redis and Valkey from these versions on.
pub const fn since(redis: (u16, u16), valkey: (u16, u16)) -> Since {
    Since { redis: Some(Version(redis.0, redis.1, 0)), valkey: Some(Version(valkey.0, valkey.1, 0)) }
}

/// Redis from this version on, and no Valkey.
pub const fn redis_only(major: u16, minor: u16) -> Since {
    Since { redis: Some(Version(major, minor, 0)), valkey: None }
}

/// Valkey from this version on, and no Redis.
pub const fn valkey_only(major: u16, minor: u16) -> Since {
    Since { redis: None, valkey: Some(Version(major, minor, 0)) }
}

impl Since {
    /// A server of another name is measured by the Redis version it claims.
    pub fn on(&self, kind: &Kind) -> Option<Version> {
        if *kind == Kind::Valkey { self.valkey } else { self.redis }
    }

    pub fn has(&self, engine: &Engine) -> bool {
        self.on(&engine.kind).is_some_and(|since| since <= engine.version)
    }

    /// What has both.
    pub fn and(self, other: Self) -> Self {
        Self {
            redis: self.redis.zip(other.redis).map(|(a, b)| a.max(b)),
            valkey: self.valkey.zip(other.valkey).map(|(a, b)| a.max(b)),
        }
    }
}

/// `Redis 7.4, Valkey 9.0`
impl fmt::Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |name: &str, version: Option<Version>| match version {
            None => format!("no {name}"),
            Some(version) if version <= Version(6, 0, 0) || (name == "Valkey" && version <= Version(7, 2, 0)) => {
                format!("every {name}")
            }
            Some(version) => format!("{name} {}.{}", version.0, version.1),
        };
        write!(f, "{}, {}", one("Redis", self.redis), one("Valkey", self.valkey))
    }
}

/// What is known of a structure, whatever it is used for.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    pub id: &'static str,
    pub title: &'static str,
    pub since: Since,
    pub module: Option<Module>,
    /// What a cluster does to it.
    pub cluster: &'static str,
    pub note: &'static str,
}

const ONE_NODE: &str = "one key is on one node, whatever its size: split it by a part of the name";
const SPREADS: &str = "keys spread over the nodes by themselves";

const fn facts(id: &'static str, title: &'static str, cluster: &'static str, note: &'static str) -> Facts {
    Facts { id, title, since: ALWAYS, module: None, cluster, note }
}

const fn of_module(mut facts: Facts, module: Module, since: Since) -> Facts {
    facts.module = Some(module);
    facts.since = since;
    facts
}

const fn from(mut facts: Facts, since: Since) -> Facts {
    facts.since = since;
    facts
}

/// With modules the version is that of the oldest server that the module runs on; Redis 8.0 brings them along.
const MODULE_ON_REDIS: Since = redis_only(6, 0);
const MODULE_ON_BOTH: Since = since((6, 0), (8, 0));

impl Structure {
    pub const ALL: [Self; 25] = [
        Self::Counter,
        Self::String,
        Self::StringKeys,
        Self::Set,
        Self::Hash,
        Self::HashBuckets,
        Self::HashFieldTtl,
        Self::List,
        Self::Zset,
        Self::Stream,
        Self::PubSub,
        Self::ShardedPubSub,
        Self::Bitmap,
        Self::Bitfield,
        Self::HyperLogLog,
        Self::Geo,
        Self::VectorSet,
        Self::Bloom,
        Self::Cuckoo,
        Self::CountMin,
        Self::TopK,
        Self::TDigest,
        Self::TimeSeries,
        Self::Json,
        Self::SearchIndex,
    ];

    /// Limits on sizes: <https://redis.io/docs/latest/develop/data-types/> (512 MB for a string, 2^32 - 1 elements).
    pub const fn facts(self) -> Facts {
        match self {
            Self::Counter => {
                facts("counter", "a String that counts", SPREADS, "64 bits, signed; an overflow is an error")
            }
            Self::String => facts("string", "a String", SPREADS, "up to 512 MB; above 100 KB it holds up others"),
            Self::StringKeys => facts(
                "string-keys",
                "a String for each element",
                SPREADS,
                "each key costs 50 to 100 bytes beside its value; all of them together can only be found by SCAN",
            ),
            Self::Set => facts("set", "a Set", ONE_NODE, "up to 2^32 - 1 members"),
            Self::Hash => facts("hash", "a Hash", ONE_NODE, "compact up to 512 fields of 64 bytes"),
            Self::HashBuckets => facts(
                "hash-buckets",
                "Hashes of a hundred elements each",
                SPREADS,
                "one key for a hundred elements: expiry and eviction take all of them",
            ),
            Self::HashFieldTtl => from(
                facts(
                    "hash-field-ttl",
                    "a Hash whose fields expire",
                    ONE_NODE,
                    "on Valkey a field with a TTL ends the compact encoding",
                ),
                since((7, 4), (9, 0)),
            ),
            Self::List => facts("list", "a List", ONE_NODE, "both ends are O(1), the middle is O(N)"),
            Self::Zset => {
                facts("zset", "a sorted set", ONE_NODE, "scores are doubles: whole numbers are exact up to 2^53")
            }
            Self::Stream => from(
                facts("stream", "a Stream", ONE_NODE, "an entry keeps its place until it is trimmed, read or not"),
                since((5, 0), (7, 2)),
            ),
            Self::PubSub => facts(
                "pubsub",
                "Pub/Sub",
                "each message goes to every node of the cluster",
                "nothing is kept: who is away misses it, who is slow is disconnected",
            ),
            Self::ShardedPubSub => from(
                facts(
                    "sharded-pubsub",
                    "sharded Pub/Sub",
                    "a message stays in the shard of its channel's slot",
                    "nothing is kept: who is away misses it, who is slow is disconnected",
                ),
                since((7, 0), (7, 2)),
            ),
            Self::Bitmap => facts("bitmap", "a bitmap", ONE_NODE, "bytes follow the highest id, not how many are set"),
            Self::Bitfield => {
                facts("bitfield", "a bitfield", ONE_NODE, "counters of a fixed width, found by their place")
            }
            Self::HyperLogLog => {
                facts("hyperloglog", "a HyperLogLog", ONE_NODE, "off by 0.81 % (standard error); 12 KB at most")
            }
            Self::Geo => facts("geo", "a geo index", ONE_NODE, "a sorted set below; places have no TTL of their own"),
            Self::VectorSet => of_module(
                facts(
                    "vector-set",
                    "a vector set",
                    ONE_NODE,
                    "one model of embeddings for each key; elements have no TTL",
                ),
                Module::Vectors,
                redis_only(8, 0),
            ),
            Self::Bloom => of_module(
                facts(
                    "bloom",
                    "a Bloom filter",
                    ONE_NODE,
                    "nothing can be taken out; size it before, or it grows in layers",
                ),
                Module::Bloom,
                MODULE_ON_BOTH,
            ),
            Self::Cuckoo => of_module(
                facts("cuckoo", "a cuckoo filter", ONE_NODE, "taking out what was never put in damages it"),
                Module::Bloom,
                MODULE_ON_REDIS,
            ),
            Self::CountMin => of_module(
                facts(
                    "count-min",
                    "a count-min sketch",
                    ONE_NODE,
                    "counts are never too low, and too high for rare ones",
                ),
                Module::Bloom,
                MODULE_ON_REDIS,
            ),
            Self::TopK => of_module(
                facts("top-k", "a top-k sketch", ONE_NODE, "k is fixed when it is made"),
                Module::Bloom,
                MODULE_ON_REDIS,
            ),
            Self::TDigest => of_module(
                facts("t-digest", "a t-digest", ONE_NODE, "most exact at both ends; digests merge, percentiles do not"),
                Module::Bloom,
                MODULE_ON_REDIS,
            ),
            Self::TimeSeries => of_module(
                facts("time-series", "a time series", ONE_NODE, "one number for each time; samples go with RETENTION"),
                Module::TimeSeries,
                MODULE_ON_REDIS,
            ),
            Self::Json => of_module(
                facts(
                    "json",
                    "a JSON document",
                    SPREADS,
                    "names of fields are kept once for all documents, texts in an allocation each",
                ),
                Module::Json,
                MODULE_ON_BOTH,
            ),
            Self::SearchIndex => of_module(
                facts(
                    "search-index",
                    "a search index over Hashes",
                    "a query asks every shard",
                    "the index costs memory and time with each write of a document",
                ),
                Module::Search,
                MODULE_ON_BOTH,
            ),
        }
    }

    pub const fn id(self) -> &'static str {
        self.facts().id
    }

    /// Whether messages of it are gone once sent.
    pub const fn keeps_nothing(self) -> bool {
        matches!(self, Self::PubSub | Self::ShardedPubSub)
    }
}

impl fmt::Display for Structure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.facts().title)
    }
}

impl FromStr for Structure {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.trim().to_lowercase().replace(['_', ' '], "-");
        Self::ALL.into_iter().find(|structure| structure.id() == wanted).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.into_iter().map(Self::id).collect();
            let text = crate::facts::foreign::bounded(text, 40);
            format!("there is no structure {text:?}; there are {}", known.join(", "))
        })
    }
}
