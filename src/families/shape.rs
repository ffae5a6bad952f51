//! All names of one shape, and which of their words are kept. A word varies where too many others stand beside it.

use std::collections::{BTreeMap, HashMap};
use std::mem;

use super::name::{self, Part, Places};
use super::{Leaf, Merge};

/// More different words than this in one place are names (judgement; larger sets of types are rare).
pub const KEPT: usize = 50;
/// Versions that are still told apart: `v1` to `v10`.
const VERSIONS: usize = 10;
/// Where no word of a shape would be left, this many times [`KEPT`] rows may stay: `{service}:{id}` with 200 services.
const LAST_WORDS: usize = 5;
/// They stay if each has as many keys (judgement: users rarely have).
const KEYS_OF_A_WORD: u64 = 16;
/// A number with only one value in so many keys belongs to its word: `oauth2` (judgement).
const KEYS_OF_A_NUMBER: u64 = 20;
/// Rows before we look for the first time what varies.
const FIRST_LOOK: usize = 128;

#[derive(Debug)]
pub struct Shape<T> {
    pub code: Box<[u8]>,
    index: HashMap<Box<[u8]>, usize>,
    leaves: Vec<Leaf<T>>,
    /// The sets of places that are stars in some row, other than none.
    stars: Vec<Places>,
    /// Different words that are kept in one place.
    kept: usize,
    look_at: usize,
}

impl<T: Merge + Default> Shape<T> {
    pub fn new(code: Box<[u8]>) -> Self {
        let (index, leaves, stars) = (HashMap::new(), Vec::new(), Vec::new());
        Self { code, index, leaves, stars, kept: KEPT, look_at: FIRST_LOOK }
    }

    pub fn len(&self) -> usize {
        self.leaves.len()
    }

    pub fn leaves(&self) -> &[Leaf<T>] {
        &self.leaves
    }

    pub fn leaf(&mut self, at: usize) -> Option<&mut Leaf<T>> {
        self.leaves.get_mut(at)
    }

    /// The leaf that holds this row. Rows and stars never overlap, so the first hit is the only one.
    pub fn find(&self, row: &[u8], scratch: &mut Vec<u8>) -> Option<usize> {
        self.index.get(row).copied().or_else(|| {
            self.stars.iter().find_map(|places| {
                name::starred(row, *places, scratch);
                self.index.get(scratch.as_slice()).copied()
            })
        })
    }

    /// A new leaf for this row, which is in none.
    pub fn insert(&mut self, row: &[u8], scratch: &mut Vec<u8>) -> usize {
        if self.leaves.len() >= self.look_at {
            self.generalise(false);
            if let Some(at) = self.find(row, scratch) {
                return at;
            }
        }
        self.index.insert(row.into(), self.leaves.len());
        self.leaves.push(Leaf::default());
        self.leaves.len() - 1
    }

    /// Keeps half as many words from now on, and says whether that is possible.
    pub fn coarsen(&mut self) -> bool {
        self.kept /= 2;
        self.generalise(false);
        self.kept > 1
    }

    /// Takes out the leaves with so few keys.
    pub fn take_lighter(&mut self, keys: u64) -> Vec<Leaf<T>> {
        let (light, rest): (Vec<_>, Vec<_>) = self.take_rows().into_iter().partition(|(_, leaf)| leaf.keys <= keys);
        self.put_rows(rest.into_iter().map(|(row, leaf)| (row.to_vec(), leaf)));
        light.into_iter().map(|(_, leaf)| leaf).collect()
    }

    /// The rows, settled: what is told apart by words that are kept.
    pub fn settled(mut self) -> Vec<(Box<[u8]>, Leaf<T>)> {
        // The first makes the state the same in whatever order the names came; the second may look at numbers of keys.
        self.generalise(false);
        self.generalise(true);
        self.take_rows()
    }

    /// Makes stars where words vary. Once a star, always a star: more names only add different words, so the result does
    /// not depend on when this is called.
    pub fn generalise(&mut self, settling: bool) {
        let rows = self.take_rows();
        let stars = Crowd::new(&self.code, self.kept, &rows, settling).stars();
        let mut out = Vec::new();
        self.put_rows(rows.into_iter().zip(stars).map(|((row, leaf), places)| {
            name::starred(&row, places, &mut out);
            (out.clone(), leaf)
        }));
    }

    fn take_rows(&mut self) -> Vec<(Box<[u8]>, Leaf<T>)> {
        let mut rows: Vec<_> = mem::take(&mut self.index).into_iter().collect();
        rows.sort_unstable_by_key(|(_, at)| *at);
        rows.into_iter().map(|(row, _)| row).zip(mem::take(&mut self.leaves)).collect()
    }

    fn put_rows(&mut self, rows: impl Iterator<Item = (Vec<u8>, Leaf<T>)>) {
        self.stars.clear();
        for (row, leaf) in rows {
            let places = name::words(&row).enumerate().filter(|(_, word)| word.is_none());
            let places = places.fold(0, |places: Places, (place, _)| places | 1 << place);
            if places != 0 && !self.stars.contains(&places) {
                self.stars.push(places);
            }
            match self.index.get(row.as_slice()).and_then(|at| self.leaves.get_mut(*at)) {
                Some(known) => known.merge(leaf),
                None => {
                    self.index.insert(row.into(), self.leaves.len());
                    self.leaves.push(leaf);
                }
            }
        }
        self.look_at = FIRST_LOOK.max(self.leaves.len() * 2);
    }
}

/// The rows of a shape side by side.
struct Crowd<'a> {
    rows: Vec<Vec<Option<&'a [u8]>>>,
    keys: Vec<u64>,
    /// Different words that are kept, by place.
    kept: Vec<usize>,
    words: Places,
    numbers: Places,
    last_words: usize,
    settling: bool,
    stars: Vec<Places>,
}

impl<'a> Crowd<'a> {
    fn new<T>(code: &[u8], kept: usize, rows: &'a [(Box<[u8]>, Leaf<T>)], settling: bool) -> Self {
        let places: Vec<Part> =
            name::parts(code).filter(|part| matches!(part, Part::Word | Part::Number | Part::Version)).collect();
        let limit = |part: &Part| match part {
            Part::Word => kept,
            Part::Version => VERSIONS.min(kept),
            _ => 1,
        };
        let all = |wanted: Part| {
            let those = places.iter().enumerate().filter(|(_, part)| **part == wanted);
            those.fold(0, |bits: Places, (place, _)| bits | 1 << place)
        };
        Self {
            keys: rows.iter().map(|(_, leaf)| leaf.keys).collect(),
            kept: places.iter().map(limit).collect(),
            words: all(Part::Word),
            numbers: all(Part::Number),
            last_words: kept * LAST_WORDS,
            settling,
            stars: vec![0; rows.len()],
            rows: rows.iter().map(|(row, _)| name::words(row).collect()).collect(),
        }
    }

    /// The places that become stars, by row.
    fn stars(mut self) -> Vec<Places> {
        let all: Vec<usize> = (0..self.rows.len()).collect();
        self.region(&all, (1 << self.kept.len()) - 1, false);
        if self.settling {
            self.free_numbers();
        }
        self.stars
    }

    /// Parts these rows by every place that holds few different words, in any order: that leaves fewer rows, and what was
    /// few stays few. What is left when no such place is left varies.
    fn region(&mut self, rows: &[usize], undecided: Places, named: bool) {
        for (place, bit) in (0..self.kept.len()).map(|place| (place, 1 << place)) {
            if undecided & bit != 0
                && let Some(parted) = self.parted(rows, place)
            {
                for rows in parted {
                    self.region(&rows, undecided & !bit, named || self.words & bit != 0);
                }
                return;
            }
        }
        if named || !self.may_stay(rows) {
            for row in rows {
                if let Some(stars) = self.stars.get_mut(*row) {
                    *stars |= undecided;
                }
            }
        }
    }

    fn word(&self, row: usize, place: usize) -> Option<&'a [u8]> {
        self.rows.get(row).and_then(|words| words.get(place).copied().flatten())
    }

    fn parted(&self, rows: &[usize], place: usize) -> Option<Vec<Vec<usize>>> {
        let kept = self.kept.get(place).copied().unwrap_or_default();
        let mut parted = BTreeMap::<&[u8], Vec<usize>>::new();
        for row in rows {
            parted.entry(self.word(*row, place)?).or_default().push(*row);
            if parted.len() > kept {
                return None;
            }
        }
        Some(parted.into_values().collect())
    }

    /// Whether rows of which no word would be left are so few, and hold so many keys, that their words name them.
    fn may_stay(&self, rows: &[usize]) -> bool {
        let starred = |row: &usize| self.rows.get(*row).is_some_and(|words| words.contains(&None));
        let keys: u64 = rows.iter().filter_map(|row| self.keys.get(*row)).sum();
        let dense = !self.settling || keys >= KEYS_OF_A_WORD * rows.len() as u64;
        rows.len() <= self.last_words && dense && !rows.iter().any(starred)
    }

    /// A number behind a word varies, unless many keys have the same.
    fn free_numbers(&mut self) {
        for (stars, keys) in self.stars.iter_mut().zip(&self.keys) {
            if *keys < KEYS_OF_A_NUMBER {
                *stars |= self.numbers;
            }
        }
    }
}
