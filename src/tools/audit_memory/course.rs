//! The course of an audit: look, choose, read, count, search for what the sample does not explain, settle.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::books;
use super::plan;
use super::reach::Reach;
use super::report::{Audit, Course, Lookups};
use super::{Input, Watch};
use crate::census::{Census, Giants, Reading, Rules};
use crate::facts::{Batch, Bytes, Count, Deployment, HotKeys, Kind, Known, Server};
use crate::families::glob;
use crate::probe::{
    CLOSE_LOOK, Event, Extent, NameFilter, Scan, ScanWishes, Source, Stop, Target, Wishes, hot_keys, look_at, survey,
};
use crate::tools::Progress;
use crate::tools::nodes::{self, Wanted};

/// For each look over the servers, before and after.
const LOOK: Duration = Duration::from_secs(15);
/// A progress line is told so often at most.
const NEWS: Duration = Duration::from_millis(200);
/// A giant that is searched for is at least this share of what is unexplained, or of what may hide in a wide interval.
const GIANT: f64 = 0.02;
/// However little time is left, a search gets this much: it is short where it matters.
const LAST_SEARCH: Duration = Duration::from_secs(5);

pub async fn run(target: &Target, input: &Input, watch: &Watch) -> Result<Audit> {
    let start = Instant::now();
    let look = Wishes { interval: Duration::ZERO, pings: 0, deadline: LOOK };
    let mut deployment = survey(target, &look, input.alone).await?;
    let marks = plan::marks(&input.resume)?;
    let wanted = Wanted {
        primary: input.primary,
        databases: &input.databases,
        runs: marks.iter().map(|mark| mark.run.as_str()).collect(),
    };
    let choice = nodes::choose(target, &deployment, &wanted)?;
    let patience = look.patience();
    nodes::ask_quanta(&mut deployment, &choice.sources, patience).await;
    nodes::ask_indexes(&mut deployment, &choice.sources, patience).await;
    let plan = plan::plan(input, &marks, &choice.sources, &deployment);
    let mut census = Census::new(Rules {
        layouts: nodes::layouts(&deployment),
        close_one_in: plan.close_one_in,
        close_from: CLOSE_LOOK,
        by_slot: choice.sources.iter().any(|source| source.clustered),
        only: input.only.key_type(),
    });
    let mut course =
        Course::new(if input.seed == 0 { fastrand::u64(1..1_000_000) } else { input.seed }, input.pace, input.top);
    course.url_database = target.database.filter(|database| *database > 0 && input.databases.is_empty());
    course.hot = counted_hot(&deployment, &choice.sources, patience).await;
    let wishes = ScanWishes {
        extent: plan.extent,
        pace: input.pace,
        time: plan.reading_time(),
        resume: plan.resume.clone(),
        seed: course.seed,
        filter: filter(&input.names),
        values: input.sample_values,
        close_one_in: plan.close_one_in,
        hunt: None,
        patience,
    };
    let expected = if let Extent::Sample(keys) = plan.extent { keys as f64 } else { nodes::keys_of(&choice.sources) };
    let mut reader = Crier { watch, course: &mut course, expected, before: None, told: Instant::now(), counted: 0.0 };
    reader
        .read(Scan::start(choice.sources.clone(), wishes.clone()), |batch| {
            census.take(batch);
            census.so_far()
        })
        .await;
    if census.read() == 0 && course.lost.len() == choice.sources.len() {
        bail!(course.lost.into_iter().next().map_or_else(|| "nothing was read".to_owned(), |(_, trouble)| trouble));
    }
    // Who was lost is not asked again: each would be waited for in vain.
    let there: Vec<Source> =
        choice.sources.iter().filter(|source| !course.lost.contains_key(&source.node)).cloned().collect();
    let mut after: BTreeMap<usize, Server> =
        nodes::of_each(&there, move |endpoint| async move { look_at(&endpoint, &look).await })
            .await
            .into_iter()
            .filter_map(|(node, server)| Some((node, server.ok()?)))
            .collect();
    for (node, server) in &mut after {
        if let Some(Ok(before)) = deployment.nodes.get(*node).map(|node| &node.server) {
            server.quantum = before.quantum.clone();
        }
    }
    course.others = Lookups::of_others(after.values(), course.hits);
    let reach = Reach {
        choice: &choice,
        course: &course,
        extent: plan.extent,
        resumed: !input.resume.is_empty(),
        sampled: census.sampled(),
    };
    let (reading, population, holes) = (reach.reading(), reach.population(), reach.holes(&deployment));
    // Books only balance when all keys of all databases of all shards were meant, their sizes are known, and those that were
    // read may stand for all.
    let whole = input.names.is_empty()
        && input.only.key_type().is_none()
        && input.databases.is_empty()
        && holes.is_empty()
        && !course.lacks_sizes()
        && reading != Reading::Part;
    let (keys, interval) = census.outlook(population, reading);
    let first = books::balance(&deployment, &choice, &after, keys, whole);
    let gap = first.unexplained(interval).filter(|gap| *gap > 0.0);
    let by_gap = gap.or(first.hides(interval)).map(|bytes| ((bytes * GIANT) as u64).max(CLOSE_LOOK));
    let giants = first.giants.filter(|_| whole).unwrap_or_default();
    let by_count = (giants.beyond(census.giants_read()) > 0).then_some(Giants::CLAIM);
    // Where every key was read, none can be found by a search.
    let unread = reading == Reading::Sample && matches!(course.stop, None | Some(Stop::Time));
    let mut searched_from = None;
    if let Some(threshold) = by_gap.into_iter().chain(by_count).min().filter(|_| unread) {
        let left = plan.time.map(|time| time.saturating_sub(start.elapsed()).max(LAST_SEARCH));
        let hunt = ScanWishes { extent: Extent::Whole, hunt: Some(threshold), time: left, ..wishes };
        let mut reader = Crier {
            watch,
            course: &mut course,
            expected: population,
            before: Some(census.so_far().0 as f64),
            told: Instant::now(),
            counted: 0.0,
        };
        let mut seen = 0;
        let found = &mut census;
        let through = reader
            .read(Scan::start(there, hunt), |batch| {
                found.hunted(batch);
                seen += batch.seen;
                (seen, keys)
            })
            .await;
        course.searched = Some((Bytes(threshold), seen as f64 / population.max(1.0)));
        searched_from = through.then_some(Bytes(threshold));
    }
    let mut account = census.settle(population, reading);
    account.searched_from = searched_from;
    let ledger = books::balance(&deployment, &choice, &after, account.all.tally.bytes(), whole);
    account.allow_for(&ledger);
    course.seconds = start.elapsed().as_secs_f64();
    Ok(Audit::of(target, deployment, choice, course, holes, account, ledger))
}

/// What the nodes that can tell have counted of hot keys.
async fn counted_hot(
    deployment: &Deployment,
    sources: &[Source],
    patience: Duration,
) -> BTreeMap<usize, Known<Option<HotKeys>>> {
    let can_tell = |source: &&Source| {
        let node = deployment.nodes.get(source.node).and_then(|node| node.server.as_ref().ok());
        node.and_then(Server::engine)
            .is_some_and(|engine| engine.kind == Kind::Redis && engine.at_least((8, 6), (8, 6)))
    };
    let those: Vec<Source> = sources.iter().filter(can_tell).cloned().collect();
    let hot = nodes::of_each(&those, move |endpoint| async move { hot_keys(&endpoint, patience).await });
    hot.await.into_iter().collect()
}

/// Tells how far a reading is, and keeps what it says besides keys.
struct Crier<'a> {
    watch: &'a Watch,
    course: &'a mut Course,
    expected: f64,
    /// Keys that were read before this, where it is a search among them.
    before: Option<f64>,
    told: Instant,
    counted: f64,
}

impl Crier<'_> {
    /// Whether it came to the end of everything.
    async fn read(&mut self, mut scan: Scan, mut take: impl FnMut(&Batch) -> (u64, f64)) -> bool {
        let (start, mut whole) = (Instant::now(), true);
        loop {
            let event = tokio::select! {
                event = scan.next() => event,
                () = self.watch.stopped(), if scan.stopped().is_none() => {
                    scan.stop();
                    continue;
                }
            };
            match event {
                None => break,
                Some(Event::Keys(batch)) => {
                    if self.before.is_none() {
                        let portion = self.course.read.entry(batch.place).or_default();
                        portion.seen += batch.seen;
                        portion.draws += u64::from(batch.draw.is_some());
                    }
                    let (seen, bytes) = take(&batch);
                    self.counted = seen as f64;
                    if self.told.elapsed() >= NEWS {
                        self.told = Instant::now();
                        self.tell(bytes, start.elapsed(), scan.paused());
                    }
                }
                Some(Event::Frame(place, keys)) => {
                    self.course.frames.insert(place, keys as f64);
                }
                // A search starts anew: only a reading can be gone on with.
                Some(Event::Left(place, Some(cursor))) if self.before.is_none() => {
                    self.course.left.insert(place, cursor);
                }
                Some(Event::Left(..)) => {}
                Some(Event::Unasked(node, questions)) => {
                    let known = self.course.unasked.entry(node).or_default();
                    questions.into_iter().for_each(|question| {
                        if !known.contains(&question) {
                            known.push(question);
                        }
                    });
                }
                Some(Event::Refused(node, refusals)) => {
                    let known = self.course.refused.entry(node).or_default();
                    refusals.into_iter().for_each(|(code, times)| *known.entry(code).or_default() += times);
                }
                Some(Event::Lost(node, trouble)) => {
                    whole = false;
                    // Each of its databases may tell of it. What a search loses was read before.
                    if self.before.is_none() {
                        self.course.lost.entry(node).or_insert(trouble.to_string());
                    }
                }
                Some(Event::Watched(node, vigil)) => {
                    self.course.vigils.insert(node, vigil);
                }
            }
        }
        whole &= scan.stopped().is_none();
        // A search that runs out of time has said how far it came; the reading before it was whole.
        let stopped = scan.stopped().filter(|stop| !(self.before.is_some() && *stop == Stop::Time));
        self.course.stop = self.course.stop.take().or(stopped);
        self.course.cost = self.course.cost + scan.cost();
        self.course.hits += scan.hits();
        self.course.reading += start.elapsed();
        whole
    }

    fn tell(&self, bytes: f64, passed: Duration, paused: Option<String>) {
        let rate = self.counted / passed.as_secs_f64().max(0.001);
        let waiting = paused.map(|reason| format!(", waiting: {reason}")).unwrap_or_default();
        self.watch.tell(Progress {
            // A search goes on from where the reading was: what is told only grows.
            done: self.before.unwrap_or(0.0) + self.counted,
            total: Some(self.before.unwrap_or(0.0) + self.expected.max(self.counted)),
            says: format!("{} keys/s, {} counted{waiting}", Count(rate as u64), Bytes(bytes as u64)),
        });
    }
}

fn filter(names: &str) -> Option<NameFilter> {
    let pattern = names.as_bytes().to_vec();
    (!pattern.is_empty()).then(|| NameFilter::new(move |name| glob::matches(&pattern, name)))
}
