//! A stream of keys from every node that has some: all of them or a random sample, at the servers' own speed.

mod aside;
mod control;
mod crew;
mod lane;
mod manners;
mod pace;
mod page;
mod questions;
mod reader;
mod sample;
mod turn;
mod vigil;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{Endpoint, Trouble};
use crate::facts::{Batch, Cost, Place};
use control::{Brake, Control};
use crew::Crew;
use reader::Sent;

pub use aside::{hot_keys, indexes, quantum};
pub use control::Stop;
pub use lane::NameFilter;
pub use pace::Pace;
pub use reader::CLOSE_LOOK;
use turn::Turn;
pub use vigil::Vigil;

/// Events that wait for whoever counts.
const WAITING: usize = 16;
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
    /// Whether what a table really takes can only be told with its length.
    pub tables_by_length: bool,
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

/// What whoever started the scan holds of each node: what can stop its reading, and what was sent to it.
#[derive(Debug, Clone)]
struct Hold {
    brake: Arc<Brake>,
    sent: Arc<Sent>,
}

/// A scan under way. Dropping it ends it.
#[derive(Debug)]
pub struct Scan {
    events: mpsc::Receiver<Event>,
    control: Arc<Control>,
    nodes: Vec<Hold>,
    _turn: Option<Turn>,
    _work: JoinSet<()>,
}

impl Scan {
    pub fn start(sources: Vec<Source>, wishes: ScanWishes) -> Self {
        let (out, events) = mpsc::channel(WAITING);
        let control = Arc::new(Control::new(wishes.time));
        // Before the first PING: what is usual is measured as what is unusual will be.
        let turn = if wishes.pace == Pace::Fast { None } else { Turn::wait() };
        let mut work = JoinSet::new();
        let crew = Crew { wishes, out };
        let hold = || Hold { brake: Arc::new(Brake::new(Arc::clone(&control))), sent: Arc::default() };
        let nodes: Vec<Hold> = sources.iter().map(|_| hold()).collect();
        let sources = sources.into_iter().zip(nodes.iter().cloned()).collect();
        work.spawn(async move { crew.run(sources).await });
        Self { events, control, nodes, _turn: turn, _work: work }
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
        self.nodes.iter().find_map(|node| node.brake.paused())
    }

    pub fn cost(&self) -> Cost {
        Cost { commands: self.sum(|sent| &sent.commands), round_trips: self.sum(|sent| &sent.round_trips) }
    }

    /// Questions of ours that the servers counted in `keyspace_hits`.
    pub fn hits(&self) -> u64 {
        self.sum(|sent| &sent.hits)
    }

    fn sum(&self, counter: impl Fn(&Sent) -> &AtomicU64) -> u64 {
        self.nodes.iter().map(|node| counter(&node.sent).load(Ordering::Relaxed)).sum()
    }
}
