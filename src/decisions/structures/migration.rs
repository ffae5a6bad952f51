//! How data moves from one structure to another while both are in use, and nothing is lost.

use super::structure::Structure;

/// The steps from what holds it today. `pattern` names the keys of today.
pub fn steps(from: Structure, to: Structure, pattern: &str) -> Vec<String> {
    if from == to {
        return vec![format!("Nothing moves: it is {from} already.")];
    }
    let (Some(walk), Some(kind)) = (walk(from), kind(from)) else {
        return vec![
            format!("{from} holds nothing that could be copied: let readers listen to both."),
            format!("Send to both, to {from} and to {to}, until no reader uses the old one; then stop sending to it."),
        ];
    };
    let scan = pattern.split_once('{').map_or(pattern, |(before, _)| before);
    let mut steps = vec![
        format!("Give the new keys another name, so that the two never meet: the old prefix and `:v2`, as {to}."),
        "Write both: change the new key in the same pipeline or script as the old one, and let a deletion delete both."
            .to_owned(),
    ];
    if is_queue(from) || is_queue(to) {
        steps.push(
            "Let consumers read both, and producers write only to the new one; wait until the old one is empty.".into(),
        );
        steps.push("Compare what was produced with what was done, by id, over a day.".into());
    } else {
        steps.push(format!(
            "Copy what was there before: `SCAN 0 MATCH {scan}* TYPE {kind} COUNT 100`, and for each key {walk}; write it \
             only where the new one has nothing yet, so that newer writes win, and copy the TTL (PTTL)."
        ));
        steps.push("Compare: the number of keys or elements, and a random sample of values from both.".into());
    }
    steps.push(
        "Switch the reads to the new keys, with the old ones still written, so that a step back loses nothing.".into(),
    );
    steps.push(format!(
        "When nothing has read the old keys for a while (OBJECT IDLETIME), stop writing them and UNLINK what \
         `SCAN 0 MATCH {scan}* TYPE {kind}` finds, in batches."
    ));
    steps
}

const fn is_queue(structure: Structure) -> bool {
    matches!(structure, Structure::List | Structure::Stream)
}

/// How all of a key is read without holding up others.
const fn walk(structure: Structure) -> Option<&'static str> {
    use Structure::*;
    Some(match structure {
        Counter | String | StringKeys => "GET",
        Hash | HashBuckets | HashFieldTtl | SearchIndex => "HSCAN",
        Set => "SSCAN",
        Zset | Geo => "ZSCAN",
        List => "LRANGE in pages",
        Stream => "XRANGE in pages",
        Bitmap | Bitfield | HyperLogLog => "GET, or COPY (6.2) where the form stays",
        Json => "JSON.GET",
        TimeSeries => "TS.RANGE in pages",
        VectorSet => "VEMB of each element",
        // What went into a sketch cannot be read from it.
        PubSub | ShardedPubSub | Bloom | Cuckoo | CountMin | TopK | TDigest => return None,
    })
}

/// What SCAN's TYPE calls it.
const fn kind(structure: Structure) -> Option<&'static str> {
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
