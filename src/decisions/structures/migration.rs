//! How data moves from one structure to another while both are in use, and nothing is lost.

use super::case::Case;
use super::commands;
use super::need::Need;
use super::structure::Structure;

/// Where the data is, and where it goes.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    pub from: Structure,
    pub to: Structure,
    /// A glob of the keys of today.
    pub old: &'a str,
    /// The names of the new ones.
    pub new: &'a str,
}

/// The steps from what holds it today, in the words of this server.
pub fn steps(case: &Case, way: &Move) -> Vec<String> {
    let Move { from, to, .. } = *way;
    if from == to {
        return vec![format!("Nothing moves: it is {from} already.")];
    }
    if from.keeps_nothing() {
        return vec![
            format!("{from} holds nothing that could be copied: let readers listen to both."),
            format!("Send to both, to {from} and to {to}, until no reader uses the old one; then stop sending to it."),
        ];
    }
    if to.keeps_nothing() {
        return vec![
            format!("{to} keeps nothing, so that nothing is copied: let readers listen to it and read the old one."),
            "Send to both until every reader listens; what is in the old one then is read by nobody: read it to its end."
                .to_owned(),
            format!("Then stop writing to it, and UNLINK what `SCAN 0 MATCH {}` finds.", way.old),
        ];
    }
    let mut steps = vec![format!(
        "Give the new keys a prefix of their own, so that the two never meet: {} as {to}, beside {}.",
        way.new, way.old
    )];
    steps.extend(match kind(from) {
        _ if is_taken(case, from) => handed_over(from),
        // The string of a HyperLogLog does not say what was counted.
        Some(kind) if from != Structure::HyperLogLog => copied(case, from, kind, way.old),
        _ => rebuilt(from, to),
    });
    steps.push(
        "Switch the reads to the new keys, with the old ones still written, so that a step back loses nothing.".into(),
    );
    let of_kind = kind(from).map_or_else(String::new, |kind| format!(" TYPE {kind}"));
    steps.push(format!(
        "When nothing has read the old keys for a while (OBJECT IDLETIME), stop writing them and UNLINK what \
         `SCAN 0 MATCH {}{of_kind}` finds, in batches.",
        way.old
    ));
    steps
}

/// Whether elements are taken out by who reads them: then the old place runs dry by itself. A Stream keeps what was read.
fn is_taken(case: &Case, from: Structure) -> bool {
    let taking = [Need::Fifo, Need::Ack, Need::Delay, Need::Priority].into_iter().any(|need| case.needs(need));
    taking && !(from == Structure::Stream && case.needs(Need::Replay))
}

fn handed_over(from: Structure) -> Vec<String> {
    vec![
        "Let consumers read both; then let producers write only to the new one: what is written to both is done twice."
            .to_owned(),
        format!(
            "Wait until the old one is empty ({}), and what was taken from it is done.",
            match from {
                Structure::Stream => "no entry behind the last one that was delivered, and XPENDING counts none",
                Structure::Zset => "ZCARD is 0",
                _ => "LLEN is 0",
            }
        ),
        "Compare what was produced with what was done, by id, over a day.".to_owned(),
    ]
}

fn copied(case: &Case, from: Structure, kind: &str, old: &str) -> Vec<String> {
    vec![
        "Write both: change the new key in the same pipeline or script as the old one, and let a deletion delete both."
            .to_owned(),
        format!(
            "Copy what was there before: `SCAN 0 MATCH {old} TYPE {kind} COUNT 100`, and for each key {}; write it only \
             where the new one has nothing yet, so that newer writes win, and copy the TTL (PTTL).",
            walk(case, from)
        ),
        "Compare: the number of keys or elements, and a random sample of values from both.".to_owned(),
    ]
}

/// What went into a sketch cannot be read from it.
fn rebuilt(from: Structure, to: Structure) -> Vec<String> {
    let counts = matches!(from, Structure::CountMin | Structure::TopK | Structure::TDigest);
    let twice = if counts {
        "what came before that moment, and nothing twice: a count would be too high"
    } else {
        "everything: what is added twice is there once"
    };
    vec![
        format!(
            "Add to both: from a moment that you note on, each element goes to {from} and to {to} in one pipeline."
        ),
        format!(
            "{from} does not give back what went into it: fill {to} from where the elements come from (the database, the \
             log), with {twice}."
        ),
        "Compare the answers of both to a random sample of elements: the old one's are off by its error.".to_owned(),
    ]
}

/// How all of a key is read without holding up others.
fn walk(case: &Case, from: Structure) -> &'static str {
    use Structure::*;
    let copies = commands::find("COPY").is_some_and(|copy| copy.since.has(&case.place.engine));
    match from {
        Hash | HashBuckets | HashFieldTtl | SearchIndex => "HSCAN",
        Set => "SSCAN",
        Zset | Geo => "ZSCAN",
        List => "LRANGE in pages",
        Stream => "XRANGE in pages",
        Bitmap | Bitfield if copies => "GET, or COPY where the form stays",
        Json => "JSON.GET",
        TimeSeries => "TS.RANGE in pages",
        VectorSet => "VEMB of each element",
        _ => "GET",
    }
}

/// What SCAN's TYPE calls it; `None` where a key does not give back what went into it.
pub const fn kind(structure: Structure) -> Option<&'static str> {
    use Structure::*;
    Some(match structure {
        Counter | String | StringKeys | Bitmap | Bitfield | HyperLogLog => "string",
        Hash | HashBuckets | HashFieldTtl | SearchIndex => "hash",
        Set => "set",
        Zset | Geo => "zset",
        List => "list",
        Stream => "stream",
        Json => "ReJSON-RL",
        TimeSeries => "TSDB-TYPE",
        VectorSet => "vectorset",
        PubSub | ShardedPubSub | Bloom | Cuckoo | CountMin | TopK | TDigest => return None,
    })
}
