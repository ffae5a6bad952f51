//! Values so big that one command on them stalls everybody.

use crate::facts::{Bytes, Count, SizeBucket, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "giant-keys", page: page!("rules/keyspace/giant-keys.md"), check: Check::Server(check) };

/// The first bucket that lies wholly above the source text's 100 KB.
const BIG: Bytes = Bytes::kib(128);
/// A megabyte fills a gigabit link for 8 ms each time it is read (judgement).
const GIANT: Bytes = Bytes::mib(1);
/// The first bucket above 100,000 elements: reading or deleting them all takes tens of milliseconds (judgement).
const LONG: u64 = 1 << 17;
/// A million elements take a good part of a second (judgement).
const ENDLESS: u64 = 1 << 20;

fn check(server: &Witness) -> Checked {
    let sizes = server.key_sizes()?;
    let (keys, _) = server.key_counts()?;
    // How many, and the bucket of the largest. Redis 8.0 may count SETRANGE below zero: more keys than there are.
    let tail = |from: u64, is_one: fn(&SizeBucket) -> bool| {
        let over = sizes.iter().filter(|size| is_one(size) && size.from >= from && (1..=keys).contains(&size.keys));
        over.fold((0, 0), |(count, most), size| (size.keys.saturating_add(count), size.from.max(most)))
    };
    let (strings, longest) = tail(BIG.0, |size| size.what == "strings_sizes");
    // A stream is read by range and trimmed; its length is not a price.
    let (others, most) = tail(LONG, |size| size.what.ends_with("_items") && size.what != "streams_items");
    server.note("INFO keysizes", &format!("strings from {BIG}"), Count(strings));
    server.note("INFO keysizes", &format!("collections from {} elements", Count(LONG)), Count(others));
    if strings + others == 0 {
        return Ok(None);
    }
    let mut says = Vec::new();
    if strings > 0 {
        says.push(format!("strings of {BIG} and more: {}, the largest at least {}", Count(strings), Bytes(longest)));
    }
    if others > 0 {
        let (from, most) = (Count(LONG), Count(most));
        says.push(format!("collections of {from} elements and more: {}, the largest at least {most}", Count(others)));
    }
    let severity = if longest >= GIANT.0 || most >= ENDLESS { Severity::Warning } else { Severity::Notice };
    Ok(Some(
        Alarm::new(severity, says.join("; "))
            .fix(Risk::Safe, "name them: godmode-redis audit (audit_memory), which reads a replica if there is one")
            .fix(
                Risk::Review,
                "in the application: compress or split long strings, spread collections over several keys",
            )
            .fix(
                Risk::Review,
                "until then: read them in pages (HSCAN, SSCAN, ZRANGE, GETRANGE) and delete with UNLINK",
            ),
    ))
}
