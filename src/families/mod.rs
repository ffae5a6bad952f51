//! Which keys belong together: a family is told from its names alone, in one pass and in bounded memory.
//!
//! A name is read into a shape (separators, places of words, places of identifiers) and its words (`name`, `class`). The
//! names of one shape share what they share until a place holds more different words than a set of types would (`shape`);
//! from then on it is a star. What is settled is a pattern that SCAN MATCH takes (`settled`, `glob`).

mod class;
pub mod glob;
mod name;
mod settled;
mod shape;

use std::collections::HashMap;

use name::Reading;
use shape::Shape;

pub use settled::{Branch, Family, Rest, Settled};

/// Groups that are told apart at once, where nobody says otherwise.
pub const GROUPS: usize = 10_000;

/// What is known of two groups becomes what is known of both, in whatever order.
pub trait Merge {
    fn merge(&mut self, other: Self);
}

/// What one group holds.
#[derive(Debug, Default)]
struct Leaf<T> {
    keys: u64,
    lengths: Lengths,
    payload: T,
}

/// Of names, in bytes: what their mean and variance follow from.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Lengths {
    sum: u64,
    squares: u64,
}

impl Lengths {
    fn merge(&mut self, other: Self) {
        self.sum = self.sum.saturating_add(other.sum);
        self.squares = self.squares.saturating_add(other.squares);
    }

    /// The length that nearly all of so many names have, if there is one.
    fn usual(self, names: u64) -> Option<u64> {
        let each = |sum: u64| sum as f64 / names.max(1) as f64;
        let mean = each(self.sum);
        (each(self.squares) - mean * mean < 0.25).then_some(mean.round() as u64)
    }
}

impl<T: Merge> Leaf<T> {
    fn merge(&mut self, other: Self) {
        self.keys += other.keys;
        self.lengths.merge(other.lengths);
        self.payload.merge(other.payload);
    }
}

/// The families of the names that were seen so far.
#[derive(Debug)]
pub struct Families<T> {
    shapes: Vec<Shape<T>>,
    /// Where the shape of this code is.
    index: HashMap<Box<[u8]>, usize>,
    limit: usize,
    groups: usize,
    /// What was given up for want of room.
    rest: Leaf<T>,
    /// The most keys that a group had when it was given up.
    given_up: u64,
    reading: Reading,
    scratch: Vec<u8>,
}

impl<T: Merge + Default> Families<T> {
    /// `limit` bounds the groups that are kept at once, and with them the memory.
    pub fn new(limit: usize) -> Self {
        Self {
            shapes: Vec::new(),
            index: HashMap::new(),
            limit: limit.max(1),
            groups: 0,
            rest: Leaf::default(),
            given_up: 0,
            reading: Reading::default(),
            scratch: Vec::new(),
        }
    }

    /// What is known so far of the group that this name belongs to. Every call counts a key.
    pub fn of(&mut self, name: &[u8]) -> &mut T {
        self.reading.read(name);
        let (shape, leaf) = self.find().unwrap_or_else(|| self.insert());
        let leaf = self.shapes.get_mut(shape).and_then(|shape| shape.leaf(leaf)).unwrap_or(&mut self.rest);
        leaf.keys += 1;
        let length = name.len() as u64;
        leaf.lengths.merge(Lengths { sum: length, squares: length.saturating_mul(length) });
        &mut leaf.payload
    }

    /// Settles what is a word and what varies.
    pub fn settle(self) -> Settled<T> {
        let rest = (self.rest.keys > 0).then_some(self.rest);
        settled::settle(self.shapes, rest, self.given_up)
    }

    fn find(&mut self) -> Option<(usize, usize)> {
        let at = *self.index.get(self.reading.shape.as_slice())?;
        Some((at, self.shapes.get(at)?.find(&self.reading.row, &mut self.scratch)?))
    }

    fn insert(&mut self) -> (usize, usize) {
        if self.groups >= self.limit {
            self.make_room();
            if let Some(found) = self.find() {
                return found;
            }
        }
        let code = self.reading.shape.as_slice();
        let at = self.index.get(code).copied().unwrap_or(self.shapes.len());
        if at == self.shapes.len() {
            self.index.insert(code.into(), at);
            self.shapes.push(Shape::new(code.into()));
        }
        let Some(shape) = self.shapes.get_mut(at) else { return (at, 0) };
        let before = shape.len();
        let leaf = shape.insert(&self.reading.row, &mut self.scratch);
        self.groups = self.groups + shape.len() - before;
        (at, leaf)
    }

    /// Keeps fewer words where one shape holds a good part of all groups, then gives up the groups with the fewest keys.
    /// A family that matters grows faster than it is given up (lossy counting: Manku and Motwani, 2002).
    fn make_room(&mut self) {
        let aim = self.limit - self.limit / 4;
        self.shapes.iter_mut().for_each(|shape| shape.generalise(false));
        let good_part = (self.limit / 8).max(shape::KEPT);
        for shape in &mut self.shapes {
            while shape.len() > good_part && shape.coarsen() {}
        }
        self.count();
        if self.groups <= aim {
            return;
        }
        let mut keys: Vec<u64> = self.shapes.iter().flat_map(Shape::leaves).map(|leaf| leaf.keys).collect();
        keys.sort_unstable();
        let lightest = keys.get(keys.len() / 2).copied().unwrap_or_default();
        for light in self.shapes.iter_mut().flat_map(|shape| shape.take_lighter(lightest)) {
            self.rest.merge(light);
        }
        self.given_up = self.given_up.max(lightest);
        self.shapes.retain(|shape| shape.len() > 0);
        self.index = self.shapes.iter().enumerate().map(|(at, shape)| (shape.code.clone(), at)).collect();
        self.count();
    }

    fn count(&mut self) {
        self.groups = self.shapes.iter().map(Shape::len).sum();
    }
}
