//! Where a random sample looks: at random cursors, in a Cluster slot by slot in proportion to their keys.

use std::collections::BTreeMap;

use crate::facts::slot_of;
use crate::probe::key_question::{KeyName, ScanStep};

/// Keys of one draw where all keys lie in one table: in hash order any run of keys is as good as any other.
const RUN: u32 = 50;
/// The same in one slot of a Cluster, whose keys may be relatives.
const RUN_IN_SLOT: u32 = 10;
/// A slot of so few keys is read whole: from a random place on it may show none, and the few would be told too seldom.
const WHOLE_SLOT: u64 = 20;
/// Redis from 7.4 and Valkey from 8.0 keep a table for each slot of a Cluster; the slot is in the low bits of a cursor
/// (kvstore.c, `addDictIndexToCursor`).
const SLOT_BITS: u32 = 14;

/// One place to look at.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    pub number: u32,
    pub step: ScanStep,
    slot: Option<u16>,
}

impl Draw {
    /// What one of these draws asks for at most.
    pub fn most_keys(draws: &[Self]) -> u32 {
        draws.iter().map(|draw| draw.step.count).max().unwrap_or(RUN)
    }

    /// A run that leaves its slot goes on in the next one, where it was not meant to be.
    pub fn kept(&self, mut names: Vec<KeyName>) -> Vec<KeyName> {
        if let Some(slot) = self.slot {
            names.retain(|name| slot_of(name.bytes()) == slot);
        }
        names
    }
}

/// The keys of one database of one node, as a sample sees them.
#[derive(Debug, Clone)]
pub enum Frame {
    /// One table.
    Table { keys: u64 },
    /// A table for each slot: the slots, with the keys up to and with each.
    Slots { slots: Vec<u16>, up_to: Vec<u64> },
}

impl Frame {
    pub fn of_slots(counts: &BTreeMap<u16, u64>) -> Self {
        let mut sum = 0;
        let up_to = counts.values().map(|keys| {
            sum += keys;
            sum
        });
        let up_to = up_to.collect();
        Self::Slots { slots: counts.keys().copied().collect(), up_to }
    }

    pub fn keys(&self) -> u64 {
        match self {
            Self::Table { keys } => *keys,
            Self::Slots { up_to, .. } => up_to.last().copied().unwrap_or(0),
        }
    }

    /// Keys that one draw of a large table brings at most.
    pub fn run(&self) -> u32 {
        if matches!(self, Self::Table { .. }) { RUN } else { RUN_IN_SLOT }
    }

    pub fn draw(&self, number: u32, random: &mut fastrand::Rng) -> Draw {
        let anywhere = random.u64(..) >> 16;
        let (cursor, count, slot) = match self {
            Self::Table { .. } => (anywhere, RUN, None),
            Self::Slots { slots, up_to } => {
                let ticket = random.u64(..self.keys().max(1));
                let at = up_to.partition_point(|sum| *sum <= ticket);
                let (slot, sum) = (slots.get(at).copied().unwrap_or(0), up_to.get(at).copied().unwrap_or(0));
                let before = at.checked_sub(1).and_then(|at| up_to.get(at)).copied().unwrap_or(0);
                let whole = sum - before <= WHOLE_SLOT;
                let place = if whole { 0 } else { anywhere >> 2 };
                let count = if whole { WHOLE_SLOT as u32 } else { RUN_IN_SLOT };
                ((place << SLOT_BITS) | u64::from(slot), count, Some(slot))
            }
        };
        Draw { number, step: ScanStep { cursor, count }, slot }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_drawn_in_proportion_to_their_keys() {
        let frame = Frame::of_slots(&BTreeMap::from([(3, 100), (9, 300), (16_000, 600)]));
        let mut random = fastrand::Rng::with_seed(1);
        let mut drawn = BTreeMap::new();
        for number in 0..10_000 {
            *drawn.entry(frame.draw(number, &mut random).slot.unwrap()).or_insert(0) += 1;
        }
        for (slot, expected) in [(3, 1_000), (9, 3_000), (16_000, 6_000)] {
            let off = i64::from(drawn[&slot]) - expected;
            assert!(off.abs() < 200, "{slot}: {}", drawn[&slot]);
        }
    }

    #[test]
    fn a_slot_of_few_keys_is_read_from_its_beginning() {
        let frame = Frame::of_slots(&BTreeMap::from([(3, 20), (9, 21)]));
        let mut random = fastrand::Rng::with_seed(1);
        let draws: Vec<Draw> = (0..50).map(|number| frame.draw(number, &mut random)).collect();
        for draw in draws {
            let whole = draw.slot == Some(3);
            assert_eq!((draw.step.cursor == 3, draw.step.count), (whole, if whole { 20 } else { 10 }));
        }
    }

    #[test]
    fn a_draw_enters_its_slot_and_keeps_to_it() {
        let frame = Frame::of_slots(&BTreeMap::from([(slot_of(b"foo"), 5)]));
        let draw = frame.draw(0, &mut fastrand::Rng::with_seed(2));
        assert_eq!(draw.step.cursor % 16_384, u64::from(slot_of(b"foo")));
        let names = [b"foo".to_vec(), b"bar".to_vec(), b"{foo}x".to_vec()].map(KeyName::new).to_vec();
        assert_eq!(draw.kept(names).len(), 2);
    }
}
