//! Strings and what is kept in them: where they lie, HyperLogLogs, bitmaps.

use super::Layout;
use super::generation::Generation;
use super::packed::{sds, sds_inside, sds8};
use super::shape::Limits;

/// sizeof(robj).
pub(super) const OBJECT: u64 = 16;
/// Longest string that shares the object's allocation, where the key does not (OBJ_ENCODING_EMBSTR_SIZE_LIMIT).
pub(super) const EMBSTR: u64 = 44;
/// Header of three and a final zero around a string in its object.
pub(super) const EMBSTR_FRAME: u64 = 4;
const CACHE_LINE: u64 = 64;
/// From this length on the object of a key has room for a time, whether or not it expires
/// (KEY_SIZE_TO_INCLUDE_EXPIRE_THRESHOLD).
const LONG_NAME: u64 = 128;
const TIME: u64 = 8;

/// HLL_DENSE_SIZE: header and 16384 registers of six bits (src/hyperloglog.c).
const HLL_DENSE: u64 = 16 + 16_384 * 6 / 8;
const HLL_EMPTY: u64 = 16 + 2;
/// Unique elements from which a HyperLogLog is dense with the default limit.
const HLL_SPARSE_ELEMENTS: u64 = 1_680;
/// Mean length of a sparse HyperLogLog by unique elements: measured, the same in all versions.
const HLL_SPARSE: [(u64, u64); 18] = [
    (0, 18),
    (1, 21),
    (5, 33),
    (10, 48),
    (20, 76),
    (40, 132),
    (70, 210),
    (100, 283),
    (150, 397),
    (200, 501),
    (300, 693),
    (400, 874),
    (500, 1_050),
    (700, 1_392),
    (1_000, 1_898),
    (1_200, 2_231),
    (1_500, 2_720),
    (HLL_SPARSE_ELEMENTS, 3_000),
];

impl Layout {
    /// The object of a key with the key in it, and perhaps its value and its time to live.
    pub(super) fn object(&self, name_len: u64, expires: bool) -> u64 {
        let time = if expires || name_len >= LONG_NAME { TIME } else { 0 };
        self.allocated(OBJECT + 1 + sds_inside(name_len) + time)
    }

    /// The same with a string in it, if it is short enough.
    pub(super) fn object_with_string(&self, name_len: u64, len: u64, expires: bool) -> Option<u64> {
        let time = if expires { TIME } else { 0 };
        let value = len + EMBSTR_FRAME;
        let (bytes, counted, limit) = match self.generation {
            // The pointer's place is used for the value.
            Generation::Valkey91 => {
                let counted = OBJECT - 8 + 1 + sds_inside(name_len) + value + time;
                (OBJECT - 8 + 1 + sds_inside(name_len) + value.max(8) + time, counted, 2 * CACHE_LINE)
            }
            // kvobjSet does not count the time, createStringObjectWithKeyAndExpire does.
            generation => {
                let counted = if generation == Generation::Redis86 { 0 } else { time };
                let bytes = OBJECT + 1 + sds_inside(name_len) + value + time;
                (bytes, OBJECT + name_len + 3 + value + counted, CACHE_LINE)
            }
        };
        if counted <= limit {
            return Some(self.allocated(bytes));
        }
        // Valkey sets a time in place where the allocation has room for it.
        let without = if expires { self.object_with_string(name_len, len, false)? } else { return None };
        (self.generation.has_bucket_table() && without >= bytes).then_some(without)
    }

    /// A string on its own.
    pub(super) fn raw(&self, len: u64) -> u64 {
        self.allocated(sds(len))
    }

    /// The string of a HyperLogLog that grew element by element: it makes room in steps when fewer than three bytes are
    /// left (hllSparseSet). Where it stands between two steps depends on its elements, so a sparse one is a guess.
    pub(super) fn hyperloglog(&self, unique: u64, limits: &Limits) -> u64 {
        let len = sparse_len(unique);
        if len >= limits.hll_sparse_bytes || unique >= HLL_SPARSE_ELEMENTS {
            return self.raw(HLL_DENSE);
        }
        // Without a header that knows free space, the first step comes at once.
        let mut bytes = HLL_EMPTY;
        let mut room = HLL_EMPTY;
        while room < len + 3 && room < limits.hll_sparse_bytes {
            let full = (room - room.min(2)).max(HLL_EMPTY) + 3;
            // sdsMakeRoomFor doubles; from 7.0 by 300 bytes at most.
            let next =
                if self.generation.is_six() { 2 * full } else { (full + full.min(300)).min(limits.hll_sparse_bytes) };
            bytes = self.allocated(sds8(next));
            // Redis 7.2 to 8.0 forget what the allocator gave beyond the request (sdsResize).
            let forgets = matches!(self.generation, Generation::Redis72 | Generation::Redis74 | Generation::Redis80);
            room = if forgets { next } else { bytes - (sds8(next) - next) };
        }
        if room == HLL_EMPTY { self.raw(HLL_EMPTY) } else { bytes }
    }
}

fn sparse_len(unique: u64) -> u64 {
    let after = HLL_SPARSE.iter().find(|(elements, _)| *elements >= unique);
    let before = HLL_SPARSE.iter().rev().find(|(elements, _)| *elements <= unique);
    match (before, after) {
        (Some((from, low)), Some((to, high))) if to > from => low + (high - low) * (unique - from) / (to - from),
        (Some((_, len)), _) | (None, Some((_, len))) => *len,
        (None, None) => HLL_EMPTY,
    }
}
