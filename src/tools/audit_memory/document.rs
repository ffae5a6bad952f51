//! An audit as a document.

use super::report::{Audit, NodeRow};
use super::table::{Divided, FamilyRow, KeyRow, RollupRow};
use crate::census::{Interval, Reading};
use crate::facts::{Bytes, Count, Micros, Seconds, Share};
use crate::print::{Document, Mark};
use crate::probe::Stop;
use crate::tools::verdict;

/// Families in the table; `--json` has more.
const FAMILIES: usize = 25;

pub fn of(audit: &Audit) -> Document {
    let mut document = Document::new(&audit.target);
    document.pairs(summary(audit));
    families(&mut document, audit);
    divisions(&mut document, audit);
    keys(&mut document, "Largest keys", "bytes", &audit.largest);
    let longest: Vec<&KeyRow> =
        audit.longest.iter().filter(|key| !audit.largest.iter().any(|other| other.name == key.name)).collect();
    let lot = looked_at(audit, " among");
    keys(&mut document, &format!("Keys with the most elements{lot}"), "elements", longest);
    keys(&mut document, &format!("Hottest keys{lot}"), "LFU counter", &audit.hottest);
    hot(&mut document, audit);
    values(&mut document, audit);
    cliffs(&mut document, audit);
    nodes(&mut document, audit);
    verdict::findings(&mut document, &audit.verdict, audit.nodes.len());
    verdict::not_checked(&mut document, &audit.verdict);
    for gap in audit.gaps() {
        document.entry(Mark::Unknown, "unchecked", gap.to_string(), Vec::new());
    }
    ledger(&mut document, audit);
    cost(&mut document, audit);
    document
}

/// Which keys were asked more than their type and size, if not all; for the end of a title.
fn looked_at(audit: &Audit, how: &str) -> String {
    if audit.close_one_in > 1 {
        format!("{how} one key in {} and all of 16 KiB and more", audit.close_one_in)
    } else {
        String::new()
    }
}

fn bytes(bytes: f64) -> Bytes {
    Bytes(bytes.max(0.0) as u64)
}

/// A total, with its bounds where it is an estimate.
fn between(interval: Interval, show: impl Fn(f64) -> String) -> String {
    let (low, high) = (show(interval.low), show(interval.high));
    if low == high { low } else { format!("{low} to {high}") }
}

fn coverage(audit: &Audit) -> String {
    let coverage = audit.coverage;
    let (seen, all) = (Count(coverage.seen), Count(coverage.population as u64));
    let stopped = match &audit.stopped {
        Some(Stop::Time) => " The time was up.",
        Some(Stop::Asked) => " It was interrupted.",
        Some(Stop::Harm(_)) => " It was ended for the server's sake.",
        None => "",
    };
    let share = Share(coverage.share());
    let holes = if audit.unread.is_empty() { "" } else { ", without those that could not be read" };
    match coverage.reading {
        Reading::Whole => format!("all {seen} keys were read, so totals are exact.{stopped}"),
        Reading::Sample => format!(
            "{seen} of {all} keys were read ({share}){holes}, drawn at random; totals are estimates with their 95 % \
             interval.{stopped}"
        ),
        Reading::Part => format!(
            "{seen} of {all} keys were read ({share}){holes}, and these say nothing about the rest: totals are of what \
             was read.{stopped}"
        ),
    }
}

fn summary(audit: &Audit) -> Vec<(String, String)> {
    let mut lines = vec![("Coverage".to_owned(), coverage(audit))];
    if let Some(database) = audit.url_database {
        let says = format!("all were meant, though the URL ends in /{database}: `db {database}` keeps to that one");
        lines.push(("Databases".into(), says));
    }
    if let Some(Stop::Harm(why)) = &audit.stopped {
        lines.push(("Ended".into(), why.clone()));
    }
    if let Some(chance) = audit.chance_to_miss_a_key {
        let says = format!("a given key was missed with a chance of {}", Share(chance));
        lines.push(("Not seen".into(), says));
    }
    for hole in &audit.unread {
        let share = hole.share.map(|share| format!(", {} of the key space", Share(share))).unwrap_or_default();
        let slots = hole.slots.map(|slots| format!(" ({} slots)", Count(slots))).unwrap_or_default();
        let keys = hole.keys.map(|keys| format!(", about {} keys", Count(keys as u64))).unwrap_or_default();
        lines.push(("Not read".into(), format!("{}{slots}{share}{keys}: {}", hole.address, hole.why)));
    }
    if audit.coverage.untold > 0 {
        let says = format!("the size of {} keys, whose bytes are in no total", Count(audit.coverage.untold));
        lines.push(("Not told".into(), says));
    }
    lines.push(("Keys".into(), between(audit.keys, |keys| Count(keys as u64).to_string())));
    let parts = &audit.parts;
    lines.push((
        "Bytes".into(),
        format!(
            "{}: values {}, keys {} (names {}), times to live {}; MEMORY USAGE claims {} for the same",
            between(audit.bytes, |sum| bytes(sum).to_string()),
            parts.values,
            parts.keys,
            parts.names,
            parts.expiry,
            parts.claimed
        ),
    ));
    if let Some(cursor) = &audit.cursor {
        lines.push(("Go on with".into(), format!("resume {cursor}")));
    }
    lines
}

fn families(document: &mut Document, audit: &Audit) {
    if audit.families.is_empty() && audit.overflow.is_none() {
        document.heading("Families: none, there are no keys");
        return;
    }
    document.heading(format!("Families of keys: {}", audit.families.len() + audit.families_not_listed));
    let row = |family: &FamilyRow| {
        vec![
            family.pattern.to_string(),
            between(family.keys, |keys| Count(keys as u64).to_string()),
            between(family.bytes, |sum| bytes(sum).to_string()),
            Share(family.share).to_string(),
            family.per_key.to_string(),
            format!("{} {}", family.types.join("+"), family.encodings.join("+")),
            Share(family.lasting).to_string(),
        ]
    };
    let head = ["family", "keys", "bytes", "share", "per key", "type, encoding", "no TTL"];
    document.table(&head, audit.families.iter().take(FAMILIES).chain(&audit.overflow).map(row).collect());
    if audit.overflow.is_some() {
        document.text("(others) are keys of more kinds of names than are kept apart: each kind is small.");
    }
    let unlisted = audit.families.len().saturating_sub(FAMILIES) + audit.families_not_listed;
    if unlisted > 0 {
        document.text(format!("{unlisted} smaller families are not shown; --json lists more, --match narrows."));
    }
    if !audit.rollups.is_empty() {
        document.heading("Families that begin alike");
        let row = |rollup: &RollupRow| {
            let sum = between(rollup.bytes, |sum| bytes(sum).to_string());
            let keys = between(rollup.keys, |keys| Count(keys as u64).to_string());
            vec![rollup.pattern.to_string(), rollup.families.to_string(), keys, sum]
        };
        document
            .table(&["prefix", "families", "keys", "bytes"], audit.rollups.iter().take(FAMILIES).map(row).collect());
    }
}

fn divisions(document: &mut Document, audit: &Audit) {
    let by_bytes = |row: &Divided| row.bytes.0 as f64;
    let by_keys = |row: &Divided| row.keys;
    bars(document, "Bytes by type", &audit.types, by_bytes);
    bars(document, "Bytes by encoding", &audit.encodings, by_bytes);
    bars(document, "Bytes by time to live", &audit.time_to_live, by_bytes);
    let lot = looked_at(audit, ", estimated from");
    bars(document, &format!("Bytes by time since the last use{lot}"), &audit.idle, by_bytes);
    bars(document, "Keys by size", &audit.sizes, by_keys);
    if audit.databases.len() > 1 {
        bars(document, "Bytes by database", &audit.databases, by_bytes);
    }
    let Some(slots) = &audit.slots else { return };
    bars(document, "Bytes by slot", &slots.ranges, by_bytes);
    let heaviest = slots.heaviest.iter().map(|slot| {
        let tag = slot.tag.as_ref().map(ToString::to_string).unwrap_or_default();
        vec![slot.slot.to_string(), Count(slot.keys as u64).to_string(), slot.bytes.to_string(), tag]
    });
    document.text(format!("{} slots hold keys, {} on average.", slots.with_keys, slots.mean_bytes));
    document.table(&["heaviest slots", "keys", "bytes", "hash tag of a key in it"], heaviest.collect());
}

fn bars(document: &mut Document, title: &str, rows: &[Divided], measure: impl Fn(&Divided) -> f64) {
    let whole: f64 = rows.iter().map(&measure).sum();
    if whole <= 0.0 {
        return;
    }
    document.heading(title);
    let row = |row: &Divided| {
        let keys = format!("{} keys", Count(row.keys as u64));
        let text = if title.starts_with("Keys") { keys } else { format!("{}, {keys}", row.bytes) };
        (row.name.clone(), measure(row) / whole, text)
    };
    document.bars(rows.iter().map(row).collect());
}

fn keys<'a>(document: &mut Document, title: &str, by: &str, keys: impl IntoIterator<Item = &'a KeyRow>) {
    let row = |key: &KeyRow| {
        let held = key.key_type.map(|held| held.to_string()).unwrap_or_default();
        let encoding = key.encoding.map(|encoding| encoding.to_string()).unwrap_or_default();
        let length = key.length.map_or("not asked".into(), |length| Count(length).to_string());
        let heat = key.frequency.map(|counter| format!(", counter {counter}")).unwrap_or_default();
        vec![
            key.name.to_string(),
            key.bytes.to_string(),
            length,
            format!("{held} {encoding}, db{}{heat}", key.database),
        ]
    };
    let rows: Vec<Vec<String>> = keys.into_iter().map(row).collect();
    if !rows.is_empty() {
        document.heading(format!("{title}, by {by}"));
        document.table(&["key", "bytes", "elements or length", "what"], rows);
    }
}

/// What servers counted of hot keys by themselves.
fn hot(document: &mut Document, audit: &Audit) {
    for (node, hot) in audit.nodes.iter().filter_map(|node| Some((node, node.hot.as_ref()?))) {
        let cpu = hot.by_cpu.iter().map(|(key, took)| vec![key.to_string(), format!("{} of CPU", Micros(*took))]);
        let net = hot.by_net.iter().map(|(key, sent)| vec![key.to_string(), format!("{} of traffic", Bytes(*sent))]);
        let rows: Vec<Vec<String>> = cpu.chain(net).collect();
        let counted = if hot.counting { "goes on" } else { "has ended" };
        let time = Micros(hot.milliseconds.saturating_mul(1_000));
        document.heading(format!("Hot keys of {}, by its own count", node.address));
        let uses = if hot.sample_ratio > 1 { format!("one use in {}", hot.sample_ratio) } else { "every use".into() };
        document.text(format!("A HOTKEYS session that somebody else began counted {uses} for {time} and {counted}."));
        document.table(&["key", "took"], rows);
    }
}

/// What a compressor makes of the values that were sampled.
fn values(document: &mut Document, audit: &Audit) {
    let row = |family: &FamilyRow| {
        let values = family.values.as_ref()?;
        let smaller = |pressed: u64| Share(1.0 - pressed as f64 / values.bytes.max(1) as f64).to_string();
        Some(vec![
            family.pattern.to_string(),
            Count(values.sampled).to_string(),
            Bytes(values.bytes / values.sampled.max(1)).to_string(),
            Share(values.json as f64 / values.sampled.max(1) as f64).to_string(),
            smaller(values.lz4),
            smaller(values.zstd),
            format!("{:.1}", values.repeats()),
        ])
    };
    let rows: Vec<Vec<String>> = audit.families.iter().filter_map(row).take(FAMILIES).collect();
    if !rows.is_empty() {
        document.heading("Values of strings that were sampled");
        let head = ["family", "sampled", "bytes each", "JSON", "lz4 saves", "zstd saves", "times each"];
        document.table(&head, rows);
    }
}

fn cliffs(document: &mut Document, audit: &Audit) {
    if audit.cliffs.is_empty() {
        return;
    }
    document.heading("Keys that end together");
    let row = |cliff: &crate::census::Cliff| {
        let when = match cliff.seconds {
            1 => format!("in {}", Seconds(cliff.from)),
            span => format!("in {}, within {}", Seconds(cliff.from), Seconds(span)),
        };
        vec![when, Count(cliff.keys as u64).to_string(), bytes(cliff.bytes).to_string(), Share(cliff.share).to_string()]
    };
    document.table(&["when", "keys", "bytes", "of all that end"], audit.cliffs.iter().map(row).collect());
}

fn nodes(document: &mut Document, audit: &Audit) {
    let row = |node: &NodeRow| {
        let ping = |p99: Option<crate::facts::Micros>| p99.map_or("?".to_owned(), |p99| p99.to_string());
        let vigil = &node.vigil;
        vec![
            node.address.to_string(),
            format!("{}{}", node.role, node.engine.as_ref().map(|engine| format!(", {engine}")).unwrap_or_default()),
            Count(node.keys as u64).to_string(),
            node.bytes.to_string(),
            format!("{} + {} + {}", node.parts.values, node.parts.keys, node.parts.expiry),
            vigil.cpu.map_or("?".to_owned(), |cpu| cpu.to_string()),
            format!("{} → {}", ping(vigil.ping_before), ping(vigil.ping_during)),
        ]
    };
    document.heading("Nodes that were read");
    let head =
        ["node", "what", "keys", "bytes", "values + keys + TTLs", "CPU meanwhile", "p99 of PING before → during"];
    document.table(&head, audit.nodes.iter().map(row).collect());
    for node in audit.nodes.iter().filter(|node| node.vigil.paused.0 > 0) {
        let reasons = node.vigil.reasons.join("; ");
        document.text(format!("{}: waited {} because {reasons}.", node.address, node.vigil.paused));
    }
}

/// The line that the whole report is held against.
fn ledger(document: &mut Document, audit: &Audit) {
    let ledger = &audit.ledger;
    document.heading("The books");
    let overheads: f64 = ledger.books.overheads.iter().map(|(_, bytes)| bytes).sum();
    if !ledger.books.whole {
        document.text(
            "They cannot balance: not all keys were to be read, some could not be, or MEMORY USAGE or STATS is missing.",
        );
        return;
    }
    let sign = if ledger.gap < 0.0 { "more than is used" } else { "not named" };
    document.text(format!(
        "Keys {} + tables {} + servers and clients {} = {} of {} used_memory; {} ({}) {sign}.",
        bytes(ledger.books.keys),
        bytes(ledger.books.tables),
        bytes(overheads),
        bytes(ledger.expected),
        bytes(ledger.books.used_memory),
        bytes(ledger.gap.abs()),
        Share((ledger.books.gap_share()).abs()),
    ));
    if let Some(unexplained) = ledger.unexplained {
        let what = if audit.coverage.reading == Reading::Whole {
            "Every key was read, so the rest is none of theirs: MEMORY STATS and MODULE LIST tell of buffers, scripts and \
             modules."
        } else if unexplained > 0.0 {
            "There is more in memory than the keys that were read explain: a large key lies among those that were not. \
             Every interval above allows for it."
        } else {
            "The sample drew more large keys than there are. Every interval above allows for it."
        };
        document.text(what);
    }
    if let (Some(from), Some(share)) = (ledger.searched_from_bytes, ledger.searched_share) {
        document.text(format!("{} of all keys were searched for ones of {from} and more.", Share(share.min(1.0))));
    }
}

fn cost(document: &mut Document, audit: &Audit) {
    let cost = &audit.cost;
    let pace = match cost.pace {
        crate::probe::Pace::Polite => "polite",
        crate::probe::Pace::Steady => "steady",
        crate::probe::Pace::Fast => "fast",
    };
    let seed = cost.seed.map(|seed| format!(" Seed {seed} draws the same sample.")).unwrap_or_default();
    let others = cost.others.filter(|others| others.hits + others.misses > 0);
    let others = others.map(|others| {
        let share = Share::of(others.hits, others.hits + others.misses);
        format!("; without these the hit ratio is {share} of {} lookups", Count(others.hits + others.misses))
    });
    let others = others.unwrap_or_default();
    document.heading("In short");
    document.text(format!(
        "{} commands in {} round trips at a {pace} pace, none of which writes; {:.1} s in all, {:.1} s of them reading \
         ({} keys/s). They added {} to keyspace_hits{others}.{seed} All fixes together would save about {}.",
        Count(cost.cost.commands),
        Count(cost.cost.round_trips),
        cost.seconds,
        cost.reading,
        Count((audit.coverage.seen as f64 / cost.reading.max(0.001)) as u64),
        Count(cost.keyspace_hits),
        audit.savings,
    ));
}
