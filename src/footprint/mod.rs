//! What a key really costs: bytes of `used_memory` by engine, version and allocator, before it is made and after.
//!
//! Constants are struct sizes and limits of the servers' sources on 64 bits, cited where they stand; `tests/footprint`
//! measures the sums on every server at hand. Steady state is meant: no table that is just moving, no string that just
//! grew, no value of which elements were deleted.

mod allocator;
mod generation;
mod hyperloglog;
mod json;
mod list;
mod packed;
mod real;
mod shape;
mod stream;
mod string;
mod table;
mod value;
mod vectors;

pub use allocator::Allocator;
pub use real::Real;
pub use shape::{Element, Limits, Precision, Shape};
pub use table::Resize;

use crate::facts::{Encoding, Engine};
use generation::Generation;
use packed::{sds, sds8};
use shape::GEO_SCORE;
use string::{EMBSTR, EMBSTR_FRAME, OBJECT};
use table::ENTRY;

/// How a server lays out its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Layout {
    generation: Generation,
    allocator: Allocator,
    measured: bool,
}

/// What one key adds to `used_memory`, without its share of the tables (`Layout::tables`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// The name, and the entry or object that holds it.
    pub key: u64,
    pub value: u64,
    /// What the time to live adds.
    pub expiry: u64,
    /// What MEMORY USAGE will say.
    pub claimed: u64,
    pub encoding: Encoding,
}

impl Cost {
    pub fn bytes(&self) -> u64 {
        self.key + self.value + self.expiry
    }
}

/// The value of a key and its object, before the key is counted.
struct Body {
    encoding: Encoding,
    /// Bytes apart from the object.
    real: f64,
    claimed: f64,
    /// Length of the string that may lie in the object.
    inside: Option<u64>,
}

impl Layout {
    pub fn new(engine: &Engine, allocator: Allocator) -> Self {
        Self { generation: Generation::of(engine), allocator, measured: Generation::was_measured(engine) }
    }

    /// Whether the model was held against servers of this version; else it is that of the nearest that was.
    pub fn is_measured(&self) -> bool {
        self.measured
    }

    pub fn allocator(&self) -> Allocator {
        self.allocator
    }

    /// What a request for `n` bytes adds to `used_memory`.
    pub fn allocated(&self, n: u64) -> u64 {
        self.allocator.allocated(n)
    }

    /// The quantum of jemalloc with which MEMORY USAGE would claim this of keys whose shape is known exactly (name length,
    /// shape, whether it expires, claimed bytes); `None` if both would, or neither. For servers that do not show
    /// MEMORY MALLOC-STATS: the claim of one counter with a name of 15 to 21 bytes tells them apart
    /// (Valkey 8.1 claims 16 for any: there it takes a short string).
    pub fn quantum(engine: &Engine, limits: &Limits, seen: &[(u64, Shape, bool, u64)]) -> Option<u64> {
        let mut fitting = [8, 16].into_iter().filter(|quantum| {
            let layout = Self::new(engine, Allocator::Jemalloc { quantum: *quantum, by_page: false });
            seen.iter()
                .all(|(name, shape, expires, claimed)| layout.key(*name, shape, *expires, limits).claimed == *claimed)
        });
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// What a key of this shape costs.
    pub fn key(&self, name_len: u64, shape: &Shape, expires: bool, limits: &Limits) -> Cost {
        let body = self.body(shape, limits);
        if self.generation.has_key_in_object() {
            self.key_in_object(name_len, expires, &body)
        } else {
            self.key_in_entry(name_len, expires, &body)
        }
    }

    /// What a key costs whose elements are one like those of each shape in turn, where all shapes have as many.
    pub fn mixed(&self, name_len: u64, shapes: &[Shape], expires: bool, limits: &Limits) -> f64 {
        let many = shapes.len().max(1) as f64;
        let mean = |all: &dyn Fn(&Shape) -> f64| shapes.iter().map(all).sum::<f64>() / many;
        let bytes = mean(&|shape| self.key(name_len, shape, expires, limits).bytes() as f64);
        let runs: Option<Vec<u64>> = shapes.iter().map(|shape| self.run(shape, limits)).collect();
        // A run is one allocation: of the mean, which is not the mean of allocations.
        let Some(runs) = runs else { return bytes };
        let whole = self.allocated((runs.iter().sum::<u64>() as f64 / many).round() as u64) as f64;
        bytes + whole - runs.iter().map(|run| self.allocated(*run) as f64).sum::<f64>() / many
    }

    fn body(&self, shape: &Shape, limits: &Limits) -> Body {
        let raw =
            |bytes: u64| Body { encoding: Encoding::Raw, real: bytes as f64, claimed: bytes as f64, inside: None };
        let payload = match *shape {
            Shape::Int => return Body { encoding: Encoding::Int, ..raw(0) },
            Shape::String { len } => {
                return Body { inside: Some(len), claimed: self.claimed_raw(len) as f64, ..raw(self.raw(len)) };
            }
            Shape::HyperLogLog { unique } => {
                let bytes = self.hyperloglog(unique, limits);
                return Body { real: bytes, claimed: bytes, ..raw(0) };
            }
            Shape::Bitmap { bits } => {
                let len = bits.div_ceil(8);
                return Body { claimed: self.claimed_raw(len) as f64, ..raw(self.raw(len)) };
            }
            Shape::List { items, item } => self.list(items, item, limits),
            Shape::Set { members, member } => self.set(members, member, limits),
            Shape::Zset { members, member, score } => self.zset(members, member, score, limits),
            Shape::Geo { members, member } => self.zset(members, member, GEO_SCORE, limits),
            Shape::Hash { fields, name, value, field_expires } => self.hash(fields, name, value, field_expires, limits),
            Shape::Stream { entries, fields, name, value, pending } => {
                self.stream(entries, fields, name, value, pending, limits)
            }
            Shape::Vectors { elements, name_len, dimensions, precision, links } => {
                self.vectors(elements, name_len, dimensions, precision, links)
            }
            Shape::Json { fields, name_len, value } => self.json(fields, name_len, value),
        };
        Body { encoding: payload.encoding, real: payload.real, claimed: payload.claimed, inside: None }
    }

    /// Until Redis 8.0 and Valkey 8.0: an entry in the table, the name, the object, and an entry for the time to live.
    fn key_in_entry(&self, name_len: u64, expires: bool, body: &Body) -> Cost {
        let (key, claimed_key) = self.entry(name_len);
        let expiry = if expires { self.allocated(ENTRY) } else { 0 };
        let (encoding, object, claimed_object, apart) = match body.inside {
            Some(len) if len <= EMBSTR => {
                let object = self.allocated(OBJECT + EMBSTR_FRAME + len);
                // sdslen + 2, src/object.c until 6.2.
                let claimed = if self.generation.is_six() { OBJECT + len + 2 } else { object };
                (Encoding::Embstr, object, claimed, false)
            }
            _ => (body.encoding, self.allocated(OBJECT), OBJECT, true),
        };
        let (real, claimed) = if apart { (body.real, body.claimed) } else { (0.0, 0.0) };
        Cost {
            key,
            value: (object as f64 + real).round() as u64,
            expiry,
            claimed: ((claimed_key + claimed_object) as f64 + claimed) as u64,
            encoding,
        }
    }

    /// The entry of the main table with the name, and what MEMORY USAGE takes it for.
    fn entry(&self, name_len: u64) -> (u64, u64) {
        if self.generation == Generation::Valkey80 {
            // Value, next, length of the name's header, name (dictEntryEmbedded, src/dict.c).
            // The name keeps the header that it came with in a command.
            let bytes = self.allocated(17 + sds8(name_len));
            return (bytes, bytes);
        }
        let name = self.allocated(sds(name_len));
        (self.allocated(ENTRY) + name, ENTRY + name)
    }

    /// From Redis 8.2 and Valkey 8.1: the object holds the name and the time, and a short string.
    fn key_in_object(&self, name_len: u64, expires: bool, body: &Body) -> Cost {
        let bare = self.object(name_len, false);
        let inside = body.inside.and_then(|len| self.object_with_string(name_len, len, expires));
        if let Some(object) = inside {
            let expiry = object.saturating_sub(
                body.inside.and_then(|len| self.object_with_string(name_len, len, false)).unwrap_or(object),
            );
            let key = bare.min(object - expiry);
            let value = object - expiry - key;
            return Cost { key, value, expiry, claimed: object, encoding: Encoding::Embstr };
        }
        let object = self.object(name_len, expires);
        // Until 9.0 Valkey forgets that the name is there.
        let claimed = if self.generation == Generation::Valkey81 { OBJECT } else { object };
        Cost {
            key: bare,
            value: body.real.round() as u64,
            expiry: object - bare,
            claimed: (claimed as f64 + body.claimed) as u64,
            encoding: body.encoding,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Kind, Version};

    const Q8: Allocator = Allocator::Jemalloc { quantum: 8, by_page: false };
    const Q16: Allocator = Allocator::Jemalloc { quantum: 16, by_page: false };

    fn layout(kind: Kind, version: (u16, u16), allocator: Allocator) -> Layout {
        Layout::new(&Engine { kind, version: Version(version.0, version.1, 0) }, allocator)
    }

    fn every() -> Vec<Layout> {
        let redis = [(6, 0), (6, 2), (7, 0), (7, 2), (7, 4), (8, 0), (8, 6)].map(|version| (Kind::Redis, version));
        let valkey = [(8, 0), (8, 1), (9, 0), (9, 1)].map(|version| (Kind::Valkey, version));
        let engines: Vec<(Kind, (u16, u16))> = redis.into_iter().chain(valkey).collect();
        let with = |allocator| engines.iter().map(move |(kind, version)| layout(kind.clone(), *version, allocator));
        with(Q8).chain(with(Q16)).chain(with(Allocator::Libc)).collect()
    }

    fn encoding(layout: &Layout, name_len: u64, shape: Shape) -> Encoding {
        layout.key(name_len, &shape, false, &Limits::default()).encoding
    }

    #[test]
    fn a_string_shares_an_allocation_up_to_the_limit_of_its_version() {
        let string = |len| Shape::String { len };
        for (kind, version, name_len, last) in [
            (Kind::Redis, (7, 0), 30, 44),
            (Kind::Valkey, (8, 0), 30, 44),
            // Object, name with its frame, value with its frame: 16 + 10 + 3 + 4 + 31 = 64.
            (Kind::Redis, (8, 6), 10, 31),
            (Kind::Valkey, (8, 1), 10, 31),
            // 8 + 1 + 12 + 4 + 103 = 128.
            (Kind::Valkey, (9, 1), 10, 103),
        ] {
            let layout = layout(kind, version, Q8);
            assert_eq!(encoding(&layout, name_len, string(last)), Encoding::Embstr, "{layout:?}");
            assert_eq!(encoding(&layout, name_len, string(last + 1)), Encoding::Raw, "{layout:?}");
        }
    }

    #[test]
    fn collections_change_their_encoding_beyond_the_limits() {
        use Element::{Number, Text};
        let hash = |fields, value| Shape::Hash { fields, name: Text(8), value: Text(value), field_expires: false };
        let set = |members, member| Shape::Set { members, member };
        let zset = |members| Shape::Zset { members, member: Text(8), score: Number(1) };
        for layout in every() {
            let is = |shape| encoding(&layout, 10, shape);
            let small = if layout.generation.is_six() { Encoding::Ziplist } else { Encoding::Listpack };
            assert_eq!(
                [is(hash(512, 64)), is(hash(513, 64)), is(hash(512, 65))],
                [small, Encoding::Hashtable, Encoding::Hashtable]
            );
            assert_eq!([is(zset(128)), is(zset(129))], [small, Encoding::Skiplist]);
            assert_eq!(
                [is(set(512, Number(5000))), is(set(513, Number(5000)))],
                [Encoding::Intset, Encoding::Hashtable]
            );
            let packs = if layout.generation.has_small_sets() { Encoding::Listpack } else { Encoding::Hashtable };
            assert_eq!([is(set(128, Text(64))), is(set(129, Text(64)))], [packs, Encoding::Hashtable]);
        }
        let limits = Limits { hash_entries: 10, ..Limits::default() };
        let cost = layout(Kind::Redis, (7, 2), Q8).key(10, &hash(11, 8), false, &limits);
        assert_eq!(cost.encoding, Encoding::Hashtable);
    }

    #[test]
    fn more_elements_longer_names_and_a_time_never_cost_less() {
        use Element::{Number, Text};
        let limits = Limits::default();
        for layout in every() {
            let bytes = |name, shape: &Shape, expires| layout.key(name, shape, expires, &limits).bytes();
            let growing = |shape: &dyn Fn(u64) -> Shape, what: &str| {
                let costs: Vec<u64> = (1..700).map(|n| bytes(20, &shape(n), false)).collect();
                assert!(costs.windows(2).all(|pair| pair[0] <= pair[1]), "{layout:?} {what}");
            };
            growing(&|items| Shape::List { items, item: Text(100) }, "list");
            growing(&|members| Shape::Zset { members, member: Text(12), score: Number(70_000) }, "zset");
            growing(
                &|entries| Shape::Stream { entries, fields: 2, name: Text(5), value: Text(9), pending: 0 },
                "stream",
            );
            growing(&|fields| Shape::Hash { fields, name: Text(8), value: Text(30), field_expires: false }, "hash");
            growing(&|len| Shape::String { len: len + 150 }, "long string");
            for name in 1..200 {
                let (bare, timed) = (bytes(name, &Shape::Int, false), bytes(name, &Shape::Int, true));
                assert!(bare <= timed && bare <= bytes(name + 1, &Shape::Int, false), "{layout:?} {name}");
            }
            let tables: Vec<u64> = (0..5_000).map(|keys| layout.tables(keys, keys / 2)).collect();
            assert!(tables.windows(2).all(|pair| pair[1] + 64 >= pair[0]), "{layout:?}");
        }
    }

    #[test]
    fn the_next_resize_comes_when_the_table_is_full() {
        let redis = layout(Kind::Redis, (7, 2), Q8);
        assert_eq!(redis.next_resize(1000), Resize { at_keys: 1025, at_once: 16_384, lasting: 8_192 });
        assert_eq!(redis.tables(1025, 0) - redis.tables(1024, 0), redis.next_resize(1024).lasting);
        let valkey = layout(Kind::Valkey, (9, 0), Q8);
        assert_eq!(valkey.next_resize(1000), Resize { at_keys: 1793, at_once: 32_768, lasting: 16_384 });
    }

    #[test]
    fn one_counter_tells_the_quantum() {
        let limits = Limits::default();
        let engines =
            [(Kind::Redis, Version(7, 0, 15)), (Kind::Redis, Version(8, 6, 3)), (Kind::Valkey, Version(9, 1, 2))];
        for (kind, version) in engines {
            let engine = Engine { kind, version };
            for quantum in [8, 16] {
                let layout = Layout::new(&engine, Allocator::Jemalloc { quantum, by_page: false });
                let claimed = layout.key(18, &Shape::Int, false, &limits).claimed;
                let seen = [(18, Shape::Int, false, claimed)];
                assert_eq!(Layout::quantum(&engine, &limits, &seen), Some(quantum), "{engine}");
            }
            assert_eq!(Layout::quantum(&engine, &limits, &[]), None, "nothing seen says nothing");
        }
    }

    #[test]
    fn a_claim_of_a_known_shape_is_corrected_to_its_cost() {
        use crate::facts::{Expiry, KeyFacts, KeyType};
        let limits = Limits::default();
        for layout in every() {
            for len in [1, 20, 44, 100, 3_000] {
                let cost = layout.key(24, &Shape::String { len }, true, &limits);
                let facts = KeyFacts {
                    name: vec![b'k'; 24],
                    claimed: Some(cost.claimed),
                    key_type: Some(KeyType::String),
                    encoding: Some(cost.encoding),
                    expiry: Some(Expiry::In(1)),
                    ..KeyFacts::default()
                };
                let real = layout.real(&facts).unwrap();
                assert_eq!(real.bytes(), cost.bytes(), "{layout:?} {len}");
            }
        }
    }
}
