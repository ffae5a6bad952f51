//! Where every byte goes: reads keys, counts them by family, and says how sure it is.

mod books;
mod course;
mod document;
mod nodes;
mod plan;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum OnlyType {
    String,
    List,
    Set,
    Zset,
    Hash,
    Stream,
}

impl From<OnlyType> for KeyType {
    fn from(only: OnlyType) -> Self {
        match only {
            OnlyType::String => Self::String,
            OnlyType::List => Self::List,
            OnlyType::Set => Self::Set,
            OnlyType::Zset => Self::Zset,
            OnlyType::Hash => Self::Hash,
            OnlyType::Stream => Self::Stream,
        }
    }
}

/// How to audit.
#[derive(Debug, Clone, Deserialize, JsonSchema, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// Read every key, however long it takes. Without it, a server that is too large for the time is sampled.
    #[arg(long)]
    pub full: bool,

    /// Seconds to read keys, 1 to 86400. 30 unless every key is wished for.
    #[arg(long, value_name = "SECONDS")]
    #[schemars(range(min = 1, max = 86400))]
    pub time: Option<f64>,

    /// Read about so many keys at most, from 1000. A server with more is sampled.
    #[arg(long, value_name = "COUNT")]
    #[schemars(range(min = 1000))]
    pub max_keys: Option<u64>,

    /// How hard to press: polite hardly disturbs others, steady is faster, fast takes what the server gives.
    #[arg(long, value_enum, default_value_t)]
    pub pace: Pace,

    /// Only keys whose names match this glob, as MATCH of SCAN takes it. It is applied on our side.
    #[arg(long = "match", default_value = "", hide_default_value = true, value_name = "GLOB")]
    #[serde(rename = "match")]
    pub names: String,

    /// Only keys of this type.
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    #[serde(rename = "type")]
    pub only: Option<OnlyType>,

    /// Only these logical databases; all that hold keys when empty.
    #[arg(long = "db", value_delimiter = ',', value_name = "NUMBER")]
    #[serde(rename = "db")]
    pub databases: Vec<u32>,

    /// Read up to 16 KiB of some string values to measure how well they compress, whether they are JSON, and whether they
    /// repeat. Values are never shown or kept.
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

    /// Draw the same sample again: a number. A new one is drawn when empty, and printed.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
}

impl Default for Input {
    fn default() -> Self {
        Self {
            full: false,
            time: None,
            max_keys: None,
            pace: Pace::Polite,
            names: String::new(),
            only: None,
            databases: Vec::new(),
            sample_values: false,
            top: 10,
            resume: String::new(),
            primary: false,
            alone: false,
            seed: None,
        }
    }
}

impl Input {
    fn check(&self, target: &Target) -> Result<()> {
        if let Some(time) = self.time.filter(|time| !(1.0..=86_400.0).contains(time)) {
            bail!("time is {time} but must be from 1 to 86400 seconds");
        }
        if let Some(keys) = self.max_keys.filter(|keys| *keys < 1_000) {
            bail!("max_keys is {keys} but must be 1000 or more: fewer say nothing of the rest");
        }
        if self.top > 200 {
            bail!("top is {} but must be from 0 to 200", self.top);
        }
        if self.names.len() > 512 {
            bail!("match has {} bytes but may have 512", self.names.len());
        }
        if target.protected && self.full && self.time.is_none() && self.max_keys.is_none() {
            bail!(
                "{target} is marked `protected` in godmode-redis.toml, so a scan needs a budget: add time (seconds) or \
                 max_keys, or leave out full"
            );
        }
        if !self.resume.is_empty() && self.max_keys.is_some() {
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
