//! JSON documents of RedisJSON: an object of fields, each a name and a text or a number.
//!
//! RedisJSON 2.6 and 2.8 keep them in ijson (<https://github.com/RedisJSON/ijson>, commit e0119ac, which both have in
//! Cargo.toml), as measured on 2.6.9 and 2.8.3. RedisJSON 8 is not measured: 8.2 keeps numbers in place (ijson 32d82ef), 8.4
//! texts of up to 7 bytes too (adf71f0).
//! Texts are kept once for all documents ("interned"): names of fields are shared, values are taken to differ.

use super::Layout;
use super::shape::{Element, Shape};
use super::string::OBJECT;
use super::value::Payload;
use crate::facts::Encoding;

/// struct moduleValue (src/server.h), and the document behind it: one IValue, a pointer (redisjson.rs).
const MODULE_VALUE: u64 = 16;
const POINTER: u64 = 8;
/// Header of an object, and of a text (object.rs, unsafe_string.rs).
const HEADER: u64 = 16;
/// A name and a value.
const PAIR: u64 = 2 * POINTER;
/// The least number of fields that an object has room for (IObject::reserve).
const LEAST_FIELDS: u64 = 4;
/// Numbers that are part of the program, and those of 24 bits (number.rs).
const STATIC: std::ops::Range<i64> = -128..384;
const SHORT: std::ops::Range<i64> = -0x80_0000..0x80_0000;

impl Layout {
    /// A document that was set at once, without its share of what all documents have in common.
    pub(super) fn json(&self, fields: u64, name_len: u64, value: Element) -> Payload {
        let room = room(fields);
        let object = if room == 0 { 0 } else { self.allocated(HEADER + room * PAIR + buckets(room) * POINTER) };
        let (real, claimed) = self.json_value(value);
        let real = self.allocated(MODULE_VALUE) + self.allocated(POINTER) + object + fields * real;
        // RedisJSON counts words and lengths (ivalue_manager.rs, get_memory); the server adds no object of its own.
        let words = if room == 0 { 1 } else { 1 + 3 * room + 2 };
        let claimed = words * POINTER + fields * (name_len + POINTER + claimed);
        let object = if self.generation.has_key_in_object() { 0 } else { OBJECT };
        Payload { encoding: Encoding::Raw, real: real as f64, claimed: claimed as f64 - object as f64 }
    }

    /// What a value takes beside its pointer, and what is claimed of it.
    fn json_value(&self, value: Element) -> (u64, u64) {
        match value {
            Element::Text(0) => (0, 0),
            Element::Text(len) => (self.json_text(len), len),
            Element::Number(value) if STATIC.contains(&value) => (0, 0),
            Element::Number(value) if SHORT.contains(&value) => (self.allocated(4), 4),
            Element::Number(_) => (self.allocated(16), 16),
        }
    }

    fn json_text(&self, len: u64) -> u64 {
        self.allocated((HEADER + len).next_multiple_of(POINTER))
    }

    /// What keys of this shape take together and none of them alone: of JSON documents the names of fields, and the table
    /// of all texts (of hashbrown: a pointer and a byte for each bucket, seven of eight full before it doubles).
    pub fn shared(&self, keys: u64, shape: &Shape) -> u64 {
        let Shape::Json { fields, name_len, value } = *shape else { return 0 };
        if keys == 0 || fields == 0 {
            return 0;
        }
        let values = if matches!(value, Element::Text(1..)) { keys.saturating_mul(fields) } else { 0 };
        let texts = fields.saturating_add(values);
        let buckets = match texts {
            0..4 => 4,
            4..8 => 8,
            texts => (texts.saturating_mul(8) / 7).checked_next_power_of_two().unwrap_or(u64::MAX / 16),
        };
        /// The control bytes end with those of a whole group.
        const GROUP: u64 = 16;
        fields * self.json_text(name_len) + self.allocated(buckets * (POINTER + 1) + GROUP)
    }
}

/// Fields that an object of so many has room for: it doubles.
fn room(fields: u64) -> u64 {
    if fields == 0 { 0 } else { fields.max(LEAST_FIELDS).checked_next_power_of_two().unwrap_or(fields) }
}

/// A quarter more buckets than fields (hash_capacity).
fn buckets(room: u64) -> u64 {
    room + room / 4
}
