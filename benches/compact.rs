//! What a packed collection costs an access: microseconds of the server's CPU, packed and as a table, by number of elements.
//! `make compact` prints the table that the page on compact limits shows.

mod wire;

use std::io::{self, Write as _};
use std::path::Path;

use godmode_redis::probe::{Scratch, find_server};
use wire::{Done, Wire, cpu, engine};

/// Collections that are asked in turn, so that no one stays in the processor's cache.
const KEYS: u64 = 200;
const CALLS: u64 = 100_000;
const AT_ONCE: u64 = 500;
/// Packed and table by turns: the best of several runs is what the machine disturbed least.
const RUNS: usize = 3;
const LIMITS: [&str; 3] = ["hash-max-listpack-entries", "zset-max-listpack-entries", "set-max-listpack-entries"];

fn main() -> Done<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let program = find_server().ok_or("no redis-server or valkey-server: name one in GODMODE_REDIS_SERVER")?;
    let server = runtime.block_on(Scratch::start(&program, &[]))?;
    let socket = server.socket();
    writeln!(io::stdout(), "{}, elements of 8 and 16 bytes, µs of CPU an access\n", engine(&socket)?)?;
    writeln!(io::stdout(), "| elements | access | packed | table | price |\n|---|---|---|---|---|")?;
    for elements in [128, 256, 512, 1_024] {
        for (name, access) in ACCESSES {
            let mut best = [f64::MAX; 2];
            for _ in 0..RUNS {
                for (best, limit) in best.iter_mut().zip(["2000", "0"]) {
                    fill(&socket, elements, limit)?;
                    *best = best.min(timed(&socket, elements, *access)?);
                }
            }
            let [packed, table] = best;
            let price = packed - table;
            writeln!(io::stdout(), "| {elements} | {name} | {packed:.2} | {table:.2} | {price:+.2} |")?;
        }
    }
    Ok(())
}

type Access = fn(&mut Wire, &str, &str) -> io::Result<()>;

const VALUE: &[u8] = b"sixteen bytes !!";

#[rustfmt::skip]
const ACCESSES: &[(&str, Access)] = &[
    ("HGET", |wire, n, part| wire.say(&[b"HGET", format!("h:{n}").as_bytes(), part.as_bytes()])),
    ("HSET", |wire, n, part| wire.say(&[b"HSET", format!("h:{n}").as_bytes(), part.as_bytes(), VALUE])),
    ("ZSCORE", |wire, n, part| wire.say(&[b"ZSCORE", format!("z:{n}").as_bytes(), part.as_bytes()])),
    ("ZADD", |wire, n, part| wire.say(&[b"ZADD", format!("z:{n}").as_bytes(), n.as_bytes(), part.as_bytes()])),
    ("SISMEMBER", |wire, n, part| wire.say(&[b"SISMEMBER", format!("s:{n}").as_bytes(), part.as_bytes()])),
];

fn part(n: u64) -> String {
    format!("part{n:04}")
}

fn fill(socket: &Path, elements: u64, limit: &str) -> Done<()> {
    let mut wire = Wire::open(socket)?;
    let mut replies = 1;
    wire.say(&[b"FLUSHALL"])?;
    // Before 7.2 a set has no packed form of texts, and says so by an error that is skipped.
    for parameter in LIMITS {
        wire.say(&[b"CONFIG", b"SET", parameter.as_bytes(), limit.as_bytes()])?;
        replies += 1;
    }
    for n in 0..KEYS {
        for element in 0..elements {
            let (part, score) = (part(element), (element * 7_919 % 100_000).to_string());
            wire.say(&[b"HSET", format!("h:{n}").as_bytes(), part.as_bytes(), VALUE])?;
            wire.say(&[b"ZADD", format!("z:{n}").as_bytes(), score.as_bytes(), part.as_bytes()])?;
            wire.say(&[b"SADD", format!("s:{n}").as_bytes(), part.as_bytes()])?;
            replies += 3;
        }
        wire.flush()?;
        for _ in 0..std::mem::take(&mut replies) {
            wire.skip()?;
        }
    }
    Ok(())
}

/// Microseconds of the server's main thread for one access, what it costs to be asked at all included: the same on both
/// sides.
fn timed(socket: &Path, elements: u64, access: Access) -> Done<f64> {
    let mut wire = Wire::open(socket)?;
    let before = cpu(socket)?;
    for some in 0..CALLS / AT_ONCE {
        for call in 0..AT_ONCE {
            let n = some * AT_ONCE + call;
            access(&mut wire, &(n % KEYS).to_string(), &part(n * 104_729 % elements))?;
        }
        wire.flush()?;
        for _ in 0..AT_ONCE {
            wire.skip()?;
        }
    }
    Ok((cpu(socket)? - before) * 1e6 / CALLS as f64)
}
