//! A newer engine would keep the same keys in less memory.

use crate::census::{KeyWitness, layout_under};
use crate::facts::{Bytes, Engine, Kind, Missing, Share, Version};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "newer-engine-saves", page: page!("rules/keys/newer-engine-saves.md"), check: Check::Keys(check) };

/// An upgrade is worth a word for so much (judgement).
const SHARE: f64 = 0.10;
const FLOOR: f64 = Bytes::mib(50).0 as f64;
/// The newest versions against which the model was measured.
const NEWEST: [(Kind, Version); 2] = [(Kind::Redis, Version(8, 6, 0)), (Kind::Valkey, Version(9, 1, 0))];
/// Families of which so little is known, or that are so small, are taken to stay as they are.
const SMALL: f64 = 0.001;

fn check(keys: &KeyWitness) -> Checked {
    let (server, present) = (keys.server()?, keys.present()?);
    let here = server.engine().filter(|engine| !matches!(engine.kind, Kind::Other(_)));
    let here = here.ok_or_else(|| Missing::new("engine", "neither Redis nor Valkey: its layouts are not known"))?;
    let all = &keys.account.all.tally;
    let (count, expiring) = (all.keys as u64, (all.keys - all.lasting.keys).max(0.0) as u64);
    let now = all.bytes() + present.layout.tables(count, expiring) as f64;
    keys.note("INFO", "version", &here);
    keys.note("MEMORY USAGE", "keys and their tables", Bytes(now as u64));
    let mut saves = Vec::new();
    for (kind, version) in NEWEST {
        let newer = Engine { kind, version };
        if newer.kind == here.kind && newer.version <= here.version {
            continue;
        }
        let Some(layout) = layout_under(server, &newer) else { continue };
        let families = keys.families().filter(|(family, _)| family.tally.bytes() > now * SMALL);
        let less = families.map(|(family, specimens)| {
            let then = family.project(&specimens, |one| present.otherwise(one, |key| key.layout = layout));
            family.tally.bytes() - then
        });
        let tables = present.layout.tables(count, expiring) as f64 - layout.tables(count, expiring) as f64;
        let saved = less.sum::<f64>() + tables;
        keys.note("MEMORY USAGE", &format!("under {newer}"), Bytes((now - saved).max(0.0) as u64));
        if saved > now * SHARE && saved > FLOOR {
            saves.push(format!("{} less under {newer} ({})", Bytes(saved as u64), Share(saved / now)));
        }
    }
    if saves.is_empty() {
        return Ok(None);
    }
    let says = format!("these keys would take {}", saves.join(", and "));
    let step = "upgrade a replica first, compare its used_memory, then fail over to it";
    Ok(Some(Alarm::new(Severity::Notice, says).fix(Risk::Disruptive, step)))
}
