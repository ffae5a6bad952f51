//! From words, fields and a look to a workload: what each number was taken from is told.

use anyhow::{Result, bail};
use serde::Serialize;

use super::concentration;
use super::input::Input;
use super::said::{self, Said};
use super::sizes;
use crate::decisions::cache::{Conflict, Neighbours, Workload};
use crate::decisions::structures::{Module, hosting};
use crate::decisions::{Quantity, Unit, quantities, take};
use crate::facts::{Engine, Provider, foreign};
use crate::footprint::Allocator;

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
    pub value_p99: Option<u64>,
    /// Compressed bytes for each byte of a sample of its values.
    pub compression: Option<f64>,
    /// It has the commands of JSON.
    pub json: bool,
    /// With its name in INFO.
    pub allocator: Option<(Allocator, String)>,
    pub hosting: Option<Provider>,
    /// What its keys without a TTL look like, and why.
    pub neighbours: Option<(Neighbours, String)>,
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

struct Reader {
    found: Vec<Quantity>,
    taken: Vec<Taken>,
}

impl Reader {
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
        // Nothing was said, and nothing is assumed.
        let none = from == From::Assumed && value == 0.0;
        self.taken.push(Taken { name, value: if none { "none".to_owned() } else { print(value) }, from, note });
        value
    }

    /// The first number of the words that this wants; it is not taken twice.
    fn take(&mut self, wants: impl Fn(&Quantity) -> bool) -> Option<(f64, String)> {
        let quantity = take(&mut self.found, wants)?;
        Some((quantity.value, format!("\"{}\"", quantity.text)))
    }
}

pub const MOST_SKEW: f64 = 2.0;
const ORIGIN: &[&str] = &[
    "origin", "database", "db", "postgres", "mysql", "query", "queries", "backend", "api", "load", "oracle", "mongo",
    "service",
];
/// Of the time that a load takes, beside those.
const LOADS: &[&str] = &["miss", "regenerat", "generat", "recomput", "comput"];
const READS: &[&str] = &["read", "get", "request", "lookup", "hit", "view", "call"];
pub const WRITES: &[&str] = &["writ", "set", "update", "insert", "change", "put"];
const OLD: &[&str] = &["stale", "staleness", "old", "fresh", "behind", "late", "outdated"];
const MEMORY: &[&str] = &["memory", "ram", "maxmemory", "budget"];
const LARGEST: &[&str] = &["p99", "99th", "largest", "biggest", "maximum", "max"];
const MIDDLE: &[&str] = &["median", "typical", "p50"];
const PROCESSES: &[&str] = &["process", "instance", "pod", "server", "worker", "replica", "node"];

pub fn read(input: &Input, seen: &Measured, engine: Engine) -> Result<Reading> {
    check(input)?;
    let mut reader = Reader { found: quantities(&input.workload), taken: Vec::new() };
    let memory = reader.take(|q| q.unit == Unit::Bytes && q.about(MEMORY));
    let value = reader.take(|q| q.unit == Unit::Bytes && (!q.about(LARGEST) || q.about(MIDDLE)));
    let ranged = reader.found.iter().any(|q| q.unit == Unit::Bytes && q.about(&["to"]) && !q.about(LARGEST));
    let large = reader.take(|q| q.unit == Unit::Bytes && (q.about(LARGEST) || value.is_some() && q.about(&["to"])));
    // `at most 300 KB` alone is all that is known.
    let (value, large) = if value.is_none() { (large, None) } else { (value, large) };
    let staleness = reader.take(|q| q.unit == Unit::Seconds && q.about(OLD));
    let staleness = staleness.or_else(|| reader.take(|q| q.unit == Unit::Seconds && q.about(&["ttl", "expire"])));
    let origin = reader.take(|q| q.unit == Unit::Seconds && (q.about(ORIGIN) || q.about(LOADS)));
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

    let said = Said::new(input);
    let strict = said.strict();
    let consistency = said.consistency(strict)?;
    let neighbours = neighbours(&said, seen, &mut reader.taken)?;
    let holds = |flag: &str| said.holds(flag);
    let items = reader.number(
        "items",
        given(input.items as f64),
        items,
        seen.items.map(|n| n as f64),
        (1e6, "the answer grows with it in proportion"),
        count,
    );
    let in_words = value.is_some();
    let typical = reader.number(
        "bytes of a value",
        given(input.value_bytes as f64),
        value,
        seen.value_bytes.map(|n| n as f64),
        (230.0, "the median of 54 caches at Twitter"),
        bytes,
    );
    // What one source says of the middle, another does not say of the rest.
    let measured = seen.value_p99.filter(|_| input.value_bytes == 0 && !in_words).map(|n| n as f64);
    let told = given(input.value_p99_bytes as f64).is_some() || large.is_some();
    let value_p99 = if told || measured.is_some() {
        reader.number(
            "bytes of a large value (p99)",
            given(input.value_p99_bytes as f64),
            large,
            measured,
            (0.0, ""),
            bytes,
        )
    } else {
        0.0
    };
    let value_bytes = if told && value_p99 > typical {
        let (mean, how) = sizes::mean(typical, value_p99, ranged);
        reader.taken.push(Taken { name: "bytes on average", value: bytes(mean), from: From::Assumed, note: how });
        mean
    } else {
        typical
    };
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
    let skew = skew.or_else(|| {
        let found = concentration::said(&reader.found)?;
        Some((found.skew(items.clamp(1.0, 1e12)), found.text))
    });
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
    let (allocator, from) = match &seen.allocator {
        Some((_, name)) => (name.clone(), From::Measured),
        None => ("jemalloc".to_owned(), From::Assumed),
    };
    let note = if from == From::Assumed {
        "the one that comes with the sources; it decides the bytes of an entry"
    } else {
        ""
    };
    reader.taken.push(Taken { name: "allocator", value: allocator, from, note: note.to_owned() });
    let (from, note) = match (input.engine.trim(), &seen.engine) {
        ("", None) => (From::Assumed, "what it understands, every later one does"),
        ("", Some(_)) => (From::Measured, ""),
        _ => (From::Given, ""),
    };
    reader.taken.push(Taken { name: "engine", value: engine.to_string(), from, note: note.to_owned() });
    if items > 1e12 || value_bytes > 512.0 * 1024.0 * 1024.0 {
        bail!("a value has 512 MB at most and a server some billion keys: check items and value_bytes");
    }
    let service = seen.hosting.and_then(|provider| hosting::modules(provider, &engine));
    let offered = service.is_some_and(|modules| modules.contains(&Module::Json));
    let workload = Workload {
        what: said.name(),
        items: items as u64,
        value_bytes: value_bytes as u64,
        value_p99: value_p99 as u64,
        compression: seen.compression,
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
        unflushed: false,
        money: holds("money"),
        losable_writes: holds("losable-writes"),
        fields: holds("fields"),
        nested: holds("nested"),
        json: seen.json || holds("json-module") || offered,
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

/// A conflict between assumptions may be none: which these are.
pub fn doubted(conflict: &mut Conflict, taken: &[Taken]) {
    let assumed = taken.iter().filter(|taken| taken.from == From::Assumed && conflict.rests_on.contains(&taken.name));
    conflict.assumed = assumed.map(|taken| format!("{} ({})", taken.name, taken.value)).collect();
}

fn at_least_zero(value: f64) -> Option<f64> {
    (value >= 0.0).then_some(value)
}

/// What lives beside the cache: as it was said, else as the keys look.
fn neighbours(said: &Said, seen: &Measured, taken: &mut Vec<Taken>) -> Result<Neighbours> {
    let (neighbours, from) = match (said.neighbours()?, &seen.neighbours) {
        (Some((neighbours, from)), _) => (neighbours, from),
        (None, Some((neighbours, _))) => (*neighbours, From::Measured),
        (None, None) => (Neighbours::None, From::Assumed),
    };
    let value = match neighbours {
        Neighbours::None => "nothing",
        Neighbours::Permanent => "data without a TTL",
        Neighbours::Precious => "queues, locks, limits or sessions",
    };
    let note = match (from, &seen.neighbours) {
        (From::Measured, Some((_, why))) => why.clone(),
        (From::Assumed, _) => "a cache has its server for itself".to_owned(),
        _ => String::new(),
    };
    taken.push(Taken { name: "on the same server", value: value.to_owned(), from, note });
    Ok(neighbours)
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
    if input.skew > MOST_SKEW {
        bail!("skew is {} but must be from 0 (even) to 2; leave it out if it is not known", input.skew);
    }
    input.look().check()?;
    if input.workload.len() > 4_000 {
        bail!("the workload has {} bytes but may have 4000: name the numbers and drop the story", input.workload.len());
    }
    if let Some(unknown) = input.facts.iter().find(|fact| !said::FLAGS.contains(&fact.as_str())) {
        bail!("there is no fact {:?}; the facts are {}", foreign::bounded(unknown, 40), said::FLAGS.join(", "));
    }
    Ok(())
}
