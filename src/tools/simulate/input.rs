//! What `simulate` is asked with, and what of it can be right.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{Engine, foreign};
use crate::forecast::Eviction;
use crate::tools::design_cache::live::Look;

const MOST_ITEMS: u64 = 1_000_000_000_000;
const MOST_BYTES: u64 = 512 << 20;

/// What goes when memory is full. Where every key has a TTL, the volatile policies do as these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Policy {
    #[default]
    AllkeysLru,
    AllkeysLfu,
    AllkeysRandom,
    Noeviction,
}

impl Policy {
    pub fn name(self) -> &'static str {
        match self {
            Self::AllkeysLru => "allkeys-lru",
            Self::AllkeysLfu => "allkeys-lfu",
            Self::AllkeysRandom => "allkeys-random",
            Self::Noeviction => "noeviction",
        }
    }
}

/// What may go wrong with a cache that answers well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Mishap {
    #[default]
    None,
    // All entries end, evenly within jitter_seconds.
    Expiry,
    // The server comes back empty.
    Loss,
}

/// A workload and a cache, or a trace.
#[derive(Debug, Clone, Deserialize, JsonSchema, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// Different items that are asked for. Left out: 1,000,000.
    #[arg(long, value_name = "COUNT")]
    #[schemars(with = "u64")]
    pub items: Option<u64>,

    /// Zipf: rank k is asked for in proportion to 1/k^skew. Left out: 1.
    #[arg(long, value_name = "EXPONENT")]
    #[schemars(with = "f64")]
    pub skew: Option<f64>,

    /// Bytes of a value, or of the smallest. Left out: the target's mean, or 230.
    #[arg(long, value_name = "BYTES")]
    #[schemars(with = "u64")]
    pub value_bytes: Option<u64>,

    /// Of the largest, where values are spread evenly. 0: one size.
    #[arg(long, default_value_t = 0)]
    pub value_bytes_max: u64,

    /// Bytes of a key's name. Left out: the target's mean, or 36.
    #[arg(long, value_name = "BYTES")]
    #[schemars(with = "u64")]
    pub key_bytes: Option<u64>,

    /// Requests a second. Left out: the target's, or 1000.
    #[arg(long, value_name = "RATE")]
    #[schemars(with = "f64")]
    pub requests_per_second: Option<f64>,

    /// Share of writes into the cache, 0 to 0.99.
    #[arg(long, default_value_t = 0.0)]
    pub write_share: f64,

    /// Seconds to live, set on load and write. 0 for none.
    #[arg(long, default_value_t = 0.0)]
    pub ttl_seconds: f64,

    /// Such as 2gb. Empty and without fit: what the target holds, or the knee.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "BYTES")]
    pub maxmemory: String,

    /// How many items fit, instead of maxmemory.
    #[arg(long, default_value_t = 0)]
    pub fit: u64,

    /// maxmemory-policy. Left out: allkeys-lru.
    #[arg(long, value_enum, value_name = "POLICY")]
    #[schemars(with = "Policy")]
    pub policy: Option<Policy>,

    /// maxmemory-samples. Left out: the target's, or 5.
    #[arg(long, value_name = "COUNT")]
    #[schemars(with = "u32")]
    pub samples: Option<u32>,

    /// lfu-log-factor: more tells hot items apart.
    #[arg(long, default_value_t = 10)]
    pub lfu_log_factor: u32,

    /// lfu-decay-time, in minutes; 0 never forgets.
    #[arg(long, default_value_t = 1)]
    pub lfu_decay_time: u32,

    /// What the origin sees when all entries end (expiry) or the server comes back empty (loss).
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    pub event: Mishap,

    /// Seconds over which the ends of an expiry are spread.
    #[arg(long, default_value_t = 0.0, hide_default_value = true, value_name = "SECONDS")]
    pub jitter_seconds: f64,

    /// Memory layout, such as valkey 9.1. Empty: the target's, or redis 7.2.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ENGINE")]
    pub engine: String,

    /// Take popularity, rates and sizes from the target, by the idle times of its keys.
    #[arg(long)]
    pub probe: bool,

    /// With probe: seconds between its looks.
    #[arg(long, default_value_t = 10.0, value_name = "SECONDS")]
    pub interval: f64,

    /// With probe: keys that are sampled, 300 to 100000
    #[arg(long, default_value_t = 2000, value_name = "COUNT")]
    #[serde(skip)]
    pub sample: u32,

    /// Also play it, scaled down, on a throwaway server.
    #[arg(long)]
    pub run: bool,

    /// How long that may take, 4 to 120.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,

    /// A file below the working folder, one request a line (key,size,op,time,ttl or twitter/cache-trace).
    #[arg(skip)]
    pub trace: String,

    /// Read this trace: one request a line (key,size,op,time, or the format of twitter/cache-trace)
    #[arg(long = "trace", value_name = "FILE")]
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

impl Default for Input {
    fn default() -> Self {
        Self {
            items: None,
            skew: None,
            value_bytes: None,
            value_bytes_max: 0,
            key_bytes: None,
            requests_per_second: None,
            write_share: 0.0,
            ttl_seconds: 0.0,
            maxmemory: String::new(),
            fit: 0,
            policy: None,
            samples: None,
            lfu_log_factor: 10,
            lfu_decay_time: 1,
            event: Mishap::None,
            jitter_seconds: 0.0,
            engine: String::new(),
            probe: false,
            interval: 10.0,
            sample: 2000,
            run: false,
            seconds: 10,
            trace: String::new(),
            file: None,
        }
    }
}

impl Input {
    /// Says what cannot be, by the name of the field.
    pub fn check(&self) -> Result<()> {
        let within = |name: &str, value: f64, low: f64, high: f64| {
            ensure!((low..=high).contains(&value), "{name} is {value} but must be from {low} to {high}");
            Ok(())
        };
        within("items", self.items() as f64, 1.0, MOST_ITEMS as f64)?;
        within("skew", self.skew(), 0.0, 3.0)?;
        within("value_bytes", self.sizes().0 as f64, 1.0, MOST_BYTES as f64)?;
        within("value_bytes_max", self.value_bytes_max as f64, 0.0, MOST_BYTES as f64)?;
        within("key_bytes", self.key_bytes() as f64, 1.0, 65_536.0)?;
        within("requests_per_second", self.requests_per_second(), 0.001, 1e9)?;
        within("write_share", self.write_share, 0.0, 0.99)?;
        within("ttl_seconds", self.ttl_seconds, 0.0, 1e9)?;
        within("jitter_seconds", self.jitter_seconds, 0.0, 1e9)?;
        within("samples", f64::from(self.samples()), 1.0, 64.0)?;
        within("lfu_log_factor", f64::from(self.lfu_log_factor), 0.0, 1e6)?;
        within("lfu_decay_time", f64::from(self.lfu_decay_time), 0.0, 65_535.0)?;
        within("seconds", self.seconds as f64, 4.0, 120.0)?;
        let (smallest, largest) = (self.sizes().0, self.value_bytes_max);
        if largest != 0 && largest < smallest {
            bail!("value_bytes_max is {largest} and below value_bytes ({smallest}); leave it out for one size");
        }
        if self.jitter_seconds > 0.0 && self.event != Mishap::Expiry {
            bail!("jitter_seconds spreads the ends of an expiry; give event expiry with it, or leave it out");
        }
        if !self.maxmemory.trim().is_empty() && self.fit > 0 {
            bail!("give maxmemory or fit, not both: one follows from the other");
        }
        if self.probe && (self.items.is_some() || self.skew.is_some()) {
            bail!("probe measures what is asked for how often; leave items and skew out, or describe it without probe");
        }
        if self.probe && (self.file.is_some() || !self.trace.is_empty()) {
            bail!("a trace has requests of its own; leave probe out, or the trace");
        }
        self.look().check()?;
        Ok(())
    }

    pub fn items(&self) -> u64 {
        self.items.unwrap_or(1_000_000)
    }

    pub fn skew(&self) -> f64 {
        self.skew.unwrap_or(1.0)
    }

    pub fn key_bytes(&self) -> u64 {
        self.key_bytes.unwrap_or(36)
    }

    pub fn requests_per_second(&self) -> f64 {
        self.requests_per_second.unwrap_or(1_000.0)
    }

    pub fn policy(&self) -> Policy {
        self.policy.unwrap_or_default()
    }

    pub fn samples(&self) -> u32 {
        self.samples.unwrap_or(5)
    }

    /// The smallest, and the largest.
    pub fn sizes(&self) -> (u64, u64) {
        let smallest = self.value_bytes.unwrap_or(230);
        (smallest, smallest.max(self.value_bytes_max))
    }

    pub fn look(&self) -> Look {
        Look { interval: self.interval, sample: self.sample, values: false }
    }

    pub fn ttl(&self) -> Option<f64> {
        (self.ttl_seconds > 0.0).then_some(self.ttl_seconds)
    }

    pub fn eviction(&self) -> Eviction {
        match self.policy() {
            Policy::AllkeysLru => Eviction::Lru,
            Policy::AllkeysRandom => Eviction::Random,
            Policy::Noeviction => Eviction::None,
            Policy::AllkeysLfu => Eviction::Lfu {
                log_factor: f64::from(self.lfu_log_factor),
                decay_minutes: f64::from(self.lfu_decay_time),
            },
        }
    }

    pub fn engine_named(&self) -> &str {
        let named = self.engine.trim();
        if named.is_empty() { "redis 7.2" } else { named }
    }

    pub fn engine(&self) -> Result<Engine> {
        self.engine_named().parse().map_err(anyhow::Error::msg)
    }

    /// As Redis reads it: 2gb is 2 GiB, 2g is 2 billion.
    pub fn maxmemory(&self) -> Result<Option<u64>> {
        let text = self.maxmemory.trim().to_ascii_lowercase();
        if text.is_empty() {
            return Ok(None);
        }
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let unit = match unit.trim() {
            "" | "b" => 1,
            "k" => 1_000,
            "kb" => 1 << 10,
            "m" => 1_000_000,
            "mb" => 1 << 20,
            "g" => 1_000_000_000,
            "gb" => 1 << 30,
            _ => 0,
        };
        let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).filter(|bytes| *bytes > 0);
        let shown = foreign::bounded(&self.maxmemory, 40);
        bytes
            .map(Some)
            .with_context(|| format!("maxmemory is {shown:?}; write a number of bytes, or such as 500mb or 2gb"))
    }

    /// The file of a trace. An agent may name one below the working folder, a person any.
    pub fn trace(&self) -> Result<Option<PathBuf>> {
        if let Some(file) = &self.file {
            return Ok(Some(file.clone()));
        }
        if self.trace.is_empty() {
            return Ok(None);
        }
        let shown = foreign::bounded(&self.trace, 100);
        let here = Path::new(".").canonicalize().context("there is no working folder")?;
        let path = here.join(&self.trace).canonicalize().with_context(|| format!("cannot open {shown:?}"))?;
        ensure!(
            path.starts_with(&here),
            "{shown:?} is outside of the working folder; copy the trace into it, or run `godmode-redis simulate --trace` \
             in a terminal"
        );
        Ok(Some(path))
    }
}
