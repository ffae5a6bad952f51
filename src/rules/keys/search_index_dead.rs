//! A search index holds no document, or could not index some keys.

use std::collections::BTreeMap;

use crate::census::KeyWitness;
use crate::facts::{Bytes, Count, Foreign, Missing, SearchIndex};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "search-index-dead", page: page!("rules/keys/search-index-dead.md"), check: Check::Keys(check) };

const NAMED: usize = 5;

fn check(keys: &KeyWitness) -> Checked {
    // By name, over all shards: each has its part of an index.
    let mut all: BTreeMap<&Foreign, SearchIndex> = BTreeMap::new();
    for server in keys.servers() {
        server.supports.as_ref().map_err(Clone::clone)?;
        // Of the nodes of a shard one is read, and asked.
        let Some(indexes) = &server.indexes else { continue };
        for index in indexes.as_ref().map_err(Clone::clone)? {
            all.entry(&index.name).and_modify(|one| one.add(index)).or_insert_with(|| index.clone());
        }
    }
    keys.note("FT._LIST", "search indexes", Count(all.len() as u64));
    let failing: Vec<&SearchIndex> = all.values().filter(|index| index.failures > 0).collect();
    let empty = all.values().filter(|index| index.documents == Some(0) && index.failures == 0 && !index.indexing);
    let empty: Vec<&SearchIndex> = empty.collect();
    let mut says = Vec::new();
    for (some, what) in [(&failing, "cannot index some keys"), (&empty, "hold no document")] {
        let named: Vec<String> = some.iter().take(NAMED).map(|index| told(index)).collect();
        for (index, told) in some.iter().zip(&named) {
            keys.note("FT.INFO", &index.name.to_string(), told);
        }
        let more = some.len().saturating_sub(NAMED);
        let others = if more > 0 { format!(" and {} more", Count(more as u64)) } else { String::new() };
        if !some.is_empty() {
            says.push(format!("{} of {} search indexes {what}: {}{others}", some.len(), all.len(), named.join(", ")));
        }
    }
    let untold = all.values().filter(|index| index.documents.is_none()).count();
    let asked = format!("{} of {} search indexes were asked about", all.len() - untold, all.len());
    match (untold, says.is_empty()) {
        (0, true) => return Ok(None),
        (_, true) => return Err(Missing::new("FT.INFO", format!("none of them is dead, but {asked}"))),
        (0, false) => {}
        (_, false) => says.push(asked),
    }
    let severity = if failing.is_empty() { Severity::Notice } else { Severity::Warning };
    let mut alarm = Alarm::new(severity, says.join("; "));
    if !failing.is_empty() {
        alarm = alarm
            .fix(Risk::Safe, "FT.INFO <index>: from 2.10 field statistics tell the field, the error and a key of each");
        alarm =
            alarm.fix(Risk::Review, "mend the value, or the type of the field in the schema; then write the keys anew");
    }
    if !empty.is_empty() {
        alarm =
            alarm.fix(Risk::Review, "compare PREFIX, ON and FILTER of the index with the keys that it is meant for");
        alarm = alarm.fix(Risk::Disruptive, "an index that nobody asks any more: FT.DROPINDEX <index>, without DD");
    }
    Ok(Some(alarm))
}

/// `«idx» (keys that begin with «product:», 12 keys not indexed, 300 documents, 1.2 MiB)`, as it prints.
fn told(index: &SearchIndex) -> String {
    let prefixes: Vec<String> = index.prefixes.iter().map(ToString::to_string).collect();
    let mut parts = vec![format!("keys that begin with {}", prefixes.join(" or "))];
    if index.failures > 0 {
        parts.push(format!("{} keys not indexed", Count(index.failures)));
        parts.extend(index.documents.map(|many| format!("{} documents", Count(many))));
    }
    if index.bytes > Bytes(0) {
        parts.push(index.bytes.to_string());
    }
    format!("{} ({})", index.name, parts.join(", "))
}
