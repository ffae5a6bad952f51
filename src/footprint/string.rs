//! Strings: where they lie, alone and in the object of their key.

use super::Layout;
use super::generation::Generation;
use super::packed::{sds, sds_inside, sds8};

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

    /// What MEMORY USAGE takes it for. Redis 8.6 believes the string's header, which knows no free space if it is short
    /// (sdsAllocSize).
    pub(super) fn claimed_raw(&self, len: u64) -> u64 {
        let short = self.generation == Generation::Redis86 && sds(len) < sds8(len);
        if short { sds(len) } else { self.raw(len) }
    }
}
