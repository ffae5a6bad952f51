//! From words, fields and a look to a workload: what each number was taken from is told.

use anyhow::{Result, bail};
use serde::Serialize;

use super::input::Input;
use crate::decisions::cache::{Consistency, Neighbours, Workload};
use crate::decisions::{Quantity, Unit, quantities};
use crate::facts::{Engine, foreign};

/// Where a number came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum From {
    Given,
    Words,
    Measured,
    Assumed,
}

/// A number of the workload, and where it came from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Taken {
    pub name: &'static str,
    pub value: String,
    pub from: From,
    /// For an assumption: why this value. For words: which.
    pub note: String,
}

/// What a look at the target brought; absent where there was none.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    pub engine: Option<Engine>,
    pub items: Option<u64>,
    pub value_bytes: Option<u64>,
    pub key_bytes: Option<u64>,
    pub reads: Option<f64>,
    pub skew: Option<f64>,
    pub memory: Option<u64>,
}

/// A workload in which every number has a value.
#[derive(Debug, Clone)]
pub struct Reading {
    pub workload: Workload,
    pub taken: Vec<Taken>,
}

const FLAGS: &[&str] = &[
    "only-copy",
    "money",
    "losable-writes",
    "fields",
    "parts",
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
    ("loader", &["read-through", "loading cache", "hibernate", "spring cache", "@cacheable"]),
];

struct Reader<'a> {
    found: Vec<Quantity>,
    taken: Vec<Taken>,
    input: &'a Input,
}

impl Reader<'_> {
    /// A number by the first of: the field, the words, the look, an assumption.
    fn number(
        &mut self,
        name: &'static str,
        given: Option<f64>,
        in_words: Option<(f64, String)>,
        measured: Option<f64>,
        (assumed, why): (f64, &str),
        print: fn(f64) -> String,
    ) -> f64 {
        let (value, from, note) = match (given, in_words, measured) {
            (Some(value), ..) => (value, From::Given, String::new()),
            (_, Some((value, text)), _) => (value, From::Words, text),
            (.., Some(value)) => (value, From::Measured, String::new()),
            _ => (assumed, From::Assumed, why.to_owned()),
        };
        self.taken.push(Taken { name, value: print(value), from, note });
        value
    }

    /// The first number of the words that this wants; it is not taken twice.
    fn take(&mut self, wants: impl Fn(&Quantity) -> bool) -> Option<(f64, String)> {
        let at = self.found.iter().position(wants)?;
        let quantity = self.found.remove(at);
        Some((quantity.value, format!("\"{}\"", quantity.text)))
    }
}

const ORIGIN: &[&str] = &[
    "origin", "database", "db", "postgres", "mysql", "query", "queries", "backend", "api", "load", "oracle", "mongo",
    "service",
];
const READS: &[&str] = &["read", "get", "request", "lookup", "hit", "view", "rps", "qps", "call"];
const WRITES: &[&str] = &["writ", "set", "update", "insert", "change", "put"];
const OLD: &[&str] = &["stale", "staleness", "old", "fresh", "behind", "late", "outdated"];
const MEMORY: &[&str] = &["memory", "ram", "maxmemory", "budget"];
const PROCESSES: &[&str] = &["process", "instance", "pod", "server", "worker", "replica", "node"];

pub fn read(input: &Input, seen: &Measured, engine: Engine) -> Result<Reading> {
    check(input)?;
    let words = input.workload.to_lowercase();
    let mut reader = Reader { found: quantities(&input.workload), taken: Vec::new(), input };
    let memory = reader.take(|q| q.unit == Unit::Bytes && q.about(MEMORY));
    let value = reader.take(|q| q.unit == Unit::Bytes);
    let staleness = reader.take(|q| q.unit == Unit::Seconds && q.about(OLD));
    let staleness = staleness.or_else(|| reader.take(|q| q.unit == Unit::Seconds && q.about(&["ttl", "expire"])));
    let origin = reader.take(|q| q.unit == Unit::Seconds && q.about(ORIGIN));
    let latency = reader.take(|q| q.unit == Unit::Seconds && q.about(&["latency", "within", "p99", "faster", "under"]));
    let writes = reader.take(|q| q.unit == Unit::PerSecond && q.about(WRITES) && !q.about(READS));
    let capacity = reader.take(|q| q.unit == Unit::PerSecond && q.about(ORIGIN) && !q.about(&["cache"]));
    let reads = reader.take(|q| q.unit == Unit::PerSecond && !q.about(WRITES));
    let processes = reader.take(|q| q.unit == Unit::Things && q.about(PROCESSES));
    let skew = reader.take(|q| q.unit == Unit::Things && q.value <= 3.0 && q.about(&["zipf", "skew", "alpha"]));
    let items = reader.take(|q| q.unit == Unit::Things && q.value >= 2.0);
    let given = |value: f64| (value > 0.0).then_some(value);
    let plain = |value: f64| format!("{value}");
    let count = |value: f64| crate::facts::Count(value as u64).to_string();
    let bytes = |value: f64| crate::facts::Bytes(value as u64).to_string();
    let seconds = |value: f64| format!("{value} s");
    let ms = |value: f64| format!("{value} ms");
    let in_ms = |found: Option<(f64, String)>| found.map(|(seconds, text)| (seconds * 1e3, text));
    let rate = |value: f64| format!("{value}/s");

    let strict = has(
        &words,
        &[
            "never stale",
            "no staleness",
            "zero staleness",
            "always current",
            "strong consistency",
            "never be stale",
            "strictly",
        ],
    );
    let own_writes = has(&words, &["own write", "read your", "read-your", "after writing", "reads follow writes"]);
    let consistency = match input.consistency.as_str() {
        "eventual" => Consistency::Eventual,
        "read-your-writes" => Consistency::ReadYourWrites,
        "strict" => Consistency::Strict,
        "" if strict => Consistency::Strict,
        "" if own_writes => Consistency::ReadYourWrites,
        "" => Consistency::Eventual,
        other => {
            bail!("consistency is {:?} but must be eventual, read-your-writes or strict", foreign::bounded(other, 40))
        }
    };
    let precious = has(
        &words,
        &[
            "same server keeps",
            "shared with queues",
            "beside queues",
            "also queues",
            "also locks",
            "and our queues",
            "and locks",
            "and sessions on the same",
        ],
    );
    let neighbours = match input.neighbours.as_str() {
        "none" => Neighbours::None,
        "permanent" => Neighbours::Permanent,
        "precious" => Neighbours::Precious,
        "" if precious => Neighbours::Precious,
        "" if has(&words, &["permanent data", "persistent data", "also permanent", "without a ttl on the same"]) => {
            Neighbours::Permanent
        }
        "" => Neighbours::None,
        other => bail!("neighbours is {:?} but must be none, permanent or precious", foreign::bounded(other, 40)),
    };
    let holds = |flag: &str| {
        input.facts.iter().any(|fact| fact == flag)
            || PHRASES.iter().any(|(name, phrases)| *name == flag && has(&words, phrases))
    };
    let items = reader.number(
        "items",
        given(input.items as f64),
        items,
        seen.items.map(|n| n as f64),
        (1e6, "the answer grows with it in proportion"),
        count,
    );
    let value_bytes = reader.number(
        "bytes of a value",
        given(input.value_bytes as f64),
        value,
        seen.value_bytes.map(|n| n as f64),
        (230.0, "the median of 54 caches at Twitter"),
        bytes,
    );
    let reads = reader.number(
        "reads",
        given(input.reads_per_second),
        reads,
        seen.reads,
        (1e3, "rates scale the load at the origin"),
        rate,
    );
    let writes = reader.number(
        "writes",
        at_least_zero(input.writes_per_second),
        writes,
        None,
        (reads * 0.15, "15 % of the reads, the median of 54 caches at Twitter"),
        rate,
    );
    let skew = reader.number(
        "skew",
        at_least_zero(input.skew),
        skew,
        seen.skew,
        (0.9, "lower than the median (1.2) of 54 caches at Twitter, so that the hit ratio is not promised too high"),
        plain,
    );
    let staleness = reader.number(
        "may be old for",
        at_least_zero(input.staleness_seconds),
        staleness,
        None,
        if strict {
            (0.0, "the words ask for no staleness")
        } else {
            (60.0, "say how old a value may be: the TTL follows from it")
        },
        seconds,
    );
    let origin_ms = reader.number(
        "a load from the origin takes",
        given(input.origin_ms),
        in_ms(origin),
        None,
        (20.0, "a query with an index"),
        ms,
    );
    let origin_capacity = reader.number(
        "the origin bears",
        given(input.origin_capacity),
        capacity,
        None,
        ((reads * 0.2).max(1.0), "a fifth of the reads: say what it really bears"),
        rate,
    );
    let processes = reader.number(
        "processes",
        given(f64::from(input.processes)),
        processes,
        None,
        (4.0, "coalescing bounds loads by it"),
        plain,
    );
    let latency_ms = reader.number(
        "a read must be answered within",
        given(input.latency_ms),
        in_ms(latency),
        None,
        (0.0, "no goal was named"),
        ms,
    );
    let memory = reader.number(
        "memory",
        given(input.memory_bytes as f64),
        memory,
        seen.memory.map(|n| n as f64),
        (0.0, "as much as the goal takes"),
        bytes,
    );
    if items > 1e12 || value_bytes > 512.0 * 1024.0 * 1024.0 {
        bail!("a value has 512 MB at most and a server some billion keys: check items and value_bytes");
    }
    let workload = Workload {
        what: name(&reader.input.what, &words),
        items: items as u64,
        value_bytes: value_bytes as u64,
        key_bytes: seen.key_bytes.unwrap_or(0),
        reads,
        writes,
        skew,
        staleness,
        origin_ms,
        origin_capacity,
        processes: processes as u32,
        latency_ms,
        memory: memory as u64,
        consistency,
        neighbours,
        only_copy: holds("only-copy"),
        money: holds("money"),
        losable_writes: holds("losable-writes"),
        fields: holds("fields"),
        parts: holds("parts"),
        several_writers: holds("several-writers"),
        absent_ids: holds("absent-ids"),
        stable_popularity: holds("stable-popularity"),
        by_write_age: holds("by-write-age"),
        loader: holds("loader"),
        engine,
    };
    Ok(Reading { workload, taken: reader.taken })
}

fn at_least_zero(value: f64) -> Option<f64> {
    (value >= 0.0).then_some(value)
}

fn has(words: &str, phrases: &[&str]) -> bool {
    phrases.iter().any(|phrase| words.contains(phrase))
}

fn check(input: &Input) -> Result<()> {
    let numbers = [
        input.reads_per_second,
        input.writes_per_second,
        input.skew,
        input.staleness_seconds,
        input.origin_ms,
        input.origin_capacity,
        input.latency_ms,
        input.interval,
    ];
    if numbers.iter().any(|number| !number.is_finite()) {
        bail!("a number is not finite: rates, times and skew must be plain numbers");
    }
    if input.skew > 2.0 {
        bail!("skew is {} but must be from 0 (even) to 2; leave it out if it is not known", input.skew);
    }
    if !(0.2..=300.0).contains(&input.interval) {
        bail!("interval is {} but must be from 0.2 to 300 seconds", input.interval);
    }
    if input.sample > 100_000 {
        bail!("sample is {} but must be from 0 to 100000 keys", input.sample);
    }
    if input.workload.len() > 4_000 {
        bail!("the workload has {} bytes but may have 4000: name the numbers and drop the story", input.workload.len());
    }
    if let Some(unknown) = input.facts.iter().find(|fact| !FLAGS.contains(&fact.as_str())) {
        bail!("there is no fact {:?}; the facts are {}", foreign::bounded(unknown, 40), FLAGS.join(", "));
    }
    Ok(())
}

/// A word for the key pattern: what was said, else the noun after "cache".
fn name(what: &str, words: &str) -> String {
    let clean = |text: &str| {
        let kept = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
        let slug: String = kept.collect();
        slug.split('-').filter(|part| !part.is_empty()).take(3).collect::<Vec<_>>().join("-")
    };
    let said = clean(what);
    if !said.is_empty() {
        return said;
    }
    let noun = words.split_whitespace().skip_while(|word| !["cache", "caching"].contains(word)).skip(1).find(|word| {
        word.chars().all(char::is_alphabetic)
            && word.len() > 2
            && !["for", "the", "our", "all", "million", "thousand", "billion", "with", "and", "about", "some"]
                .contains(word)
    });
    noun.map(clean).filter(|noun| !noun.is_empty()).unwrap_or_else(|| "item".to_owned())
}
