//! What a key really costs, from what MEMORY USAGE claims of it.

use super::Layout;
use crate::facts::KeyFacts;

/// Bytes of a key that is there, without its share of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Real {
    pub key: u64,
    pub value: u64,
    pub expiry: u64,
}

impl Real {
    pub fn bytes(&self) -> u64 {
        self.key + self.value + self.expiry
    }
}

impl Layout {
    /// `None` where MEMORY USAGE was not asked or not answered.
    pub fn real(&self, facts: &KeyFacts) -> Option<Real> {
        let claimed = facts.claimed?;
        Some(Real { key: 0, value: claimed, expiry: 0 })
    }
}
