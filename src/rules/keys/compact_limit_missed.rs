//! Collections just too long for the compact encoding, and kept as tables that take up to three times as much.

use crate::census::{Drawn, KeyWitness, Specimen};
use crate::facts::{Bytes, Count, Encoding, KeyType};
use crate::footprint::Limits;
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Saving, Severity};

pub const RULE: Rule =
    Rule { id: "compact-limit-missed", page: page!("rules/keys/compact-limit-missed.md"), check: Check::Keys(check) };

/// Up to so many times the limit is "just over", and no limit is raised beyond the greatest: each access walks half of
/// the elements (judgement; Redis' own defaults lie between 128 and 512).
const TIMES: u64 = 4;
const GREATEST: u64 = 1024;
const STEPS: [u64; 8] = [96, 128, 192, 256, 384, 512, 768, GREATEST];
/// Fewer keys, or less to save, is not worth a slower access (judgement).
const FEWEST: f64 = 1_000.0;
const FLOOR: Bytes = Bytes::mib(1);

struct Compact {
    what: &'static str,
    key_type: KeyType,
    table: Encoding,
    parameter: &'static str,
    /// What draws elements.
    random: &'static str,
    limit: fn(&mut Limits) -> &mut u64,
}

const COMPACT: [Compact; 3] = [
    Compact {
        what: "hashes",
        key_type: KeyType::Hash,
        table: Encoding::Hashtable,
        parameter: "hash-max-listpack-entries",
        random: "HRANDFIELD",
        limit: |limits| &mut limits.hash_entries,
    },
    Compact {
        what: "sorted sets",
        key_type: KeyType::Zset,
        table: Encoding::Skiplist,
        parameter: "zset-max-listpack-entries",
        random: "ZRANDMEMBER",
        limit: |limits| &mut limits.zset_entries,
    },
    Compact {
        what: "sets",
        key_type: KeyType::Set,
        table: Encoding::Hashtable,
        parameter: "set-max-listpack-entries",
        random: "SRANDMEMBER",
        limit: |limits| &mut limits.set_listpack_entries,
    },
];

fn check(keys: &KeyWitness) -> Checked {
    keys.lengths_known()?;
    let mut present = keys.present()?;
    let (mut savings, mut says, mut fixes) = (Vec::new(), Vec::new(), Vec::new());
    for Compact { what, key_type, table, parameter, random, limit } in &COMPACT {
        let now = *limit(&mut present.limits);
        keys.note("CONFIG GET", parameter, now);
        let over = |one: &&&Specimen| {
            one.key_type == *key_type
                && one.encoding == *table
                && one.length.is_some_and(|length| length > now && length <= (now * TIMES).min(GREATEST))
        };
        let families: Vec<_> = keys
            .families()
            .filter(|(family, all)| family.tally.keys >= FEWEST && all.iter().filter(over).count() * 2 >= all.len())
            .collect();
        let lengths = families.iter().flat_map(|(_, all)| all.iter().filter(over)).filter_map(|one| one.length);
        let Some(longest) = lengths.max() else { continue };
        let Some(enough) = STEPS.into_iter().find(|step| *step >= longest) else { continue };
        let saved = families.iter().map(|(family, all)| {
            let drawn = Drawn::of(all.iter().copied().filter(|one| over(&one)));
            if !drawn.is_empty() {
                keys.note(random, &family.pattern.to_string(), format!("{} elements drawn", drawn.len()));
            }
            let then = |one: &Specimen, doubts: f64| match over(&&one) {
                true => {
                    let (bytes, doubt) = present.repacked(one, &drawn, |limits| *limit(limits) = enough);
                    bytes + doubts * doubt
                }
                false => one.bytes,
            };
            let middle = family.project(all, |one| then(one, 0.0));
            let most = if drawn.is_empty() { family.project(all, |one| then(one, 1.0)) } else { middle };
            (Saving::new(&family.pattern, family.tally.bytes() - middle), most - middle)
        });
        let saved: Vec<(Saving, f64)> = saved.filter(|(saving, _)| saving.bytes >= FLOOR).collect();
        if !saved.is_empty() {
            let doubt = saved.iter().map(|(_, doubt)| doubt).sum::<f64>() as u64;
            let saved: Vec<Saving> = saved.into_iter().map(|(saving, _)| saving).collect();
            let (names, bytes) = (Saving::families(&saved), Saving::sum(&saved));
            let (least, most) = (Bytes(bytes.0.saturating_sub(doubt)), Bytes(bytes.0 + doubt));
            let doubt =
                if doubt > 0 { format!(" ({least} to {most}, as claims leave lengths open)") } else { String::new() };
            says.push(format!(
                "{what} of {names} have up to {} elements, over {parameter} {now}: {bytes}{doubt}",
                Count(longest)
            ));
            fixes.push(format!(
                "CONFIG SET {parameter} {enough}, then write the keys anew: those that are there stay tables"
            ));
            savings.extend(saved);
        }
    }
    if says.is_empty() {
        return Ok(None);
    }
    let alarm = Alarm::new(Severity::Notice, format!("{} would be saved", says.join("; "))).saves(savings);
    Ok(Some(fixes.into_iter().fold(alarm, |alarm, fix| alarm.fix(Risk::Review, fix))))
}
