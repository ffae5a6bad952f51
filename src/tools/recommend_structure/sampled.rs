//! What a sample of the target's keys tells: how many, of what, how large, how long; and what follows for them.

use serde::Serialize;

use super::found::{Found, numbers};
use crate::census::{self, Account, FIELDS, Group, Interval, Naming, Specimen, Tables, share};
use crate::facts::{Bytes, Count, Encoding, Expiry, Foreign, KeyFacts, KeyType, Share};
use crate::families::glob;
use crate::print::Document;

/// Families that are told.
const FAMILIES: usize = 8;
/// Nearly all of a family are strings, and last: a field has no end of its own before Redis 7.4 and Valkey 9.0.
const NEARLY_ALL: f64 = 0.99;
/// A saving below this share is not worth another way to ask: judgement.
const WORTH: f64 = 0.1;
/// Keys of a family that the model is applied to.
const SPECIMENS: usize = 500;
/// Nothing among so many says that at most three times their inverse are: the upper bound of 95 % ("rule of three").
const NONE_OF: f64 = 3.0;

/// What was seen of the keys that match.
#[derive(Debug, Clone, Serialize)]
pub struct Present {
    pub pattern: Foreign,
    /// How many match, and how sure that is.
    pub says: String,
    pub keys: Interval,
    pub bytes: Interval,
    /// Keys that were looked at, and names that were drawn to find them.
    pub read: u64,
    pub names: u64,
    pub families: Vec<FamilyRow>,
    pub facts: Vec<Fact>,
    /// What follows for them.
    pub advice: Vec<Advice>,
    /// What was not asked or could not be read, and why.
    pub unseen: Vec<String>,
    /// What they take with their share of the tables.
    #[serde(skip)]
    pub taken: f64,
    #[serde(skip)]
    pub found: Option<Found>,
}

#[derive(Debug, Clone, Serialize)]
pub struct FamilyRow {
    pub pattern: Foreign,
    pub types: String,
    pub keys: Interval,
    pub bytes: Interval,
}

/// What follows for a family.
#[derive(Debug, Clone, Serialize)]
pub struct Advice {
    pub family: Foreign,
    pub says: String,
    /// Bytes with their share of the tables, as they are and as they would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<u64>,
}

/// One thing that was seen of all of them.
#[derive(Debug, Clone, Serialize)]
pub struct Fact {
    pub name: &'static str,
    pub value: String,
}

/// All that was read, and of what.
pub struct Sample<'a> {
    pub pattern: &'a str,
    pub keys: &'a [KeyFacts],
    pub names: u64,
    pub whole: bool,
    /// Keys that there are, whatever their names; and those of them that have an end.
    pub all: f64,
    pub expiring: f64,
    pub layout: Option<census::Present>,
}

impl Sample<'_> {
    pub fn tell(&self, account: &Account, mut unseen: Vec<String>) -> Present {
        let group = &account.all;
        let specimens = self.keys.iter().filter_map(|key| Specimen::of(key, 0.0));
        let held: Vec<(KeyType, census::Held)> = self
            .layout
            .map_or_else(Vec::new, |now| specimens.filter_map(|one| Some((one.key_type, now.held(&one)?))).collect());
        let found = Found::of(self.pattern, group, self.keys, &held);
        if found.is_none() && !self.keys.is_empty() {
            unseen.push(
                "sizes: the keys are of several types, so that those of the use stand: narrow the pattern".into(),
            );
        }
        let families: Vec<&Group> = account.families.iter().take(FAMILIES).collect();
        let advice = families.iter().filter_map(|family| self.hashes(family)).collect();
        let tables = self.layout.map_or(0.0, |now| {
            let table = |keys: f64| now.layout.tables(keys as u64, self.expiring as u64) as f64;
            table(self.all) - table(self.all - group.tally.keys)
        });
        Present {
            pattern: Foreign::given(self.pattern),
            says: self.says(group),
            keys: group.keys,
            bytes: group.bytes,
            read: self.keys.len() as u64,
            names: self.names,
            families: families.iter().map(|family| FamilyRow::of(family)).collect(),
            facts: if self.keys.is_empty() { Vec::new() } else { self.facts(group, &held) },
            advice,
            unseen,
            taken: group.tally.bytes() + tables,
            found,
        }
    }

    fn says(&self, group: &Group) -> String {
        let (all, read) = (Count(self.all as u64), self.keys.len() as u64);
        let glob =
            "The pattern is a glob, as in SCAN MATCH (user:*:name), and `audit_memory` lists the names there are";
        match (read, self.whole) {
            (0, _) if self.all == 0.0 => "the target holds no keys, so that sizes are those of the use".to_owned(),
            (0, true) => format!("no key matches: all {all} names were compared. {glob}"),
            (0, false) => format!(
                "no key matches, of {} names that were drawn from {all}: at most {} of them do (95 %). {glob}",
                Count(self.names),
                Share(NONE_OF / self.names.max(1) as f64)
            ),
            (_, true) => format!("{} keys match, of {all}, and all of them were looked at", Count(read)),
            (_, false) => format!(
                "about {} keys match ({}), of {all}; {} were looked at, found among {} names that were drawn",
                Count(group.tally.keys as u64),
                span(group.keys, |keys| Count(keys as u64).to_string()),
                Count(read),
                Count(self.names)
            ),
        }
    }

    fn facts(&self, group: &Group, held: &[(KeyType, census::Held)]) -> Vec<Fact> {
        let of = |name: &'static str, found: Vec<(&'static str, usize)>| Fact { name, value: self.shares(found) };
        let count = |wanted: &dyn Fn(&KeyFacts) -> bool| self.keys.iter().filter(|key| wanted(key)).count();
        let types = KeyType::ALL.map(|one| (one.as_str(), count(&|key| key.key_type == Some(one))));
        let encodings = Encoding::ALL.map(|one| (one.as_str(), count(&|key| key.encoding == Some(one))));
        let mut facts = vec![of("types", types.to_vec()), of("encodings", encodings.to_vec())];
        let bytes = |value: f64| Bytes(value as u64).to_string();
        facts.push(Fact {
            name: "bytes",
            value: format!(
                "{}{}, {} a key, with names, entries and ends",
                bytes(group.tally.bytes()),
                if self.whole { String::new() } else { format!(" ({})", span(group.bytes, bytes)) },
                bytes(group.tally.bytes() / group.tally.keys.max(1.0))
            ),
        });
        let of_type = |string: bool| held.iter().filter(move |(kind, _)| (*kind == KeyType::String) == string);
        let values = of_type(true).map(|(_, held)| held.value as u64).collect();
        facts.extend(quantiles("value", values, |value| Bytes(value).to_string()));
        let elements = of_type(false).map(|(_, held)| held.elements as u64).collect();
        facts.extend(quantiles("elements", elements, |many| Count(many).to_string()));
        let each = of_type(false).map(|(_, held)| (held.name + held.value) as u64).collect();
        facts.extend(quantiles("element", each, |value| Bytes(value).to_string()));
        facts.extend(self.ends());
        facts
    }

    fn ends(&self) -> Option<Fact> {
        let known = self.keys.iter().filter(|key| key.expiry.is_some()).count();
        let left = |key: &KeyFacts| match key.expiry {
            Some(Expiry::In(ms)) => Some(ms / 1_000),
            _ => None,
        };
        let ends: Vec<u64> = self.keys.iter().filter_map(left).collect();
        if known == 0 {
            return None;
        }
        let none = self.share(known - ends.len(), known);
        let rest = quantiles("TTL", ends, |seconds| format!("{seconds} s"));
        let value = match rest {
            Some(rest) => format!("{none} have none; what is left of the others': {}", rest.value),
            None => "none has one".to_owned(),
        };
        Some(Fact { name: "TTL", value })
    }

    /// `string 99 % (98 to 100 %), hash 1 % (...)`, those that there are.
    fn shares(&self, mut found: Vec<(&'static str, usize)>) -> String {
        found.retain(|(_, count)| *count > 0);
        found.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let one = |(name, count): &(&str, usize)| format!("{name} {}", self.share(*count, self.keys.len()));
        let said: Vec<String> = found.iter().map(one).collect();
        if said.is_empty() { "not told".to_owned() } else { said.join(", ") }
    }

    fn share(&self, part: usize, whole: usize) -> String {
        let own = Share::of(part as u64, whole as u64);
        let bounds = share(part as f64, whole as f64);
        if self.whole || part == whole {
            own.to_string()
        } else {
            format!("{own} ({})", span(bounds, |share| Share(share).to_string()))
        }
    }

    /// What a family of small strings would take as fields of hashes.
    fn hashes(&self, family: &Group) -> Option<Advice> {
        let (now, tally) = (self.layout?, &family.tally);
        let strings = tally.types.first().map_or(0.0, |hand| hand.keys);
        if strings < tally.keys * NEARLY_ALL {
            return None;
        }
        let these = format!("these {} strings {}", Count(tally.keys as u64), family.pattern);
        let advice = |says: String| Some(Advice { family: family.pattern.clone(), says, now: None, then: None });
        if tally.lasting.keys < tally.keys * NEARLY_ALL {
            return advice(format!(
                "{these} have ends of their own, which fields of a hash have only from Redis 7.4 and Valkey 9.0 on (HEXPIRE): \
                 as fields they would end with their hash"
            ));
        }
        let numbers = numbers(family.pattern.raw(), self.keys).is_some();
        let own = self.specimens(family, &now);
        let specimens: Vec<&Specimen> =
            if own.is_empty() { tally.specimens.all().collect() } else { own.iter().collect() };
        let tables = Tables { keys: self.all, expiring: self.expiring };
        let naming = Naming::of(family.pattern.raw(), numbers);
        let Some(change) = now.as_hashes(family, &specimens, naming, tables) else {
            return advice(format!(
                "{these} gain nothing as fields of hashes: a value or an id is longer than hash-max-listpack-value ({} \
                 bytes), and makes a table of its hash",
                now.limits.hash_value
            ));
        };
        let saved = change.saved() / change.now.max(1.0);
        if saved < WORTH {
            return advice(format!("{these} would gain next to nothing as fields of hashes of {FIELDS}"));
        }
        let bucket = if numbers { "id / 100 where ids are dense, else a hash of the id" } else { "a hash of the id" };
        let (now, then) = (change.now as u64, change.then as u64);
        Some(Advice {
            family: family.pattern.clone(),
            says: format!(
                "{these} would take {} less as fields of hashes of {FIELDS}: {} instead of {}. HSET with the bucket in the \
                 name of the key and the id as the field; the bucket is {bucket}",
                Share(saved),
                Bytes(then),
                Bytes(now)
            ),
            now: Some(now),
            then: Some(then),
        })
    }

    /// Keys of the family as they were drawn; none where its name had to be made harmless.
    fn specimens(&self, family: &Group, now: &census::Present) -> Vec<Specimen> {
        let pattern = family.pattern.raw().as_bytes();
        let mine = self.keys.iter().filter(|key| glob::matches(pattern, &key.name)).take(SPECIMENS);
        mine.filter_map(|key| {
            let real = now.layout.real(key)?;
            Specimen::of(key, (real.key + real.value + real.expiry) as f64)
        })
        .collect()
    }
}

impl FamilyRow {
    fn of(group: &Group) -> Self {
        let held = group.tally.types.iter().zip(KeyType::ALL).filter(|(hand, _)| hand.keys > 0.0);
        let types: Vec<&str> = held.map(|(_, kind)| kind.as_str()).collect();
        Self { pattern: group.pattern.clone(), types: types.join(", "), keys: group.keys, bytes: group.bytes }
    }
}

/// What was seen, before the advice that it led to.
pub fn write(document: &mut Document, present: &Present) {
    document.heading(format!("Your keys: {}", present.pattern));
    document.text(&present.says);
    let facts = present.facts.iter().map(|fact| (fact.name.to_owned(), fact.value.clone()));
    let advice = present.advice.iter().map(|advice| ("so".to_owned(), advice.says.clone()));
    let unseen = present.unseen.iter().map(|why| ("not seen".to_owned(), why.clone()));
    document.pairs(facts.chain(advice).chain(unseen).collect());
    if present.families.len() > 1 {
        let row = |family: &FamilyRow| {
            let keys = span(family.keys, |keys| Count(keys as u64).to_string());
            let bytes = span(family.bytes, |bytes| Bytes(bytes as u64).to_string());
            vec![family.pattern.to_string(), family.types.clone(), keys, bytes]
        };
        document.table(&["family", "types", "keys", "bytes"], present.families.iter().map(row).collect());
    }
}

fn quantiles(name: &'static str, mut all: Vec<u64>, print: impl Fn(u64) -> String) -> Option<Fact> {
    all.sort_unstable();
    let at = |share: f64| all.get((all.len() as f64 * share) as usize).or(all.last()).copied();
    let (middle, high, most) = (at(0.5)?, at(0.9)?, at(1.0)?);
    let value = format!("{} at the median, {} at p90, {} at most", print(middle), print(high), print(most));
    Some(Fact { name, value })
}

/// `1,000 to 1,200, 95 %`
fn span(interval: Interval, print: impl Fn(f64) -> String) -> String {
    let (low, high) = (print(interval.low), print(interval.high));
    if low == high { low } else { format!("{low} to {high}, 95 %") }
}
