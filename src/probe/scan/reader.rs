//! Reads pages of keys over one connection: names by SCAN, then all questions about them in one round trip.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{ServerError, Value};
use tokio::time::{Instant, timeout};

use super::manners::Manners;
use super::page::Page;
use super::questions::Questions;
use crate::facts::{Encoding, Expiry, KeyFacts, KeyType, Missing, SLOTS};
use crate::probe::key_question::{KeyName, KeyQuestion, ScanStep};
use crate::probe::link::known;
use crate::probe::trouble::Obstacle;
use crate::probe::{Ask, Endpoint, Trouble, reply};

/// From this claimed size on a key is looked at closely, whatever the lot.
pub const CLOSE_LOOK: u64 = 16 << 10;

/// While a replica takes over, no node of a Cluster answers for its keys: we ask again for so long,
const FAILOVER: Duration = Duration::from_secs(10);
/// and rest so long between.
const AGAIN: Duration = Duration::from_millis(100);

/// What we sent, for the report's own cost.
#[derive(Debug, Default)]
pub struct Sent {
    pub commands: AtomicU64,
    pub round_trips: AtomicU64,
    /// Questions that the server counts in `keyspace_hits`.
    pub hits: AtomicU64,
}

/// A connection that reads pages. Clones share it.
#[derive(Clone)]
pub struct Reader {
    pub connection: MultiplexedConnection,
    pub endpoint: Endpoint,
    pub questions: Arc<Questions>,
    pub manners: Arc<Manners>,
    pub sent: Arc<Sent>,
    pub attention: Attention,
    /// How long one answer may take.
    pub patience: Duration,
}

/// Which keys are worth the dearer questions.
#[derive(Debug, Clone, Copy)]
pub struct Attention {
    /// One key in so many is looked at closely.
    pub close_one_in: u64,
    /// Only keys that claim this much are of interest, and all of them closely.
    pub hunt: Option<u64>,
}

/// A key that is being asked about. Only its name, as the server told it, can go into a question.
struct Asked {
    name: KeyName,
    key: KeyFacts,
}

impl Reader {
    async fn send(&mut self, page: &Page) -> Result<Vec<Value>, Trouble> {
        self.sent.commands.fetch_add(page.questions(), Ordering::Relaxed);
        self.sent.hits.fetch_add(page.hits(), Ordering::Relaxed);
        self.sent.round_trips.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        loop {
            // The library's own deadlines are off, and a hung server must not hang a scan.
            let replies = match timeout(self.patience, page.send(&mut self.connection)).await {
                Ok(replies) => replies.map_err(|error| Trouble::from_redis(&self.endpoint, &error))?,
                Err(_) => return Err(Trouble::silent(&self.endpoint, self.patience)),
            };
            let Some(refusal) = replies.iter().find_map(refusal) else { return Ok(replies) };
            if begun.elapsed() > FAILOVER {
                return Err(Trouble::from_redis(&self.endpoint, &refusal.clone().into()));
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Several steps in one round trip: for each the next cursor and the names.
    pub async fn scan(&mut self, steps: &[ScanStep]) -> Result<Vec<(u64, Vec<KeyName>)>, Trouble> {
        let mut page = Page::with_room_for(steps.len());
        steps.iter().for_each(|step| page.scan(*step));
        let replies = self.send(&page).await?;
        replies.into_iter().map(|reply| self.names(reply)).collect()
    }

    fn names(&self, reply: Value) -> Result<(u64, Vec<KeyName>), Trouble> {
        let odd = || Trouble::unexpected(&self.endpoint, "SCAN");
        let parts = match reply {
            Value::Array(parts) => parts,
            Value::ServerError(error) => return Err(Trouble::from_redis(&self.endpoint, &error.into())),
            _ => return Err(odd()),
        };
        let mut parts = parts.into_iter();
        let cursor = parts.next().and_then(|cursor| reply::number(&cursor)).ok_or_else(odd)?;
        let Some(Value::Array(names)) = parts.next() else { return Err(odd()) };
        let name = |name| if let Value::BulkString(name) = name { Some(KeyName::new(name)) } else { None };
        Ok((cursor, names.into_iter().filter_map(name).collect()))
    }

    /// What the server knows of these keys. Keys that went away meanwhile are left out.
    pub async fn read(&mut self, names: Vec<KeyName>) -> Result<Vec<KeyFacts>, Trouble> {
        let mut names = names.into_iter();
        let mut keys = Vec::new();
        if !self.questions.rehearsed.load(Ordering::Relaxed)
            && let Some(first) = names.next()
        {
            // What our user may not ask then costs one error each, and not one for every key of a page.
            keys.extend(self.read_at_once(vec![first]).await?);
            self.questions.rehearsed.store(true, Ordering::Relaxed);
        }
        keys.extend(self.read_at_once(names.collect()).await?);
        Ok(keys)
    }

    async fn read_at_once(&mut self, names: Vec<KeyName>) -> Result<Vec<KeyFacts>, Trouble> {
        let mut keys: Vec<Asked> = names.into_iter().map(|name| Asked { name, key: KeyFacts::default() }).collect();
        if let Some(threshold) = self.attention.hunt {
            if !self.questions.sizes() {
                return Ok(Vec::new());
            }
            // The size first; what is small is of no further interest.
            self.ask(&mut keys, |_, _, wanted| wanted.push(KeyQuestion::Usage)).await?;
            keys.retain(|asked| asked.key.claimed.is_some_and(|bytes| bytes >= threshold));
        }
        self.ask(&mut keys, |questions, _, wanted| wanted.extend(questions.of_every())).await?;
        // The dearer facts: of large keys always, of the others in a sample that the key's name decides.
        let lot = u64::MAX / self.attention.close_one_in.max(1);
        for Asked { name, key } in &mut keys {
            key.close = key.claimed.is_some_and(|bytes| bytes >= CLOSE_LOOK) || KeyFacts::ticket(name.bytes()) <= lot;
            key.key_type = key.encoding.and_then(|encoding| encoding.of_type(self.questions.modules));
        }
        self.ask(&mut keys, |questions, key, wanted| wanted.extend(questions.of_open(key))).await?;
        self.ask(&mut keys, |questions, key, wanted| wanted.extend(questions.of_type(key))).await?;
        Ok(keys.into_iter().map(|Asked { name, key }| KeyFacts { name: name.into_bytes(), ..key }).collect())
    }

    /// What is wanted of each key, in portions that keep the server no longer than it should be kept. Keys that are gone go
    /// from the list.
    async fn ask(
        &mut self,
        keys: &mut Vec<Asked>,
        wanted: impl Fn(&Questions, &KeyFacts, &mut Vec<KeyQuestion>),
    ) -> Result<(), Trouble> {
        let questions = Arc::clone(&self.questions);
        let most = self.manners.bite().keys.saturating_mul(questions.each().max(1));
        let mut gone = vec![false; keys.len()];
        let (mut page, mut asked) = (Page::with_room_for(keys.len()), Vec::with_capacity(keys.len()));
        let mut mine = Vec::new();
        for n in 0..keys.len() {
            if let Some(one) = keys.get(n) {
                wanted(&questions, &one.key, &mut mine);
                for question in mine.drain(..) {
                    page.key(question, &one.name);
                    asked.push((n, question));
                }
            }
            if asked.len() < most && n + 1 < keys.len() || asked.is_empty() {
                continue;
            }
            let replies = self.send(&page).await?;
            for ((n, question), reply) in asked.drain(..).zip(replies) {
                let (Some(one), Some(gone)) = (keys.get_mut(n), gone.get_mut(n)) else { continue };
                *gone |= !keep(&mut one.key, question, reply, &questions);
            }
            page = Page::with_room_for(keys.len() - n);
        }
        let mut gone = gone.into_iter();
        keys.retain(|_| gone.next() != Some(true));
        Ok(())
    }

    /// How many keys each slot holds. Without it no sample of a server that has a table for each slot is fair.
    pub async fn slot_counts(&mut self) -> Result<BTreeMap<u16, u64>, Trouble> {
        let endpoint = self.endpoint.clone();
        let unfair = |missing: Missing| {
            let says = format!("{endpoint} cannot be sampled, for the keys of its slots cannot be counted: {missing}");
            Trouble::new(Obstacle::Unsampled, says)
        };
        self.questions.slot_keys.clone().map_err(unfair)?;
        let slots: Vec<u16> = (0..SLOTS as u16).collect();
        let mut counts = BTreeMap::new();
        // The first one alone: a denial costs one error.
        let (first, others) = slots.split_at(1);
        for some in [first].into_iter().chain(others.chunks(512)) {
            let mut page = Page::with_room_for(some.len());
            some.iter().for_each(|slot| page.slot_keys(*slot));
            for (slot, reply) in some.iter().zip(self.send(&page).await?) {
                let keys = reply::number(&known(&Ask::SlotKeys(*slot), reply).map_err(unfair)?);
                counts.extend(keys.filter(|keys| *keys > 0).map(|keys| (*slot, keys)));
            }
        }
        Ok(counts)
    }
}

/// An error that says nothing of one key: the server answers for none of its keys now.
fn refusal(reply: &Value) -> Option<&ServerError> {
    let Value::ServerError(error) = reply else { return None };
    matches!(error.code(), "CLUSTERDOWN" | "MASTERDOWN" | "LOADING").then_some(error)
}

/// Puts one answer where it belongs; `false` when it says that the key is gone.
fn keep(key: &mut KeyFacts, question: KeyQuestion, reply: Value, questions: &Questions) -> bool {
    match (question, reply) {
        (_, Value::Nil) => return false,
        (_, Value::ServerError(error)) => {
            questions.refused(question, error.code(), error.details().unwrap_or_default());
            // Its slot went to another node since it was listed.
            return !matches!(error.code(), "MOVED" | "ASK");
        }
        (KeyQuestion::Usage | KeyQuestion::SharpUsage, Value::Int(bytes)) => key.claimed = u64::try_from(bytes).ok(),
        (KeyQuestion::Type, Value::SimpleString(name)) => {
            key.key_type = Some(KeyType::named(name.as_bytes()));
            return name != "none";
        }
        (KeyQuestion::Expiry, Value::Int(-2)) => return false,
        (KeyQuestion::Expiry, Value::Int(left)) => {
            key.expiry = Some(u64::try_from(left).map_or(Expiry::Never, Expiry::In));
        }
        (KeyQuestion::Encoding, Value::BulkString(name)) => key.encoding = Some(Encoding::named(&name)),
        (KeyQuestion::Encoding, Value::SimpleString(name)) => key.encoding = Some(Encoding::named(name.as_bytes())),
        (KeyQuestion::Idle, Value::Int(seconds)) => key.idle = u64::try_from(seconds).ok(),
        (KeyQuestion::Frequency, Value::Int(counter)) => key.frequency = u8::try_from(counter).ok(),
        (KeyQuestion::Length(_), Value::Int(length)) => key.length = u64::try_from(length).ok(),
        (KeyQuestion::Groups, groups @ Value::Array(_)) => key.groups = Some(reply::groups(&groups)),
        (KeyQuestion::Sample, Value::BulkString(value)) => key.sample = Some(value),
        (KeyQuestion::Elements(held), drawn) => key.elements = reply::elements(&drawn, held),
        // A shape we do not know: the fact stays unknown, the key is there.
        _ => {}
    }
    true
}
