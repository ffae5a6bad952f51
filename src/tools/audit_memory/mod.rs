//! Where every byte goes: reads keys, counts them by family, and says how sure it is.

mod books;
mod course;
mod document;
mod plan;
mod reach;
mod report;
mod table;

use anyhow::{Result, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Tool, Watch};
use crate::facts::KeyType;
use crate::probe::{Ask, Pace, Target, every_ask};

pub use report::Audit;

/// Reads the keys of a live server and accounts for its memory.
#[derive(Debug)]
pub struct AuditMemory;

/// A type of keys to keep to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum OnlyType {
    #[default]
    Any,
    String,
    List,
    Set,
    Zset,
    Hash,
    Stream,
}

impl OnlyType {
    fn key_type(self) -> Option<KeyType> {
        Some(match self {
            Self::Any => return None,
            Self::String => KeyType::String,
            Self::List => KeyType::List,
            Self::Set => KeyType::Set,
            Self::Zset => KeyType::Zset,
            Self::Hash => KeyType::Hash,
            Self::Stream => KeyType::Stream,
        })
    }
}

/// How to audit.
#[derive(Debug, Clone, Deserialize, JsonSchema, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// Read every key, however long it takes. Without it, a server that is too large for the time is sampled.
    #[arg(long)]
    pub full: bool,

    /// Seconds to read keys, up to 86400. 0 is 30 seconds, or as long as it takes where every key is wished for.
    #[arg(long, default_value_t = 0.0, hide_default_value = true, value_name = "SECONDS")]
    #[schemars(range(min = 0, max = 86400))]
    pub time: f64,

    /// Read about so many keys at most, from 1000. A server with more is sampled. 0 is no limit.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "COUNT")]
    pub max_keys: u64,

    /// How hard to press: polite hardly disturbs others, steady is faster, fast takes what the server gives.
    #[arg(long, value_enum, default_value_t)]
    pub pace: Pace,

    /// Only keys whose names match this glob, as MATCH of SCAN takes it. It is applied on our side.
    #[arg(long = "match", default_value = "", hide_default_value = true, value_name = "GLOB")]
    #[serde(rename = "match")]
    pub names: String,

    /// Only keys of this type.
    #[arg(long = "type", value_enum, default_value_t, hide_default_value = true, value_name = "TYPE")]
    #[serde(rename = "type")]
    pub only: OnlyType,

    /// Only these logical databases; all that hold keys when empty.
    #[arg(long = "db", value_delimiter = ',', value_name = "NUMBER")]
    #[serde(rename = "db")]
    pub databases: Vec<u32>,

    /// Read up to 16 KiB of some string values to measure how well they compress, whether they are JSON, and whether they
    /// repeat, and a few elements of some hashes and sets to measure how they would pack. Values are never shown or kept.
    #[arg(long)]
    pub sample_values: bool,

    /// How many of the largest keys to name, 0 to 200.
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    #[schemars(range(min = 0, max = 200))]
    pub top: u32,

    /// Go on where an earlier audit stopped: the cursor that it printed. The report is then of the rest only.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "CURSOR")]
    pub resume: String,

    /// Read primaries even where a replica could be read. A replica does not know when its primary was read, so that how
    /// long keys were not used is only known from a primary.
    #[arg(long)]
    pub primary: bool,

    /// Read only the server that is named, not the other nodes of its deployment.
    #[arg(long)]
    pub alone: bool,

    /// Draw the same sample again: the number that an audit printed. 0 draws a new one.
    #[arg(long, default_value_t = 0, hide_default_value = true, value_name = "NUMBER")]
    pub seed: u64,
}

impl Default for Input {
    fn default() -> Self {
        Self {
            full: false,
            time: 0.0,
            max_keys: 0,
            pace: Pace::Polite,
            names: String::new(),
            only: OnlyType::Any,
            databases: Vec::new(),
            sample_values: false,
            top: 10,
            resume: String::new(),
            primary: false,
            alone: false,
            seed: 0,
        }
    }
}

impl Input {
    fn check(&self, target: &Target) -> Result<()> {
        if self.time != 0.0 && !(1.0..=86_400.0).contains(&self.time) {
            bail!("time is {} but must be from 1 to 86400 seconds, or 0", self.time);
        }
        if (1..1_000).contains(&self.max_keys) {
            bail!("max_keys is {} but must be 1000 or more, or 0: fewer say nothing of the rest", self.max_keys);
        }
        if self.top > 200 {
            bail!("top is {} but must be from 0 to 200", self.top);
        }
        if self.names.len() > 512 {
            bail!("match has {} bytes but may have 512", self.names.len());
        }
        if target.protected && self.full && self.time == 0.0 && self.max_keys == 0 {
            bail!(
                "{target} is marked `protected` in godmode-redis.toml, so a scan needs a budget: add time (seconds) or \
                 max_keys, or leave out full"
            );
        }
        plan::marks(&self.resume)?;
        if !self.resume.is_empty() && self.max_keys > 0 {
            bail!("resume goes on with a reading in order; max_keys draws a sample. Give time instead of max_keys.");
        }
        Ok(())
    }
}

impl Tool for AuditMemory {
    const NAME: &'static str = "audit_memory";
    const VERB: &'static str = "audit";
    const TITLE: &'static str = "Account for the memory of a Redis or Valkey server";
    const ABOUT: &'static str = "Reads the keys of a live Redis or Valkey deployment (never their values, unless samples \
        are asked for), read-only and at a polite pace, and says where every byte goes: by family of names, type, \
        encoding, time to live, age, database and node; the largest keys, expiry cliffs, cold data, encodings just over \
        a limit, tiny strings that want to be hashes, and what each fix would save. Reads everything when it can; \
        otherwise draws a random sample and gives 95 % intervals and what the sample does not explain. Use it when \
        memory is full or growing, to find big keys, keys without TTL, or what an engine upgrade would save.";
    const STOPS: bool = true;
    type Input = Input;
    type Report = Audit;

    fn asks() -> Vec<Ask> {
        every_ask()
    }

    async fn run(target: &Target, input: Input, watch: &Watch) -> Result<Audit> {
        input.check(target)?;
        course::run(target, &input, watch).await
    }
}
