//! Reads pages of keys over one connection: names by SCAN, then all questions about them in one pipeline.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Pipeline, ServerError, Value};
use tokio::time::Instant;

use crate::facts::{Encoding, Expiry, KeyFacts, KeyType};
use crate::probe::key_question::{KeyName, KeyQuestion, ScanStep};
use crate::probe::link::Link;
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

/// Which questions this server and our user allow, decided once per connection.
#[derive(Debug, Clone, Default)]
pub struct Questions {
    /// Of every key.
    every: Vec<KeyQuestion>,
    /// Whether TYPE may be asked, of keys whose encoding leaves it open.
    types: bool,
    /// Whether values may be of a module: their encoding is then no sign of their type.
    modules: bool,
    /// Of large keys and of a sample of the others.
    close: Vec<KeyQuestion>,
    lengths: bool,
    groups: bool,
    samples: bool,
    values_wished: bool,
}

impl Questions {
    /// `lfu` tells which clock the server keeps: the other one answers with an error.
    pub fn new(link: &Link, lfu: bool, modules: bool, values: bool) -> Self {
        let may = |question: KeyQuestion| {
            let name = KeyName::new(Vec::new());
            (link.untouching() || !question.touches()) && link.admits(&Ask::Key(question, name)).is_ok()
        };
        use KeyQuestion::{Encoding, Expiry, Frequency, Groups, Idle, Sample, Type, Usage};
        let every = [Usage, Expiry, Encoding].into_iter().filter(|question| may(*question)).collect();
        let clock = if lfu { Frequency } else { Idle };
        Self {
            every,
            types: may(Type),
            modules,
            close: Some(clock).into_iter().filter(|question| may(*question)).collect(),
            lengths: KeyType::ALL.iter().all(|held| may(KeyQuestion::Length(*held))),
            groups: may(Groups),
            samples: values && may(Sample),
            values_wished: values,
        }
    }

    /// The questions that are not asked, by name.
    pub fn unasked(&self) -> Vec<&'static str> {
        let wanted = [KeyQuestion::Usage, KeyQuestion::Expiry, KeyQuestion::Encoding];
        let mut missing: Vec<&'static str> = wanted
            .iter()
            .filter(|question| !self.every.contains(question))
            .map(|question| question.command())
            .collect();
        if !self.types {
            missing.push("type");
        }
        if self.close.is_empty() {
            missing.push("object|idletime");
        }
        if !self.lengths {
            missing.push("strlen, hlen, ...");
        }
        if !self.groups {
            missing.push("xinfo|groups");
        }
        if self.values_wished && !self.samples {
            missing.push("getrange");
        }
        missing
    }
}

/// A connection that reads pages. Clones share it.
#[derive(Clone)]
pub struct Reader {
    connection: MultiplexedConnection,
    endpoint: Endpoint,
    questions: Arc<Questions>,
    sent: Arc<Sent>,
    attention: Attention,
}

/// Which keys are worth the dearer questions.
#[derive(Debug, Clone, Copy)]
pub struct Attention {
    /// One key in so many is looked at closely.
    pub close_one_in: u64,
    /// Only keys that claim this much are of interest, and all of them closely.
    pub hunt: Option<u64>,
    /// So many keys are asked about at once.
    pub at_once: usize,
}

impl Reader {
    pub fn new(link: &Link, questions: Arc<Questions>, sent: Arc<Sent>, attention: Attention) -> Self {
        let (connection, endpoint) = link.shared();
        Self { connection, endpoint, questions, sent, attention }
    }

    async fn send(&mut self, pipeline: &Pipeline, commands: u64) -> Result<Vec<Value>, Trouble> {
        self.sent.commands.fetch_add(commands, Ordering::Relaxed);
        self.sent.round_trips.fetch_add(1, Ordering::Relaxed);
        let begun = Instant::now();
        loop {
            let replies = pipeline.query_async(&mut self.connection).await;
            let replies: Vec<Value> = replies.map_err(|error| Trouble::from_redis(&self.endpoint, &error))?;
            let Some(refusal) = replies.iter().find_map(refusal) else { return Ok(replies) };
            if begun.elapsed() > FAILOVER {
                return Err(Trouble::from_redis(&self.endpoint, &refusal.clone().into()));
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Several steps in one round trip: for each the next cursor and the names.
    pub async fn scan(&mut self, steps: &[ScanStep]) -> Result<Vec<(u64, Vec<KeyName>)>, Trouble> {
        let mut pipeline = Pipeline::with_capacity(steps.len());
        pipeline.ignore_errors();
        for step in steps {
            pipeline.cmd("SCAN").arg(step.cursor).arg("COUNT").arg(step.count);
        }
        let replies = self.send(&pipeline, steps.len() as u64).await?;
        replies.into_iter().map(|reply| self.page(reply)).collect()
    }

    fn page(&self, reply: Value) -> Result<(u64, Vec<KeyName>), Trouble> {
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
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let questions = Arc::clone(&self.questions);
        let keys = names.into_iter().map(|name| KeyFacts { name: name.into_bytes(), ..KeyFacts::default() }).collect();
        let mut keys = match self.attention.hunt {
            None => self.ask(keys, &questions.every).await?,
            // The size first; what is small is of no further interest.
            Some(threshold) => {
                let mut keys = self.ask(keys, &[KeyQuestion::Usage]).await?;
                keys.retain(|key| key.claimed.is_some_and(|bytes| bytes >= threshold));
                self.ask(keys, &questions.every).await?
            }
        };
        self.look_closely(&mut keys, &questions).await?;
        Ok(keys)
    }

    /// The same questions about every key.
    async fn ask(&mut self, keys: Vec<KeyFacts>, questions: &[KeyQuestion]) -> Result<Vec<KeyFacts>, Trouble> {
        if keys.is_empty() || questions.is_empty() {
            return Ok(keys);
        }
        let mut there = Vec::with_capacity(keys.len());
        let mut keys = keys.into_iter().peekable();
        while keys.peek().is_some() {
            let some: Vec<KeyFacts> = keys.by_ref().take(self.attention.at_once.max(1)).collect();
            let mut pipeline = Pipeline::with_capacity(some.len() * questions.len());
            pipeline.ignore_errors();
            for key in &some {
                questions.iter().for_each(|question| put(&mut pipeline, *question, &key.name));
            }
            self.count(questions, some.len() as u64);
            let mut replies = self.send(&pipeline, 0).await?.into_iter();
            for mut key in some {
                let mut gone = false;
                for question in questions {
                    gone |= !replies.next().is_some_and(|reply| keep(&mut key, *question, &reply));
                }
                if !gone {
                    there.push(key);
                }
            }
        }
        Ok(there)
    }

    /// The types that encodings leave open, and the dearer facts: of large keys always, of the others in a sample that the
    /// key's name decides.
    async fn look_closely(&mut self, keys: &mut [KeyFacts], questions: &Questions) -> Result<(), Trouble> {
        let lot = u64::MAX / self.attention.close_one_in.max(1);
        for key in &mut *keys {
            key.close = key.claimed.is_some_and(|bytes| bytes >= CLOSE_LOOK) || KeyFacts::ticket(&key.name) <= lot;
            key.key_type = key.encoding.and_then(|encoding| encoding.of_type(questions.modules));
        }
        let first = |key: &KeyFacts| {
            let open = (key.key_type.is_none() && questions.types).then_some(KeyQuestion::Type);
            open.into_iter().chain(questions.close.iter().copied().filter(|_| key.close)).collect()
        };
        self.ask_some(keys, first).await?;
        let then = |key: &KeyFacts| {
            let held = key.key_type.filter(|held| key.close && questions.lengths && *held != KeyType::Other);
            let sample = key.close && questions.samples && key.key_type == Some(KeyType::String);
            let groups = key.close && questions.groups && key.key_type == Some(KeyType::Stream);
            let more = [(groups, KeyQuestion::Groups), (sample, KeyQuestion::Sample)];
            let more = more.into_iter().filter_map(|(wanted, question)| wanted.then_some(question));
            held.map(KeyQuestion::Length).into_iter().chain(more).collect()
        };
        self.ask_some(keys, then).await
    }

    /// Questions that differ from key to key: one or two about some.
    async fn ask_some(
        &mut self,
        keys: &mut [KeyFacts],
        wanted: impl Fn(&KeyFacts) -> Vec<KeyQuestion>,
    ) -> Result<(), Trouble> {
        let mut wanted_of: Vec<(usize, KeyQuestion)> = Vec::new();
        for (n, key) in keys.iter().enumerate() {
            wanted_of.extend(wanted(key).into_iter().map(|question| (n, question)));
        }
        // As long for the server as the questions that all keys are asked.
        for asked in wanted_of.chunks(self.attention.at_once.max(1) * self.questions.every.len().max(1)) {
            let mut pipeline = Pipeline::with_capacity(asked.len());
            pipeline.ignore_errors();
            for (n, question) in asked {
                if let Some(key) = keys.get(*n) {
                    put(&mut pipeline, *question, &key.name);
                }
            }
            let kinds: Vec<KeyQuestion> = asked.iter().map(|(_, question)| *question).collect();
            self.count(&kinds, 1);
            let replies = self.send(&pipeline, 0).await?;
            for ((n, question), reply) in asked.iter().zip(replies) {
                if let Some(key) = keys.get_mut(*n) {
                    keep(key, *question, &reply);
                }
            }
        }
        Ok(())
    }

    fn count(&self, questions: &[KeyQuestion], times: u64) {
        let hits = questions.iter().filter(|question| question.counts_as_hit()).count() as u64;
        self.sent.commands.fetch_add(questions.len() as u64 * times, Ordering::Relaxed);
        self.sent.hits.fetch_add(hits * times, Ordering::Relaxed);
    }

    /// How many keys each of these slots holds.
    pub async fn slot_counts(&mut self, slots: &[u16]) -> Result<BTreeMap<u16, u64>, Trouble> {
        let mut counts = BTreeMap::new();
        for some in slots.chunks(512) {
            let mut pipeline = Pipeline::with_capacity(some.len());
            pipeline.ignore_errors();
            for slot in some {
                pipeline.cmd("CLUSTER").arg("COUNTKEYSINSLOT").arg(*slot);
            }
            let replies = self.send(&pipeline, some.len() as u64).await?;
            let known = some.iter().zip(&replies).filter_map(|(slot, reply)| Some((*slot, reply::number(reply)?)));
            counts.extend(known.filter(|(_, keys)| *keys > 0));
        }
        Ok(counts)
    }
}

fn put(pipeline: &mut Pipeline, question: KeyQuestion, name: &[u8]) {
    let (before, after) = question.words();
    let mut words = before.iter();
    if let Some(command) = words.next() {
        pipeline.cmd(command);
        words.for_each(|word| {
            pipeline.arg(*word);
        });
        pipeline.arg(name);
        after.iter().for_each(|word| {
            pipeline.arg(*word);
        });
    }
}

/// An error that says nothing of one key: the server answers for none of its keys now.
fn refusal(reply: &Value) -> Option<&ServerError> {
    let Value::ServerError(error) = reply else { return None };
    matches!(error.code(), "CLUSTERDOWN" | "MASTERDOWN" | "LOADING").then_some(error)
}

/// Puts one answer where it belongs; `false` when it says that the key is gone.
fn keep(key: &mut KeyFacts, question: KeyQuestion, reply: &Value) -> bool {
    match (question, reply) {
        (_, Value::Nil) => return false,
        // Its slot went to another node since it was listed.
        (_, Value::ServerError(error)) if matches!(error.code(), "MOVED" | "ASK") => return false,
        (KeyQuestion::Usage, Value::Int(bytes)) => key.claimed = u64::try_from(*bytes).ok(),
        (KeyQuestion::Type, Value::SimpleString(name)) => {
            key.key_type = Some(KeyType::named(name.as_bytes()));
            return name != "none";
        }
        (KeyQuestion::Expiry, Value::Int(-2)) => return false,
        (KeyQuestion::Expiry, Value::Int(left)) => {
            key.expiry = Some(u64::try_from(*left).map_or(Expiry::Never, Expiry::In));
        }
        (KeyQuestion::Encoding, Value::BulkString(name)) => key.encoding = Some(Encoding::named(name)),
        (KeyQuestion::Encoding, Value::SimpleString(name)) => key.encoding = Some(Encoding::named(name.as_bytes())),
        (KeyQuestion::Idle, Value::Int(seconds)) => key.idle = u64::try_from(*seconds).ok(),
        (KeyQuestion::Frequency, Value::Int(counter)) => key.frequency = u8::try_from(*counter).ok(),
        (KeyQuestion::Length(_), Value::Int(length)) => key.length = u64::try_from(*length).ok(),
        (KeyQuestion::Groups, Value::Array(_)) => key.groups = Some(reply::groups(reply)),
        (KeyQuestion::Sample, Value::BulkString(value)) => key.sample = Some(value.clone()),
        // An error, or a shape we do not know: the fact stays unknown, the key is there.
        _ => {}
    }
    true
}
