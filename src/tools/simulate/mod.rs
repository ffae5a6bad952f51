//! What a described workload, or a trace, will make of a cache; and what a throwaway server makes of it.

mod input;
mod measured;
mod replayed;
mod report;
mod rerun;
mod scratch;
mod trace_report;
mod traced;
mod workload;

use anyhow::Result;

use super::{Tool, Watch};
use crate::forecast::Popularity;
use crate::probe::{Ask, Target, every_ask};
use input::Input;
pub use report::Simulation;

/// Predicts a cache, and tries the prediction.
#[derive(Debug)]
pub struct Simulate;

impl Tool for Simulate {
    const NAME: &'static str = "simulate";
    const VERB: &'static str = "simulate";
    const TITLE: &'static str = "Predict the hit ratio of a cache, and try it";
    const ABOUT: &'static str = "Predicts hit ratio, eviction age and origin load of a cache for LRU, LFU and random eviction, \
        with the curve over maxmemory and its knee: of a described workload, or with probe of the popularity that the \
        target's keys tell. With run it plays it on a throwaway server, never on a target, and prints measured beside \
        predicted. With a trace: its miss-ratio curve.";
    type Input = Input;
    type Report = Simulation;

    fn asks() -> Vec<Ask> {
        every_ask()
    }

    async fn run(target: &Target, mut input: Input, watch: &Watch) -> Result<Simulation> {
        input.check()?;
        if let Some(path) = input.trace()? {
            return Ok(Simulation::Trace(Box::new(traced::read(&path, &input, watch).await?)));
        }
        let seen = if input.probe { Some(measured::see(target, &mut input).await?) } else { None };
        let described = || Popularity::zipf(input.items(), input.skew());
        let popularity = seen.as_ref().map_or_else(described, |seen| seen.asked.popularity.clone());
        let mut predicted = workload::predict(&input, &popularity, seen.as_ref())?;
        if input.run {
            predicted.rerun = Some(rerun::run(&input, &popularity, &predicted).await);
        }
        Ok(Simulation::Workload(Box::new(predicted)))
    }
}
