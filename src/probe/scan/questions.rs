//! Which questions about keys this server and our user allow, and what came in place of answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Source;
use crate::facts::{Encoding, KeyFacts, KeyType, Known};
use crate::probe::Ask;
use crate::probe::key_question::{KeyName, KeyQuestion};
use crate::probe::link::Link;

/// Types of which elements are drawn, where they are tables.
const DRAWN_FROM: [KeyType; 3] = [KeyType::Set, KeyType::Zset, KeyType::Hash];
/// From this claimed size on a table is none that would be packed, and its elements may be long.
const LARGE_TABLE: u64 = 256 << 10;

/// Decided once for each lane by the gate, and taken back where the server denies a question to our user: its table of
/// commands does not tell.
#[derive(Debug)]
pub struct Questions {
    /// Of every key.
    every: Vec<KeyQuestion>,
    /// Whether TYPE may be asked, of keys whose encoding leaves it open.
    types: bool,
    /// Whether values may be of a module: their encoding is then no sign of their type.
    pub modules: bool,
    /// Of large keys and of a sample of the others.
    close: Vec<KeyQuestion>,
    /// Whether the length of every table is asked.
    tables_by_length: bool,
    lengths: bool,
    groups: bool,
    samples: bool,
    elements: bool,
    values_wished: bool,
    /// Whether the keys of a slot may be counted.
    pub slot_keys: Known<()>,
    /// Whether a key was asked already, so that denials are known.
    pub rehearsed: AtomicBool,
    /// Questions that were denied, by their places in [`KeyQuestion::ALL`].
    denied: AtomicU32,
    /// Other errors about keys, by their code.
    refused: Mutex<BTreeMap<String, u64>>,
}

impl Questions {
    pub fn new(link: &Link, source: &Source, values: bool) -> Self {
        let may = |question: KeyQuestion| {
            let name = KeyName::new(Vec::new());
            (link.untouching() || !question.touches()) && link.admits(&Ask::Key(question, name)).is_ok()
        };
        use KeyQuestion::{Elements, Expiry, Frequency, Groups, Idle, Sample, Type, Usage};
        let every = [Usage, Expiry, KeyQuestion::Encoding].into_iter().filter(|question| may(*question)).collect();
        // The clock that the server does not keep answers with an error.
        let clock = if source.lfu { Frequency } else { Idle };
        Self {
            every,
            types: may(Type),
            modules: source.modules,
            close: Some(clock).into_iter().filter(|question| may(*question)).collect(),
            tables_by_length: source.tables_by_length,
            lengths: KeyType::ALL.iter().all(|held| may(KeyQuestion::Length(*held))),
            groups: may(Groups),
            samples: values && may(Sample),
            elements: values && DRAWN_FROM.iter().all(|held| may(Elements(*held))),
            values_wished: values,
            slot_keys: link.admits(&Ask::SlotKeys(0)),
            rehearsed: AtomicBool::new(false),
            denied: AtomicU32::new(0),
            refused: Mutex::default(),
        }
    }

    /// Whether the size of a key may be asked: a search for large ones needs it.
    pub fn sizes(&self) -> bool {
        self.every.contains(&KeyQuestion::Usage) && self.granted(KeyQuestion::Usage)
    }

    /// How many questions every key is asked.
    pub fn each(&self) -> usize {
        self.every.len()
    }

    /// What is asked of every key.
    pub fn of_every(&self) -> impl Iterator<Item = KeyQuestion> {
        self.every.iter().copied().filter(|question| self.granted(*question))
    }

    /// The type that an encoding leaves open, and the clock of a key that is looked at closely.
    pub fn of_open(&self, key: &KeyFacts) -> impl Iterator<Item = KeyQuestion> {
        let open = (key.key_type.is_none() && self.types).then_some(KeyQuestion::Type);
        let clock = self.close.iter().copied().filter(|_| key.close);
        open.into_iter().chain(clock).filter(|question| self.granted(*question))
    }

    /// What depends on the type of a key: the length of a table, and more of one that is looked at closely.
    pub fn of_type(&self, key: &KeyFacts) -> impl Iterator<Item = KeyQuestion> {
        let table = matches!(key.encoding, Some(Encoding::Hashtable | Encoding::Skiplist));
        let measured = key.close || table && self.tables_by_length;
        let held = key.key_type.filter(|held| measured && self.lengths && *held != KeyType::Other);
        let groups = key.close && self.groups && key.key_type == Some(KeyType::Stream);
        let sample = key.close && self.samples && key.key_type == Some(KeyType::String);
        let few = key.claimed.is_some_and(|bytes| bytes < LARGE_TABLE);
        let drawn = key.key_type.filter(|held| key.close && self.elements && table && few && DRAWN_FROM.contains(held));
        let more = groups.then_some(KeyQuestion::Groups).into_iter().chain(sample.then_some(KeyQuestion::Sample));
        let sharper = drawn.filter(|_| self.sizes()).map(|_| KeyQuestion::SharpUsage);
        let more = more.chain(drawn.map(KeyQuestion::Elements)).chain(sharper);
        held.map(KeyQuestion::Length).into_iter().chain(more).filter(|question| self.granted(*question))
    }

    fn granted(&self, question: KeyQuestion) -> bool {
        self.denied.load(Ordering::Relaxed) & bit(question) == 0
    }

    /// Takes note of an error that came in place of an answer.
    pub fn refused(&self, question: KeyQuestion, code: &str, detail: &str) {
        // "... has no permissions to run the '...' command"; the other denial is of one key.
        if code == "NOPERM" && detail.contains("to run") {
            self.denied.fetch_or(bit(question), Ordering::Relaxed);
            return;
        }
        // What is no plain code is a stranger's text.
        let plain = (1..=20).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_uppercase());
        let code = if plain { code } else { "ERR" };
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner).entry(code.to_owned()).or_default() += 1;
    }

    /// Errors about keys, by their code.
    pub fn refusals(&self) -> BTreeMap<String, u64> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The questions that are not asked, by name.
    pub fn unasked(&self) -> Vec<&'static str> {
        let wanted = [KeyQuestion::Usage, KeyQuestion::Expiry, KeyQuestion::Encoding];
        let left_out = wanted.iter().filter(|question| !self.every.contains(question));
        let mut missing: Vec<&'static str> = left_out.map(|question| question.command()).collect();
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
        if self.values_wished && !self.elements {
            missing.push("hrandfield, zrandmember, ...");
        }
        let denied = KeyQuestion::ALL.into_iter().filter(|question| !self.granted(*question));
        missing.extend(denied.map(KeyQuestion::command));
        missing
    }
}

fn bit(question: KeyQuestion) -> u32 {
    KeyQuestion::ALL.iter().position(|other| *other == question).map_or(0, |place| 1 << place)
}
