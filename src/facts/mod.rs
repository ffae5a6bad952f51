//! What we saw: values without I/O and without opinions.

mod clients;
mod commands;
mod deployment;
mod element;
mod engine;
mod fields;
pub mod foreign;
mod hosting;
mod keys;
mod latency;
mod server;
mod slot;
mod units;
mod witness;

pub use clients::Clients;
pub use commands::{CommandUse, Database, ErrorCount, Replica, SizeBucket};
pub use deployment::{
    ClusterNode, Deployment, DeploymentWitness, Kind as DeploymentKind, Node, Role, SLOTS, Sentinel, View,
};
pub use element::{Element, Pair};
pub use engine::{Engine, Kind, Version};
pub use fields::{Fields, part, word};
pub use foreign::Foreign;
pub use hosting::{Hosting, Provider};
pub use keys::{Batch, Encoding, Expiry, Groups, KeyFacts, KeyType, Place};
pub use latency::{CommandHistogram, LatencyEvent, RoundTrip, SlowCommand};
pub use server::{AclUser, Cost, Earlier, HotKeys, Known, Missing, SearchIndex, Server, SlotUse};
pub use slot::{hash_tag, slot_of};
pub use units::{Bytes, Count, Micros, PerSecond, Seconds, Share};
pub use witness::{Evidence, Growth, Record, Witness};
