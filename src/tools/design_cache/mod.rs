//! A cache designed from its workload: what to do, why, with which numbers, and what would change it.

mod code;
mod concentration;
mod document;
mod hosting;
mod input;
mod keys;
pub(super) mod live;
mod reading;
mod said;
mod sizes;
mod subject;
mod template;
mod wish;

use anyhow::{Result, bail};
use serde::Serialize;

use super::{Report, Tool, Watch};
use crate::decisions::cache::{Answer, Conflict, Design, Workload, design};
use crate::decisions::refusals::refused;
use crate::facts::{Engine, Provider};
use crate::footprint::Allocator;
use crate::print::Document;
use crate::probe::{Ask, Target, every_ask};
use crate::rules::Severity;

use hosting::Managed;
use input::Input;
use live::Live;
use reading::{Measured, Taken};

/// Designs a cache.
#[derive(Debug)]
pub struct DesignCache;

/// A design, and what it rests on.
#[derive(Debug, Serialize)]
pub struct CacheDesign {
    workload: Workload,
    engine: String,
    taken: Vec<Taken>,
    #[serde(skip_serializing_if = "Option::is_none")]
    measured: Option<Live>,
    #[serde(flatten)]
    design: Design,
    #[serde(skip_serializing_if = "Option::is_none")]
    wish: Option<Answer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    managed: Option<Managed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<code::Code>,
}

impl Tool for DesignCache {
    const NAME: &'static str = "design_cache";
    const VERB: &'static str = "cache";
    const TITLE: &'static str = "Design a cache with numbers";
    const ABOUT: &'static str = "Designs a cache from a workload in words or numbers: strategy (cache-aside, read-through, \
        write-through, write-behind, refresh-ahead, client-side, none), key pattern and encoding, TTL and jitter from what \
        the origin bears, stampede guard, consistency guard, bytes per entry, predicted hit ratio by memory, maxmemory and \
        policy, configuration lines, client code; each with its reason and what would change it. Names conflicts and \
        refuses what would lose data. With probe it measures rates, sizes, TTLs and popularity on the target, read-only. \
        Use it for \"design a cache\", TTLs, hit ratio, eviction, stampede, how much memory.";
    type Input = Input;
    type Report = CacheDesign;

    fn asks() -> Vec<Ask> {
        every_ask()
    }

    async fn run(target: &Target, input: Input, _watch: &Watch) -> Result<CacheDesign> {
        if input.workload.trim().is_empty() && input.items == 0 && input.reads_per_second <= 0.0 && !input.probe {
            bail!(
                "say what is cached: \"cache 2 million user profiles of 2 KB, 5000 reads/s, may be 60 s old\", or give items, \
                 value_bytes and reads_per_second, or probe to measure a server that caches already"
            );
        }
        let wish = wish::named(&input.strategy)?.or_else(|| wish::in_words(&input.workload));
        let named = engine(&input.engine)?;
        let provider = Provider::said(&input.hosting).map_err(anyhow::Error::msg)?;
        let live = if input.probe { Some(live::look(target, input.look()).await?) } else { None };
        let mut measured = live.as_ref().map_or_else(Measured::default, |live| live.measured.clone());
        measured.hosting = provider.or(measured.hosting);
        let engine = named.or(measured.engine.clone()).unwrap_or_else(usual);
        let reading = reading::read(&input, &measured, engine.clone())?;
        let allocator =
            measured.allocator.as_ref().map_or_else(|| Allocator::usual(&engine), |(allocator, _)| *allocator);
        let Some(mut design) = design(&reading.workload, wish, refused(&input.workload), allocator) else {
            bail!("a table without an answer: this is a fault of ours, please report it")
        };
        design.conflicts.iter_mut().for_each(|conflict| reading::doubted(conflict, &reading.taken));
        let details = design.cache.as_ref();
        let code = details.and_then(|details| code::of(&input.client, &reading.workload, &design.kept, details));
        let managed =
            measured.hosting.zip(details).and_then(|(provider, details)| Managed::of(provider, &details.lines));
        Ok(CacheDesign {
            workload: reading.workload,
            engine: engine.to_string(),
            taken: reading.taken,
            measured: live,
            design,
            wish,
            managed,
            code,
        })
    }
}

/// For who names none: old enough that what is printed for it holds on later ones too.
fn usual() -> Engine {
    Engine { kind: crate::facts::Kind::Redis, version: crate::facts::Version(7, 2, 0) }
}

fn engine(text: &str) -> Result<Option<Engine>> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(anyhow::Error::msg),
    }
}

impl Report for CacheDesign {
    fn document(&self) -> Document {
        document::of(self)
    }

    fn worst(&self) -> Option<Severity> {
        let conflict =
            |conflict: &Conflict| if conflict.assumed.is_empty() { Severity::Warning } else { Severity::Notice };
        let refused = self.design.refusals.first().map(|_| Severity::Critical);
        refused.or(self.design.conflicts.iter().map(conflict).min())
    }

    /// A design answers even where nothing was measured.
    fn saw_nothing(&self) -> bool {
        false
    }
}
