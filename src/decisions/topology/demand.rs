//! What a topology has to bear, in numbers and in the few words that decide.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::facts::{Bytes, DeploymentKind, Engine, Provider};

/// What the data is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Purpose {
    #[default]
    Cache,
    Session,
    Queue,
    Lock,
    /// The only copy.
    Store,
}

/// How long it may be down.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Outage {
    Hours,
    Minutes,
    #[default]
    Seconds,
}

/// What may be lost of the writes that were acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Loss {
    /// All of it: it is made again from elsewhere.
    Everything,
    #[default]
    Second,
    Nothing,
}

/// The deployment that is there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Present {
    pub kind: DeploymentKind,
    pub primaries: usize,
    pub replicas: usize,
    /// When it was looked at, by its own clock, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
    /// `used_memory` of all primaries.
    pub used: Bytes,
    /// The load of the busiest primary over that of the mean one; none when it is even.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skew: Option<String>,
    /// The slot that takes the most, and how much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hottest_slot: Option<HotSlot>,
    /// How the growth follows from an earlier look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<String>,
    /// What could not be seen, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
}

/// A slot, and its part of the CPU that all commands took.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HotSlot {
    pub slot: u64,
    pub share: f64,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    pub host: String,
    pub port: u16,
}

/// The whole wish.
#[derive(Debug, Clone, Serialize)]
pub struct Demand {
    pub purpose: Purpose,
    pub data: Bytes,
    /// In a year, as a part of the data: 0.5 is half as much again.
    pub growth: f64,
    pub reads: f64,
    pub writes: f64,
    /// Calls of Lua scripts per second.
    pub scripts: f64,
    pub pipelined: bool,
    pub value: Bytes,
    pub outage: Outage,
    pub loss: Loss,
    pub stale_reads: bool,
    pub multi_key: bool,
    /// The part of the load that the busiest hash tag takes; 0 where nobody knows.
    pub largest_tag: f64,
    pub zones: usize,
    /// Servers that may be had.
    pub nodes: Option<usize>,
    pub ram: Bytes,
    /// GET and SET per second that one server was measured to do.
    pub measured: Option<f64>,
    /// Bits per second of a server's network.
    pub network: f64,
    pub policy: Option<&'static str>,
    pub managed: Option<Provider>,
    pub engine: Engine,
    pub present: Option<Present>,
    /// Where the servers are to listen, in order; names stand where none is given.
    pub places: Vec<Place>,
    pub sentinel_places: Vec<Place>,
    /// Each server gets a folder in it.
    pub directory: String,
}
