//! The verbs: what each accepts, what it does, what it answers. Both doors are made from these.

mod audit_memory;
mod design_cache;
mod generate_lua;
mod inspect_server;
mod nodes;
mod plan_topology;
mod recommend_structure;
mod simulate;
mod verdict;
mod watch;

use std::future::Future;

use anyhow::Result;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::print::Document;
use crate::probe::{Ask, Target};
use crate::rules::Severity;

pub use audit_memory::AuditMemory;
pub use design_cache::DesignCache;
pub use generate_lua::GenerateLua;
pub use inspect_server::InspectServer;
pub use plan_topology::PlanTopology;
pub use recommend_structure::RecommendStructure;
pub use simulate::Simulate;
pub use watch::{Progress, Watch};

/// A verb of the product.
pub trait Tool {
    /// What an agent calls.
    const NAME: &'static str;
    /// What a person types.
    const VERB: &'static str;
    const TITLE: &'static str;
    /// When to use it and what it answers.
    const ABOUT: &'static str;
    /// The field comments are the schema's descriptions and the `--help` text.
    type Input: DeserializeOwned + JsonSchema + clap::Args + Send;
    type Report: Report;

    /// Whether it can be asked for what there is so far.
    const STOPS: bool = false;

    /// The questions it may put to a server: what its user must be allowed, and no more.
    fn asks() -> Vec<Ask>;

    fn run(target: &Target, input: Self::Input, watch: &Watch) -> impl Future<Output = Result<Self::Report>> + Send;
}

/// What a person types for each tool that looks at a server, and the questions it may put to it.
pub fn asks_by_verb() -> Vec<(&'static str, Vec<Ask>)> {
    vec![
        (InspectServer::VERB, InspectServer::asks()),
        (AuditMemory::VERB, AuditMemory::asks()),
        (GenerateLua::VERB, GenerateLua::asks()),
        (DesignCache::VERB, DesignCache::asks()),
        (RecommendStructure::VERB, RecommendStructure::asks()),
        (PlanTopology::VERB, PlanTopology::asks()),
        (Simulate::VERB, Simulate::asks()),
    ]
}

/// What a tool answers: data for programs, a document for readers, and how bad it is.
pub trait Report: Serialize + Send {
    fn document(&self) -> Document;
    /// The worst finding, if any.
    fn worst(&self) -> Option<Severity>;
    /// Whether there was an answer, but nothing in it to judge by.
    fn saw_nothing(&self) -> bool;
}
