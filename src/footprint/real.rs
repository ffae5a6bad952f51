//! What a key really costs, from what MEMORY USAGE claims of it.
//!
//! MEMORY USAGE counts structs by their size, not by their allocation; forgets the entry of a time to live, and Valkey
//! 8.1 the name; counts an entry for each member of tables that have none (Redis 7.2 to 8.6); guesses the tree of a
//! stream (until 8.0 and Valkey 8.0) and leaves out what its last node reserved (8.6). Table buckets are nobody's and in
//! `Layout::tables`. Not to be corrected: pending entries of a stream until 8.0, which are claimed at six times
//! their size and cannot be told from its data.

use super::Layout;
use super::generation::Generation;
use super::list::SAMPLES;
use super::packed::sds8;
use super::stream::{CLAIMED_TREE_NODE, ID, RESERVED};
use super::string::OBJECT;
use super::table::{ENTRY, Entries};
use super::value::{EMBEDDED_ENTRY, SKIPLIST, ZSET};
use crate::facts::{Encoding, Engine, Expiry, KeyFacts, KeyType};

/// Bytes of a key that is there, without its share of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Real {
    pub key: u64,
    pub value: u64,
    pub expiry: u64,
}

impl Real {
    pub fn bytes(&self) -> u64 {
        self.key + self.value + self.expiry
    }
}

/// What one member claims, and a field with its value, where nothing better is known. On an allocator with classes of 16
/// bytes, where the entry of each takes 8 more than it claims, sets of members that take 16 to 128 come out within 5 %.
const TYPICAL_MEMBER: f64 = 44.0;
const TYPICAL_FIELD: f64 = 64.0;
/// The same in a table of less than so many elements: a short hash or sorted set is one for an element of more than 64 bytes
/// (hash-max-listpack-value).
const SHORT_TABLE: f64 = 128.0;
const LONG_MEMBER: f64 = 96.0;
const LONG_FIELD: f64 = 160.0;
/// A member where claims are not rounded to allocations.
const TYPICAL_SHORT: f64 = 16.0;
/// Length of a field's name, in the same case.
const TYPICAL_NAME: u64 = 10;
/// How near to a whole number a mean is when all are alike.
const ALIKE: f64 = 0.1;
/// The longest string whose header does not know free space, with header and end.
const SHORT: f64 = 33.0;
/// What a node of a list holds when it is full, with the default limit of 8 KB.
const FULL_NODE: f64 = 8_130.0;

impl Layout {
    /// Whether a table is claimed otherwise than it is for each of its elements, so that their number is wanted.
    pub fn corrects_tables_by_length(engine: &Engine) -> bool {
        !Generation::of(engine).has_bucket_table()
    }

    /// `None` where MEMORY USAGE was not asked or not answered. Without a length the number of elements is guessed from
    /// the claim; sets that are tables, sorted sets and hashes gain most from knowing it.
    pub fn real(&self, facts: &KeyFacts) -> Option<Real> {
        let claimed = facts.claimed?;
        let name_len = facts.name.len() as u64;
        let expires = matches!(facts.expiry, Some(Expiry::In(_)));
        if self.generation.has_key_in_object() {
            return Some(self.real_in_object(facts, claimed, name_len, expires));
        }
        let (key, claimed_key) = self.entry(name_len);
        let rest = claimed.saturating_sub(claimed_key);
        Some(Real { key, value: self.real_value(facts, rest), expiry: if expires { self.allocated(ENTRY) } else { 0 } })
    }

    fn real_in_object(&self, facts: &KeyFacts, claimed: u64, name_len: u64, expires: bool) -> Real {
        let bare = self.object(name_len, false);
        let object = self.object(name_len, expires);
        let expiry = object - bare;
        if facts.encoding == Some(Encoding::Embstr) {
            let expiry = expiry.min(claimed.saturating_sub(bare));
            return Real { key: bare.min(claimed), value: claimed.saturating_sub(bare + expiry), expiry };
        }
        let claimed_object = if self.generation == Generation::Valkey81 { OBJECT } else { object };
        let payload = claimed.saturating_sub(claimed_object) as f64;
        Real { key: bare, value: self.real_payload(facts, payload).round() as u64, expiry }
    }

    /// The object and what is behind it, where the object is apart from the name.
    fn real_value(&self, facts: &KeyFacts, claimed: u64) -> u64 {
        match facts.encoding {
            // Until 6.2 a claim of the length and 18 (src/object.c): the header takes one byte more, and a final zero.
            Some(Encoding::Embstr) if self.generation.is_six() => self.allocated(claimed + 2),
            Some(Encoding::Embstr) => claimed,
            _ => {
                let payload = self.real_payload(facts, claimed.saturating_sub(OBJECT) as f64);
                self.allocated(OBJECT) + payload.round() as u64
            }
        }
    }

    /// What is behind the object.
    fn real_payload(&self, facts: &KeyFacts, claimed: f64) -> f64 {
        let length = facts.length.map(|length| length as f64);
        match (facts.encoding, facts.key_type) {
            (Some(Encoding::Listpack | Encoding::Ziplist | Encoding::Intset), _) if self.claims_requests() => {
                self.allocated(claimed as u64) as f64
            }
            (Some(Encoding::Listpackex), _) if self.claims_requests() => {
                let header = 24;
                (self.allocated(header) + self.allocated((claimed as u64).saturating_sub(header))) as f64
            }
            (Some(Encoding::Raw), Some(KeyType::String))
                if self.generation == Generation::Redis86 && claimed <= SHORT =>
            {
                self.allocated(claimed as u64) as f64
            }
            (Some(Encoding::Quicklist), _) => self.real_list(claimed, length),
            (Some(Encoding::Hashtable), Some(KeyType::Set)) => self.real_set(claimed, length),
            (Some(Encoding::Hashtable), _) => self.real_hash(claimed, length),
            (Some(Encoding::Skiplist), _) => self.real_zset(claimed, length),
            (Some(Encoding::Stream), _) => self.real_stream(claimed),
            _ => claimed,
        }
    }

    fn real_list(&self, claimed: f64, length: Option<f64>) -> f64 {
        let (list, node) = self.quicklist_structs();
        let runs = claimed - list as f64;
        let nodes = (runs / (FULL_NODE + node as f64)).ceil().max(1.0);
        let structs = (self.allocated(list) - list) as f64 + nodes * (self.allocated(node) - node) as f64;
        // Items that are greater than a node have one each.
        let nodes = length.filter(|length| runs / length > FULL_NODE).unwrap_or(nodes);
        let rounding = if self.claims_requests() {
            let mean = (runs / nodes - node as f64).max(1.0);
            let whole = if nodes > 1.0 { mean.max(FULL_NODE) } else { mean };
            (self.allocated(whole as u64) as f64 - whole) * nodes
        } else {
            0.0
        };
        // All nodes are taken for as full as the first ones. From 8.0 items are counted instead.
        let by_items = matches!(self.generation, Generation::Redis80 | Generation::Redis86);
        let guessed = !by_items && nodes > SAMPLES as f64 && runs / nodes < FULL_NODE + 2.0 * node as f64;
        let half_last = if guessed { runs / nodes / 2.0 } else { 0.0 };
        claimed + structs + rounding - half_last
    }

    fn real_set(&self, claimed: f64, length: Option<f64>) -> f64 {
        let member = if self.generation == Generation::Redis86 { TYPICAL_SHORT } else { TYPICAL_MEMBER };
        self.retabled(
            claimed,
            length,
            member,
            |members| self.set_table(members),
            |members, rest| {
                // Short strings are claimed as they were asked for.
                if self.generation == Generation::Redis86 {
                    members * self.rounded(rest / members, SHORT)
                } else {
                    rest
                }
            },
        )
    }

    fn real_zset(&self, claimed: f64, length: Option<f64>) -> f64 {
        let node = (ZSET + SKIPLIST) as f64;
        let element = self.typical(claimed, TYPICAL_MEMBER + node, LONG_MEMBER + node);
        self.retabled(claimed, length, element, |members| self.skiplist_frame(members), |_, rest| rest)
    }

    fn real_hash(&self, claimed: f64, length: Option<f64>) -> f64 {
        self.retabled(
            claimed,
            length,
            self.typical(claimed, TYPICAL_FIELD, LONG_FIELD),
            |fields| self.hash_frame(fields),
            |fields, rest| {
                if self.generation == Generation::Redis86 { fields * self.real_entry(rest / fields) } else { rest }
            },
        )
    }

    /// What an element is taken to claim beside the table.
    fn typical(&self, claimed: f64, usual: f64, long: f64) -> f64 {
        if claimed < SHORT_TABLE * (usual + self.claimed_slot()) { long } else { usual }
    }

    /// Exchanges the claimed table for the real one; `element` is what an element may claim beside the table, and `rest`
    /// makes of all elements' claim what they take.
    fn retabled(
        &self,
        claimed: f64,
        length: Option<f64>,
        element: f64,
        table: impl Fn(u64) -> (f64, f64),
        rest: impl Fn(f64, f64) -> f64,
    ) -> f64 {
        let elements = length.unwrap_or_else(|| (claimed / (element + self.claimed_slot())).max(1.0)).max(1.0);
        if self.generation.has_bucket_table() {
            // Claimed as it is, but for the header.
            return claimed + (self.allocated(self.bucket_struct()) - self.bucket_struct()) as f64;
        }
        let (real, claimed_table) = table(elements as u64);
        real + rest(elements, (claimed - claimed_table).max(0.0))
    }

    /// What MEMORY USAGE counts of a table for each element, at a mean load.
    fn claimed_slot(&self) -> f64 {
        const MEAN_LOAD: f64 = 0.75;
        ENTRY as f64 + 8.0 / MEAN_LOAD
    }

    /// The table of a hash without its fields, and what MEMORY USAGE takes it for.
    fn hash_frame(&self, fields: u64) -> (f64, f64) {
        let header = self.dict_struct();
        let claimed = (header + fields * ENTRY) as f64 + Self::dict_slots(fields);
        if self.generation == Generation::Redis86 {
            (self.allocated(header + 8) as f64 + self.dict(fields, Entries::Bare), claimed)
        } else {
            (self.allocated(header) as f64 + self.dict(fields, Entries::Full), claimed)
        }
    }

    /// Redis 8.6 claims what a field and its value asked for.
    fn real_entry(&self, claimed: f64) -> f64 {
        let most = EMBEDDED_ENTRY as f64;
        // In those beyond, the value is apart, and its allocation is claimed.
        let field = sds8(TYPICAL_NAME) + 8;
        let apart = (self.allocated(field) - field) as f64;
        self.rounded(claimed, most) + apart * (1.0 - requested(claimed, most))
    }

    /// What elements of this mean claim take, where up to `most` what was asked for is claimed, and beyond it what was
    /// allocated: exact where they are all alike, else with half a class more for each that is below.
    fn rounded(&self, mean: f64, most: f64) -> f64 {
        if are_alike(mean) && mean <= most {
            return self.allocated(mean.round() as u64) as f64;
        }
        let class = self.allocated(mean.ceil() as u64);
        mean + requested(mean, most) * (self.allocated(class + 1) - class) as f64 / 2.0
    }

    fn real_stream(&self, claimed: f64) -> f64 {
        let header = self.stream_struct() as f64;
        let more = (self.allocated(self.stream_struct()) - self.stream_struct()) as f64;
        match self.generation {
            Generation::Redis86 => {
                let listpacks = claimed - self.allocated(self.stream_struct()) as f64 - self.stream_tree(1);
                // The last node reserves its bytes at once; of several it is half full.
                if listpacks <= RESERVED as f64 {
                    claimed - listpacks + RESERVED as f64
                } else {
                    claimed + RESERVED as f64 / 2.0
                }
            }
            generation if generation.has_bucket_table() => claimed + more,
            generation => {
                // 6.0 reserves nothing and claims what was asked for.
                let apart = generation == Generation::Redis60;
                let first = RESERVED as f64 + ID as f64 + Self::stream_tree_nodes(1) * CLAIMED_TREE_NODE as f64;
                let listpacks = claimed - header;
                if listpacks <= 1.5 * first {
                    let tree = ID as f64 + Self::stream_tree_nodes(1) * CLAIMED_TREE_NODE as f64;
                    let run = listpacks - tree;
                    let run = if apart { self.allocated(run.max(1.0) as u64) as f64 } else { run };
                    return header + more + run + self.stream_tree(1);
                }
                // Nodes of about three KB, and their share of the claimed tree.
                const CLOSED: f64 = 3_200.0;
                const HALF_CLASS: f64 = 256.0;
                let each = CLOSED + ID as f64 + 2.1 * CLAIMED_TREE_NODE as f64;
                let nodes = (listpacks / each).round().max(2.0);
                let tree = nodes * ID as f64 + Self::stream_tree_nodes(nodes as u64) * CLAIMED_TREE_NODE as f64;
                let rounding = if apart { nodes * HALF_CLASS } else { 0.0 };
                claimed + more - tree + self.stream_tree(nodes as u64) + rounding
            }
        }
    }
}

/// A mean of sizes that differ is a whole number only by chance.
fn are_alike(mean: f64) -> bool {
    (mean - mean.round()).abs() < ALIKE
}

/// The share of elements that claim at most this much, when their claims lie between a half and one and a half times their mean.
fn requested(mean: f64, most: f64) -> f64 {
    if are_alike(mean) {
        return if mean <= most { 1.0 } else { 0.0 };
    }
    ((most - mean / 2.0) / mean).clamp(0.0, 1.0)
}
