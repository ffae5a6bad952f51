//! Whether the bytes of a family are those that the server's memory grew by: one family at a time, on whatever engine runs.

use redis::aio::MultiplexedConnection;

use super::corpus::{Dice, Filling};
use super::{audit, number};
use crate::stage::{server, settled, url};

/// Keys of each family: enough that one key does not matter, and off a power of two.
const KEYS: u64 = 12_000;

const FAMILIES: [&str; 12] = [
    "counters",
    "short strings",
    "strings that end",
    "long strings",
    "small hashes",
    "large hashes",
    "tags",
    "visitors",
    "wide hashes",
    "boards",
    "lists",
    "streams",
];

/// Longer than what is packed.
const LONG: [u8; 400] = [b'w'; 400];

async fn fill(mut connection: MultiplexedConnection, family: &str) {
    let mut dice = Dice::new(11);
    let mut filling = Filling::new(&mut connection);
    let many = match family {
        "large hashes" | "boards" | "streams" => KEYS / 40,
        // The server claims a table by five of its elements: that these are lighter or heavier than the others is chance,
        // which many tables even out.
        "visitors" | "wide hashes" => KEYS / 8,
        _ => KEYS,
    };
    for n in 0..many {
        let key = format!("shop:thing:{n}");
        let key = key.as_bytes();
        let text = vec![b'v'; 10 + dice.below(60) as usize];
        let parts: Vec<String> = (0..600).map(|part| format!("part{part:04}")).collect();
        match family {
            // Servers until Redis 8.0 and Valkey 8.0 share one object among all keys that hold the same number below 10,000.
            "counters" => filling.put(&[b"SET", key, (n + 10_000).to_string().as_bytes()]).await,
            "short strings" => filling.put(&[b"SET", key, &text]).await,
            "strings that end" => filling.put(&[b"SET", key, &text, b"EX", b"86400"]).await,
            "long strings" => filling.put(&[b"SET", key, &vec![b'l'; 500 + dice.below(1_500) as usize]]).await,
            "small hashes" => filling.put(&[b"HSET", key, b"name", &text, b"city", b"Bern", b"age", b"41"]).await,
            "large hashes" => {
                let mut words: Vec<&[u8]> = vec![b"HSET", key];
                parts.iter().for_each(|part| words.extend([part.as_bytes(), b"some value of it".as_slice()]));
                filling.put(&words).await;
            }
            "tags" => {
                let words = parts.iter().take(2 + dice.below(8) as usize).map(|part| part.as_bytes());
                filling.put(&[b"SADD".as_slice(), key].into_iter().chain(words).collect::<Vec<_>>()).await;
            }
            // Tables whose elements are not what one would guess.
            "visitors" => {
                let members: Vec<String> = (0..20 + dice.below(60)).map(|n| format!("{n:090}")).collect();
                let words = members.iter().map(|member| &member.as_bytes()[dice.below(60) as usize..]);
                filling.put(&[b"SADD".as_slice(), key].into_iter().chain(words).collect::<Vec<_>>()).await;
            }
            "wide hashes" => {
                let fields = parts.iter().take(6 + dice.below(10) as usize);
                let pairs = fields.flat_map(|field| [field.as_bytes(), &LONG[dice.below(300) as usize..]]);
                filling.put(&[b"HSET".as_slice(), key].into_iter().chain(pairs).collect::<Vec<_>>()).await;
            }
            "boards" => {
                let scores: Vec<String> = (0..300).map(|score| (score * 7).to_string()).collect();
                let pairs = scores.iter().zip(&parts).flat_map(|(score, part)| [score.as_bytes(), part.as_bytes()]);
                filling.put(&[b"ZADD".as_slice(), key].into_iter().chain(pairs).collect::<Vec<_>>()).await;
            }
            "lists" => {
                let words = parts.iter().take(5 + dice.below(20) as usize).map(|part| part.as_bytes());
                filling.put(&[b"RPUSH".as_slice(), key].into_iter().chain(words).collect::<Vec<_>>()).await;
            }
            _ => {
                for _ in 0..20 {
                    filling.put(&[b"XADD", key, b"*", b"event", &text]).await;
                }
            }
        }
    }
    filling.flush().await;
}

#[tokio::test]
async fn the_bytes_of_a_family_are_what_memory_grew_by() {
    let mut wrong = Vec::new();
    for family in FAMILIES {
        let server = server(&["--activedefrag", "no", "--hz", "500"]).await;
        // From Redis 7.0 the first call of a command makes its histogram, which is nobody's data. Older servers have none.
        let histograms = redis::cmd("CONFIG").arg(&["SET", "latency-tracking", "no"]).to_owned();
        let _: Result<redis::Value, _> = histograms.query_async(&mut server.connect().await.unwrap()).await;
        let before = settled(&mut server.connect().await.unwrap()).await;
        fill(server.connect().await.unwrap(), family).await;
        let grown = settled(&mut server.connect().await.unwrap()).await - before;
        let report = audit(&url(&server), &["--full", "--pace", "fast"]).await;
        let ledger = &report["ledger"];
        let counted = number(&ledger["keys"]) + number(&ledger["tables"]);
        let off = (counted - grown) / grown;
        // Where lengths are not asked, how many elements a table has is a guess.
        let guessed = report["nodes"][0]["not_asked"].as_array().is_some_and(|names| !names.is_empty());
        if off.abs() > if guessed { 0.05 } else { 0.03 } {
            let claimed = number(&report["parts"]["claimed"]);
            wrong.push(format!(
                "{family}: {counted:.0} counted, grew by {grown:.0} ({:+.1} %); claimed {claimed}",
                off * 100.0
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
