//! Giants that the server counts by itself (INFO keysizes, Redis 8.0 and later), for a sample to be held against.

use serde::Serialize;

use super::top::Standout;
use crate::facts::{Fields, KeyType, SizeBucket};

/// A string of a megabyte, a collection of a million elements: where `giant-keys` warns.
const STRING: u64 = 1 << 20;
const ELEMENTS: u64 = 1 << 20;

/// How many giants there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Giants {
    /// Strings of a megabyte and more.
    pub strings: u64,
    /// Collections of a million elements and more.
    pub collections: u64,
}

impl Giants {
    /// As the server counts them; `None` where it does not.
    pub fn counted(info: &Fields) -> Option<Self> {
        let sizes = SizeBucket::all(info);
        let from = |least: u64, is_one: fn(&str) -> bool| {
            let large = sizes.iter().filter(|size| size.from >= least && is_one(&size.what));
            large.map(|size| size.keys).sum()
        };
        (!sizes.is_empty()).then(|| Self {
            strings: from(STRING, |what| what == "strings_sizes"),
            collections: from(ELEMENTS, |what| what.ends_with("_items")),
        })
    }

    /// Those among keys that were read, each once.
    pub fn among<'a>(keys: impl Iterator<Item = &'a Standout>) -> Self {
        let mut known: Vec<&Standout> = Vec::new();
        let mut giants = Self::default();
        for key in keys {
            let string = key.key_type == Some(KeyType::String);
            let large = key.length.map_or(string && key.parts.total() >= STRING as f64, |length| {
                length >= if string { STRING } else { ELEMENTS }
            });
            if large && !known.iter().any(|one| one.is(key)) {
                known.push(key);
                if string { giants.strings += 1 } else { giants.collections += 1 }
            }
        }
        giants
    }

    /// How many of these are not among those.
    pub fn beyond(self, found: Self) -> u64 {
        self.strings.saturating_sub(found.strings) + self.collections.saturating_sub(found.collections)
    }

    pub fn plus(self, other: Self) -> Self {
        Self { strings: self.strings + other.strings, collections: self.collections + other.collections }
    }

    pub fn all(self) -> u64 {
        self.strings + self.collections
    }

    /// What each of them claims at least: an element takes two bytes in the most compact of sets.
    pub const CLAIM: u64 = 1 << 20;
}
