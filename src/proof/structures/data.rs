//! Synthetic data of the shape that a case states: names, values and keys, the same on every run.

use crate::decisions::structures::{Case, Ids, Need, Structure};

/// What is built, at most, for one candidate.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Elements of all keys together.
    pub elements: u64,
    /// Of names and values.
    pub bytes: u64,
    /// How often each needed operation is done.
    pub rounds: u64,
}

/// For a proof while somebody waits.
pub const USUAL: Bounds = Bounds { elements: 20_000, bytes: 16 << 20, rounds: 200 };
/// A vector is linked to its neighbours as it is added: some hundred times the work of another element.
const VECTOR_WORK: u64 = 40;
/// Two keys, so that what takes keys together has two to take.
const FEWEST_KEYS: u64 = 2;
/// Letters of a name.
const LETTERS: u64 = 26;

/// The case, cut down to the bounds: first fewer keys, since what is in one decides its layout; then fewer elements in
/// each, and ids from a smaller range, so that bits stay as dense.
pub fn scaled(case: &Case, bounds: &Bounds) -> Case {
    let mut case = Case { budget: None, ..case.clone() };
    let each = (case.name_bytes + case.value_bytes).max(1);
    let work = if case.needs(Need::Similarity) { VECTOR_WORK } else { 1 };
    let most = (bounds.elements / work).min(bounds.bytes / each).max(FEWEST_KEYS);
    case.keys = case.keys.min((most / case.elements.max(1)).max(FEWEST_KEYS));
    let elements = case.elements.min((most / case.keys).max(1));
    if elements < case.elements && case.ids == Ids::Number {
        let share = elements as f64 / case.elements as f64;
        case.highest_id = ((case.highest_id as f64 * share) as u64).max(elements);
    }
    case.elements = elements;
    case
}

/// Names and values of a case.
#[derive(Debug)]
pub struct Data<'a> {
    pub case: &'a Case,
    pub structure: Structure,
}

impl Data<'_> {
    pub fn key(&self, number: u64) -> String {
        let width = usize::try_from(self.case.key_bytes.saturating_sub(1)).unwrap_or(0);
        format!("k{number:0>width$}")
    }

    /// The key of one element, where each has its own.
    pub fn own_key(&self, number: u64) -> String {
        let width = self.case.key_bytes + self.case.name_bytes;
        format!("k{number:0>width$}", width = usize::try_from(width.saturating_sub(1)).unwrap_or(0))
    }

    /// What the element is called: the i-th of all, whichever key it is in.
    pub fn name(&self, number: u64) -> String {
        match self.case.ids {
            Ids::Number => self.id(number).to_string(),
            Ids::Text => text(number % self.case.elements.max(1), self.case.name_bytes, true),
        }
    }

    /// A whole number up to the highest id, evenly spread in each key.
    pub fn id(&self, number: u64) -> u64 {
        let highest = self.case.highest_id.max(self.case.elements);
        let step = highest / self.case.elements.max(1);
        (number % self.case.elements.max(1)).saturating_mul(step) + step.saturating_sub(1)
    }

    pub fn value(&self, number: u64) -> String {
        text(number, self.case.value_bytes, false)
    }

    /// Name and value as one text.
    pub fn both(&self, number: u64) -> String {
        let unique = self.structure == Structure::Zset;
        let number = if unique { number % self.case.elements.max(1) } else { number };
        text(number, self.case.name_bytes + self.case.value_bytes, unique)
    }

    /// A member of a JSON document, which a path can name.
    pub fn member_name(&self, number: u64) -> String {
        let name = self.name(number);
        if name.is_empty() { "a".to_owned() } else { name }
    }

    /// As the estimate has it: a value without a score of its own is part of the member.
    pub fn member(&self, number: u64) -> String {
        match self.structure {
            Structure::Geo => self.name(number),
            Structure::Zset if self.case.value_bytes == 0 => self.name(number),
            _ => self.both(number),
        }
    }

    pub fn score(&self, number: u64) -> u64 {
        let timed = [Need::TimeRange, Need::Delay, Need::ExpireItem].into_iter().any(|need| self.case.needs(need));
        if timed { 1_700_000_000_000 + number } else { 100_000 + number * 7 % 800_000 }
    }
}

/// Letters, so that the server does not take it for a number. One that must be unique may get longer than stated.
pub fn text(number: u64, len: u64, unique: bool) -> String {
    let mut letters = Vec::new();
    let mut rest = number;
    while rest > 0 && (unique || (letters.len() as u64) < len) {
        letters.push(b'a' + (rest % LETTERS) as u8);
        rest /= LETTERS;
    }
    while (letters.len() as u64) < len {
        letters.push(b'a');
    }
    letters.reverse();
    String::from_utf8_lossy(&letters).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::structures::Place;

    #[test]
    fn a_case_is_cut_by_keys_first_and_keeps_its_density() {
        let mut case = Case::new(Place::unknown());
        (case.keys, case.elements, case.name_bytes) = (1_000_000, 10, 8);
        let small = scaled(&case, &USUAL);
        assert_eq!((small.keys, small.elements), (2_000, 10));
        (case.keys, case.elements) = (30, 300_000);
        (case.ids, case.highest_id) = (Ids::Number, 3_000_000);
        let small = scaled(&case, &USUAL);
        assert_eq!((small.keys, small.elements, small.highest_id), (2, 10_000, 100_000));
        (case.keys, case.elements) = (1, 5);
        let small = scaled(&case, &USUAL);
        assert_eq!((small.keys, small.elements, small.highest_id), (1, 5, 3_000_000));
    }

    #[test]
    fn names_differ_and_are_as_long_as_stated() {
        let names: std::collections::BTreeSet<String> = (0..1_000).map(|n| text(n, 8, true)).collect();
        assert!(names.len() == 1_000 && names.iter().all(|name| name.len() == 8));
        assert_eq!((text(700, 0, true).len(), text(700, 1, false).len(), text(5, 0, false).len()), (3, 1, 0));
    }
}
