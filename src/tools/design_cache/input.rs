//! What `design_cache` takes: the workload in words, in fields, or both; a field beats the words.

use schemars::JsonSchema;
use serde::Deserialize;

use super::live::Look;

/// The workload, in words or in numbers. What is left out is measured on the target, taken from the words, or assumed,
/// and the answer says which.
#[derive(Debug, Clone, Deserialize, JsonSchema, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// The workload in words: "cache 2 million user profiles of 2 KB, 5000 reads/s, 50 writes/s, may be 60 s old, Postgres
    /// takes 30 ms".
    #[arg(default_value = "", hide_default_value = true, value_name = "WORDS")]
    pub workload: String,

    /// What is cached, for the key names: user profile.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    pub what: String,

    /// Different items that may be asked for. 0: unknown.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "COUNT")]
    pub items: u64,

    /// Bytes of a typical value (the median). 0: unknown.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "BYTES")]
    pub value_bytes: u64,

    /// Bytes that one value in a hundred exceeds (p99). 0: unknown, as if all were alike.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "BYTES")]
    pub value_p99_bytes: u64,

    /// Reads per second. 0: unknown.
    #[arg(long, default_value_t = 0.0, hide_default_value = true, value_name = "RATE")]
    pub reads_per_second: f64,

    /// Writes per second to the origin. Below 0: unknown.
    #[arg(long, default_value_t = -1.0, hide_default_value = true, value_name = "RATE", allow_negative_numbers = true)]
    pub writes_per_second: f64,

    /// How uneven popularity is: the exponent of Zipf's law, 0 (even) to 2. Below 0: unknown.
    #[arg(long, default_value_t = -1.0, hide_default_value = true, value_name = "EXPONENT", allow_negative_numbers = true)]
    pub skew: f64,

    /// Seconds that a value may be old. 0: not at all; below 0: unknown.
    #[arg(long, default_value_t = -1.0, hide_default_value = true, value_name = "SECONDS", allow_negative_numbers = true)]
    pub staleness_seconds: f64,

    /// Milliseconds that the origin takes for one load. 0: unknown.
    #[arg(long, default_value_t = 0.0, hide_default_value = true, value_name = "MS")]
    pub origin_ms: f64,

    /// Loads per second that the origin can bear for this. 0: unknown.
    #[arg(long, default_value_t = 0.0, hide_default_value = true, value_name = "RATE")]
    pub origin_capacity: f64,

    /// Processes of the application. 0: unknown.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "COUNT")]
    pub processes: u32,

    /// Milliseconds in which a read must be answered. 0: no goal.
    #[arg(long, default_value_t = 0.0, hide_default_value = true, value_name = "MS")]
    pub latency_ms: f64,

    /// Bytes for the cache. 0: as many as it takes.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "BYTES")]
    pub memory_bytes: u64,

    /// How fresh readers need it: eventual, read-your-writes, strict. From the words when empty.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NEED")]
    pub consistency: String,

    /// What else lives on the same server: none, permanent, precious (queues, locks, sessions). From the words when empty.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "KIND")]
    pub neighbours: String,

    /// What holds, beside the words: only-copy, money, losable-writes, fields, parts, nested (fields of a document by
    /// path), json-module, several-writers, absent-ids, stable-popularity, by-write-age, loader.
    #[arg(long = "is", value_delimiter = ',', value_name = "FACT")]
    pub facts: Vec<String>,

    /// A strategy that is wished for: the answer says whether it holds, and what would have to be true. See the page
    /// cache/strategy.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    pub strategy: String,

    /// Engine and version: redis 7.2, valkey 9.1. The target's with probe, else redis 7.2.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ENGINE")]
    pub engine: String,

    /// Measure on the target what it can tell: rates, memory, policy, popularity, TTLs, sizes.
    #[arg(long)]
    pub probe: bool,

    /// With probe: seconds between the two looks that make rates, 0.2 to 300.
    #[arg(long, default_value_t = 2.0, value_name = "SECONDS")]
    pub interval: f64,

    /// With probe: keys that are sampled, 0 to 100000.
    #[arg(long, default_value_t = 2000, value_name = "COUNT")]
    pub sample: u32,

    /// With probe: read up to 16 KiB of some strings, to measure how well they compress. Values are never shown or kept.
    #[arg(long)]
    pub sample_values: bool,

    /// A managed service that runs it, such as elasticache: how each line is set there. The target's with probe.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    pub hosting: String,

    /// Code for this client: redis-py, node-redis, ioredis, go-redis, jedis, lettuce, redis-rs, stackexchange.redis,
    /// phpredis, redis-rb. None when empty.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "CLIENT")]
    pub client: String,
}

impl Default for Input {
    /// As on the command line: what an agent leaves out is unknown, and not zero.
    fn default() -> Self {
        Self {
            workload: String::new(),
            what: String::new(),
            items: 0,
            value_bytes: 0,
            value_p99_bytes: 0,
            reads_per_second: 0.0,
            writes_per_second: -1.0,
            skew: -1.0,
            staleness_seconds: -1.0,
            origin_ms: 0.0,
            origin_capacity: 0.0,
            processes: 0,
            latency_ms: 0.0,
            memory_bytes: 0,
            consistency: String::new(),
            neighbours: String::new(),
            facts: Vec::new(),
            strategy: String::new(),
            engine: String::new(),
            probe: false,
            interval: 2.0,
            sample: 2000,
            sample_values: false,
            hosting: String::new(),
            client: String::new(),
        }
    }
}

impl Input {
    pub fn look(&self) -> Look {
        Look { interval: self.interval, sample: self.sample, values: self.sample_values }
    }
}
