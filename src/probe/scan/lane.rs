//! Reads one logical database of one node: all of it, from a cursor on, or draws at random places.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use tokio::sync::mpsc::Sender;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::Event;
use super::control::Brake;
use super::manners::Manners;
use super::pace::Owed;
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
    pub manners: Arc<Manners>,
    pub filter: Option<NameFilter>,
    pub brake: Arc<Brake>,
    pub out: Sender<Event>,
}

impl Lane {
    /// Everything from a cursor on. `Some(cursor)` is where to go on, when it was stopped.
    pub async fn whole(&mut self, from: u64) -> Result<Option<u64>, Trouble> {
        let limit = self.manners.pace.in_flight(self.manners.round_trip);
        let mut under_way = VecDeque::with_capacity(limit);
        let (mut cursor, mut turn, mut rest) = (from, 0, Owed::default());
        let ended = loop {
            let before = Instant::now();
            if !self.brake.may_go_on(rest.due(), self.manners.pace.least_rest()).await {
                break Ok(Some(cursor));
            }
            rest.took(before.elapsed());
            let start = Instant::now();
            let step = ScanStep { cursor, count: self.manners.bite().names };
            let (next, names) = match self.brake.finished(self.names.scan(&[step])).await {
                Some(Ok(mut pages)) => pages.pop().unwrap_or_default(),
                Some(Err(trouble)) => break Err(trouble),
                None => break Ok(Some(cursor)),
            };
            let scanned = start.elapsed();
            let lines = self.manners.lines(names.len());
            if let Some(left) = self.fewer_than(limit, &mut under_way).await? {
                return Ok(Some(left));
            }
            under_way.push_back((cursor, self.page(turn, vec![(None, names)])));
            // The first page alone shows what is denied.
            if (limit == 1 || turn == 0)
                && let Some(left) = self.fewer_than(1, &mut under_way).await?
            {
                return Ok(Some(left));
            }
            let rested = if limit == 1 {
                self.manners.pace.rest(start.elapsed(), lines)
            } else {
                self.manners.pace.rest(scanned, self.manners.round_trip)
            };
            rest.add(rested);
            turn += 1;
            cursor = next;
            if cursor == 0 {
                break Ok(None);
            }
        };
        match self.fewer_than(1, &mut under_way).await? {
            Some(left) => Ok(Some(left)),
            None => ended,
        }
    }

    /// Waits until fewer pages are under way. `Some(cursor)` is where the first one began that did not come in time.
    async fn fewer_than(
        &self,
        limit: usize,
        under_way: &mut VecDeque<(u64, UnderWay)>,
    ) -> Result<Option<u64>, Trouble> {
        while under_way.len() >= limit
            && let Some((from, page)) = under_way.pop_front()
        {
            match self.brake.finished(page.told()).await {
                Some(told) => told?,
                None => return Ok(Some(from)),
            }
        }
        Ok(None)
    }

    /// Keys at random places. Returns `false` when it was stopped.
    pub async fn draws(&mut self, draws: &[Draw]) -> Result<bool, Trouble> {
        let at_once = (self.manners.bite().names / Draw::most_keys(draws)).max(1) as usize;
        let mut rest = Owed::default();
        for (turn, some) in draws.chunks(at_once).enumerate() {
            let before = Instant::now();
            if !self.brake.may_go_on(rest.due(), self.manners.pace.least_rest()).await {
                return Ok(false);
            }
            rest.took(before.elapsed());
            let start = Instant::now();
            let steps: Vec<ScanStep> = some.iter().map(|draw| draw.step).collect();
            let Some(pages) = self.brake.finished(self.names.scan(&steps)).await else { return Ok(false) };
            let drawn: Vec<(Option<u32>, Vec<KeyName>)> =
                some.iter().zip(pages?).map(|(draw, (_, names))| (Some(draw.number), draw.kept(names))).collect();
            let lines = self.manners.lines(drawn.iter().map(|(_, names)| names.len()).sum());
            let Some(told) = self.brake.finished(self.page(turn, drawn).told()).await else { return Ok(false) };
            told?;
            rest.add(self.manners.pace.rest(start.elapsed(), lines));
        }
        Ok(true)
    }

    /// Asks about the keys of one page and passes on what is known of them, draw by draw.
    fn page(&self, turn: usize, draws: Vec<(Option<u32>, Vec<KeyName>)>) -> UnderWay {
        let reader = self.pages.get(turn % self.pages.len().max(1)).unwrap_or(&self.names).clone();
        let base = Batch { place: self.place, at: self.brake.control().age(), ..Batch::default() };
        let (filter, out) = (self.filter.clone(), self.out.clone());
        UnderWay(tokio::spawn(async move { read_page(reader, base, filter, out, draws).await }))
    }
}

/// A page that is being read. Dropping it ends the work, so that nothing is asked for a scan that is gone.
struct UnderWay(JoinHandle<Result<(), Trouble>>);

impl UnderWay {
    async fn told(mut self) -> Result<(), Trouble> {
        // Pages do not panic and are not aborted while somebody waits for them.
        (&mut self.0).await.unwrap_or(Ok(()))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.abort();
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
