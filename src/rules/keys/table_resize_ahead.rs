//! The table of keys is about to double, and there is no room for the new one.

use crate::census::{KeyWitness, layout};
use crate::facts::{Bytes, Count, Database, Missing, Server, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "table-resize-ahead", page: page!("rules/keys/table-resize-ahead.md"), check: Check::Keys(check) };

/// The doubling is near when so many more keys bring it (judgement).
const NEAR: f64 = 1.10;

fn check(keys: &KeyWitness) -> Checked {
    let mut first = None;
    for server in keys.servers() {
        let alarm = look(keys, server)?;
        first = first.or(alarm);
    }
    Ok(first)
}

fn look(keys: &KeyWitness, server: &Server) -> Checked {
    let witness = Witness::new(server);
    let engine = witness.engine()?;
    let unknown = || Missing::new("engine", "the server does not tell its version and allocator");
    let layout = layout(server).ok_or_else(unknown)?;
    let (ceiling, used) = (witness.bytes("maxmemory")?, witness.bytes("used_memory")?);
    keys.note("INFO", "maxmemory", ceiling);
    keys.note("INFO", "used_memory", used);
    // In a Cluster each slot has a small table of its own since Redis 7.4 and Valkey 8.0.
    let by_slot = engine.at_least((7, 4), (8, 0)) && witness.is_on("cluster_enabled").unwrap_or(false);
    if ceiling == Bytes(0) || by_slot {
        return Ok(None);
    }
    let databases = witness.databases()?;
    let Some(Database { index, keys: count, .. }) = databases.iter().max_by_key(|database| database.keys) else {
        return Ok(None);
    };
    let next = layout.next_resize(*count);
    let room = Bytes(ceiling.0.saturating_sub(used.0));
    keys.note("INFO", &format!("db{index}"), format!("{} keys", Count(*count)));
    if next.at_keys as f64 > *count as f64 * NEAR || next.at_once <= room.0 {
        return Ok(None);
    }
    let says = format!(
        "the table of db{index} doubles at {} keys ({} more) and takes {} for it, but maxmemory leaves {room}",
        Count(next.at_keys),
        Count(next.at_keys - count),
        Bytes(next.at_once)
    );
    let enough = Bytes(ceiling.0 - room.0 + next.at_once);
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Review, format!("raise it before, if the machine has room: CONFIG SET maxmemory {}", enough.0))
            .fix(Risk::Review, "or keep fewer keys: shorter times to live, or small values as fields of hashes"),
    ))
}
