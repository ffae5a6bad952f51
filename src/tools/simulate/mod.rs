//! What a described workload, or a trace, will make of a cache; and what a throwaway server makes of it.

mod input;
mod report;
mod rerun;
mod traced;
mod workload;

use anyhow::Result;

use super::{Tool, Watch};
use crate::probe::{Ask, Target};
use input::Input;
pub use report::Simulation;

/// Predicts a cache, and tries the prediction.
#[derive(Debug)]
pub struct Simulate;

impl Tool for Simulate {
    const NAME: &'static str = "simulate";
    const VERB: &'static str = "simulate";
    const TITLE: &'static str = "Predict the hit ratio of a cache, and try the prediction";
    const ABOUT: &'static str = "Predicts hit ratio, eviction age and origin load of a cache from its workload for LRU, LFU and \
        random eviction as Redis and Valkey do them, with the curve over maxmemory and its knee. With run it plays the \
        workload on a throwaway server and prints measured beside predicted. With a trace file it computes the \
        miss-ratio curve of real requests. Use it before choosing maxmemory, policy or TTL. Nothing is sent to a target.";
    type Input = Input;
    type Report = Simulation;

    fn asks() -> Vec<Ask> {
        Vec::new()
    }

    async fn run(_target: &Target, input: Input, watch: &Watch) -> Result<Simulation> {
        input.check()?;
        if let Some(path) = input.trace()? {
            anyhow::ensure!(!input.run, "a trace is not played on a server; leave run out, or describe the workload");
            return Ok(Simulation::Trace(traced::read(&path, &input, watch).await?));
        }
        let mut predicted = workload::predict(&input)?;
        if input.run {
            predicted.rerun = Some(rerun::run(&input, &predicted).await);
        }
        Ok(Simulation::Workload(Box::new(predicted)))
    }
}
