//! What many small strings would take as fields of hashes, which share the cost of a key.

use super::account::Group;
use super::specimen::Specimen;
use super::what_if::{INT, Modelled, Present};
use crate::footprint::{Element, Shape};

/// Fields in a hash: small enough to be walked, large enough to share one name.
pub const FIELDS: u64 = 100;
/// Digits of a bucket's number.
const NUMBER: u64 = 5;

/// How the names of a family divide into what all of them share and an id.
#[derive(Debug, Clone, Copy)]
pub struct Naming {
    /// Bytes before and behind the id.
    shared: u64,
    /// Ids are whole numbers, which a listpack keeps in a few bytes.
    numbers: bool,
}

impl Naming {
    pub fn of(pattern: &str, numbers: bool) -> Self {
        // Literal bytes before the first wildcard, and behind the last.
        let (mut before, mut behind, mut wild) = (0, 0, false);
        let mut letters = pattern.chars();
        while let Some(letter) = letters.next() {
            let literal = match letter {
                '*' | '?' | '[' | ']' => {
                    (wild, behind) = (true, 0);
                    continue;
                }
                '\\' => letters.next().unwrap_or(letter),
                letter => letter,
            };
            *(if wild { &mut behind } else { &mut before }) += literal.len_utf8() as u64;
        }
        Self { shared: before + behind, numbers }
    }

    pub fn shared(self) -> u64 {
        self.shared
    }

    fn id(self, name_len: u64) -> Element {
        let len = name_len.saturating_sub(self.shared).max(1);
        if self.numbers { number(len) } else { Element::Text(len) }
    }
}

/// A whole number of so many digits.
fn number(digits: u64) -> Element {
    Element::Number(10_i64.saturating_pow(digits.clamp(1, 18) as u32 - 1))
}

/// Keys of the tables that the family stands in.
#[derive(Debug, Clone, Copy)]
pub struct Tables {
    pub keys: f64,
    pub expiring: f64,
}

/// Bytes of a family with its share of the tables, as it is and as hashes.
#[derive(Debug, Clone, Copy)]
pub struct AsHashes {
    pub now: f64,
    pub then: f64,
}

impl AsHashes {
    pub fn saved(self) -> f64 {
        self.now - self.then
    }
}

impl Present {
    /// What a family of strings without an end would take as fields. `None`: a value or an id is too long for a hash to
    /// stay compact.
    pub fn as_hashes(
        &self,
        family: &Group,
        specimens: &[&Specimen],
        naming: Naming,
        tables: Tables,
    ) -> Option<AsHashes> {
        let fits = !specimens.is_empty() && specimens.iter().all(|one| self.in_bucket(one, naming).is_some());
        let then = fits.then(|| family.project(specimens, |one| self.in_bucket(one, naming).unwrap_or(one.bytes)))?;
        let table = |keys: f64| self.layout.tables(keys as u64, tables.expiring as u64) as f64;
        let others = tables.keys - family.tally.keys;
        let share = |keys: f64| table(others + keys) - table(others);
        let hashes = family.tally.keys / FIELDS as f64;
        Some(AsHashes { now: family.tally.bytes() + share(family.tally.keys), then: then + share(hashes) })
    }

    fn in_bucket(&self, one: &Specimen, naming: Naming) -> Option<f64> {
        let now = self.string(one)?;
        let value = match now.shape {
            Shape::String { len } => Element::Text(len),
            _ => number(one.length.unwrap_or(INT)),
        };
        let name = naming.id(now.name_len);
        if value.len().max(name.len()) > self.limits.hash_value {
            return None;
        }
        // Keys fall on hashes by chance, so that these are not all as long.
        let sizes = (FIELDS * 8 / 10..=FIELDS * 12 / 10).step_by(2);
        let (bytes, fields) = sizes.fold((0.0, 0), |(bytes, all), fields| {
            let shape = Shape::Hash { fields, name, value, field_expires: false };
            (bytes + Modelled { name_len: naming.shared + NUMBER, shape, ..now }.bytes(), all + fields)
        });
        Some(bytes / fields as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_all_names_share_stands_before_and_behind_the_id() {
        for (pattern, shared) in
            [("pic:*", 4), ("user:*:name", 10), ("a\\*b:*", 4), ("plain", 5), ("*", 0), ("[ab]:*", 0)]
        {
            assert_eq!(Naming::of(pattern, false).shared, shared, "{pattern}");
        }
        assert_eq!(Naming::of("u:*", true).id(8), Element::Number(100_000));
        assert_eq!(Naming::of("u:*", false).id(8), Element::Text(6));
    }
}
