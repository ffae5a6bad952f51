//! The case that the target's own keys make, where the user said nothing.

use super::input::Input;
use crate::census::{Group, Held, Naming};
use crate::decisions::structures::{Case, Ids, Structure, Written};
use crate::facts::{Encoding, KeyFacts, KeyType};
use crate::families::glob;

/// Fewer of one type are a mixture, of which a mean says nothing.
const NEARLY_ALL: f64 = 0.9;

/// Keys of one type, on average.
#[derive(Debug, Clone)]
pub struct Found {
    kind: KeyType,
    field_expires: bool,
    keys: u64,
    held: Option<Held>,
    name_bytes: u64,
    shared_bytes: u64,
    /// The highest id, where ids are whole numbers.
    highest: Option<u64>,
}

impl Found {
    /// `None`: nothing matches, or the types are mixed.
    pub fn of(pattern: &str, group: &Group, keys: &[KeyFacts], held: &[(KeyType, Held)]) -> Option<Self> {
        let tally = &group.tally;
        let types = tally.types.iter().zip(KeyType::ALL);
        let (most, kind) = types.max_by(|(a, _), (b, _)| a.keys.total_cmp(&b.keys))?;
        if keys.is_empty() || most.keys < tally.keys * NEARLY_ALL {
            return None;
        }
        let all: Vec<Held> = held.iter().filter(|(of, _)| *of == kind).map(|(_, held)| *held).collect();
        let mean = |of: fn(&Held) -> f64| all.iter().map(of).sum::<f64>() / all.len().max(1) as f64;
        let held =
            Held { elements: mean(|one| one.elements), name: mean(|one| one.name), value: mean(|one| one.value) };
        Some(Self {
            kind,
            field_expires: keys.iter().any(|key| key.encoding == Some(Encoding::Listpackex)),
            keys: tally.keys.round().max(1.0) as u64,
            held: (!all.is_empty()).then_some(held),
            name_bytes: keys.iter().map(|key| key.name.len() as u64).sum::<u64>() / keys.len().max(1) as u64,
            shared_bytes: Naming::of(pattern, false).shared(),
            highest: numbers(pattern, keys),
        })
    }

    /// Fills in what the user left out. `by_keys`: the use counts keys, and not the elements of one.
    pub fn fill(&self, input: &Input, by_keys: bool, case: &mut Case) {
        if input.present.is_empty() {
            case.present = self.structure(by_keys);
        }
        if self.kind == KeyType::String { self.strings(input, by_keys, case) } else { self.collections(input, case) }
    }

    fn structure(&self, by_keys: bool) -> Option<Structure> {
        Some(match self.kind {
            KeyType::String if by_keys => Structure::String,
            KeyType::String => Structure::StringKeys,
            KeyType::List => Structure::List,
            KeyType::Set => Structure::Set,
            KeyType::Zset => Structure::Zset,
            KeyType::Hash if self.field_expires => Structure::HashFieldTtl,
            KeyType::Hash => Structure::Hash,
            KeyType::Stream => Structure::Stream,
            KeyType::Other => return None,
        })
    }

    fn strings(&self, input: &Input, by_keys: bool, case: &mut Case) {
        let id = self.name_bytes.saturating_sub(self.shared_bytes).max(1);
        case.id_bytes = id;
        case.key_bytes = if by_keys { self.name_bytes } else { self.shared_bytes.max(1) };
        if !says_how_many(input, case) {
            if by_keys {
                case.keys = self.keys;
            } else {
                (case.keys, case.elements) = (1, self.keys);
            }
        }
        if !by_keys && (input.element_bytes.is_none() || case.value_bytes > 0) {
            case.name_bytes = id;
        }
        let value = self.held.map(|held| held.value.round() as u64).filter(|_| input.element_bytes.is_none());
        if let Some(value) = value.filter(|_| by_keys || case.value_bytes > 0) {
            // One value holds all the fields of the use.
            let each = value / case.elements.max(1);
            case.value_bytes = if by_keys { each.saturating_sub(case.name_bytes).max(1) } else { value };
        }
        if input.highest_id.is_none() {
            match self.highest {
                Some(highest) => (case.ids, case.highest_id) = (Ids::Number, highest.max(case.elements)),
                None => case.ids = Ids::Text,
            }
        }
    }

    fn collections(&self, input: &Input, case: &mut Case) {
        case.key_bytes = self.name_bytes;
        let said = input.keys.is_some() || input.elements.is_some();
        let kept = input.kept(case);
        if !said {
            case.keys = if kept.is_some() && case.written() == Written::Value { case.keys } else { self.keys };
        }
        if let Some(kept) = kept.filter(|_| !said && case.written() == Written::Element) {
            case.spread(kept);
        }
        let how_many = says_how_many(input, case);
        let Some(held) = self.held else { return };
        let round = |value: f64| value.round() as u64;
        if !how_many {
            case.elements = round(held.elements).max(1);
        }
        if input.element_bytes.is_none() {
            (case.name_bytes, case.value_bytes) = (round(held.name), round(held.value));
        }
    }
}

/// Whether the user said how many there are.
pub fn says_how_many(input: &Input, case: &Case) -> bool {
    input.keys.is_some() || input.elements.is_some() || input.kept(case).is_some()
}

/// The highest id, where the pattern has one place for it and all ids there are whole numbers.
pub fn numbers(pattern: &str, keys: &[KeyFacts]) -> Option<u64> {
    let (before, behind) = pattern.split_once('*')?;
    if behind.contains(['*', '?', '[', '\\']) || before.contains(['?', '[', '\\']) {
        return None;
    }
    let mine = keys.iter().filter(|key| glob::matches(pattern.as_bytes(), &key.name));
    let ids = mine.map(|key| {
        let id = key.name.strip_prefix(before.as_bytes())?.strip_suffix(behind.as_bytes())?;
        let text = std::str::from_utf8(id).ok().filter(|text| *text == "0" || !text.starts_with(['0', '+']))?;
        text.parse::<u64>().ok()
    });
    ids.collect::<Option<Vec<u64>>>()?.into_iter().max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_numbers_where_all_of_them_are() {
        let keys = |names: &[&str]| -> Vec<KeyFacts> {
            names.iter().map(|name| KeyFacts { name: name.as_bytes().to_vec(), ..KeyFacts::default() }).collect()
        };
        assert_eq!(numbers("user:*:name", &keys(&["user:7:name", "user:120:name", "other"])), Some(120));
        assert_eq!(numbers("user:*:name", &keys(&["user:7:name", "user:x:name"])), None);
        assert_eq!(numbers("user:*:name", &keys(&["user:07:name"])), None);
        assert_eq!(numbers("user:*", &keys(&["user:7:name"])), None);
        assert_eq!(numbers("u*r:*", &keys(&["user:7"])), None);
    }
}
