//! What a case would cost as each structure: the bytes that `used_memory` grows by, and those that MEMORY USAGE claims.

use serde::Serialize;

use super::case::{Case, Ids};
use super::need::Need;
use super::structure::Structure;
use crate::facts::{Encoding, Engine, Kind, Version};
use crate::footprint::{Cost, Element, Layout, Precision, Shape};

/// Bytes of all keys together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Estimate {
    pub keys: u64,
    /// What `used_memory` grows by.
    pub used: u64,
    /// What MEMORY USAGE adds up to.
    pub claimed: u64,
    /// The caller's own bytes of it.
    pub payload: u64,
    /// Names, and the entries or objects that hold them.
    pub names: u64,
    pub expiry: u64,
    /// The tables of the keyspace.
    pub tables: u64,
    /// What the structure itself takes beside the payload.
    pub structure: u64,
    #[serde(skip)]
    pub encoding: Encoding,
    /// A formula of the module's source, or a share of what was seen, instead of the measured model.
    pub rough: bool,
    /// The largest value.
    pub largest: u64,
}

/// Fields of a bucket, which stays compact.
const BUCKET: u64 = 100;
/// A serialiser's frame for each field of a value: MessagePack writes a byte before the name and one before the value.
const SERIALISED: u64 = 2;
/// Milliseconds since 1970 and a few sequence numbers fit.
const TIME_SCORE: Element = Element::Number(1_700_000_000_000);
const POINTS_SCORE: Element = Element::Number(100_000);
/// One of ten jobs is being worked on.
const PENDING: u64 = 10;
/// 2^31 ids, where only "numbers" was said.
const ANY_NUMBER: u64 = 1 << 31;

/// What a case costs as this structure; `None` where nothing is known of its bytes.
pub fn estimate(case: &Case, structure: Structure) -> Option<Estimate> {
    let (keys, shape, rough) = shape(case, structure)?;
    let payload = payload(case, structure);
    let Some(shape) = shape else {
        return Some(Estimate {
            keys: 0,
            used: 0,
            claimed: 0,
            payload: 0,
            names: 0,
            expiry: 0,
            tables: 0,
            structure: 0,
            encoding: Encoding::Raw,
            rough,
            largest: 0,
        });
    };
    let layout = Layout::new(&case.place.engine, case.place.allocator);
    let by_item = structure == Structure::StringKeys && case.needs(Need::ExpireItem);
    let expires = case.needs(Need::ExpireWhole) || by_item;
    let name = case.key_bytes + if structure == Structure::StringKeys { case.name_bytes } else { 0 };
    let cost = layout.key(name, &shape, expires, &case.place.limits);
    let shared = layout.shared(keys, &shape);
    let mut found = total(&layout, keys, expires, cost, shared, payload, rough);
    if structure == Structure::CountMin {
        // CMSMemUsage counts eight bytes for each counter of four (rm_cms.c).
        found.claimed = found.claimed.saturating_add(cost.value.saturating_mul(keys));
    }
    Some(found)
}

fn total(layout: &Layout, keys: u64, expires: bool, cost: Cost, shared: u64, payload: u64, rough: bool) -> Estimate {
    let tables = layout.tables(keys, if expires { keys } else { 0 });
    let all = |bytes: u64| bytes.saturating_mul(keys);
    Estimate {
        keys,
        used: all(cost.bytes()).saturating_add(tables).saturating_add(shared),
        claimed: all(cost.claimed),
        payload,
        names: all(cost.key),
        expiry: all(cost.expiry),
        tables,
        structure: all(cost.value).saturating_add(shared).saturating_sub(payload),
        encoding: cost.encoding,
        rough,
        largest: cost.value,
    }
}

/// Whether the model of documents was held against the RedisJSON that comes with this version: 2.6 and 2.8, which Redis
/// Stack 7.2 and 7.4 have.
pub fn json_is_measured(engine: &Engine) -> bool {
    (Version(7, 2, 0)..Version(8, 0, 0)).contains(&engine.version)
}

/// The caller's own bytes that are kept.
pub fn payload(case: &Case, structure: Structure) -> u64 {
    let one = match structure {
        Structure::Counter | Structure::Bitmap | Structure::Bitfield | Structure::HyperLogLog => 0,
        Structure::StringKeys => case.value_bytes,
        // Names once for all documents.
        Structure::Json => {
            let names = case.name_bytes.saturating_mul(case.elements);
            return case.value_bytes.saturating_mul(case.all_elements()).saturating_add(names);
        }
        structure if is_sketch(structure) => 0,
        _ => case.name_bytes + case.value_bytes,
    };
    one.saturating_mul(case.all_elements())
}

const fn is_sketch(structure: Structure) -> bool {
    use Structure::{Bloom, CountMin, Cuckoo, TDigest, TimeSeries, TopK};
    matches!(structure, Bloom | Cuckoo | CountMin | TopK | TDigest | TimeSeries)
}

/// How many keys of which shape, and whether the shape only stands for one that the model does not have.
fn shape(case: &Case, structure: Structure) -> Option<(u64, Option<Shape>, bool)> {
    let (n, name_len, value_len) = (case.elements, case.name_bytes, case.value_bytes);
    let name = element(case);
    let both = Element::Text(name_len + value_len);
    let value = Element::Text(value_len);
    let hash = |field_expires| Shape::Hash { fields: n, name, value, field_expires };
    let mut keys = case.keys;
    let shape = match structure {
        Structure::String if n == 1 => Shape::String { len: name_len + value_len },
        Structure::String => Shape::String { len: n.saturating_mul(name_len + value_len + SERIALISED) },
        Structure::Counter => {
            keys = case.all_elements();
            Shape::Int
        }
        Structure::StringKeys => {
            keys = case.all_elements();
            if value_len == 0 { Shape::Int } else { Shape::String { len: value_len } }
        }
        Structure::Hash => hash(false),
        Structure::HashFieldTtl => hash(true),
        Structure::HashBuckets => {
            keys = case.all_elements().div_ceil(BUCKET);
            // The rest of a number names the field; of a text all of it.
            let text = Element::Text(name_len.max(case.id_bytes));
            let name = if case.ids == Ids::Number { Element::Number(99) } else { text };
            Shape::Hash { fields: BUCKET.min(case.all_elements()), name, value, field_expires: false }
        }
        Structure::List => Shape::List { items: n, item: both },
        Structure::Set => Shape::Set { members: n, member: name },
        Structure::Zset => {
            let timed = [Need::TimeRange, Need::Delay, Need::ExpireItem].into_iter().any(|need| case.needs(need));
            let score = if timed { TIME_SCORE } else { POINTS_SCORE };
            // Without a score of its own a value is part of the member.
            let member = if value_len == 0 { name } else { both };
            Shape::Zset { members: n, member, score }
        }
        Structure::Geo => Shape::Geo { members: n, member: name },
        Structure::Stream => {
            let pending = if case.needs(Need::Ack) { n.div_ceil(PENDING) } else { 0 };
            Shape::Stream { entries: n, fields: 1, name: Element::Text(7), value: both, pending }
        }
        Structure::HyperLogLog => Shape::HyperLogLog { unique: n },
        Structure::PubSub | Structure::ShardedPubSub => return Some((0, None, false)),
        Structure::Bitmap => Shape::Bitmap { bits: ids(case)? },
        Structure::Bitfield => {
            Shape::Bitmap { bits: ids(case)?.saturating_mul(if case.needs(Need::Count) { 16 } else { 1 }) }
        }
        Structure::VectorSet => {
            Shape::Vectors { elements: n, name_len, dimensions: value_len / 4, precision: Precision::Byte, links: 16 }
        }
        structure if is_sketch(structure) => {
            return Some((keys, Some(Shape::String { len: sketch(case, structure) }), true));
        }
        // Valkey's module has a layout of its own, and an index depends on its fields.
        Structure::Json if case.place.engine.kind == Kind::Redis => {
            let shape = Shape::Json { fields: n, name_len, value };
            return Some((keys, Some(shape), !json_is_measured(&case.place.engine)));
        }
        _ => return None,
    };
    Some((keys, Some(shape), false))
}

fn element(case: &Case) -> Element {
    match case.ids {
        Ids::Text => Element::Text(case.name_bytes),
        Ids::Number => Element::Number(i64::try_from(case.highest_id.max(case.elements)).unwrap_or(i64::MAX)),
    }
}

/// How many bits have a place; texts have none.
pub fn ids(case: &Case) -> Option<u64> {
    let said = if case.highest_id == 0 { ANY_NUMBER } else { case.highest_id };
    (case.ids == Ids::Number).then(|| said.max(case.elements))
}

/// Bytes of a sketch, by the sizes in the sources of RedisBloom and RedisTimeSeries.
fn sketch(case: &Case, structure: Structure) -> u64 {
    let n = case.elements as f64;
    let bits = match structure {
        // The first layer gets half of the error (sb.c, ERROR_TIGHTENING_RATIO).
        Structure::Bloom => n * (2.0 / case.error).ln() / (2.0_f64.ln() * 2.0_f64.ln()),
        // Fingerprints of a byte in buckets of two, rounded up to a power of two (cuckoo.c). A filter that is fuller than
        // this gets a second one of the same size: on RedisBloom 2.8 seen between 0.64 and 0.73.
        Structure::Cuckoo => {
            let places = (case.elements / 2).max(1).next_power_of_two() * 2;
            8.0 * places as f64 * if n > CUCKOO_FULL * places as f64 { 2.0 } else { 1.0 }
        }
        // Four bytes for each counter (cms.c): width 2 / error, seven rows for one wrong answer in a hundred.
        Structure::CountMin => 7.0 * (2.0 / case.error).ceil() * 32.0,
        // Seven rows of eight counters for each of the k, and a heap of them (topk.c).
        Structure::TopK => TOP_K * (8.0 * 7.0 * 64.0 + 45.0 * 8.0),
        // 6 * 100 + 10 centroids of two doubles (tdigest.c). RedisBloom 2.8 takes them beside used_memory.
        Structure::TDigest => 610.0 * 128.0,
        // Compressed samples of one decimal were seen to take 6.7 bytes.
        _ => n * 6.7 * 8.0,
    };
    (bits / 8.0).min(1e18) as u64 + 96
}

/// How full a cuckoo filter gets before another is made.
const CUCKOO_FULL: f64 = 0.68;
/// Of a list of the most frequent.
const TOP_K: f64 = 100.0;
