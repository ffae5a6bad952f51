//! What `recommend_structure` is asked with, and the case that it makes.

use anyhow::{Result, bail};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use crate::decisions::structures::{Case, Ids, Need, Scenario, Written, bytes, check, count, share};
use crate::facts::{Engine, Provider};

/// How elements are to be found in order; `Usual` is as the use has it, here and below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Ordering {
    #[default]
    Usual,
    None,
    Arrival,
    Score,
    Time,
}

/// What goes by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Expiry {
    #[default]
    Usual,
    None,
    Key,
    Element,
}

/// What becomes of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Delivery {
    #[default]
    Usual,
    MayBeLost,
    Kept,
    AtLeastOnce,
}

/// The use, and what is known of it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// What Redis is used for, in words (session store, job queue) or by the name of its page.
    #[arg(default_value = "", hide_default_value = true)]
    pub use_case: String,

    /// What it must do beside what the use does: rank, ack, replay, expire-item, membership, fields ... A minus takes one
    /// away. A wrong one is answered with the list.
    #[arg(long, value_delimiter = ',', value_name = "NEED", allow_hyphen_values = true)]
    pub needs: Vec<String>,

    /// How many keys; 1M is a million.
    #[arg(long, value_parser = count, value_name = "N")]
    #[serde(deserialize_with = "amount")]
    #[schemars(schema_with = "amount_schema")]
    pub keys: Option<u64>,

    /// How many elements in all: players, members, messages, sessions.
    #[arg(long, value_parser = count, value_name = "N")]
    #[serde(deserialize_with = "amount")]
    #[schemars(schema_with = "amount_schema")]
    pub elements: Option<u64>,

    /// Bytes of one element: a value, or a member.
    #[arg(long, value_parser = bytes, value_name = "BYTES")]
    #[serde(deserialize_with = "size")]
    #[schemars(schema_with = "amount_schema")]
    pub element_bytes: Option<u64>,

    /// The highest id, where elements are whole numbers.
    #[arg(long, value_parser = count, value_name = "N")]
    #[serde(deserialize_with = "amount")]
    #[schemars(schema_with = "amount_schema")]
    pub highest_id: Option<u64>,

    /// Reads a second, of all clients.
    #[arg(long, value_parser = count, value_name = "N")]
    #[serde(deserialize_with = "amount")]
    #[schemars(schema_with = "amount_schema")]
    pub reads: Option<u64>,

    /// Writes a second, of all clients.
    #[arg(long, value_parser = count, value_name = "N")]
    #[serde(deserialize_with = "amount")]
    #[schemars(schema_with = "amount_schema")]
    pub writes: Option<u64>,

    /// In which order elements are asked for.
    #[arg(long, value_enum, default_value_t)]
    pub ordering: Ordering,

    /// What expires: nothing, a whole key, or each element by itself.
    #[arg(long, value_enum, default_value_t)]
    pub expiry: Expiry,

    /// exact, or the share of wrong answers that will do, such as 1%.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "SHARE")]
    pub accuracy: String,

    /// Seconds that it is kept. With writes it tells how many elements there are in all keys together, where a write adds one.
    #[arg(long, value_parser = count, value_name = "SECONDS")]
    #[serde(deserialize_with = "amount")]
    #[schemars(schema_with = "amount_schema")]
    pub retention: Option<u64>,

    /// Of messages: may be lost, kept for a reader who is away, or a crashed consumer is survived.
    #[arg(long, value_enum, default_value_t)]
    pub delivery: Delivery,

    /// How many tenants share it.
    #[arg(long, value_parser = count, value_name = "N")]
    #[serde(deserialize_with = "amount")]
    #[schemars(schema_with = "amount_schema")]
    pub tenants: Option<u64>,

    /// The most memory it may take: 12KB, 4GB.
    #[arg(long, value_parser = bytes, value_name = "BYTES")]
    #[serde(deserialize_with = "size")]
    #[schemars(schema_with = "amount_schema")]
    pub budget: Option<u64>,

    /// The structure that holds it today (string, list, zset ...), to be told the steps to move.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "STRUCTURE")]
    pub present: String,

    /// Such as redis 7.2 or valkey 9.1. Left out, Redis 8.6 without modules is assumed.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ENGINE")]
    pub engine: String,

    /// Modules there: json, search, bloom, timeseries, vectors, or none. Left out, those of the official build.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "MODULES")]
    pub modules: String,

    /// The service that runs it, such as elasticache, memorystore, redis-cloud or upstash: it decides which modules there are.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    pub hosting: String,

    /// Take version, modules, limits, policy and topology from the target.
    #[arg(long)]
    pub probe: bool,

    /// With probe: look at a sample of the keys that are there under this glob (user:*:name), fill in their number, sizes
    /// and structure where nothing is said, and tell what follows for them. Reads no values.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "GLOB")]
    pub key_pattern: String,

    /// With key_pattern: how many keys to look at; 2000 where nothing is said, 100000 at most.
    #[arg(long, value_parser = count, value_name = "N")]
    #[serde(deserialize_with = "amount")]
    #[schemars(schema_with = "amount_schema")]
    pub sample: Option<u64>,

    /// Build the pick and its runners-up on a throwaway server here, and measure bytes and calls.
    #[arg(long)]
    pub prove: bool,

    /// It is to run in a cluster.
    #[arg(long)]
    pub cluster: bool,
}

/// One type, since not every client knows more; a number is taken too, because a model that knows how many will send one.
fn amount_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "default": "" })
}

/// A number, or a text as people write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Amount {
    Number(u64),
    Text(String),
}

fn amount<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u64>, D::Error> {
    read(input, count)
}

fn size<'de, D: Deserializer<'de>>(input: D) -> Result<Option<u64>, D::Error> {
    read(input, bytes)
}

fn read<'de, D: Deserializer<'de>>(input: D, parse: fn(&str) -> Result<u64, String>) -> Result<Option<u64>, D::Error> {
    match Option::<Amount>::deserialize(input)? {
        None => Ok(None),
        Some(Amount::Text(text)) if text.trim().is_empty() => Ok(None),
        Some(Amount::Number(number)) => parse(&number.to_string()).map(Some).map_err(serde::de::Error::custom),
        Some(Amount::Text(text)) => parse(&text).map(Some).map_err(serde::de::Error::custom),
    }
}

/// All needs that are about an order.
const ORDERED: [Need; 7] =
    [Need::Fifo, Need::Top, Need::Rank, Need::ScoreRange, Need::TimeRange, Need::Prefix, Need::Recent];

impl Input {
    /// The engine that was named.
    pub fn engine(&self) -> Result<Option<Engine>> {
        if self.engine.trim().is_empty() {
            return Ok(None);
        }
        self.engine.parse().map(Some).map_err(anyhow::Error::msg)
    }

    /// The service that was named.
    pub fn provider(&self) -> Result<Option<Provider>> {
        Provider::said(&self.hosting).map_err(anyhow::Error::msg)
    }

    /// The case of the use with all that was said of it.
    pub fn case(&self, mut case: Case, scenario: Option<&Scenario>) -> Result<Case> {
        let mut change = |word: String| case.change(&word).map_err(anyhow::Error::msg);
        for need in &self.needs {
            let need = need.trim();
            change(if need.starts_with(['-', '+']) { need.to_owned() } else { format!("+{need}") })?;
        }
        if !self.present.is_empty() {
            change(format!("present={}", self.present))?;
        }
        if let Some(highest) = self.highest_id {
            change(format!("highest-id={highest}"))?;
        }
        self.orders(&mut case);
        self.promises(&mut case);
        self.is_exact(&mut case)?;
        self.amounts(&mut case, scenario);
        case.budget = self.budget.or(case.budget);
        if case.needs.iter().all(|need| need.is_of_every_key()) {
            bail!("nothing is left that tells structures apart: say at least one need, such as whole, fields or rank");
        }
        check(&case).map_err(anyhow::Error::msg)?;
        Ok(case)
    }

    fn orders(&self, case: &mut Case) {
        match self.ordering {
            Ordering::None => case.needs.retain(|need| !ORDERED.contains(need)),
            Ordering::Arrival => case.needs.extend([Need::Fifo]),
            Ordering::Score => case.needs.extend([Need::Top]),
            Ordering::Time => case.needs.extend([Need::TimeRange]),
            Ordering::Usual => {}
        }
    }

    fn promises(&self, case: &mut Case) {
        if self.expiry != Expiry::Usual {
            case.needs.retain(|need| !matches!(need, Need::ExpireWhole | Need::ExpireItem));
        }
        match self.expiry {
            Expiry::Key => case.needs.extend([Need::ExpireWhole]),
            Expiry::Element => case.needs.extend([Need::ExpireItem]),
            _ => {}
        }
        if self.delivery == Delivery::MayBeLost {
            case.needs.retain(|need| !matches!(need, Need::Kept | Need::Ack));
        }
        match self.delivery {
            Delivery::Kept => case.needs.extend([Need::Kept]),
            Delivery::AtLeastOnce => case.needs.extend([Need::Kept, Need::Ack]),
            _ => {}
        }
    }

    fn is_exact(&self, case: &mut Case) -> Result<()> {
        match self.accuracy.trim() {
            "" => {}
            "exact" => case.needs = case.needs.iter().map(|need| need.exact()).collect(),
            error => {
                case.error = share(error).map_err(|error| anyhow::anyhow!("accuracy: {error}, or exact"))?;
                case.needs = case.needs.iter().map(|need| need.approximate()).collect();
            }
        }
        Ok(())
    }

    /// How many writes fall into the time that they are kept, where that tells how many elements there are.
    pub fn kept(&self, case: &Case) -> Option<u64> {
        let (seconds, writes) = self.retention.zip(self.writes)?;
        (case.written() != Written::Count).then(|| seconds.saturating_mul(writes))
    }

    fn amounts(&self, case: &mut Case, scenario: Option<&Scenario>) {
        let by_keys = scenario.is_some_and(Scenario::counts_keys);
        case.keys = self.keys.unwrap_or(case.keys).max(1);
        match (self.elements, self.kept(case)) {
            (None, None) => {}
            (elements, Some(kept)) if case.written() == Written::Element && (by_keys || elements.is_none()) => {
                // Users, rooms, sensors: each has its share of what was written in that time.
                case.keys = elements.filter(|_| self.keys.is_none()).unwrap_or(case.keys).max(1);
                case.spread(kept);
            }
            (None, Some(kept)) if by_keys => case.keys = self.keys.unwrap_or(kept).max(1),
            (Some(elements), _) if by_keys && self.keys.is_none() => case.keys = elements.max(1),
            (elements, kept) => {
                // The total was said, and not that there are several such keys.
                case.keys = if by_keys { case.keys } else { self.keys.unwrap_or(1).max(1) };
                case.spread(elements.or(kept).unwrap_or(1));
            }
        }
        if self.highest_id.is_none() && case.ids == Ids::Number {
            // More elements than ids there cannot be.
            case.highest_id = case.highest_id.max(case.elements);
        }
        if let Some(bytes) = self.element_bytes {
            let holds = |need: &Need| matches!(need, Need::Whole | Need::Fields | Need::Nested) || need.is_messaging();
            let bare = scenario.is_none() && !case.needs.iter().any(holds);
            if bare || case.value_bytes == 0 && case.name_bytes > 0 {
                case.name_bytes = bytes;
            } else {
                case.value_bytes = bytes;
            }
        }
    }
}
