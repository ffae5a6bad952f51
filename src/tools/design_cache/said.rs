//! What holds, by the flags and in the words of the workload.

use anyhow::{Result, bail};

use super::input::Input;
use super::reading::From;
use super::subject;
use crate::decisions::cache::{Consistency, Neighbours};
use crate::facts::foreign;

/// What may be said to hold.
pub const FLAGS: &[&str] = &[
    "only-copy",
    "money",
    "losable-writes",
    "fields",
    "parts",
    "nested",
    "json-module",
    "several-writers",
    "absent-ids",
    "stable-popularity",
    "by-write-age",
    "loader",
];

/// Phrases that say what holds.
const PHRASES: &[(&str, &[&str])] = &[
    ("only-copy", &["only copy", "source of truth", "no database", "no origin", "primary store", "system of record"]),
    ("money", &["money", "payment", "balance", "ledger", "stock level", "inventory"]),
    (
        "losable-writes",
        &["writes may be lost", "may lose writes", "losing a second", "losing some writes", "may be lost"],
    ),
    ("fields", &["single field", "some fields", "one field", "partial update", "individual field"]),
    ("nested", &["nested field", "json path", "by path", "nested document"]),
    ("json-module", &["redisjson", "json module", "rejson"]),
    ("parts", &["parts of", "chunks", "pages of", "ranges of"]),
    (
        "several-writers",
        &[
            "several systems write",
            "several writers",
            "other services write",
            "many writers",
            "batch jobs write",
            "legacy system writes",
        ],
    ),
    ("absent-ids", &["do not exist", "don't exist", "absent", "not found", "unknown ids", "enumerat"]),
    (
        "stable-popularity",
        &["same items are popular", "stable popularity", "scans", "read only once", "one-hit", "crawler"],
    ),
    ("by-write-age", &["last write", "last written", "write age"]),
    ("loader", &["loading cache", "hibernate", "spring cache", "@cacheable"]),
];

/// Phrases for wishes that have a field of their own.
const STRICT: &[&str] = &[
    "never stale",
    "no staleness",
    "zero staleness",
    "always current",
    "strong consistency",
    "never be stale",
    "strictly",
];
const OWN_WRITES: &[&str] = &["own write", "read your", "read-your", "after writing", "reads follow writes"];
/// What is lost for good when it is evicted, and what says that it lives where the cache lives.
const PRECIOUS: &[&str] = &["queue", "lock", "session", "rate limit", "rate-limit", "limiter", "stream", "idempotency"];
const SHARED: &[&str] = &[
    "same redis",
    "same valkey",
    "same server",
    "same instance",
    "same node",
    "shared redis",
    "shared with",
    "alongside",
    "also holds",
    "also keeps",
    "also stores",
    "also used for",
    "also for",
    "and locks",
    "and queues",
];
/// The same in one: a word of `PRECIOUS` follows.
const AND: &[&str] = &["also", "and our", "beside", "next to"];
const APART: &[&str] = &[
    "not on the same",
    "not in the same",
    "another redis",
    "another server",
    "separate redis",
    "separate server",
    "separate instance",
    "own redis",
];
const PERMANENT: &[&str] = &["permanent data", "persistent data", "also permanent", "without a ttl on the same"];

/// The words in lower case, and the fields that are words.
#[derive(Debug)]
pub struct Said<'a> {
    words: String,
    input: &'a Input,
}

impl<'a> Said<'a> {
    pub fn new(input: &'a Input) -> Self {
        Self { words: input.workload.to_lowercase(), input }
    }

    fn has(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.words.contains(phrase))
    }

    pub fn holds(&self, flag: &str) -> bool {
        self.input.facts.iter().any(|fact| fact == flag)
            || PHRASES.iter().any(|(name, phrases)| *name == flag && self.has(phrases))
    }

    /// Whether the words ask for no staleness at all.
    pub fn strict(&self) -> bool {
        self.has(STRICT)
    }

    pub fn consistency(&self, strict: bool) -> Result<Consistency> {
        Ok(match self.input.consistency.as_str() {
            "eventual" => Consistency::Eventual,
            "read-your-writes" => Consistency::ReadYourWrites,
            "strict" => Consistency::Strict,
            "" if strict => Consistency::Strict,
            "" if self.has(OWN_WRITES) => Consistency::ReadYourWrites,
            "" => Consistency::Eventual,
            other => {
                bail!(
                    "consistency is {:?} but must be eventual, read-your-writes or strict",
                    foreign::bounded(other, 40)
                )
            }
        })
    }

    /// What lives beside the cache, if that was said.
    pub fn neighbours(&self) -> Result<Option<(Neighbours, From)>> {
        let given = |neighbours| Ok(Some((neighbours, From::Given)));
        match self.input.neighbours.as_str() {
            "none" => given(Neighbours::None),
            "permanent" => given(Neighbours::Permanent),
            "precious" => given(Neighbours::Precious),
            "" if self.is_beside_precious() => Ok(Some((Neighbours::Precious, From::Words))),
            "" if self.has(PERMANENT) => Ok(Some((Neighbours::Permanent, From::Words))),
            "" => Ok(None),
            other => bail!("neighbours is {:?} but must be none, permanent or precious", foreign::bounded(other, 40)),
        }
    }

    /// Whether something else than what is cached is said to live here, and must not be evicted.
    fn is_beside_precious(&self) -> bool {
        let name = self.name().replace('-', " ");
        let shared = self.has(SHARED);
        let lives_here = |thing: &str| {
            let follows = AND.iter().any(|and| self.words.contains(&format!("{and} {thing}")));
            self.words.contains(thing) && (shared || follows) && !name.contains(thing)
        };
        !self.has(APART) && PRECIOUS.iter().any(|thing| lives_here(thing))
    }

    /// Words for the key pattern: what was said, else what the workload names.
    pub fn name(&self) -> String {
        let said = subject::slug(&self.input.what);
        if said.is_empty() { subject::in_words(&self.words) } else { said }
    }
}
