//! Opens the connections to every node, reads them whole or draws from them, and tells what became of each.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::lane::Lane;
use super::manners::Manners;
use super::questions::Questions;
use super::reader::{Attention, Reader};
use super::sample::Frame;
use super::vigil::Watcher;
use super::{Event, Extent, Hold, ScanWishes, Source};
use crate::facts::Place;
use crate::probe::link::Link;
use crate::probe::trouble::Obstacle;
use crate::probe::{Ask, Trouble};

/// A sample is taken in so many rounds, so that it can end early and still be fair to every node.
const ROUNDS: u32 = 50;

/// What all lanes of a scan share.
#[derive(Clone)]
pub struct Crew {
    pub wishes: ScanWishes,
    pub out: mpsc::Sender<Event>,
}

/// A node that answers, how it is read, and what holds back its reading.
#[derive(Clone)]
struct Reached {
    source: Source,
    manners: Arc<Manners>,
    hold: Hold,
}

impl Crew {
    pub async fn run(self, sources: Vec<(Source, Hold)>) {
        let mut watchers = JoinSet::new();
        let mut over = Vec::new();
        let mut nodes = Vec::new();
        for (source, hold, opened) in self.watchers(sources).await {
            match opened {
                Ok(watcher) => {
                    // Who is in trouble already is left alone from the start.
                    hold.brake.pause(watcher.bad_state());
                    let manners = Arc::new(Manners::new(self.wishes.pace, watcher.round_trip(), watcher.others()));
                    nodes.push(Reached { source: source.clone(), manners: Arc::clone(&manners), hold: hold.clone() });
                    let (end, ended) = oneshot::channel();
                    over.push(end);
                    watchers.spawn(async move {
                        let (vigil, trouble) = watcher.watch(&hold, &manners, ended).await;
                        // A scan that was ended did not wait long enough to tell a server that hangs from one that is slow.
                        (source.node, vigil, trouble.filter(|_| hold.brake.control().stopped().is_some()))
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
    async fn watchers(&self, sources: Vec<(Source, Hold)>) -> Vec<(Source, Hold, Result<Watcher, Trouble>)> {
        let (patience, pace) = (self.wishes.patience, self.wishes.pace);
        let mut opening = JoinSet::new();
        for (source, hold) in sources {
            opening.spawn(async move {
                let watcher = Watcher::open(&source.endpoint, patience, pace).await;
                (source, hold, watcher)
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
        let Reached { source, manners, hold } = node;
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
        let attention = Attention { close_one_in: self.wishes.close_one_in, hunt: self.wishes.hunt };
        let mut readers = Vec::new();
        let mut agreed = None;
        for link in &links {
            link.admits(&Ask::Scan(Default::default()))
                .map_err(|missing| Trouble::new(Obstacle::Other, format!("{}: {missing}", source.endpoint)))?;
            let new = || Arc::new(Questions::new(link, source, self.wishes.values));
            let questions = Arc::clone(agreed.get_or_insert_with(new));
            let (connection, endpoint) = link.shared();
            readers.push(Reader {
                connection,
                endpoint,
                questions,
                manners: Arc::clone(manners),
                sent: Arc::clone(&hold.sent),
                attention,
                patience: self.wishes.patience,
            });
        }
        let names = readers.remove(0);
        Ok(Lane {
            place,
            names,
            pages: readers,
            manners: Arc::clone(manners),
            filter: self.wishes.filter.clone(),
            brake: Arc::clone(&hold.brake),
            out: self.out.clone(),
        })
    }
}
