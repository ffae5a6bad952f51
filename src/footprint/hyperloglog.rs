//! HyperLogLogs: a string that grows element by element while it is sparse, and is of one size from then on.
//!
//! A sparse one is a run of opcodes (src/hyperloglog.c): a register that was hit takes a byte, VAL; a gap between two of
//! them one byte up to 64 registers, ZERO, else two, XZERO. Which registers are hit is chance, so what one takes is a mean
//! over many of as many elements.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::Layout;
use super::generation::Generation;
use super::packed::sds8;
use super::shape::Limits;

/// Registers, and the header before them.
const REGISTERS: f64 = 16_384.0;
const HEADER: u64 = 16;
/// HLL_DENSE_SIZE: registers of six bits.
const DENSE: u64 = HEADER + 16_384 * 6 / 8;
/// One XZERO.
const EMPTY: u64 = HEADER + 2;
/// The longest gap of one byte.
const ZERO: i32 = 64;
/// A neighbour with the same value shares the byte, up to four: registers hold the value v once in 2^v, so two of them are
/// alike once in 1/4 + 1/16 + ...
const ALIKE: f64 = 1.0 / 3.0;
/// With fewer bytes left than a register may add, room is made (hllSparseSet).
const MOST_ADDED: u64 = 3;
/// From 7.2 no more than this is added at once.
const GREEDY: u64 = 300;
/// A share of keys that makes no difference.
const NONE: f64 = 1e-6;

/// Bytes by layout, limit of the sparse form, and elements.
type Known = HashMap<(Layout, u64, u64), f64>;
/// What was found already: what changes an advice asks for the same numbers again and again.
static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
const MOST_KNOWN: usize = 10_000;

/// How often an element adds no byte, one, two, or three, after so many others. The gap that its register lies in is parted
/// in two, each of which takes no byte, one or two; both lengths are geometric.
fn added(before: u64) -> [f64; 4] {
    let hit = -(-(before as f64) / REGISTERS).exp_m1();
    // A gap ends at the last register too.
    let share = (hit + 1.0 / REGISTERS).min(1.0);
    let (none, rest) = (share, 1.0 - share);
    let long = rest.powi(ZERO + 1);
    let short = 1.0 - long - none;
    // Of two short ones, how often they were a short one together.
    let together: f64 = (2..ZERO).map(|zeros| f64::from(zeros - 1) * share * share * rest.powi(zeros)).sum();
    let apart = (short * short - together).max(0.0);
    let beside = 2.0 * none * (long + short);
    let new = 1.0 - hit;
    let one = new * (beside * (1.0 - ALIKE) + apart);
    let two = new * (2.0 * long * short + together);
    let three = new * long * long;
    [1.0 - one - two - three, one, two, three]
}

/// The share of keys that have the same room.
#[derive(Debug, Clone, Copy)]
struct Sized {
    room: u64,
    bytes: u64,
    weight: f64,
}

fn add(to: &mut Vec<Sized>, sized: Sized) {
    match to.iter_mut().find(|other| (other.room, other.bytes) == (sized.room, sized.bytes)) {
        Some(other) => other.weight += sized.weight,
        None => to.push(sized),
    }
}

impl Layout {
    /// The string of a HyperLogLog whose elements came one by one. When room is made depends on the lengths on the way, so
    /// the shares of keys by length and room are carried on from one element to the next.
    pub(super) fn hyperloglog(&self, unique: u64, limits: &Limits) -> f64 {
        // Each of so many elements adds more than a byte.
        if unique >= limits.hll_sparse_bytes {
            return self.raw(DENSE) as f64;
        }
        let asked = (*self, limits.hll_sparse_bytes, unique);
        if let Some(bytes) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&asked) {
            return *bytes;
        }
        let bytes = self.grown(unique, limits.hll_sparse_bytes);
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MOST_KNOWN {
            known.clear();
        }
        known.insert(asked, bytes);
        bytes
    }

    fn grown(&self, unique: u64, most: u64) -> f64 {
        let dense = self.raw(DENSE) as f64;
        let (mut promoted, mut lengths) = (0.0, vec![Vec::new(); usize::try_from(most).unwrap_or(0) + 1]);
        let new = Sized { room: EMPTY, bytes: self.raw(EMPTY), weight: 1.0 };
        if let Some(keys) = lengths.get_mut(EMPTY as usize) {
            keys.push(new);
        }
        let (mut least, mut greatest) = (EMPTY, EMPTY);
        for before in 0..unique {
            let added = added(before);
            // From the longest down, so that none is counted twice.
            for len in (least..=greatest).rev() {
                let keys = lengths.get_mut(len as usize).map(std::mem::take).unwrap_or_default();
                for sized in keys.into_iter().filter(|sized| sized.weight > NONE) {
                    let sized = self.with_room(sized, len, most);
                    for (next, chance) in (len..).zip(added) {
                        let sized = Sized { weight: sized.weight * chance, ..sized };
                        match lengths.get_mut(next as usize) {
                            Some(keys) => add(keys, sized),
                            None => promoted += sized.weight,
                        }
                    }
                }
            }
            greatest = (greatest + MOST_ADDED).min(most);
            while least < greatest && lengths.get(least as usize).is_none_or(Vec::is_empty) {
                least += 1;
            }
        }
        let sparse = lengths.iter().flatten();
        let (bytes, all) = sparse.fold((promoted * dense, promoted), |(bytes, all), sized| {
            (bytes + sized.weight * sized.bytes as f64, all + sized.weight)
        });
        bytes / all
    }

    /// Until 7.0 room is made by sdsMakeRoomFor.
    fn doubles(&self) -> bool {
        self.generation.is_six() || self.generation == Generation::Redis70
    }

    /// What is there before an element is written to one of this length.
    fn with_room(&self, sized: Sized, len: u64, most: u64) -> Sized {
        let enough = if sized.room == EMPTY {
            // The header of a new one does not know free space.
            false
        } else {
            sized.room >= len + MOST_ADDED || (sized.room >= most && !self.doubles())
        };
        if enough {
            return sized;
        }
        let full = len + MOST_ADDED;
        let next = if self.doubles() { 2 * full } else { (full + full.min(GREEDY)).min(most) };
        let bytes = self.allocated(sds8(next));
        // Redis 6.0, and 7.2 to 8.0, forget what the allocator gave beyond the request (sdsMakeRoomFor, sdsResize).
        let forgets = matches!(
            self.generation,
            Generation::Redis60 | Generation::Redis72 | Generation::Redis74 | Generation::Redis80
        );
        let room = if forgets { next } else { bytes - (sds8(next) - next) };
        // Later on the lengths are spread wider than a few bytes, and fewer rooms are quicker to carry on.
        let room = if room > 5 * GREEDY && room < most { (room + 4) / 8 * 8 } else { room };
        Sized { room: room.max(len + 1), bytes, ..sized }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Engine, Kind, Version};
    use crate::footprint::Allocator;

    #[test]
    fn a_sparse_one_is_as_long_as_many_were_seen_to_be() {
        // PFADD of so many elements to hundreds of keys, STRLEN: the mean, the same in all versions.
        let seen = [(1, 21.0), (10, 48.0), (40, 132.0), (100, 283.0), (300, 693.0), (700, 1_392.0), (1_500, 2_720.0)];
        for (unique, len) in seen {
            let grown: f64 = (0..unique)
                .map(|before| {
                    let [_, one, two, three] = added(before);
                    one + 2.0 * two + 3.0 * three
                })
                .sum();
            let mean = EMPTY as f64 + grown;
            assert!((mean / len - 1.0).abs() < 0.01, "{unique}: {mean}");
        }
    }

    #[test]
    fn more_elements_take_more_until_it_is_dense() {
        let limits = Limits::default();
        let engine = Engine { kind: Kind::Redis, version: Version(7, 2, 0) };
        let layout = Layout::new(&engine, Allocator::Jemalloc { quantum: 8, by_page: false });
        let bytes =
            [0, 1, 10, 60, 300, 1_000, 1_600, 1_680, 1_750, 5_000].map(|unique| layout.hyperloglog(unique, &limits));
        assert!(bytes.windows(2).all(|pair| pair[0] < pair[1] || pair[1] == layout.raw(DENSE) as f64), "{bytes:?}");
        assert_eq!(bytes[0], 24.0);
        assert_eq!(bytes[9], 14_336.0);
    }
}
