//! What `generate_lua` is asked with, and what of it can be right.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::client::Client;
use crate::facts::{Engine, foreign};
use crate::scripts::{Argument, Range, Script};

/// The longest value that stands in a call.
const LONGEST: usize = 1_000;

/// How the script is to get to the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Delivery {
    #[default]
    Auto,
    Evalsha,
    Function,
    Native,
}

/// The script, and the call to show.
#[derive(Debug, Clone, Deserialize, JsonSchema, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub struct Input {
    /// What the script is to do, in words (rate limit, distributed lock, job queue, cache stampede), or its name
    /// (sliding-log). Several that fit are answered with what tells them apart.
    #[arg(default_value = "", hide_default_value = true)]
    pub need: String,

    /// Values of its arguments by name, such as limit and window, to show in the call. They are ARGV and never part of
    /// the text. Left out, the examples of its page stand.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    #[serde(deserialize_with = "parameters")]
    #[schemars(schema_with = "parameters_schema")]
    pub parameters: Vec<Parameter>,

    /// Names of your keys in the order of KEYS. All of one call share a hash tag in a cluster.
    #[arg(long, value_delimiter = ',', value_name = "KEY")]
    pub keys: Vec<String>,

    /// Where it is to run, such as redis 7.2 or valkey 9.1. It decides on native commands and functions.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "ENGINE")]
    pub engine: String,

    /// Ask the target for its version and whether it is a cluster. Without it nothing connects to the target.
    #[arg(long)]
    pub probe: bool,

    /// It is to run in a cluster.
    #[arg(long)]
    pub cluster: bool,

    /// How it gets to the server: evalsha (EVAL on NOSCRIPT), function (FCALL, Redis 7.0), native (a command in its place).
    /// auto takes a native command where the engine has one.
    #[arg(long, value_enum, default_value_t)]
    pub delivery: Delivery,

    /// The client library to write the call for.
    #[arg(long, value_enum, default_value_t)]
    pub client: Client,

    /// Run it on throwaway servers of this machine, never on the target. False leaves the proof out.
    #[arg(long, action = clap::ArgAction::Set, default_value_t = true, value_name = "BOOL")]
    pub prove: bool,

    /// The text of a script of your own, to check instead: rules, and a run on a throwaway server when keys or args are given.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "LUA")]
    pub script: String,

    /// The path of a script of your own in the project, instead of its text: a .lua file below the working directory.
    #[arg(skip)]
    pub path: String,

    /// The function to call, where your own script is a library of several.
    #[arg(long, default_value = "", hide_default_value = true, value_name = "NAME")]
    pub function: String,

    /// ARGV of the run of your own script.
    #[arg(long, value_delimiter = ',', value_name = "ARG")]
    pub args: Vec<String>,

    /// Read the script of your own from this file
    #[arg(long, value_name = "FILE", conflicts_with = "script")]
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

impl Default for Input {
    fn default() -> Self {
        Self {
            need: String::new(),
            parameters: Vec::new(),
            keys: Vec::new(),
            engine: String::new(),
            probe: false,
            cluster: false,
            delivery: Delivery::Auto,
            client: Client::RedisCli,
            prove: true,
            script: String::new(),
            path: String::new(),
            function: String::new(),
            args: Vec::new(),
            file: None,
        }
    }
}

/// A value for an argument: `limit=100`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub value: String,
}

impl FromStr for Parameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("it must be NAME=VALUE, such as limit=100")?;
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

fn parameters_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": { "type": "string" }, "default": {} })
}

/// A number is taken too: a model that knows what a limit is will send one.
fn parameters<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Parameter>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Value {
        Text(String),
        Number(i64),
    }
    let map = BTreeMap::<String, Value>::deserialize(input)?;
    let text = |value| match value {
        Value::Text(text) => text,
        Value::Number(number) => number.to_string(),
    };
    Ok(map.into_iter().map(|(name, value)| Parameter { name, value: text(value) }).collect())
}

impl Input {
    /// The engine that was named.
    pub fn engine(&self) -> Result<Option<Engine>> {
        if self.engine.trim().is_empty() {
            return Ok(None);
        }
        self.engine.parse().map(Some).map_err(anyhow::Error::msg)
    }

    /// KEYS of the call: the caller's, or the examples on the page.
    pub fn keys_of(&self, script: &Script) -> Result<Vec<String>> {
        let wanted = script.keys();
        if self.keys.is_empty() {
            return Ok(wanted.iter().map(|key| key.example.to_owned()).collect());
        }
        let more = wanted.last().is_some_and(|last| last.many) && self.keys.len() > wanted.len();
        if self.keys.len() != wanted.len() && !more {
            let names: Vec<&str> = wanted.iter().map(|key| key.name).collect();
            bail!("{} takes {} keys ({}), not {}", script.id, wanted.len(), names.join(", "), self.keys.len());
        }
        self.keys.iter().try_for_each(|key| printable("a key", key))?;
        Ok(self.keys.clone())
    }

    /// ARGV of the call: the caller's values where there are some, else the examples on the page.
    pub fn arguments_of(&self, script: &Script) -> Result<Vec<String>> {
        let wanted = script.arguments();
        let named = |given: &Parameter, argument: &Argument| {
            given.name == argument.name || given.name == format!("{}_{}", argument.name, argument.unit)
        };
        for given in &self.parameters {
            if !wanted.iter().any(|argument| named(given, argument)) {
                let names: Vec<&str> = wanted.iter().map(|argument| argument.name).collect();
                let unknown = foreign::bounded(&given.name, 40);
                bail!("{} has no parameter {unknown:?}; its parameters are {}", script.id, names.join(", "));
            }
        }
        let value = |argument: &Argument| match self.parameters.iter().find(|given| named(given, argument)) {
            Some(given) => within(argument, &given.value).map(|()| given.value.clone()),
            None => Ok(argument.example.to_owned()),
        };
        wanted.iter().map(value).collect()
    }
}

fn within(argument: &Argument, value: &str) -> Result<()> {
    let name = argument.name;
    // As the scripts read numbers: a sign and digits.
    let digits = value.strip_prefix('-').unwrap_or(value);
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    let fits = match &argument.range {
        Range::Integer { low, high } => plain && value.parse().is_ok_and(|n: i64| (*low..=*high).contains(&n)),
        Range::Bytes { low, high } => (*low..=*high).contains(&value.len()),
        Range::Words(words) => words.contains(&value),
    };
    if !fits {
        bail!("{name} is {:?} but must be {}", foreign::bounded(value, 40), range(argument));
    }
    printable(name, value)
}

/// A range in words: `an integer from 1 to 10000 (ms)`.
pub fn range(argument: &Argument) -> String {
    match &argument.range {
        Range::Integer { low, high } => format!("an integer from {low} to {high} ({})", argument.unit),
        Range::Bytes { low, high } => format!("{low} to {high} bytes"),
        Range::Words(words) => format!("one of {}", words.join(", ")),
    }
}

/// What stands in a call as it is, in any language.
fn printable(what: &str, value: &str) -> Result<()> {
    if value.len() > LONGEST || !value.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        bail!(
            "{what} cannot be shown in a call: it may have {LONGEST} printable ASCII characters; pass others at run time"
        );
    }
    Ok(())
}
