//! What `simulate` is asked with, and what of it can be right.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{Engine, foreign};
use crate::forecast::Eviction;

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
    /// All entries end, evenly within jitter_seconds.
    Expiry,
    /// The server comes back empty.
    Loss,
}

/// A workload and a cache, or a trace.
#[derive(Debug, Clone, Deserialize, JsonSchema, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// How many different items are asked for.
    #[arg(long, default_value_t = 1_000_000)]
    pub items: u64,

    /// Zipf: the item of rank k is asked for in proportion to 1/k^skew. Production caches have 0.6 to 1.5.
    #[arg(long, default_value_t = 1.0)]
    pub skew: f64,

    /// Bytes of a value, or of the smallest.
    #[arg(long, default_value_t = 230)]
    pub value_bytes: u64,

    /// Of the largest, where values are evenly spread from value_bytes up to it. 0 for one size.
    #[arg(long, default_value_t = 0)]
    pub value_bytes_max: u64,

    /// Bytes of the name of a key.
    #[arg(long, default_value_t = 36)]
    pub key_bytes: u64,

    /// Requests a second, reads and writes.
    #[arg(long, default_value_t = 1_000.0)]
    pub requests_per_second: f64,

    /// Share of writes into the cache, 0 to 0.99.
    #[arg(long, default_value_t = 0.0)]
    pub write_share: f64,

    /// Seconds to live, set on load and write. 0 for none.
    #[arg(long, default_value_t = 0.0)]
    pub ttl_seconds: f64,

    /// Such as 2gb. Empty and without fit: the knee of the curve.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "BYTES")]
    pub maxmemory: String,

    /// How many items fit, instead of maxmemory. 0 for unknown.
    #[arg(long, default_value_t = 0)]
    pub fit: u64,

    /// maxmemory-policy: what goes when memory is full.
    #[arg(long, value_enum, default_value_t)]
    pub policy: Policy,

    /// maxmemory-samples, the candidates of an eviction.
    #[arg(long, default_value_t = 5)]
    pub samples: u32,

    /// lfu-log-factor: more tells hot items apart.
    #[arg(long, default_value_t = 10)]
    pub lfu_log_factor: u32,

    /// lfu-decay-time, in minutes; 0 never forgets.
    #[arg(long, default_value_t = 1)]
    pub lfu_decay_time: u32,

    /// What the origin sees when all entries end at once (expiry), or the server comes back empty (loss).
    #[arg(long, value_enum, default_value_t, hide_default_value = true)]
    pub event: Mishap,

    /// Over how many seconds the ends of an expiry are spread. 0 for the same moment.
    #[arg(long, default_value_t = 0.0, hide_default_value = true, value_name = "SECONDS")]
    pub jitter_seconds: f64,

    /// Whose memory layout counts, such as valkey 9.1.
    #[arg(long, default_value = "redis 7.2", value_name = "ENGINE")]
    pub engine: String,

    /// Also play it, scaled down, on a throwaway server, never on a target.
    #[arg(long)]
    pub run: bool,

    /// How long that may take, 4 to 120.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,

    /// A file below the working folder, one request a line (key,size,op,time or twitter/cache-trace): its miss-ratio
    /// curve instead of a model.
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
            items: 1_000_000,
            skew: 1.0,
            value_bytes: 230,
            value_bytes_max: 0,
            key_bytes: 36,
            requests_per_second: 1_000.0,
            write_share: 0.0,
            ttl_seconds: 0.0,
            maxmemory: String::new(),
            fit: 0,
            policy: Policy::AllkeysLru,
            samples: 5,
            lfu_log_factor: 10,
            lfu_decay_time: 1,
            event: Mishap::None,
            jitter_seconds: 0.0,
            engine: "redis 7.2".to_owned(),
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
        within("items", self.items as f64, 1.0, MOST_ITEMS as f64)?;
        within("skew", self.skew, 0.0, 3.0)?;
        within("value_bytes", self.value_bytes as f64, 1.0, MOST_BYTES as f64)?;
        within("value_bytes_max", self.value_bytes_max as f64, 0.0, MOST_BYTES as f64)?;
        within("key_bytes", self.key_bytes as f64, 1.0, 65_536.0)?;
        within("requests_per_second", self.requests_per_second, 0.001, 1e9)?;
        within("write_share", self.write_share, 0.0, 0.99)?;
        within("ttl_seconds", self.ttl_seconds, 0.0, 1e9)?;
        within("jitter_seconds", self.jitter_seconds, 0.0, 1e9)?;
        within("samples", f64::from(self.samples), 1.0, 64.0)?;
        within("lfu_log_factor", f64::from(self.lfu_log_factor), 0.0, 1e6)?;
        within("lfu_decay_time", f64::from(self.lfu_decay_time), 0.0, 65_535.0)?;
        within("seconds", self.seconds as f64, 4.0, 120.0)?;
        if self.value_bytes_max != 0 && self.value_bytes_max < self.value_bytes {
            bail!(
                "value_bytes_max is {} and below value_bytes ({}); leave it out for one size",
                self.value_bytes_max,
                self.value_bytes
            );
        }
        if self.jitter_seconds > 0.0 && self.event != Mishap::Expiry {
            bail!("jitter_seconds spreads the ends of an expiry; give event expiry with it, or leave it out");
        }
        if !self.maxmemory.trim().is_empty() && self.fit > 0 {
            bail!("give maxmemory or fit, not both: one follows from the other");
        }
        Ok(())
    }

    pub fn sizes(&self) -> (u64, u64) {
        (self.value_bytes, self.value_bytes.max(self.value_bytes_max))
    }

    pub fn ttl(&self) -> Option<f64> {
        (self.ttl_seconds > 0.0).then_some(self.ttl_seconds)
    }

    pub fn eviction(&self) -> Eviction {
        match self.policy {
            Policy::AllkeysLru => Eviction::Lru,
            Policy::AllkeysRandom => Eviction::Random,
            Policy::Noeviction => Eviction::None,
            Policy::AllkeysLfu => Eviction::Lfu {
                log_factor: f64::from(self.lfu_log_factor),
                decay_minutes: f64::from(self.lfu_decay_time),
            },
        }
    }

    pub fn engine(&self) -> Result<Engine> {
        self.engine.parse().map_err(anyhow::Error::msg)
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
