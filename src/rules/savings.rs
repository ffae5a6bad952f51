//! What fixes would save, added up so that no byte is saved twice.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::facts::{Bytes, Foreign};

/// What one fix would save of one family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Saving {
    pub family: Foreign,
    pub bytes: Bytes,
}

/// Families that a sentence names.
const NAMED: usize = 3;

impl Saving {
    pub fn new(family: &Foreign, bytes: f64) -> Self {
        Self { family: family.clone(), bytes: Bytes(bytes.max(0.0) as u64) }
    }

    /// Of families that are apart.
    pub fn sum(savings: &[Self]) -> Bytes {
        Bytes(savings.iter().map(|saving| saving.bytes.0).sum())
    }

    /// The families, those that save most first; a few by name.
    pub fn families(savings: &[Self]) -> String {
        let mut sorted: Vec<&Self> = savings.iter().collect();
        sorted.sort_by_key(|saving| std::cmp::Reverse(saving.bytes));
        let names: Vec<String> = sorted.iter().take(NAMED).map(|saving| saving.family.to_string()).collect();
        let more = savings.len().saturating_sub(NAMED);
        let others = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{others}", names.join(", "))
    }
}

/// The best fix of each family: two fixes of one family may want the same bytes.
#[derive(Debug, Clone, Default)]
pub struct Savings(BTreeMap<Foreign, Bytes>);

impl Savings {
    pub fn add(&mut self, savings: &[Saving]) {
        for saving in savings {
            let best = self.0.entry(saving.family.clone()).or_default();
            *best = saving.bytes.max(*best);
        }
    }

    pub fn total(&self) -> Bytes {
        Bytes(self.0.values().map(|bytes| bytes.0).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_fixes_of_one_family_do_not_save_its_bytes_twice() {
        let saving = |family: &'static str, bytes| Saving { family: Foreign::ours(family), bytes: Bytes(bytes) };
        let mut savings = Savings::default();
        savings.add(&[saving("a", 100), saving("b", 10)]);
        savings.add(&[saving("a", 70)]);
        assert_eq!(savings.total(), Bytes(110));
    }
}
