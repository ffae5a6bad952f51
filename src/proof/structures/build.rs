//! How each structure is filled with the data of a case.

use anyhow::Result;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, cmd};

use super::data::{Data, text};
use crate::decisions::structures::{Need, Structure};

/// Elements in one command, and commands sent together.
const AT_ONCE: u64 = 50;
const TOGETHER: usize = 500;
/// Beyond the length of any run of commands.
const SECONDS: u64 = 1_000_000;
/// From here on a table is moved step by step, one with each call; calls follow until it has moved.
const LARGE: u64 = 256;
/// As in the estimate: fields of a bucket, and one of ten jobs is being worked on.
const BUCKET: u64 = 100;
const PENDING: u64 = 10;
/// Between samples and entries, and the first of them.
const STEP_MS: u64 = 1_000;
const FIRST_MS: u64 = 1_700_000_000_000;

/// Sends commands by the hundred.
#[derive(Debug)]
pub struct Loader {
    connection: MultiplexedConnection,
    waiting: Pipeline,
}

impl Loader {
    pub fn new(connection: MultiplexedConnection) -> Self {
        Self { connection, waiting: Pipeline::new() }
    }

    async fn say(&mut self, command: Cmd) -> Result<()> {
        self.waiting.add_command(command).ignore();
        if self.waiting.len() >= TOGETHER { self.flush().await } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<()> {
        if !self.waiting.is_empty() {
            self.waiting.query_async::<()>(&mut self.connection).await?;
            self.waiting.clear();
        }
        Ok(())
    }

    /// Fills an empty server.
    pub async fn build(&mut self, data: &Data<'_>) -> Result<()> {
        use Structure::{Counter, HashBuckets, PubSub, SearchIndex, ShardedPubSub, String, StringKeys};
        let all = data.case.all_elements();
        match data.structure {
            PubSub | ShardedPubSub => {}
            Counter => self.singles(data, |n| (data.key(n), (1_000_000 + n).to_string())).await?,
            StringKeys if data.case.value_bytes == 0 => {
                self.singles(data, |n| (data.own_key(n), (1_000_000 + n).to_string())).await?;
            }
            StringKeys => self.singles(data, |n| (data.own_key(n), data.value(n))).await?,
            String => self.blobs(data).await?,
            HashBuckets => {
                for n in 0..all {
                    self.say(cmd("HSET").arg(data.key(n / BUCKET)).arg(field(data, n)).arg(data.value(n)).clone())
                        .await?;
                }
                self.expire(data, all.div_ceil(BUCKET)).await?;
            }
            SearchIndex => self.index(data).await?,
            _ => {
                for key in 0..data.case.keys {
                    self.collection(data, key).await?;
                }
                self.expire(data, data.case.keys).await?;
            }
        }
        self.flush().await
    }

    async fn singles(&mut self, data: &Data<'_>, pair: impl Fn(u64) -> (String, String)) -> Result<()> {
        let expires = data.case.needs(Need::ExpireWhole)
            || data.structure == Structure::StringKeys && data.case.needs(Need::ExpireItem);
        for n in 0..data.case.all_elements() {
            let (key, value) = pair(n);
            let mut set = cmd("SET");
            set.arg(key).arg(value);
            if expires {
                set.arg("EX").arg(SECONDS);
            }
            self.say(set).await?;
        }
        Ok(())
    }

    async fn blobs(&mut self, data: &Data<'_>) -> Result<()> {
        for key in 0..data.case.keys {
            self.say(cmd("SET").arg(data.key(key)).arg(blob(data, key)).clone()).await?;
        }
        self.expire(data, data.case.keys).await
    }

    async fn expire(&mut self, data: &Data<'_>, keys: u64) -> Result<()> {
        if data.case.needs(Need::ExpireWhole) {
            for key in 0..keys {
                self.say(cmd("EXPIRE").arg(data.key(key)).arg(SECONDS).clone()).await?;
            }
        }
        Ok(())
    }

    /// A key with all its elements.
    async fn collection(&mut self, data: &Data<'_>, key: u64) -> Result<()> {
        let name = data.key(key);
        let elements = data.case.elements;
        let (first, end) = (key * elements, (key + 1) * elements);
        if let Some(create) = created(data, &name) {
            self.say(create).await?;
        }
        let mut start = first;
        while start < end {
            let stop = end.min(start + at_once(data.structure));
            for command in filled(data, &name, start, stop) {
                self.say(command).await?;
            }
            start = stop;
        }
        if data.structure == Structure::Stream && data.case.needs(Need::Ack) {
            self.say(cmd("XGROUP").arg(&["CREATE", &name, "g", "0"]).clone()).await?;
            let pending = elements.div_ceil(PENDING).to_string();
            let words = ["GROUP", "g", "c", "COUNT", &pending, "STREAMS", &name, ">"];
            self.say(cmd("XREADGROUP").arg(&words).clone()).await?;
        }
        if elements > LARGE {
            for n in first..end {
                let Some(look) = looked_up(data, &name, n) else { break };
                self.say(look).await?;
            }
        }
        Ok(())
    }

    async fn index(&mut self, data: &Data<'_>) -> Result<()> {
        let mut create = cmd("FT.CREATE");
        create.arg(&["i", "ON", "HASH", "PREFIX", "1", "k", "SCHEMA", "name", "TAG", "body", "TEXT"]);
        self.say(create).await?;
        for n in 0..data.case.all_elements() {
            let words = ["name".to_owned(), data.name(n), "body".to_owned(), words_of(n, data.case.value_bytes)];
            self.say(cmd("HSET").arg(data.key(n)).arg(&words).clone()).await?;
        }
        Ok(())
    }
}

/// The field of an element in its bucket: the rest of a number, all of a text.
pub fn field(data: &Data<'_>, number: u64) -> String {
    if data.case.ids == crate::decisions::structures::Ids::Number {
        (number % BUCKET).to_string()
    } else {
        text(number, data.case.name_bytes.max(data.case.id_bytes), true)
    }
}

/// All elements of a key in one value, as a serialiser writes them.
pub fn blob(data: &Data<'_>, key: u64) -> String {
    let case = data.case;
    if case.elements == 1 {
        return text(key, case.name_bytes + case.value_bytes, false);
    }
    text(key, case.elements * (case.name_bytes + case.value_bytes + 2), false)
}

/// Words of a document, some of them in many.
fn words_of(number: u64, len: u64) -> String {
    let words: Vec<String> =
        (0..len.div_ceil(8).max(1)).map(|n| text((number * 31 + n * 7) % 5_000, 7, true)).collect();
    words.join(" ")
}

const fn at_once(structure: Structure) -> u64 {
    use Structure::{Bitfield, Bitmap, Stream, VectorSet};
    match structure {
        Bitmap | Bitfield | Stream | VectorSet => 1,
        // One document.
        Structure::Json => u64::MAX / 2,
        _ => AT_ONCE,
    }
}

/// What has to be made before it can be filled.
fn created(data: &Data<'_>, key: &str) -> Option<Cmd> {
    let case = data.case;
    let mut create;
    match data.structure {
        Structure::Bloom => {
            create = cmd("BF.RESERVE");
            create.arg(key).arg(case.error).arg(case.elements);
        }
        Structure::Cuckoo => {
            create = cmd("CF.RESERVE");
            create.arg(key).arg(case.elements);
        }
        Structure::CountMin => {
            create = cmd("CMS.INITBYPROB");
            create.arg(key).arg(case.error).arg("0.01");
        }
        Structure::TopK => {
            create = cmd("TOPK.RESERVE");
            create.arg(key).arg(&["100", "800", "7", "0.9"]);
        }
        Structure::TDigest => {
            create = cmd("TDIGEST.CREATE");
            create.arg(key);
        }
        // Made at once, as the estimate has it: grown bit by bit it would be copied again and again.
        Structure::Bitmap => {
            create = cmd("SETBIT");
            create.arg(key).arg(case.highest_id.max(case.elements).saturating_sub(1)).arg(0);
        }
        Structure::Bitfield => {
            let width = if case.needs(Need::Count) { "u16" } else { "u1" };
            let last = case.highest_id.max(case.elements).saturating_sub(1);
            create = cmd("BITFIELD");
            create.arg(key).arg(&["SET", width, &format!("#{last}"), "0"]);
        }
        _ => return None,
    }
    Some(create)
}

/// The commands that put these elements into the key.
fn filled(data: &Data<'_>, key: &str, start: u64, stop: u64) -> Vec<Cmd> {
    let many = |name: &str, words: &dyn Fn(u64) -> Vec<String>| {
        let mut command = cmd(name);
        command.arg(key);
        (start..stop).for_each(|n| {
            command.arg(words(n));
        });
        vec![command]
    };
    match data.structure {
        Structure::Hash => many("HSET", &|n| vec![data.name(n), data.value(n)]),
        Structure::HashFieldTtl => {
            let mut commands = many("HSET", &|n| vec![data.name(n), data.value(n)]);
            let mut expire = cmd("HEXPIRE");
            expire.arg(key).arg(SECONDS).arg("FIELDS").arg(stop - start);
            expire.arg((start..stop).map(|n| data.name(n)).collect::<Vec<_>>());
            commands.push(expire);
            commands
        }
        Structure::List => many("RPUSH", &|n| vec![data.both(n)]),
        Structure::Set => many("SADD", &|n| vec![data.name(n)]),
        Structure::Zset => many("ZADD", &|n| vec![data.score(n).to_string(), data.member(n)]),
        Structure::Geo => many("GEOADD", &|n| vec![degrees(n), degrees(n * 31 + 7), data.name(n)]),
        Structure::HyperLogLog => many("PFADD", &|n| vec![data.name(n)]),
        Structure::Bloom => many("BF.MADD", &|n| vec![data.name(n)]),
        Structure::TopK => many("TOPK.ADD", &|n| vec![data.name(n)]),
        Structure::CountMin => many("CMS.INCRBY", &|n| vec![data.name(n), "1".into()]),
        Structure::TDigest => many("TDIGEST.ADD", &|n| vec![(n * 7_919 % 100_000).to_string()]),
        Structure::Cuckoo => (start..stop).map(|n| cmd("CF.ADDNX").arg(key).arg(data.name(n)).clone()).collect(),
        Structure::Stream => {
            let id = format!("{}-0", FIRST_MS + start * STEP_MS);
            vec![cmd("XADD").arg(key).arg(id).arg("payload").arg(data.both(start)).clone()]
        }
        Structure::Bitmap => vec![cmd("SETBIT").arg(key).arg(data.id(start)).arg(1).clone()],
        Structure::Bitfield => {
            let width = if data.case.needs(Need::Count) { "u16" } else { "u1" };
            vec![cmd("BITFIELD").arg(key).arg(&["SET", width, &format!("#{}", data.id(start)), "1"]).clone()]
        }
        Structure::TimeSeries => (start..stop)
            .map(|n| {
                // A measurement of one decimal that wanders.
                let value = 20.0 + (n * 7_919 % 100) as f64 / 10.0;
                cmd("TS.ADD").arg(key).arg(FIRST_MS + n * STEP_MS).arg(value).clone()
            })
            .collect(),
        Structure::VectorSet => {
            let mut add = cmd("VADD");
            let dimensions = data.case.value_bytes / 4;
            add.arg(key).arg("VALUES").arg(dimensions);
            (0..dimensions).for_each(|n| {
                add.arg(degrees(start * 104_729 + n * 7_919));
            });
            add.arg(data.name(start));
            vec![add]
        }
        Structure::Json => {
            let fields = (start..stop.min(start + data.case.elements))
                .map(|n| format!("\"{}\":\"{}\"", data.member_name(n), data.value(n)))
                .collect::<Vec<_>>();
            vec![cmd("JSON.SET").arg(key).arg("$").arg(format!("{{{}}}", fields.join(","))).clone()]
        }
        _ => Vec::new(),
    }
}

/// Between -80 and 80.
fn degrees(number: u64) -> String {
    format!("{:.4}", (number.wrapping_mul(7_919) % 16_000) as f64 / 100.0 - 80.0)
}

/// A look at an element, with which a table that is being moved goes one step on.
fn looked_up(data: &Data<'_>, key: &str, number: u64) -> Option<Cmd> {
    let look = |command: &str, name: String| Some(cmd(command).arg(key).arg(name).clone());
    match data.structure {
        Structure::Hash | Structure::HashFieldTtl => look("HEXISTS", data.name(number)),
        Structure::Set => look("SISMEMBER", data.name(number)),
        Structure::Zset => look("ZSCORE", data.member(number)),
        Structure::Geo => look("ZSCORE", data.name(number)),
        _ => None,
    }
}
