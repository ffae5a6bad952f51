//! Reads one logical database of one node: all of it, from a cursor on, or draws at random places.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Event;
use super::control::Brake;
use super::pace::{Owed, Pace};
use super::reader::Reader;
use super::sample::Draw;
use crate::facts::{Batch, Place};
use crate::probe::Trouble;
use crate::probe::key_question::{KeyName, ScanStep};

type Wanted = dyn Fn(&[u8]) -> bool + Send + Sync;

/// What a person wants of the names, decided on our side: no pattern crosses the wire.
#[derive(Clone)]
pub struct NameFilter(Arc<Wanted>);

impl NameFilter {
    pub fn new(wanted: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(wanted))
    }
}

impl fmt::Debug for NameFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameFilter")
    }
}

/// The connections to one database of one node, and where what they read goes.
pub struct Lane {
    pub place: Place,
    pub names: Reader,
    pub pages: Vec<Reader>,
    pub pace: Pace,
    pub round_trip: Duration,
    pub filter: Option<NameFilter>,
    pub brake: Arc<Brake>,
    pub out: Sender<Event>,
}

impl Lane {
    /// Everything from a cursor on. `Some(cursor)` is where to go on, when it was stopped.
    pub async fn whole(&mut self, from: u64) -> Result<Option<u64>, Trouble> {
        let limit = self.pace.in_flight(self.round_trip);
        let mut under_way = VecDeque::with_capacity(limit);
        let (mut cursor, mut turn, mut rest) = (from, 0, Owed::default());
        let ended = loop {
            let before = Instant::now();
            if !self.brake.may_go_on(rest.due(), self.pace.least_rest()).await {
                break Ok(Some(cursor));
            }
            rest.took(before.elapsed());
            let start = Instant::now();
            let step = ScanStep { cursor, count: self.pace.page() };
            let (next, names) = match self.names.scan(&[step]).await {
                Ok(mut pages) => pages.pop().unwrap_or_default(),
                Err(trouble) => break Err(trouble),
            };
            let scanned = start.elapsed();
            let lines = self.lines(names.len());
            if under_way.len() >= limit
                && let Some(oldest) = under_way.pop_front()
                && let Err(trouble) = joined(oldest).await
            {
                break Err(trouble);
            }
            under_way.push_back(self.page(turn, vec![(None, names)]));
            if limit == 1
                && let Some(page) = under_way.pop_front()
                && let Err(trouble) = joined(page).await
            {
                break Err(trouble);
            }
            let rested = if limit == 1 {
                self.pace.rest(start.elapsed(), lines)
            } else {
                self.pace.rest(scanned, self.round_trip)
            };
            rest.add(rested);
            turn += 1;
            cursor = next;
            if cursor == 0 {
                break Ok(None);
            }
        };
        for page in under_way {
            joined(page).await?;
        }
        ended
    }

    /// Keys at random places. Returns `false` when it was stopped.
    pub async fn draws(&mut self, draws: &[Draw]) -> Result<bool, Trouble> {
        let at_once = (self.pace.page() / Draw::most_keys(draws)).max(1) as usize;
        let mut rest = Owed::default();
        for (turn, some) in draws.chunks(at_once).enumerate() {
            let before = Instant::now();
            if !self.brake.may_go_on(rest.due(), self.pace.least_rest()).await {
                return Ok(false);
            }
            rest.took(before.elapsed());
            let start = Instant::now();
            let steps: Vec<ScanStep> = some.iter().map(|draw| draw.step).collect();
            let pages = self.names.scan(&steps).await?;
            let drawn: Vec<(Option<u32>, Vec<KeyName>)> =
                some.iter().zip(pages).map(|(draw, (_, names))| (Some(draw.number), draw.kept(names))).collect();
            let lines = self.lines(drawn.iter().map(|(_, names)| names.len()).sum());
            joined(self.page(turn, drawn)).await?;
            rest.add(self.pace.rest(start.elapsed(), lines));
        }
        Ok(true)
    }

    /// What the line takes of a page of so many keys.
    fn lines(&self, keys: usize) -> Duration {
        self.round_trip * self.pace.round_trips(keys, self.round_trip)
    }

    /// Asks about the keys of one page and passes on what is known of them, draw by draw.
    fn page(&self, turn: usize, draws: Vec<(Option<u32>, Vec<KeyName>)>) -> JoinHandle<Result<(), Trouble>> {
        let reader = self.pages.get(turn % self.pages.len().max(1)).unwrap_or(&self.names).clone();
        let base = Batch { place: self.place, at: self.brake.control().age(), ..Batch::default() };
        let (filter, out) = (self.filter.clone(), self.out.clone());
        tokio::spawn(async move { read_page(reader, base, filter, out, draws).await })
    }
}

async fn read_page(
    mut reader: Reader,
    base: Batch,
    filter: Option<NameFilter>,
    out: Sender<Event>,
    draws: Vec<(Option<u32>, Vec<KeyName>)>,
) -> Result<(), Trouble> {
    let mut ends = Vec::with_capacity(draws.len());
    let mut names = Vec::new();
    for (draw, mut some) in draws {
        let seen = some.len() as u64;
        if let Some(wanted) = &filter {
            some.retain(|name| wanted.0(name.bytes()));
        }
        ends.push((draw, seen, some.len()));
        names.append(&mut some);
    }
    // A key that went away between its name and its facts is missed by its own draw only.
    let order: Vec<Vec<u8>> =
        if ends.len() > 1 { names.iter().map(|name| name.bytes().to_vec()).collect() } else { Vec::new() };
    let keys = reader.read(names).await?;
    let mut keys = keys.into_iter().peekable();
    let mut asked = order.into_iter();
    let single = ends.len() == 1;
    for (draw, seen, length) in ends {
        let mine = if single {
            keys.by_ref().collect()
        } else {
            let mine = asked.by_ref().take(length);
            mine.filter_map(|name| keys.next_if(|key| key.name == name)).collect()
        };
        let batch = Batch { draw, seen, keys: mine, ..base.clone() };
        // Whoever listens may have had enough.
        let _ = out.send(Event::Keys(batch)).await;
    }
    Ok(())
}

async fn joined(page: JoinHandle<Result<(), Trouble>>) -> Result<(), Trouble> {
    // Pages do not panic and are not aborted while their lane lives.
    page.await.unwrap_or(Ok(()))
}
