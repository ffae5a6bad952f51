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
