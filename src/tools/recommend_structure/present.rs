//! The keys of the target that the user means: a bounded sample of them, and what follows for them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::input::Input;
use super::sampled::{Present, Sample};
use crate::census::{self, Census, Reading, Rules};
use crate::facts::{Count, Database, Deployment, KeyFacts, Server};
use crate::families::glob;
use crate::probe::{CLOSE_LOOK, Event, Extent, NameFilter, Pace, Scan, ScanWishes, Source, Stop, Target};
use crate::tools::nodes::{self, Wanted};

/// Keys that are looked at, when nothing is said; and the most.
pub const USUAL: u64 = 2_000;
pub const MOST: u64 = 100_000;
/// Names that are drawn for each key that is wanted, where few match.
const NAMES: u64 = 50;
const MOST_NAMES: u64 = 400_000;
/// For all of it.
const TIME: Duration = Duration::from_secs(20);
/// For each answer of a node.
const PATIENCE: Duration = Duration::from_secs(15);
const LONGEST_PATTERN: usize = 512;
/// What must be so before anything is looked at.
pub fn check(input: &Input) -> Result<()> {
    let (pattern, sample) = (&input.key_pattern, input.sample.unwrap_or(USUAL));
    if pattern.is_empty() && input.sample.is_some() {
        bail!("sample is how many keys are looked at: say which by key_pattern, such as user:*:name");
    }
    if !pattern.is_empty() && !input.probe {
        bail!("key_pattern looks at the keys of the target: add probe, or leave it out");
    }
    if pattern.len() > LONGEST_PATTERN {
        bail!("key_pattern has {} bytes and may have {LONGEST_PATTERN}", pattern.len());
    }
    if !(1..=MOST).contains(&sample) {
        bail!("sample is {sample} but must be from 1 to {}: `audit_memory` reads more", Count(MOST));
    }
    Ok(())
}

/// Draws names, and looks at those keys that match.
pub async fn look(target: &Target, deployment: &Deployment, input: &Input) -> Result<Present> {
    let (pattern, sample) = (&input.key_pattern, input.sample.unwrap_or(USUAL));
    let choice = nodes::choose(target, deployment, &Wanted::default())?;
    let mut course = Course::new(deployment, &choice.sources, pattern, sample);
    course.unseen.extend(choice.unread.iter().map(|unread| format!("keys of {}: {}", unread.address, unread.why)));
    let all = nodes::keys_of(&choice.sources) as u64;
    if all <= sample {
        course.read(&choice.sources, Extent::Whole).await;
    } else {
        course.read(&choice.sources, Extent::Sample(sample)).await;
        // The first draw tells how many names a match takes.
        let (matched, drawn) = (course.keys.len() as u64, course.names.max(1));
        let most = sample.saturating_mul(NAMES).min(MOST_NAMES);
        let wanted =
            (sample.saturating_sub(matched) * drawn).checked_div(matched).map_or(most, |names| names.min(most));
        if wanted > 0 && course.stop.is_none() {
            course.read(&choice.sources, Extent::Sample(wanted)).await;
        }
    }
    if course.names == 0 && !course.unseen.is_empty() {
        bail!("no key of {target} could be read: {}", course.unseen.join("; "));
    }
    Ok(course.settle(deployment, &choice.sources, all as f64))
}

/// A reading under way.
struct Course {
    pattern: String,
    sample: u64,
    started: Instant,
    census: Census,
    keys: Vec<KeyFacts>,
    names: u64,
    whole: bool,
    stop: Option<Stop>,
    unseen: Vec<String>,
}

impl Course {
    fn new(deployment: &Deployment, sources: &[Source], pattern: &str, sample: u64) -> Self {
        let rules = Rules {
            layouts: nodes::layouts(deployment),
            close_one_in: 1,
            close_from: CLOSE_LOOK,
            by_slot: sources.iter().any(|source| source.clustered),
            only: None,
        };
        Self {
            pattern: pattern.to_owned(),
            sample,
            started: Instant::now(),
            census: Census::new(rules),
            keys: Vec::new(),
            names: 0,
            whole: false,
            stop: None,
            unseen: Vec::new(),
        }
    }

    async fn read(&mut self, sources: &[Source], extent: Extent) {
        let pattern = self.pattern.clone().into_bytes();
        let wishes = ScanWishes {
            extent,
            pace: Pace::Polite,
            time: Some(TIME.saturating_sub(self.started.elapsed())),
            resume: BTreeMap::new(),
            seed: fastrand::u64(..),
            filter: Some(NameFilter::new(move |name| glob::matches(&pattern, name))),
            values: false,
            close_one_in: 1,
            hunt: None,
            patience: PATIENCE,
        };
        let mut scan = Scan::start(sources.to_vec(), wishes);
        let mut lost = false;
        while let Some(event) = scan.next().await {
            match event {
                Event::Keys(batch) => {
                    self.census.take(&batch);
                    self.names += batch.seen;
                    self.keys.extend(batch.keys);
                    // A sample ends early and is fair still.
                    if extent != Extent::Whole && self.keys.len() as u64 >= self.sample && scan.stopped().is_none() {
                        scan.stop();
                    }
                }
                Event::Lost(_, trouble) => {
                    lost = true;
                    self.tell(format!("keys: {trouble}"));
                }
                Event::Unasked(_, questions) if !questions.is_empty() => {
                    self.tell(format!(
                        "not asked for {}: not granted, or it would reset the clock of keys (before Redis 7.2)",
                        questions.join(", ")
                    ));
                }
                _ => {}
            }
        }
        self.stop = scan.stopped().filter(|stop| *stop != Stop::Asked);
        if self.stop == Some(Stop::Time) {
            self.tell(format!("the rest of the sample: {} s were over", TIME.as_secs()));
        }
        self.whole = extent == Extent::Whole && self.stop.is_none() && !lost;
    }

    fn tell(&mut self, why: String) {
        if !self.unseen.contains(&why) {
            self.unseen.push(why);
        }
    }

    fn settle(self, deployment: &Deployment, sources: &[Source], all: f64) -> Present {
        let account = self.census.settle(all, if self.whole { Reading::Whole } else { Reading::Sample });
        let server = sources.first().and_then(|source| server_of(deployment, source.node));
        let layout = server.and_then(|server| {
            Some(census::Present { layout: census::layout(server)?, limits: census::limits(server) })
        });
        let sample = Sample {
            pattern: &self.pattern,
            keys: &self.keys,
            names: self.names,
            whole: self.whole,
            all,
            expiring: expiring(deployment, sources),
            layout,
        };
        sample.tell(&account, self.unseen)
    }
}

fn server_of(deployment: &Deployment, node: usize) -> Option<&Server> {
    deployment.nodes.get(node).and_then(|node| node.server.as_ref().ok())
}

/// Keys with an end, of all the nodes that are read.
fn expiring(deployment: &Deployment, sources: &[Source]) -> f64 {
    let infos = sources.iter().filter_map(|source| server_of(deployment, source.node)?.info.as_ref().ok());
    infos.flat_map(Database::all).map(|database| database.expires as f64).sum()
}
