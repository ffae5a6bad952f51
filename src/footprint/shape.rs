//! What a value is made of, as far as its size goes.

pub use crate::facts::Element;

/// What a key holds. Elements of one kind are taken to be of one size: for a mixture, add up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// A string that reads as a whole number of 64 bits.
    Int,
    String {
        len: u64,
    },
    List {
        items: u64,
        item: Element,
    },
    Set {
        members: u64,
        member: Element,
    },
    /// `score` is `Number` where it is whole, else the text that the server would print.
    Zset {
        members: u64,
        member: Element,
        score: Element,
    },
    /// `field_expires`: every field has a time to live.
    Hash {
        fields: u64,
        name: Element,
        value: Element,
        field_expires: bool,
    },
    /// Entries with these fields each. `pending`: delivered to a consumer of one group and not acknowledged.
    Stream {
        entries: u64,
        fields: u64,
        name: Element,
        value: Element,
        pending: u64,
    },
    HyperLogLog {
        unique: u64,
    },
    /// Made at once by setting its last bit.
    Bitmap {
        bits: u64,
    },
    Geo {
        members: u64,
        member: Element,
    },
    /// A vector set of Redis 8. `links` is VADD's M, by default 16.
    Vectors {
        elements: u64,
        name_len: u64,
        dimensions: u64,
        precision: Precision,
        links: u64,
    },
    /// A document of RedisJSON: one object of fields, all named alike in every document (see `Layout::shared`).
    Json {
        fields: u64,
        name_len: u64,
        value: Element,
    },
}

/// How a vector set keeps its numbers: VADD's NOQUANT, Q8 (the default), BIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    Float,
    Byte,
    Bit,
}

/// Scores of GEOADD: interleaved coordinates of 52 bits.
pub(super) const GEO_SCORE: Element = Element::Number(1 << 51);

/// Up to where collections stay compact: `hash-max-listpack-entries` (`-ziplist-` before 7.0) and its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub hash_entries: u64,
    pub hash_value: u64,
    pub zset_entries: u64,
    pub zset_value: u64,
    pub set_intset_entries: u64,
    pub set_listpack_entries: u64,
    pub set_listpack_value: u64,
    /// `list-max-listpack-size`: items if positive, -1 to -5 for 4 to 64 KB.
    pub list_size: i64,
    pub stream_node_bytes: u64,
    pub stream_node_entries: u64,
    pub hll_sparse_bytes: u64,
}

impl Default for Limits {
    /// The defaults of src/config.c, which no version from 6.0 to Redis 8.6 and Valkey 9.1 changed.
    fn default() -> Self {
        Self {
            hash_entries: 512,
            hash_value: 64,
            zset_entries: 128,
            zset_value: 64,
            set_intset_entries: 512,
            set_listpack_entries: 128,
            set_listpack_value: 64,
            list_size: -2,
            stream_node_bytes: 4096,
            stream_node_entries: 100,
            hll_sparse_bytes: 3000,
        }
    }
}

impl Limits {
    /// Bytes and items that a node of a list may hold (src/quicklist.c, quicklistNodeLimit).
    pub(super) fn list_node(&self) -> (u64, u64) {
        /// SIZE_SAFETY_LIMIT: with a limit of items, bytes are bounded all the same.
        const SAFE: u64 = 8192;
        if self.list_size >= 0 {
            (SAFE, self.list_size.unsigned_abs().max(1))
        } else {
            (4096 << (self.list_size.unsigned_abs().min(5) - 1), u64::MAX)
        }
    }
}
