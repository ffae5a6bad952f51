//! What is known of a use: the operations, how much of what, and where it is to run.

use std::collections::BTreeSet;
use std::str::FromStr;

use super::need::Need;
use super::structure::{Module, Structure};
use crate::facts::{Engine, Kind, Version};
use crate::footprint::{Allocator, Limits};

/// What elements are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ids {
    Text,
    /// Whole numbers up to `Case::highest_id`.
    Number,
}

/// Where it is to run.
#[derive(Debug, Clone)]
pub struct Place {
    pub engine: Engine,
    pub allocator: Allocator,
    pub limits: Limits,
    /// `None`: those that come with the official build.
    pub modules: Option<BTreeSet<Module>>,
    pub cluster: bool,
    /// What one node may hold.
    pub node_bytes: u64,
}

/// Redis Enterprise keeps a shard below this, so that it can be copied and moved in time
/// (<https://redis.io/docs/latest/operate/rs/clusters/optimize/>).
const NODE: u64 = 25 << 30;

impl Place {
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            allocator: Allocator::Jemalloc { quantum: 8, by_page: false },
            limits: Limits::default(),
            modules: None,
            cluster: false,
            node_bytes: NODE,
        }
    }

    /// The newest that the bytes were measured on: for who has not said where.
    pub fn unknown() -> Self {
        Self::new(Engine { kind: Kind::Redis, version: Version(8, 6, 0) })
    }

    pub fn has(&self, module: Module) -> bool {
        match &self.modules {
            Some(there) => there.contains(&module),
            None => module.comes_with(&self.engine),
        }
    }
}

/// What a write leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// An element of its own, in one of the keys.
    Element,
    /// Another number where one is already: how many there are it does not tell.
    Count,
    /// A key, or an element of the only one: new, or in the place of an old one.
    Value,
}

/// Needs of what comes one after the other, and is found by that.
const ARRIVES: [Need; 9] = [
    Need::Fifo,
    Need::Recent,
    Need::Cap,
    Need::TimeRange,
    Need::Replay,
    Need::Aggregate,
    Need::Percentiles,
    Need::Delay,
    Need::Priority,
];
const COUNTED: [Need; 4] = [Need::Count, Need::Frequency, Need::HeavyHitters, Need::Flags];

/// The highest number that a double, and so a score, holds exactly.
pub const MOST_IDS: u64 = 1 << 53;

/// A use of Redis.
#[derive(Debug, Clone)]
pub struct Case {
    pub needs: BTreeSet<Need>,
    /// How many collections, or values, there are.
    pub keys: u64,
    /// How many elements are in each.
    pub elements: u64,
    /// Of an element's name: a member, a field, an id.
    pub name_bytes: u64,
    /// Of what is kept with that name.
    pub value_bytes: u64,
    pub key_bytes: u64,
    /// Of the part of a key's name that tells it from the others of its use.
    pub id_bytes: u64,
    pub ids: Ids,
    pub highest_id: u64,
    /// The share of wrong answers that will do.
    pub error: f64,
    /// The structure that holds it today.
    pub present: Option<Structure>,
    /// The most bytes it may take.
    pub budget: Option<u64>,
    pub place: Place,
}

impl Case {
    pub fn new(place: Place) -> Self {
        Self {
            needs: BTreeSet::new(),
            keys: 1,
            elements: 1,
            name_bytes: 0,
            value_bytes: 0,
            key_bytes: 24,
            id_bytes: 8,
            ids: Ids::Text,
            highest_id: 0,
            error: 0.01,
            present: None,
            budget: None,
            place,
        }
    }

    pub fn needs(&self, need: Need) -> bool {
        self.needs.contains(&need)
    }

    pub fn written(&self) -> Written {
        let any = |needs: &[Need]| needs.iter().any(|need| self.needs(*need));
        if any(&COUNTED) {
            Written::Count
        } else if any(&ARRIVES) {
            Written::Element
        } else {
            Written::Value
        }
    }

    /// So many elements of all keys together, spread over them.
    pub fn spread(&mut self, elements: u64) {
        self.elements = elements.div_ceil(self.keys.max(1)).max(1);
    }

    /// Of all keys together.
    pub fn all_elements(&self) -> u64 {
        self.keys.saturating_mul(self.elements)
    }

    /// Changes one thing, in the words of the pages: `+rank`, `-expire`, `elements=1000`, `engine=valkey-9.1`.
    pub fn change(&mut self, word: &str) -> Result<(), String> {
        if let Some(need) = word.strip_prefix('+') {
            self.needs.insert(need.parse()?);
            return Ok(());
        }
        if let Some(need) = word.strip_prefix('-') {
            self.needs.remove(&need.parse()?);
            return Ok(());
        }
        let (name, value) = word.split_once('=').ok_or_else(|| {
            let word = crate::facts::foreign::bounded(word, 40);
            format!("cannot read {word:?}: say +need, -need or name=value")
        })?;
        match name {
            "keys" => self.keys = count(value)?.max(1),
            "elements" => self.elements = count(value)?.max(1),
            "name" => self.name_bytes = count(value)?,
            "value" => self.value_bytes = count(value)?,
            "highest-id" => (self.ids, self.highest_id) = (Ids::Number, count(value)?),
            "ids" if value == "text" => self.ids = Ids::Text,
            "error" => self.error = share(value)?,
            "budget" => self.budget = Some(bytes(value)?),
            "node" => self.place.node_bytes = bytes(value)?,
            "cluster" => self.place.cluster = yes(value)?,
            "engine" => self.place.engine = Engine::from_str(value)?,
            "modules" => self.place.modules = Some(modules(value)?),
            "present" => self.present = Some(value.parse()?),
            _ => return Err(format!("there is no {:?} to change", crate::facts::foreign::bounded(name, 40))),
        }
        Ok(())
    }
}

fn yes(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(format!("{text:?} is neither yes nor no")),
    }
}

fn modules(text: &str) -> Result<BTreeSet<Module>, String> {
    if text == "none" {
        return Ok(BTreeSet::new());
    }
    let one = |name: &str| {
        Module::ALL.into_iter().find(|module| module.id() == name.trim()).ok_or_else(|| {
            let known: Vec<&str> = Module::ALL.into_iter().map(Module::id).collect();
            let name = crate::facts::foreign::bounded(name, 40);
            format!("there is no module {name:?}; there are {}, or none", known.join(", "))
        })
    };
    text.split(',').map(one).collect()
}

/// A number as people write it: `1000`, `1,000`, `10k`, `2.5M`, `10 billion`.
pub fn count(text: &str) -> Result<u64, String> {
    const STEPS: [(&[&str], f64); 3] =
        [(&["k", "thousand"], 1e3), (&["m", "mio", "million"], 1e6), (&["b", "g", "bn", "billion"], 1e9)];
    scaled(text, &STEPS).ok_or_else(|| {
        format!("{:?} is no number from 0 to 10^18; write 1000, 10k or 2.5M", crate::facts::foreign::bounded(text, 40))
    })
}

/// Bytes as people write them: `12KB`, `4GB`, `512`. The units are those of redis.conf: 1024 in each.
pub fn bytes(text: &str) -> Result<u64, String> {
    const KILO: f64 = 1024.0;
    const STEPS: [(&[&str], f64); 5] = [
        (&["b", "bytes"], 1.0),
        (&["k", "kb", "kib"], KILO),
        (&["m", "mb", "mib"], KILO * KILO),
        (&["g", "gb", "gib"], KILO * KILO * KILO),
        (&["t", "tb", "tib"], KILO * KILO * KILO * KILO),
    ];
    scaled(text, &STEPS)
        .ok_or_else(|| format!("{:?} is no size; write 12KB, 64MB or 4GB", crate::facts::foreign::bounded(text, 40)))
}

fn scaled(text: &str, steps: &[(&[&str], f64)]) -> Option<u64> {
    const MOST: f64 = 1e18;
    let plain = text.trim().to_lowercase().replace([',', '_', ' '], "");
    let digits = plain.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(plain.len());
    let (number, unit) = plain.split_at_checked(digits)?;
    let times = match unit {
        "" => 1.0,
        unit => steps.iter().find(|(names, _)| names.contains(&unit))?.1,
    };
    let value = number.parse::<f64>().ok()? * times;
    (value.is_finite() && (0.0..=MOST).contains(&value)).then_some(value.round() as u64)
}

/// A share between 0 and 1: `1%` or `0.01`.
pub fn share(text: &str) -> Result<f64, String> {
    let (number, whole) = match text.trim().strip_suffix('%') {
        Some(number) => (number.trim(), 100.0),
        None => (text.trim(), 1.0),
    };
    let share = number.parse::<f64>().ok().map(|value| value / whole).filter(|share| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| {
        format!("{:?} is no share of errors; write 1% or 0.01", crate::facts::foreign::bounded(text, 40))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(count("10 billion"), Ok(10_000_000_000));
        assert_eq!(count("2.5M"), Ok(2_500_000));
        assert_eq!(count("1,000"), Ok(1_000));
        assert_eq!(bytes("12 KB"), Ok(12_288));
        assert_eq!(share("0.81%"), Ok(0.81 / 100.0));
        for bad in ["", "-1", "many", "1e400", "10 quintillion", "nan", "..", "9999999999999999999999"] {
            assert!(count(bad).is_err() && bytes(bad).is_err(), "{bad}");
        }
        for bad in ["0", "1", "100%", "-1%", "x"] {
            assert!(share(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_word_changes_a_case_or_says_what_would_be_one() {
        let mut case = Case::new(Place::unknown());
        for word in ["+rank", "+top", "-top", "elements=10k", "engine=valkey-9.1", "modules=json,bloom", "highest-id=9"]
        {
            case.change(word).unwrap();
        }
        assert!(case.needs(Need::Rank) && !case.needs(Need::Top) && case.elements == 10_000);
        assert_eq!(case.place.engine.to_string(), "Valkey 9.1.0");
        assert!(case.place.has(Module::Json) && !case.place.has(Module::Search));
        for word in ["+speed", "rank", "engine=oracle", "modules=lua", "size=1", "cluster=maybe", "present=tree"] {
            assert!(case.change(word).is_err(), "{word}");
        }
    }
}
