//! What lies behind the object: hashes, sets, sorted sets and lists.

use super::Layout;
use super::generation::Generation;
use super::packed::{Packing, intset, sds, sds_inside, sds8};
use super::shape::{Element, Limits, Shape};
use super::table::{ENTRY, Entries};
use crate::facts::Encoding;

/// Bytes behind the object, and how many of them MEMORY USAGE counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payload {
    pub encoding: Encoding,
    pub real: f64,
    pub claimed: f64,
}

/// sizeof(zset), of a skiplist with its header apart, and of the link to the next node on one level (src/server.h).
pub(super) const ZSET: u64 = 16;
pub(super) const SKIPLIST: u64 = 32;
const LEVEL: u64 = 16;
/// ZSKIPLIST_MAXLEVEL.
const LEVELS: u64 = 32;
/// The share of nodes that reach the next level: ZSKIPLIST_P.
const NEXT_LEVEL: f64 = 0.25;
/// Milliseconds since 1970, as they are now for a century.
const TIME: Element = Element::Number(1 << 41);
/// Field and value share an allocation up to here (EMBED_VALUE_MAX_ALLOC_SIZE).
pub(super) const EMBEDDED_ENTRY: u64 = 128;
/// sizeof(ExpireMeta) of Redis, and the time of Valkey 9 (src/entry.c).
const REDIS_FIELD_EXPIRY: u64 = 16;
const VALKEY_FIELD_EXPIRY: u64 = 8;

impl Layout {
    /// sizeof(dict): two tables in it until 6.2, their exponents after.
    pub(super) fn dict_struct(&self) -> u64 {
        if self.generation.is_six() { 96 } else { 56 }
    }

    /// sizeof(hashtable) of Valkey, without what the type adds.
    pub(super) fn bucket_struct(&self) -> u64 {
        if self.generation == Generation::Valkey81 { 72 } else { 80 }
    }

    /// One run of packed elements. Some versions claim its length, others its allocation.
    fn packed(&self, encoding: Encoding, bytes: u64) -> Payload {
        let real = self.allocated(bytes);
        let claimed = if self.claims_requests() { bytes } else { real };
        Payload { encoding, real: real as f64, claimed: claimed as f64 }
    }

    /// MEMORY USAGE adds up what compact values asked for (ziplistBlobLen until 6.2, lpBytes in Redis 8.6).
    pub(super) fn claims_requests(&self) -> bool {
        self.generation.is_six() || self.generation == Generation::Redis86
    }

    /// Bytes of the one run that a hash, a set or a sorted set is, where it is one.
    pub(super) fn run(&self, shape: &Shape, limits: &Limits) -> Option<u64> {
        let packing = Packing::of(self.generation);
        match *shape {
            Shape::Hash { fields, name, value, field_expires: false } => {
                let fits = fields <= limits.hash_entries && name.len().max(value.len()) <= limits.hash_value;
                fits.then(|| packing.bytes(fields, &[name, value]))
            }
            Shape::Zset { members, member, score } => {
                let fits = members <= limits.zset_entries && member.len() <= limits.zset_value;
                fits.then(|| packing.bytes(members, &[member, score]))
            }
            Shape::Set { members, member } => {
                let fits = members <= limits.set_listpack_entries && member.len() <= limits.set_listpack_value;
                (fits && self.generation.has_small_sets()).then(|| Packing::Listpack.bytes(members, &[member]))
            }
            _ => None,
        }
    }

    fn small(&self) -> Encoding {
        if self.generation.has_listpack() { Encoding::Listpack } else { Encoding::Ziplist }
    }

    pub(super) fn hash(&self, fields: u64, name: Element, value: Element, expires: bool, limits: &Limits) -> Payload {
        let expires = expires && self.has_field_expiry();
        let run = self.run(&Shape::Hash { fields, name, value, field_expires: false }, limits);
        match run {
            Some(bytes) if !expires => return self.packed(self.small(), bytes),
            Some(_) if !self.generation.has_bucket_table() => {
                return self.expiring_listpack(Packing::of(self.generation).bytes(fields, &[name, value, TIME]));
            }
            _ => {}
        }
        self.hash_table(fields, name.len(), value.len(), expires)
    }

    fn has_field_expiry(&self) -> bool {
        matches!(
            self.generation,
            Generation::Redis74
                | Generation::Redis80
                | Generation::Redis86
                | Generation::Valkey90
                | Generation::Valkey91
        )
    }

    /// A listpack of name, value and time, registered with the database by its earliest time (struct listpackEx).
    fn expiring_listpack(&self, bytes: u64) -> Payload {
        let kvobj = self.generation == Generation::Redis86;
        let header = if kvobj { 24 } else { 32 };
        let Payload { real, claimed, .. } = self.packed(Encoding::Listpackex, bytes);
        let claimed_header = if kvobj { header } else { self.allocated(header) };
        Payload {
            encoding: Encoding::Listpackex,
            real: real + self.allocated(header) as f64 + REGISTERED,
            claimed: claimed + claimed_header as f64,
        }
    }

    fn hash_table(&self, fields: u64, name: u64, value: u64, expires: bool) -> Payload {
        let generation = self.generation;
        let (entry, claimed_entry) = self.hash_entry(name, value, expires);
        let entries = fields as f64 * entry as f64 + self.cuttings(fields, entry);
        let claimed_entries = fields as f64 * claimed_entry as f64;
        let (table, claimed_table) = if generation.has_bucket_table() {
            // From 9.0 with the set of expiring fields.
            let header = self.bucket_struct() + if generation == Generation::Valkey81 { 0 } else { 8 };
            let table = self.bucket_table(fields);
            (self.allocated(header) as f64 + table, header as f64 + table)
        } else {
            let kvobj = generation == Generation::Redis86;
            let more = match (kvobj, expires) {
                (true, false) => 8,
                (_, true) => 32,
                _ => 0,
            };
            let kind = if kvobj { Entries::Bare } else { Entries::Full };
            let real = self.allocated(self.dict_struct() + more) as f64 + self.dict(fields, kind);
            (real, self.dict_struct() as f64 + Self::dict_slots(fields) + (fields * ENTRY) as f64)
        };
        let (times, claimed_times) = if expires { self.field_times(fields) } else { (0.0, 0.0) };
        Payload {
            encoding: Encoding::Hashtable,
            real: table + entries + times,
            claimed: claimed_table + claimed_entries + claimed_times,
        }
    }

    /// The order of expiring fields and the hash's own place among those that have some, and what is claimed of it.
    fn field_times(&self, fields: u64) -> (f64, f64) {
        if !self.generation.has_bucket_table() {
            return (REGISTERED + fields as f64 * REGISTERED_FIELD, 0.0);
        }
        // One field: a pointer; up to 127: an array; then a tree by time, here with all times close together (src/vset.c).
        let order = match fields {
            0 | 1 => 0.0,
            2..=127 => self.allocated(8 + fields * 8) as f64,
            _ => self.bucket_table(fields) + self.bucket_struct() as f64,
        };
        (order + REGISTERED_KEY, order)
    }

    /// One field with its value, and what MEMORY USAGE takes it for: Redis 8.6 adds up what was asked for.
    fn hash_entry(&self, name: u64, value: u64, expires: bool) -> (u64, u64) {
        let kvobj = self.generation == Generation::Redis86;
        if !self.generation.has_hash_entry() {
            // A field that expires has 16 bytes and two of flags before it (src/mstr.h).
            let field = self.allocated(sds(name) + if expires { REDIS_FIELD_EXPIRY + 2 } else { 0 });
            let bytes = field + self.allocated(sds(value));
            return (bytes, bytes);
        }
        let time = match (expires, kvobj) {
            (false, _) => 0,
            (true, true) => REDIS_FIELD_EXPIRY,
            (true, false) => VALKEY_FIELD_EXPIRY,
        };
        let field = if expires { sds8(name) } else { sds_inside(name) };
        let together = time + field + value + 4;
        if value <= 252 && together <= EMBEDDED_ENTRY {
            let bytes = self.allocated(together);
            return (bytes, if kvobj { together } else { bytes });
        }
        let outside = self.allocated(sds(value));
        let bytes = self.allocated(time + 8 + sds8(name));
        let claimed = if kvobj { time + 8 + sds8(name) } else { bytes };
        (bytes + outside, claimed + outside)
    }

    /// Half of what lies between the class of an allocation and the next.
    pub fn half_class(&self, bytes: u64) -> f64 {
        (self.allocated(self.allocated(bytes) + 1) - self.allocated(bytes)) as f64 / 2.0
    }

    /// What an element of a table may be shorter or longer by, when it takes what it takes: half a class for each of its
    /// allocations.
    pub fn half_classes(&self, shape: &Shape) -> f64 {
        let half = |bytes: u64| self.half_class(bytes);
        match *shape {
            Shape::Hash { name, value, .. } if self.generation.has_hash_entry() => {
                half(sds_inside(name.len()) + value.len() + 4)
            }
            Shape::Hash { name, value, .. } => half(sds(name.len())) + half(sds(value.len())),
            Shape::Set { member, .. } | Shape::Zset { member, .. } => half(sds(member.len())),
            _ => 0.0,
        }
    }

    pub(super) fn set(&self, members: u64, member: Element, limits: &Limits) -> Payload {
        if let Element::Number(greatest) = member
            && members <= limits.set_intset_entries
        {
            let bytes = intset(members, greatest);
            return self.packed(Encoding::Intset, bytes);
        }
        if let Some(bytes) = self.run(&Shape::Set { members, member }, limits) {
            return self.packed(Encoding::Listpack, bytes);
        }
        let (one, claimed_one) = (self.raw(member.len()), self.claimed_raw(member.len()));
        let (table, claimed) = self.set_table(members);
        Payload {
            encoding: Encoding::Hashtable,
            real: table + (members * one) as f64 + self.cuttings(members, one),
            claimed: claimed + (members * claimed_one) as f64,
        }
    }

    /// The table of a set without its members, and what MEMORY USAGE takes it for.
    pub(super) fn set_table(&self, members: u64) -> (f64, f64) {
        let header = self.dict_struct();
        let claimed = header as f64 + Self::dict_slots(members) + (members * ENTRY) as f64;
        match self.generation {
            generation if generation.has_bucket_table() => {
                let table = self.bucket_table(members);
                let header = self.bucket_struct();
                (self.allocated(header) as f64 + table, header as f64 + table)
            }
            Generation::Redis60 | Generation::Redis62 | Generation::Redis70 => {
                (self.allocated(header) as f64 + self.dict(members, Entries::Full), claimed)
            }
            // The dict keeps the sum of its members' sizes.
            Generation::Redis86 => (self.allocated(header + 8) as f64 + self.dict(members, Entries::Bare), claimed),
            Generation::Valkey80 => {
                let table = self.dict(members, Entries::Bare);
                (self.allocated(header) as f64 + table, header as f64 + table)
            }
            _ => (self.allocated(header) as f64 + self.dict(members, Entries::Bare), claimed),
        }
    }

    pub(super) fn zset(&self, members: u64, member: Element, score: Element, limits: &Limits) -> Payload {
        if let Some(bytes) = self.run(&Shape::Zset { members, member, score }, limits) {
            return self.packed(self.small(), bytes);
        }
        let nodes = members as f64 * self.skiplist_node(member.len());
        let (frame, claimed) = self.skiplist_frame(members);
        Payload { encoding: Encoding::Skiplist, real: frame + nodes, claimed: claimed + nodes }
    }

    /// A sorted set's table and skiplist without nodes, and what MEMORY USAGE takes them for.
    pub(super) fn skiplist_frame(&self, members: u64) -> (f64, f64) {
        let header = self.skiplist_header();
        let real = self.allocated(ZSET) as f64 + header;
        if self.generation.has_bucket_table() {
            let table = self.bucket_table(members);
            let claimed = (ZSET + self.bucket_struct()) as f64 + self.claimed_skiplist_header() + table;
            return (real + self.allocated(self.bucket_struct()) as f64 + table, claimed);
        }
        let kind = if self.generation == Generation::Redis86 { Entries::Bare } else { Entries::Full };
        let table = self.allocated(self.dict_struct()) as f64 + self.dict(members, kind);
        let claimed = (ZSET + self.dict_struct() + members * ENTRY) as f64 + Self::dict_slots(members);
        (real + table, claimed + self.claimed_skiplist_header())
    }

    /// The struct of a skiplist and its header, a node of all levels without a member.
    fn skiplist_header(&self) -> f64 {
        let bytes = match self.generation {
            // One allocation (zslGetAllocSize).
            Generation::Valkey91 => self.allocated(SKIPLIST + (LEVELS - 1) * LEVEL),
            Generation::Redis86 => self.allocated(40) + self.allocated(16 + LEVELS * LEVEL),
            _ => self.allocated(SKIPLIST) + self.allocated(24 + LEVELS * LEVEL),
        };
        bytes as f64
    }

    fn claimed_skiplist_header(&self) -> f64 {
        match self.generation {
            Generation::Valkey91 => (SKIPLIST + (LEVELS - 1) * LEVEL) as f64,
            Generation::Redis86 => self.skiplist_header(),
            _ => (SKIPLIST + self.allocated(24 + LEVELS * LEVEL)) as f64,
        }
    }

    /// A node with its member, over the levels that chance gives.
    pub(super) fn skiplist_node(&self, member: u64) -> f64 {
        let (fixed, apart) = match self.generation {
            Generation::Redis86 => (16 + sds_inside(member), 0),
            generation if generation.has_member_in_node() => (16 + 1 + sds_inside(member), 0),
            _ => (24, self.allocated(sds(member))),
        };
        let mut share = 1.0;
        let mut bytes = apart as f64;
        for level in 1..=LEVELS {
            let here = if level == LEVELS { share } else { share * (1.0 - NEXT_LEVEL) };
            bytes += here * self.allocated(fixed + level * LEVEL) as f64;
            share *= NEXT_LEVEL;
        }
        bytes
    }
}

/// A hash whose fields expire is listed with its database, and its fields in the hash (src/ebuckets.c): a share of
/// segments of sixteen. Valkey lists the hash in a table of its own. Means over many, measured.
const REGISTERED: f64 = 4.0;
const REGISTERED_FIELD: f64 = 2.0;
const REGISTERED_KEY: f64 = 14.0;
