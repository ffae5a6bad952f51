//! The hash tables: those of the keyspace, and those in big hashes, sets and sorted sets. Steady state: a table that has
//! just doubled keeps its old array too until all buckets have moved, a few with each access.

use super::generation::Generation;
use super::{Allocator, Layout};

/// What a dict keeps for each of its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entries {
    /// Key, value and the next of the same bucket (struct dictEntry, src/dict.c).
    Full,
    /// Key and next, and only where a bucket has more than one (`no_value`, src/dict.c of Redis 7.2).
    Bare,
}

/// sizeof(dictEntry), and of one without a value.
pub(super) const ENTRY: u64 = 24;
const BARE_ENTRY: u64 = 16;
const POINTER: u64 = 8;
/// DICT_HT_INITIAL_SIZE, src/dict.h.
const FIRST_SLOTS: u64 = 4;

/// Five types in sixty steps of eight bytes, and a word (kvstoreDictMetaEx, src/kvstore.c and .h of Redis 8.0).
const HISTOGRAM: u64 = 5 * 60 * 8 + 8;

/// Valkey 8.1, src/hashtable.c: a bucket, what it holds, and what it holds beside the link to another.
const BUCKET: u64 = 64;
const IN_BUCKET: u64 = 7;
const IN_CHAINED: u64 = 6;

/// What comes with the next doubling of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resize {
    /// With this many keys the table doubles.
    pub at_keys: u64,
    /// What the new array takes at once, while the old one is still there.
    pub at_once: u64,
    /// What remains of it when the old array is gone.
    pub lasting: u64,
}

/// Slots of a dict: it doubles when an element comes and there are as many elements as slots.
fn slots(elements: u64) -> u64 {
    elements.max(FIRST_SLOTS).next_power_of_two()
}

/// Elements that are not alone in their bucket, less one for each such bucket.
fn chained(elements: u64, slots: u64) -> f64 {
    let (elements, slots) = (elements as f64, slots as f64);
    elements - slots * (1.0 - (-elements / slots).exp())
}

/// Buckets of a table that grew element by element: it doubles beyond seven in each.
fn buckets(elements: u64) -> u64 {
    elements.div_ceil(IN_BUCKET).next_power_of_two()
}

/// Chained buckets for each bucket, when elements fall on buckets at random.
fn children(elements: u64, buckets: u64) -> f64 {
    if elements <= IN_BUCKET {
        return 0.0;
    }
    // Binomial; the probability of k elements follows from that of k-1.
    let (n, p) = (elements as f64, 1.0 / buckets as f64);
    let mut probability = (n * (-p).ln_1p()).exp();
    let mut expected = 0.0;
    for k in 1..=elements.min(4 * IN_BUCKET) {
        let before = (k - 1) as f64;
        probability *= (n - before) / k as f64 * p / (1.0 - p);
        if k > IN_BUCKET {
            expected += probability * (k - IN_BUCKET).div_ceil(IN_CHAINED) as f64;
        }
    }
    expected
}

impl Layout {
    /// Slots and entries of a dict, without the struct.
    pub(super) fn dict(&self, elements: u64, entries: Entries) -> f64 {
        if elements == 0 {
            return 0.0;
        }
        let slots = slots(elements);
        let nodes = match entries {
            Entries::Full => (elements * self.allocated(ENTRY)) as f64,
            Entries::Bare => chained(elements, slots) * self.allocated(BARE_ENTRY) as f64,
        };
        self.allocated(slots * POINTER) as f64 + nodes
    }

    /// The slots alone, as MEMORY USAGE counts them.
    pub(super) fn dict_slots(elements: u64) -> f64 {
        if elements == 0 { 0.0 } else { (slots(elements) * POINTER) as f64 }
    }

    /// Buckets of Valkey's table, without the struct.
    pub(super) fn bucket_table(&self, elements: u64) -> f64 {
        if elements == 0 {
            return 0.0;
        }
        let buckets = buckets(elements);
        let chained = buckets as f64 * children(elements, buckets);
        self.allocated(buckets * BUCKET) as f64 + chained * self.allocated(BUCKET) as f64
    }

    /// What remains of chained buckets that a doubling freed, and of which glibc cut a third for elements: 16 bytes in each
    /// chunk of 80 from which a request takes 64, or two of them 32 and 48. The share is measured.
    pub(super) fn cuttings(&self, elements: u64, element: u64) -> f64 {
        const EACH_BUCKET: f64 = 2.2;
        let cut = self.allocator == Allocator::Libc && self.generation.has_bucket_table() && matches!(element, 24 | 56);
        if cut && elements > IN_BUCKET { buckets(elements) as f64 * EACH_BUCKET } else { 0.0 }
    }

    /// What the tables of one database take beside what is counted with each key: the table of all keys and the one of
    /// those that expire. Not of a Cluster: there, from Redis 7.4 and Valkey 8.0, each slot has tables of its own, each
    /// rounded up to its own power of two; before, an entry is 16 bytes greater (7.0, 7.2) or listed by slot (6.x).
    pub fn tables(&self, keys: u64, expiring: u64) -> u64 {
        let header = if keys > 0 { self.histogram() } else { 0 };
        header + (self.table(keys) + self.table(expiring)).round() as u64
    }

    /// The struct of the table of all keys, where it has a histogram of their sizes and is made with the first of them.
    fn histogram(&self) -> u64 {
        match self.generation {
            Generation::Redis80 | Generation::Redis86 => self.allocated(self.dict_struct() + HISTOGRAM),
            _ => 0,
        }
    }

    fn table(&self, elements: u64) -> f64 {
        match self.generation {
            _ if elements == 0 => 0.0,
            generation if generation.has_bucket_table() => self.bucket_table(elements),
            Generation::Redis86 => self.dict(elements, Entries::Bare),
            // The entries are part of each key.
            _ => self.allocated(slots(elements) * POINTER) as f64,
        }
    }

    /// When the table of a database with this many keys doubles next, and what that takes.
    pub fn next_resize(&self, keys: u64) -> Resize {
        let (at_keys, array) = if self.generation.has_bucket_table() {
            let buckets = buckets(keys.max(1));
            (buckets * IN_BUCKET + 1, buckets * BUCKET)
        } else {
            (slots(keys) + 1, slots(keys) * POINTER)
        };
        Resize { at_keys, at_once: 2 * array, lasting: array }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dict_doubles_when_it_is_full() {
        assert_eq!([1, 4, 5, 8, 9, 1000].map(slots), [4, 4, 8, 8, 16, 1024]);
        assert!((chained(1000, 1024) - 361.6).abs() < 0.5);
    }

    #[test]
    fn a_table_of_buckets_doubles_beyond_seven_in_each() {
        assert_eq!([1, 7, 8, 14, 15, 7000].map(buckets), [1, 1, 2, 2, 4, 1024]);
        assert!(children(7, 1).abs() < f64::EPSILON);
        // Seven in each on average: P(Poisson(7) > 7) is 0.401, P(Poisson(7) > 13) 0.013.
        assert!((children(7 << 20, 1 << 20) - 0.414).abs() < 0.001);
        assert!(children(36 << 20, 8 << 20) < 0.12);
    }
}
