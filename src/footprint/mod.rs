//! What a key really costs: bytes of `used_memory` by engine, version and allocator, before it is made and after.
//!
//! Constants are struct sizes and limits of the servers' sources on 64 bits, cited where they stand; `tests/footprint`
//! measures the sums on every server at hand. Steady state is meant: no table that is just moving, no string that just
//! grew, no value of which elements were deleted.

mod allocator;
mod generation;
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

    /// What a request for `n` bytes adds to `used_memory`.
    pub fn allocated(&self, n: u64) -> u64 {
        self.allocator.allocated(n)
    }

    /// The allocator for which MEMORY USAGE would claim this of keys whose shape is known exactly: name length, shape,
    /// whether it expires, claimed bytes. `None` if none or more than one would. For servers that do not show
    /// MEMORY MALLOC-STATS: a counter with a name of 15 to 21 bytes is enough.
    pub fn infer(engine: &Engine, limits: &Limits, seen: &[(u64, Shape, bool, u64)]) -> Option<Allocator> {
        let jemalloc = |quantum| Allocator::Jemalloc { quantum, by_page: false };
        let mut fitting = [jemalloc(8), jemalloc(16), Allocator::Libc].into_iter().filter(|allocator| {
            let layout = Self::new(engine, *allocator);
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

    fn body(&self, shape: &Shape, limits: &Limits) -> Body {
        let raw =
            |bytes: u64| Body { encoding: Encoding::Raw, real: bytes as f64, claimed: bytes as f64, inside: None };
        let payload = match *shape {
            Shape::Int => return Body { encoding: Encoding::Int, ..raw(0) },
            Shape::String { len } => return Body { inside: Some(len), ..raw(self.raw(len)) },
            Shape::HyperLogLog { unique } => return raw(self.hyperloglog(unique, limits)),
            Shape::Bitmap { bits } => return raw(self.raw(bits.div_ceil(8))),
            Shape::List { items, item } => self.list(items, item, limits),
            Shape::Set { members, member } => self.set(members, member, limits),
            Shape::Zset { members, member, score } => self.zset(members, member, score, limits),
            Shape::Geo { members, member } => self.zset(members, member, GEO_SCORE, limits),
            Shape::Hash { fields, name, value, field_expires } => self.hash(fields, name, value, field_expires, limits),
            Shape::Stream { entries, fields, name, value, pending } => {
                self.stream(entries, fields, name, value, pending, limits)
            }
            Shape::Vectors { elements, name_len, dimensions, precision } => {
                self.vectors(elements, name_len, dimensions, precision)
            }
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
