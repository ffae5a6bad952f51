//! One key as a server, or a dump of it, describes it. What was not asked or not answered is absent.

use std::fmt;

use serde::Serialize;

use super::element::Pair;

/// What a key holds, as TYPE names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    String,
    List,
    Set,
    Zset,
    Hash,
    Stream,
    /// A type of a module, or one that is newer than we are.
    Other,
}

impl KeyType {
    pub const ALL: [Self; 7] = [Self::String, Self::List, Self::Set, Self::Zset, Self::Hash, Self::Stream, Self::Other];

    pub fn named(name: &[u8]) -> Self {
        match name {
            b"string" => Self::String,
            b"list" => Self::List,
            b"set" => Self::Set,
            b"zset" => Self::Zset,
            b"hash" => Self::Hash,
            b"stream" => Self::Stream,
            _ => Self::Other,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::List => "list",
            Self::Set => "set",
            Self::Zset => "zset",
            Self::Hash => "hash",
            Self::Stream => "stream",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How the value is laid out in memory, as OBJECT ENCODING names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    Int,
    Embstr,
    Raw,
    Ziplist,
    Listpack,
    /// A listpack whose fields may expire: Redis from 7.4.
    Listpackex,
    Intset,
    Hashtable,
    Skiplist,
    Quicklist,
    Stream,
    /// Of a module, or newer than we are.
    Other,
}

impl Encoding {
    pub const ALL: [Self; 12] = [
        Self::Int,
        Self::Embstr,
        Self::Raw,
        Self::Ziplist,
        Self::Listpack,
        Self::Listpackex,
        Self::Intset,
        Self::Hashtable,
        Self::Skiplist,
        Self::Quicklist,
        Self::Stream,
        Self::Other,
    ];

    pub fn named(name: &[u8]) -> Self {
        Self::ALL.into_iter().find(|encoding| encoding.as_str().as_bytes() == name).unwrap_or(Self::Other)
    }

    /// The type that has this encoding and no other has. With modules loaded `raw` may be a module's value.
    pub fn of_type(self, modules: bool) -> Option<KeyType> {
        match self {
            Self::Int | Self::Embstr => Some(KeyType::String),
            Self::Raw => (!modules).then_some(KeyType::String),
            Self::Intset => Some(KeyType::Set),
            Self::Skiplist => Some(KeyType::Zset),
            Self::Quicklist => Some(KeyType::List),
            Self::Stream => Some(KeyType::Stream),
            Self::Listpackex => Some(KeyType::Hash),
            Self::Ziplist | Self::Listpack | Self::Hashtable | Self::Other => None,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Embstr => "embstr",
            Self::Raw => "raw",
            Self::Ziplist => "ziplist",
            Self::Listpack => "listpack",
            Self::Listpackex => "listpackex",
            Self::Intset => "intset",
            Self::Hashtable => "hashtable",
            Self::Skiplist => "skiplist",
            Self::Quicklist => "quicklist",
            Self::Stream => "stream",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Whether a key ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    Never,
    /// Milliseconds from the moment it was asked.
    In(u64),
}

/// The consumer groups of a stream, of which the worst counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Groups {
    pub many: u64,
    /// Entries that one group was given and did not acknowledge: the most.
    pub pending: u64,
    /// Entries that one group was not given yet: the most, where the server tells (7.0).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<u64>,
}

/// One key. The name is data of a stranger: it is shown through `Foreign` only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyFacts {
    pub name: Vec<u8>,
    /// What MEMORY USAGE claims, in bytes.
    pub claimed: Option<u64>,
    pub key_type: Option<KeyType>,
    pub encoding: Option<Encoding>,
    pub expiry: Option<Expiry>,
    /// Elements, or bytes of a string.
    pub length: Option<u64>,
    /// Seconds since it was last used, where the policy is not LFU, as the server says: see [`Self::own_idle`].
    pub idle: Option<u64>,
    /// The logarithmic counter of LFU, 0 to 255.
    pub frequency: Option<u8>,
    /// The first bytes of a string, where samples of values were wished for. Never shown.
    pub sample: Option<Vec<u8>>,
    /// The sizes of a few elements of a table, drawn at random, where samples of values were wished for.
    pub elements: Vec<Pair>,
    /// Of a stream.
    pub groups: Option<Groups>,
    /// Whether it was one of those that are looked at closely.
    pub close: bool,
}

/// Digits of the numbers that a server shares: one object for each below 10,000 (`OBJ_SHARED_INTEGERS` in server.h).
const SHARED_DIGITS: u64 = 4;

impl KeyFacts {
    /// Seconds since it was last used, by a clock of its own. Where no LRU or LFU policy evicts, keys that hold the same
    /// small number share its object, and that has the time of the server's start, or on Valkey 8.0 none: it reads as
    /// anything up to 194 days, by the day. Its length tells such a number; without it every number may be one.
    pub fn own_idle(&self) -> Option<u64> {
        let shared = self.encoding == Some(Encoding::Int) && self.length.is_none_or(|digits| digits <= SHARED_DIGITS);
        self.idle.filter(|_| !shared)
    }

    /// FNV-1a of the name: the same key is chosen in every run, in whatever order keys come.
    pub fn ticket(name: &[u8]) -> u64 {
        let mixed = name
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        // FNV leaves the high bits of like names alike; the finish of splitmix64 spreads them.
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Where keys were read: a node of the deployment, by its place in the list, and a logical database.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    pub node: usize,
    pub database: u32,
}

/// Keys that were read together, from a server or from a dump.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub place: Place,
    /// Which draw of a random sample it is; none when everything is read.
    pub draw: Option<u32>,
    /// Names seen, the unwanted ones among them.
    pub seen: u64,
    /// Milliseconds from the start of the reading to this batch.
    pub at: u64,
    pub keys: Vec<KeyFacts>,
}
