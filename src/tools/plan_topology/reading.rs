//! The load and the goals in words, for the fields that were left as they are.

use anyhow::{Result, ensure};

use super::input::Input;
use crate::decisions::topology::{Loss, Outage, Purpose};
use crate::decisions::{Quantity, Unit, begins, denied, quantities, take};
use crate::facts::{Bytes, Engine, Provider};

/// What is longer is a story.
const LONGEST: usize = 4_000;

const SERVERS: &[&str] = &["server", "node", "machine", "vm", "host", "instance"];
const VALUE: &[&str] = &["value", "item", "object", "each", "typical", "average", "median"];
/// What joins a thing and its size.
const OF: &[&str] = &["of", "have", "has", "take", "is", "are"];
/// No value is larger.
const LARGEST_VALUE: f64 = 536_870_912.0;
const ZONES: &[&str] = &["zone", "az", "datacenter", "region"];
const READS: &[&str] = &["read", "get", "lookup", "quer"];
const WRITES: &[&str] = &["writ", "set", "update", "insert"];
const SCRIPTS: &[&str] = &["script", "lua", "eval", "fcall"];
const GROWS: &[&str] = &["grow"];
const BUSIEST: &[&str] = &["tenant", "tag", "largest", "busiest", "hottest", "customer"];
/// People write small numbers so; elsewhere they are no numbers.
const SMALL: &[(&str, &str)] = &[("two", "2"), ("three", "3"), ("four", "4"), ("five", "5"), ("six", "6")];

/// The first that is in the words holds.
const PURPOSES: &[(&str, Purpose)] = &[
    ("only copy", Purpose::Store),
    ("source of truth", Purpose::Store),
    ("system of record", Purpose::Store),
    ("primary store", Purpose::Store),
    ("primary database", Purpose::Store),
    ("queue", Purpose::Queue),
    ("lock", Purpose::Lock),
    ("session", Purpose::Session),
];
const LOSSES: &[(&str, Loss)] = &[
    ("nothing may be lost", Loss::Nothing),
    ("no data loss", Loss::Nothing),
    ("zero data loss", Loss::Nothing),
    ("must not lose", Loss::Nothing),
    ("must not be lost", Loss::Nothing),
    ("not lose any", Loss::Nothing),
    ("can be rebuilt", Loss::Everything),
    ("may be rebuilt", Loss::Everything),
    ("disposable", Loss::Everything),
    ("all may be lost", Loss::Everything),
    ("everything may be lost", Loss::Everything),
];
const OUTAGES: &[(&str, Outage)] = &[
    ("down for hours", Outage::Hours),
    ("hours of downtime", Outage::Hours),
    ("down for minutes", Outage::Minutes),
    ("minutes of downtime", Outage::Minutes),
    ("failover by hand", Outage::Minutes),
    ("manual failover", Outage::Minutes),
];
const MULTI_KEY: &[&str] = &["multi-key", "multikey", "several keys", "many keys at once", "transaction", "mget"];
const STALE_READS: &[&str] = &[
    "may be stale",
    "may read stale",
    "stale reads are",
    "stale reads allowed",
    "replicas may serve",
    "replica reads",
    "reads from replicas",
    "read from replicas",
];
struct Reader {
    found: Vec<Quantity>,
    says: Vec<String>,
}

impl Reader {
    fn take(&mut self, wants: impl Fn(&Quantity) -> bool) -> Option<Quantity> {
        take(&mut self.found, wants)
    }

    /// A field that was left as it is takes what the words say.
    fn fill<T: PartialEq>(&mut self, field: &mut T, usual: &T, name: &str, value: T, text: &str) {
        if field == usual {
            *field = value;
            self.says.push(format!("{name} from \"{text}\""));
        } else {
            self.says.push(format!("{name} as given, and not \"{text}\""));
        }
    }

    fn number(&mut self, field: &mut f64, usual: f64, name: &str, found: Option<Quantity>, unit: f64) {
        let Some(quantity) = found else { return };
        self.fill(field, &usual, name, quantity.value / unit, &quantity.text);
    }
}

/// The words, and what each number of them was taken for.
pub fn read(mut input: Input) -> Result<(Input, Vec<String>)> {
    let words = input.workload.trim().to_lowercase();
    if words.is_empty() {
        return Ok((input, Vec::new()));
    }
    ensure!(
        words.len() <= LONGEST,
        "the words are {} bytes long but may be {LONGEST}: name the numbers and drop the story",
        words.len()
    );
    let usual = Input::default();
    let (words, engine) = without_engine(&words);
    let mut reader = Reader { found: quantities(&in_digits(&words)), says: Vec::new() };
    if let Some(named) = engine {
        reader.fill(&mut input.engine, &usual.engine, "engine", named.clone(), &named);
    }
    let gib = Bytes::gib(1).0 as f64;
    let ram = reader.take(|q| q.unit == Unit::Bytes && is_ram(q));
    reader.number(&mut input.ram_gb, usual.ram_gb, "ram_gb", ram, gib);
    if let Some(value) = reader.take(|q| q.unit == Unit::Bytes && is_value(q)) {
        reader.fill(&mut input.value_bytes, &usual.value_bytes, "value_bytes", value.value as u64, &value.text);
    }
    let data = reader.take(|q| q.unit == Unit::Bytes);
    reader.number(&mut input.data_gb, usual.data_gb, "data_gb", data, gib);
    let growth = reader.take(|q| q.unit == Unit::Share && q.about(GROWS));
    reader.number(&mut input.growth_percent, usual.growth_percent, "growth_percent", growth, 0.01);
    rates(&mut reader, &mut input, &usual);
    let tag = reader.take(|q| q.unit == Unit::Share && q.about(BUSIEST));
    reader.number(&mut input.largest_tag_percent, usual.largest_tag_percent, "largest_tag_percent", tag, 0.01);
    let zones = reader.take(|q| counts(q, ZONES, 2)).map(|zones| (zones.value as usize, zones.text));
    let one = ["one zone", "single zone"].into_iter().find(|one| holds(&words, one)).map(|one| (1, one.to_owned()));
    if let Some((zones, text)) = zones.or(one) {
        reader.fill(&mut input.zones, &usual.zones, "zones", zones, &text);
    }
    if let Some(nodes) = reader.take(|q| counts(q, SERVERS, 1)) {
        reader.fill(&mut input.nodes, &usual.nodes, "nodes", nodes.value as usize, &nodes.text);
    }
    wishes(&mut reader, &mut input, &usual, &words);
    ensure!(
        !reader.says.is_empty(),
        "nothing in these words is a size, a rate or a goal that is known here; write numbers with units, such as \"40 GB of \
         sessions, 90000 reads/s and 5000 writes/s, 3 zones\", or use the fields"
    );
    Ok((input, reader.says))
}

fn rates(reader: &mut Reader, input: &mut Input, usual: &Input) {
    let scripts = reader.take(|q| q.unit == Unit::PerSecond && q.about(SCRIPTS));
    reader.number(&mut input.scripts, usual.scripts, "scripts", scripts, 1.0);
    let writes = reader.take(|q| q.unit == Unit::PerSecond && q.about(WRITES) && !q.about(READS));
    reader.number(&mut input.writes, usual.writes, "writes", writes, 1.0);
    let Some(rate) = reader.take(|q| q.unit == Unit::PerSecond) else { return };
    let of_reads = reader.take(|q| q.unit == Unit::Share && q.about(READS)).map(|share| (share.value, share.text));
    let of_writes = || reader.found.iter().find(|q| q.unit == Unit::Share && q.about(WRITES));
    let mix = of_reads.or_else(|| of_writes().map(|share| (1.0 - share.value, share.text.clone())));
    let Some((share, text)) = mix.filter(|_| !rate.about(READS)) else {
        return reader.number(&mut input.reads, usual.reads, "reads", Some(rate), 1.0);
    };
    let text = format!("{}, {text}", rate.text);
    reader.fill(&mut input.reads, &usual.reads, "reads", rate.value * share, &text);
    reader.fill(&mut input.writes, &usual.writes, "writes", rate.value * (1.0 - share), &text);
}

/// What the words wish for, without numbers.
fn wishes(reader: &mut Reader, input: &mut Input, usual: &Input, words: &str) {
    if let Some((text, purpose)) = first(PURPOSES, words) {
        reader.fill(&mut input.purpose, &usual.purpose, "purpose", purpose, text);
    }
    if let Some((text, loss)) = first(LOSSES, words) {
        reader.fill(&mut input.loss, &usual.loss, "loss", loss, text);
    }
    if let Some((text, outage)) = first(OUTAGES, words) {
        reader.fill(&mut input.outage, &usual.outage, "outage", outage, text);
    }
    let flags = [
        (&mut input.multi_key, "multi_key", MULTI_KEY),
        (&mut input.stale_reads, "stale_reads", STALE_READS),
        (&mut input.pipelined, "pipelined", &["pipelin"]),
    ];
    for (flag, name, phrases) in flags {
        if let Some(phrase) = phrases.iter().find(|phrase| holds(words, phrase)) {
            reader.fill(flag, &false, name, true, phrase);
        }
    }
    let service = Provider::ids().filter(|id| words.contains(id)).max_by_key(|id| id.len());
    if let Some(service) = service {
        reader.fill(&mut input.hosting, &usual.hosting, "hosting", service.to_owned(), service);
    }
}

fn first<T: Copy>(phrases: &[(&'static str, T)], words: &str) -> Option<(&'static str, T)> {
    phrases.iter().find(|(phrase, _)| holds(words, phrase)).copied()
}

/// Whether the phrase is there, from the beginning of a word, and not denied.
fn holds(words: &str, phrase: &str) -> bool {
    words.match_indices(phrase).any(|(at, _)| {
        let before = words.get(..at).unwrap_or_default();
        before.chars().next_back().is_none_or(|c| !c.is_alphanumeric()) && !denied(before)
    })
}

/// Whether it is a number of these, by the words right after it: "6 servers in 3 availability zones".
fn counts(quantity: &Quantity, stems: &[&str], within: usize) -> bool {
    let after = quantity.around().1.iter().take(within);
    let words = after.take_while(|word| !word.starts_with(|c: char| c.is_ascii_digit()));
    quantity.unit == Unit::Things && words.into_iter().any(|word| begins(word, stems))
}

/// "64 GB servers", "64 GB of RAM", "64 GB per node", "servers of 64 GB"; but not "200 GB on 6 servers".
fn is_ram(quantity: &Quantity) -> bool {
    let (before, after) = quantity.around();
    let is = |word: Option<&String>| word.is_some_and(|word| word == "ram" || begins(word, SERVERS));
    let (next, second) = (after.first().map_or("", String::as_str), after.get(1));
    is(after.first())
        || ["of", "per"].contains(&next) && is(second)
        || next == "each" && quantity.about(SERVERS)
        || joined(before, is)
}

/// "values of 2 KB", "2 KB values", "2 KB each".
fn is_value(quantity: &Quantity) -> bool {
    let (before, after) = quantity.around();
    let is = |word: Option<&String>| word.is_some_and(|word| begins(word, VALUE));
    quantity.value <= LARGEST_VALUE && (is(after.first()) || is(before.last()) || joined(before, is))
}

/// Whether the words end with such a one and what joins it to a size.
fn joined(before: &[String], is: impl Fn(Option<&String>) -> bool) -> bool {
    let mut back = before.iter().rev();
    back.next().is_some_and(|word| begins(word, OF)) && is(back.next())
}

/// The words without the name and version of an engine, and these.
fn without_engine(words: &str) -> (String, Option<String>) {
    let all: Vec<&str> = words.split_whitespace().collect();
    let named = |at: usize| {
        let pair = format!("{} {}", all.get(at)?, all.get(at + 1)?.trim_end_matches([',', '.', ';']));
        pair.parse::<Engine>().is_ok().then_some((at, pair))
    };
    let Some((at, pair)) = (0..all.len()).find_map(named) else { return (words.to_owned(), None) };
    // It ends a clause, so that the words on both sides of it do not become one.
    let (before, after) = (all.get(..at).unwrap_or_default(), all.get(at + 2..).unwrap_or_default());
    (format!("{}, {}", before.join(" "), after.join(" ")), Some(pair))
}

/// With digits for small numbers, and "servers of 64 GB" for "servers with 64 GB": elsewhere "with" begins another clause.
fn in_digits(words: &str) -> String {
    let all: Vec<&str> = words.split_whitespace().collect();
    let plain = |(n, word): (usize, &&'_ str)| {
        let owner = n.checked_sub(1).and_then(|before| all.get(before));
        match SMALL.iter().find(|(name, _)| name == word) {
            Some((_, digit)) => (*digit).to_owned(),
            None if *word == "with" && owner.is_some_and(|owner| begins(owner, SERVERS)) => "of".to_owned(),
            None => (*word).to_owned(),
        }
    };
    all.iter().enumerate().map(plain).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &str) -> Input {
        read(Input { workload: words.to_owned(), ..Input::default() }).unwrap().0
    }

    #[test]
    fn numbers_fill_the_fields() {
        let input =
            of("200 GB of data, 300k reads/s, 50k writes/s, 2000 Lua calls/s, servers of 64 GB, values of 2 KB, \
                        growing 50% a year, six servers in three zones, one tenant takes 20% of it");
        assert_eq!((input.data_gb, input.ram_gb, input.value_bytes), (200.0, 64.0, 2_048));
        assert_eq!((input.reads, input.writes, input.scripts), (300_000.0, 50_000.0, 2_000.0));
        assert_eq!((input.growth_percent, input.largest_tag_percent), (50.0, 20.0));
        assert_eq!((input.nodes, input.zones), (6, 3));
    }

    #[test]
    fn sizes_are_of_what_stands_beside_them() {
        for (words, data, ram, value) in [
            ("200 GB on 6 servers", 200.0, 16.0, 1_000),
            ("200 GB on 6 servers with 64 GB each", 200.0, 64.0, 1_000),
            ("5 GB on valkey 9.1, 32 GB nodes", 5.0, 32.0, 1_000),
            ("40 GB of objects of 3 KB, 32 GB of RAM", 40.0, 32.0, 3_072),
            ("40 GB, 2 KB each, 32 GB per node", 40.0, 32.0, 2_048),
        ] {
            let input = of(words);
            assert_eq!((input.data_gb, input.ram_gb, input.value_bytes), (data, ram, value), "{words}");
        }
        assert_eq!((of("5 GB for 10 app servers in one zone").nodes, of("5 GB in one zone").zones), (0, 1));
        assert_eq!(of("5 GB, more than one server has, 3 availability zones").nodes, 0);
    }

    #[test]
    fn a_mix_divides_a_rate() {
        let input = of("200k ops/s, 90% reads");
        assert_eq!((input.reads.round(), input.writes.round()), (180_000.0, 20_000.0));
        let input = of("10000 requests/s, 25% writes");
        assert_eq!((input.reads, input.writes), (7_500.0, 2_500.0));
        assert_eq!((of("9000 rps").reads, of("9000 rps").writes), (9_000.0, 0.0));
    }

    #[test]
    fn wishes_are_heard() {
        let input = of("sessions on valkey 9.1, no data loss, multi-key transactions, pipelined, 5 GB");
        assert_eq!((input.purpose, input.loss, input.engine.as_str()), (Purpose::Session, Loss::Nothing, "valkey 9.1"));
        assert!(input.multi_key && input.pipelined && !input.stale_reads);
        assert_eq!((input.nodes, input.data_gb), (0, 5.0));
        let input = of("job queue on elasticache-serverless, may be down for hours");
        assert_eq!((input.purpose, input.outage), (Purpose::Queue, Outage::Hours));
        assert_eq!(input.hosting, "elasticache-serverless");
        assert_eq!(of("8 GB that cannot be rebuilt, no failover by hand").loss, Loss::Second);
        assert_eq!(of("8 GB that cannot be rebuilt, no failover by hand").outage, Outage::Seconds);
        let input = of("8 GB on block storage, no transactions, reads may be stale");
        assert_eq!((input.purpose, input.multi_key, input.stale_reads), (Purpose::Cache, false, true));
    }

    #[test]
    fn a_field_beats_the_words_and_words_without_sense_are_refused() {
        let (input, says) = read(Input { workload: "20 GB".into(), data_gb: 7.0, ..Input::default() }).unwrap();
        assert_eq!((input.data_gb, says), (7.0, vec!["data_gb as given, and not \"20 gb\"".to_owned()]));
        let refused = |words: String| read(Input { workload: words, ..Input::default() }).unwrap_err().to_string();
        assert!(refused("make it fast".into()).contains("40 GB of sessions"));
        assert!(refused("x".repeat(5_000)).contains("may be 4000"));
    }
}
