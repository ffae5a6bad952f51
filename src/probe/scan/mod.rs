//! A stream of keys from every node that has some: all of them or a random sample, at the servers' own speed.

mod control;
mod lane;
mod pace;
mod page;
mod questions;
mod reader;
mod sample;
mod vigil;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::link::Link;
use super::trouble::Obstacle;
use super::{Ask, Endpoint, Trouble};
use crate::facts::{Batch, Cost, Known, Missing, Place};
use control::{Brake, Control};
use lane::Lane;
use questions::Questions;
use reader::{Attention, Reader, Sent};
use sample::Frame;
use vigil::Watcher;

pub use control::Stop;
pub use lane::NameFilter;
pub use pace::Pace;
pub use reader::CLOSE_LOOK;
pub use vigil::Vigil;

/// Events that wait for whoever counts.
const WAITING: usize = 16;
/// A sample is taken in so many rounds, so that it can end early and still be fair to every node.
const ROUNDS: u32 = 50;

/// A node to read keys from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its place in the list of nodes.
    pub node: usize,
    pub endpoint: Endpoint,
    /// Logical databases with the keys that INFO counts in each.
    pub databases: Vec<(u32, u64)>,
    /// Whether the policy is LFU: the server then keeps a counter in place of a clock.
    pub lfu: bool,
    /// Whether it has modules, with types of their own.
    pub modules: bool,
    /// Whether it is a node of a Cluster.
    pub clustered: bool,
    /// Whether it keeps the keys of each slot in a table of their own.
    pub by_slot: bool,
}

/// How much to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Whole,
    /// About so many keys, drawn at random.
    Sample(u64),
}

/// What to read, and how.
#[derive(Debug, Clone)]
pub struct ScanWishes {
    pub extent: Extent,
    pub pace: Pace,
    pub time: Option<Duration>,
    /// Where a scan that was stopped goes on.
    pub resume: BTreeMap<Place, u64>,
    pub seed: u64,
    pub filter: Option<NameFilter>,
    /// Whether to read the first bytes of some strings.
    pub values: bool,
    /// One key in so many is looked at closely: its age, its length, its value.
    pub close_one_in: u64,
    /// Only search for keys that claim so many bytes.
    pub hunt: Option<u64>,
    /// For a connection, and for each answer.
    pub patience: Duration,
}

/// What a scan tells as it goes.
#[derive(Debug)]
pub enum Event {
    Keys(Batch),
    /// The keys of a place, as the sample weighs them.
    Frame(Place, u64),
    /// A database was read to its end, or up to this cursor.
    Left(Place, Option<u64>),
    /// Questions that were not asked of this node, or not again when they were denied.
    Unasked(usize, Vec<&'static str>),
    /// Questions about keys of this node that were answered by an error, by its code.
    Refused(usize, BTreeMap<String, u64>),
    Lost(usize, Trouble),
    Watched(usize, Vigil),
}

/// The step between the smallest size classes of the server's allocator: packages build jemalloc with 8 or with 16 bytes
/// (`--with-lg-quantum`), and a small key costs a size class.
pub async fn quantum(endpoint: &Endpoint, patience: Duration) -> Known<u64> {
    let missing = |why: String| Missing::new("MEMORY MALLOC-STATS", why);
    let mut link = Link::open(endpoint, patience).await.map_err(|trouble| missing(trouble.to_string()))?;
    let answer =
        link.ask_within(&[Ask::MallocStats], patience).await.map_err(|trouble| missing(trouble.to_string()))?.pop();
    let text = answer.and_then(Result::ok).and_then(|value| super::reply::text(&value)).unwrap_or_default();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("Quantum size:"));
    line.and_then(|size| size.trim().parse().ok()).ok_or_else(|| missing("the allocator does not tell".into()))
}

/// A scan under way. Dropping it ends it.
#[derive(Debug)]
pub struct Scan {
    events: mpsc::Receiver<Event>,
    control: Arc<Control>,
    brakes: Vec<Arc<Brake>>,
    sent: Arc<Sent>,
    _work: JoinSet<()>,
}

impl Scan {
    pub fn start(sources: Vec<Source>, wishes: ScanWishes) -> Self {
        let (out, events) = mpsc::channel(WAITING);
        let control = Arc::new(Control::new(wishes.time));
        let sent = Arc::new(Sent::default());
        let mut work = JoinSet::new();
        let crew = Crew { wishes, sent: Arc::clone(&sent), out };
        let brakes: Vec<Arc<Brake>> = sources.iter().map(|_| Arc::new(Brake::new(Arc::clone(&control)))).collect();
        let sources = sources.into_iter().zip(brakes.iter().cloned()).collect();
        work.spawn(async move { crew.run(sources).await });
        Self { events, control, brakes, sent, _work: work }
    }

    /// `None` when everything is told.
    pub async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    /// Asks it to come to an end: what is under way is still told.
    pub fn stop(&self) {
        self.control.end(Stop::Asked);
    }

    pub fn stopped(&self) -> Option<Stop> {
        self.control.stopped()
    }

    /// Why one of the nodes is waited for.
    pub fn paused(&self) -> Option<String> {
        self.brakes.iter().find_map(|brake| brake.paused())
    }

    pub fn cost(&self) -> Cost {
        let read = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        Cost { commands: read(&self.sent.commands), round_trips: read(&self.sent.round_trips) }
    }

    /// Questions of ours that the servers counted in `keyspace_hits`.
    pub fn hits(&self) -> u64 {
        self.sent.hits.load(Ordering::Relaxed)
    }
}

/// What all lanes of a scan share.
#[derive(Clone)]
struct Crew {
    wishes: ScanWishes,
    sent: Arc<Sent>,
    out: mpsc::Sender<Event>,
}

/// A node that answers, how far away it is, and what holds back its reading.
#[derive(Clone)]
struct Reached {
    source: Source,
    round_trip: Duration,
    brake: Arc<Brake>,
}

impl Crew {
    async fn run(self, sources: Vec<(Source, Arc<Brake>)>) {
        let mut watchers = JoinSet::new();
        let mut over = Vec::new();
        let mut nodes = Vec::new();
        for (source, brake, opened) in self.watchers(sources).await {
            match opened {
                Ok(watcher) => {
                    // Who is in trouble already is left alone from the start.
                    brake.pause(watcher.bad_state());
                    nodes.push(Reached {
                        source: source.clone(),
                        round_trip: watcher.round_trip(),
                        brake: Arc::clone(&brake),
                    });
                    let (end, ended) = oneshot::channel();
                    over.push(end);
                    watchers.spawn(async move {
                        let (vigil, trouble) = watcher.watch(Arc::clone(&brake), ended).await;
                        // A scan that was ended did not wait long enough to tell a server that hangs from one that is slow.
                        (source.node, vigil, trouble.filter(|_| brake.control().stopped().is_some()))
                    });
                }
                Err(trouble) => self.tell(Event::Lost(source.node, trouble)).await,
            }
        }
        match self.wishes.extent {
            Extent::Whole => self.whole(nodes).await,
            Extent::Sample(keys) => self.sample(nodes, keys).await,
        }
        drop(over);
        while let Some(watched) = watchers.join_next().await {
            let Ok((node, vigil, trouble)) = watched else { continue };
            self.tell(Event::Watched(node, vigil)).await;
            if let Some(trouble) = trouble {
                self.tell(Event::Lost(node, trouble)).await;
            }
        }
    }

    /// One watcher for each node, opened at once: each measures its node for a while. In the order of the nodes.
    async fn watchers(
        &self,
        sources: Vec<(Source, Arc<Brake>)>,
    ) -> Vec<(Source, Arc<Brake>, Result<Watcher, Trouble>)> {
        let patience = self.wishes.patience;
        let mut opening = JoinSet::new();
        for (source, brake) in sources {
            opening.spawn(async move {
                let watcher = Watcher::open(&source.endpoint, patience).await;
                (source, brake, watcher)
            });
        }
        let mut opened = opening.join_all().await;
        opened.sort_by_key(|(source, ..)| source.node);
        opened
    }

    async fn tell(&self, event: Event) {
        // Whoever listens may have had enough.
        let _ = self.out.send(event).await;
    }

    /// All nodes at once, the databases of each one after the other.
    async fn whole(&self, nodes: Vec<Reached>) {
        let mut work = JoinSet::new();
        for node in nodes {
            let crew = self.clone();
            work.spawn(async move {
                let source = &node.source;
                for (database, _) in &source.databases {
                    let place = Place { node: source.node, database: *database };
                    let from = crew.wishes.resume.get(&place).copied();
                    // A list of places to go on from leaves out those that were read to their end.
                    if from.is_none() && !crew.wishes.resume.is_empty() {
                        continue;
                    }
                    let read = async {
                        let mut lane = crew.lane(&node, *database).await?;
                        let left = lane.whole(from.unwrap_or(0)).await;
                        crew.tell_gaps(&lane).await;
                        left
                    };
                    match read.await {
                        Ok(left) => crew.tell(Event::Left(place, left)).await,
                        Err(trouble) => return crew.tell(Event::Lost(source.node, trouble)).await,
                    }
                }
            });
        }
        while work.join_next().await.is_some() {}
    }

    /// Draws in proportion to the keys of each database of each node, round by round.
    async fn sample(&self, nodes: Vec<Reached>, keys: u64) {
        let mut framing = JoinSet::new();
        for node in nodes {
            let crew = self.clone();
            framing.spawn(async move { crew.frames(&node).await });
        }
        let mut lanes: Vec<(Lane, Frame)> = framing.join_all().await.into_iter().flatten().collect();
        // The order in which nodes answered must not change what a seed draws.
        lanes.sort_by_key(|(lane, _)| lane.place);
        for (lane, frame) in &lanes {
            self.tell(Event::Frame(lane.place, frame.keys())).await;
        }
        let mut random = fastrand::Rng::with_seed(self.wishes.seed);
        let mut number = 0;
        let mut owed = vec![0.0; lanes.len()];
        for _ in 0..ROUNDS {
            let all: u64 = lanes.iter().map(|(_, frame)| frame.keys()).sum();
            let mut work = JoinSet::new();
            for (n, (mut lane, frame)) in lanes.drain(..).enumerate() {
                let share = frame.keys() as f64 / all.max(1) as f64;
                let due = keys as f64 * share / f64::from(ROUNDS) / f64::from(frame.run());
                let debt = owed.get(n).copied().unwrap_or(0.0) + due;
                if let Some(owed) = owed.get_mut(n) {
                    *owed = debt.fract();
                }
                let draws: Vec<_> = (0..debt as u32).map(|k| frame.draw(number + k, &mut random)).collect();
                number += draws.len() as u32;
                work.spawn(async move {
                    let done = lane.draws(&draws).await;
                    (n, lane, frame, done)
                });
            }
            let mut back = Vec::new();
            let mut stopped = false;
            while let Some(done) = work.join_next().await {
                match done {
                    Ok((n, lane, frame, Ok(went_on))) => {
                        stopped |= !went_on;
                        back.push((n, lane, frame));
                    }
                    Ok((_, lane, _, Err(trouble))) => {
                        self.tell_gaps(&lane).await;
                        self.tell(Event::Lost(lane.place.node, trouble)).await;
                    }
                    Err(_) => {}
                }
            }
            back.sort_by_key(|(n, ..)| *n);
            lanes.extend(back.into_iter().map(|(_, lane, frame)| (lane, frame)));
            owed.resize(lanes.len(), 0.0);
            if stopped || lanes.is_empty() {
                break;
            }
        }
        for (lane, _) in &lanes {
            self.tell_gaps(lane).await;
        }
    }

    /// What a lane could not learn of its keys.
    async fn tell_gaps(&self, lane: &Lane) {
        let (node, questions) = (lane.place.node, &lane.names.questions);
        self.tell(Event::Unasked(node, questions.unasked())).await;
        let refusals = questions.refusals();
        if !refusals.is_empty() {
            self.tell(Event::Refused(node, refusals)).await;
        }
    }

    /// Every database of a node; a node that fails on the way is told as lost.
    async fn frames(&self, node: &Reached) -> Vec<(Lane, Frame)> {
        let mut lanes = Vec::new();
        for (database, count) in &node.source.databases {
            match self.framed(node, *database, *count).await {
                Ok(lane) => lanes.push(lane),
                Err(trouble) => {
                    self.tell(Event::Lost(node.source.node, trouble)).await;
                    break;
                }
            }
        }
        lanes
    }

    async fn framed(&self, node: &Reached, database: u32, keys: u64) -> Result<(Lane, Frame), Trouble> {
        let mut lane = self.lane(node, database).await?;
        let by_slot = node.source.by_slot;
        let frame = if by_slot { Frame::of_slots(&lane.names.slot_counts().await?) } else { Frame::Table { keys } };
        Ok((lane, frame))
    }

    /// Opens the connections to one database of one node.
    async fn lane(&self, node: &Reached, database: u32) -> Result<Lane, Trouble> {
        let Reached { source, round_trip, brake } = node;
        let round_trip = *round_trip;
        let place = Place { node: source.node, database };
        let mut links = Vec::new();
        for _ in 0..=self.wishes.pace.connections() {
            let mut link = Link::open(&source.endpoint, self.wishes.patience).await?;
            let prepared = [
                (database != 0, Ask::Select(database)),
                // A primary may become a replica while it is read.
                (source.clustered, Ask::ReadOnly),
            ];
            for (_, ask) in prepared.into_iter().filter(|(needed, _)| *needed) {
                if let Some(Err(missing)) = link.ask_within(&[ask], self.wishes.patience).await?.pop() {
                    return Err(Trouble::new(Obstacle::Other, format!("{}: {missing}", source.endpoint)));
                }
            }
            links.push(link);
        }
        let attention = Attention {
            close_one_in: self.wishes.close_one_in,
            hunt: self.wishes.hunt,
            at_once: self.wishes.pace.at_once(round_trip),
        };
        let mut readers = Vec::new();
        let mut agreed = None;
        for link in &links {
            link.admits(&Ask::Scan(Default::default()))
                .map_err(|missing| Trouble::new(Obstacle::Other, format!("{}: {missing}", source.endpoint)))?;
            let new = || Arc::new(Questions::new(link, source.lfu, source.modules, self.wishes.values));
            let questions = Arc::clone(agreed.get_or_insert_with(new));
            readers.push(Reader::new(link, questions, Arc::clone(&self.sent), attention, self.wishes.patience));
        }
        let names = readers.remove(0);
        Ok(Lane {
            place,
            names,
            pages: readers,
            pace: self.wishes.pace,
            round_trip,
            filter: self.wishes.filter.clone(),
            brake: Arc::clone(brake),
            out: self.out.clone(),
        })
    }
}
