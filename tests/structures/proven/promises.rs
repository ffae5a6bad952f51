//! What no figure shows: promises, each held against a server, and what breaks them elsewhere.

use std::path::Path;
use std::time::Duration;

use godmode_redis::decisions::structures::{Need, Structure};
use godmode_redis::page::session::{Names, Step, read, word};
use godmode_redis::probe::Scratch;
use godmode_redis::proof::say;
use redis::aio::MultiplexedConnection;
use redis::cmd;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::sketches;
use crate::structures::servers::modules;

use Need::{
    Ack, ApproximateDistinct, ApproximateMembership, Cap, Claim, Count, Delay, Distinct, ExpireItem, ExpireWhole,
    FanOut, Fifo, Frequency, Groups, HeavyHitters, Membership, Nested, OwnerCheck, Percentiles, Priority, Rank, Replay,
    Top, UnionCount, Wait,
};

/// Needs that are a promise, not a cost: each has to be shown for each structure that is picked with it.
pub const PROMISED: [Need; 24] = [
    Ack,
    ApproximateDistinct,
    ApproximateMembership,
    Cap,
    Claim,
    Count,
    Delay,
    Distinct,
    ExpireItem,
    ExpireWhole,
    FanOut,
    Fifo,
    Frequency,
    Groups,
    HeavyHitters,
    Membership,
    Nested,
    OwnerCheck,
    Percentiles,
    Priority,
    Rank,
    Replay,
    Top,
    UnionCount,
];

/// How a promise is shown.
#[derive(Debug, Clone, Copy)]
pub enum Shown {
    /// In the form of the pages' sessions.
    Session(&'static str),
    Run(Run),
}

/// What takes more than one connection, or arithmetic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Run {
    /// Who waits is woken by what comes: the blocking call, and what wakes it.
    Woken(&'static str, &'static str),
    /// Everybody who listens hears it.
    FanOut,
    /// SPUBLISH does not reach who listens to a pattern.
    NoPatterns,
    /// HLEN counts fields whose time is over.
    ExpiredAreCounted,
    /// SCAN walks past all the keys of others.
    WalksTheKeyspace,
    /// Counts of so many names are off by no more than so much of them: PFCOUNT, and of two together.
    HyperLogLog,
    Bloom,
    CountMin,
    TopK,
    TDigest,
}

use Shown::{Run as R, Session as S};

const COMPARE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";
const EXPIRES: &str = "> PEXPIRE k 20\n1\n> wait 60ms\n> EXISTS k\n0\n";

/// What a pick promises with a need.
#[rustfmt::skip]
pub const PROMISES: &[(Structure, &[Need], Shown)] = &[
    (Structure::String, &[Claim], S("> SET k a NX\nOK\n> SET k b NX\nnil\n> GET k\n\"a\"\n")),
    (Structure::String, &[OwnerCheck], S("> SET k me\nOK\n> EVAL {compare} 1 k you\n0\n> GET k\n\"me\"\n> EVAL {compare} 1 k me\n1\n> EXISTS k\n0\n")),
    (Structure::String, &[ExpireWhole], S("> SET k a\nOK\n{expires}")),
    // Two who read, change and write back: the page says that one change is lost, and it is.
    (Structure::String, &[Nested], S("> SET k a=1,b=1\nOK\n> GET k\n\"a=1,b=1\"\n> GET k\n\"a=1,b=1\"\n> SET k a=2,b=1\nOK\n> SET k a=1,b=2\nOK\n> GET k\n\"a=1,b=2\"\n")),
    (Structure::StringKeys, &[ExpireItem], S("> SET k:a 1 PX 20\nOK\n> SET k:b 1\nOK\n> wait 60ms\n> MGET k:a k:b\n[nil, \"1\"]\n")),
    (Structure::Counter, &[Count, Frequency], S("> INCR k\n1\n> INCRBY k 9007199254740993\n9007199254740994\n> DECRBY k 2\n9007199254740992\n")),
    (Structure::Counter, &[ExpireWhole], S("> INCR k\n1\n{expires}")),
    (Structure::Hash, &[Claim], S("> HSETNX k a 1\n1\n> HSETNX k a 2\n0\n> HGET k a\n\"1\"\n")),
    (Structure::Hash, &[Count, Frequency], S("> HINCRBY k a 2\n2\n> HINCRBY k b 1\n1\n> HINCRBY k a -1\n1\n")),
    (Structure::Hash, &[ExpireWhole], S("> HSET k a 1\n1\n{expires}")),
    (Structure::HashFieldTtl, &[ExpireItem], S("> HSET k a 1 b 1\n2\n> HPEXPIRE k 20 FIELDS 1 a\n[1]\n> wait 60ms\n> HMGET k a b\n[nil, \"1\"]\n")),
    (Structure::List, &[Fifo], S("> LPUSH k a\n1\n> LPUSH k b\n2\n> LPUSH k c\n3\n> RPOP k\n\"a\"\n> RPOP k\n\"b\"\n> RPOP k\n\"c\"\n")),
    (Structure::List, &[Wait], R(Run::Woken("BRPOP k 5", "LPUSH k a"))),
    (Structure::List, &[Cap], S("> RPUSH k a b c\n3\n> LTRIM k 0 1\nOK\n> LRANGE k 0 -1\n[\"a\", \"b\"]\n")),
    (Structure::Set, &[Distinct, Membership, ApproximateMembership], S("> SADD k a b\n2\n> SADD k b c\n1\n> SCARD k\n3\n> SISMEMBER k c\n1\n> SISMEMBER k d\n0\n")),
    (Structure::Bitmap, &[Distinct, Membership], S("> SETBIT k 5 1\n0\n> SETBIT k 5 1\n1\n> SETBIT k 900 1\n0\n> BITCOUNT k\n2\n> GETBIT k 900\n1\n> GETBIT k 901\n0\n")),
    (Structure::Bitmap, &[UnionCount], S("> SETBIT k 1 1\n0\n> SETBIT k 2 1\n0\n> SETBIT l 2 1\n0\n> SETBIT l 3 1\n0\n> BITOP OR m k l\n1\n> BITCOUNT m\n3\n")),
    (Structure::Zset, &[Top, Rank], S("> ZADD k 1 a 3 b 2 c\n3\n> ZREVRANGE k 0 1\n[\"b\", \"c\"]\n> ZREVRANK k c\n1\n> ZADD k 9 a\n0\n> ZREVRANK k c\n2\n")),
    (Structure::Zset, &[Distinct], S("> ZADD k 1 a 2 b\n2\n> ZADD k 3 a\n0\n> ZCARD k\n2\n")),
    (Structure::Zset, &[Claim], S("> ZADD k NX 1 a\n1\n> ZADD k NX 2 a\n0\n> ZSCORE k a\n\"1\"\n")),
    (Structure::Zset, &[Cap], S("> ZADD k 1 a 2 b 3 c\n3\n> ZREMRANGEBYRANK k 0 -3\n1\n> ZRANGE k 0 -1\n[\"b\", \"c\"]\n")),
    (Structure::Zset, &[ExpireWhole], S("> ZADD k 1 a\n1\n{expires}")),
    // Before its time nobody gets it, and then one of two.
    (Structure::Zset, &[Delay], S("> ZADD k 2000 later 1000 due\n2\n> ZRANGEBYSCORE k 0 999\n[]\n> ZRANGEBYSCORE k 0 1500\n[\"due\"]\n> ZREM k due\n1\n> ZREM k due\n0\n")),
    (Structure::Zset, &[Priority], S("> ZADD k 5 low\n1\n> ZADD k 1 high\n1\n> ZPOPMIN k\n[\"high\", \"1\"]\n> ZPOPMIN k\n[\"low\", \"5\"]\n")),
    (Structure::Zset, &[Wait], R(Run::Woken("BZPOPMIN k 5", "ZADD k 1 a"))),
    (Structure::Zset, &[HeavyHitters], S("> ZINCRBY k 1 a\n\"1\"\n> ZINCRBY k 1 b\n\"1\"\n> ZINCRBY k 1 b\n\"2\"\n> ZREVRANGE k 0 0\n[\"b\"]\n")),
    (Structure::Zset, &[Percentiles], S("> ZADD k 30 x 10 y 20 z 40 w\n4\n> ZCARD k\n4\n> ZRANGE k 2 2\n[\"x\"]\n")),
    (Structure::Stream, &[Fifo, Replay], S("> XADD k 1-1 f a\n\"1-1\"\n> XADD k 2-1 f b\n\"2-1\"\n> XADD k 1-5 f c\n(error) ERR The ID specified in XADD is equal or smaller than the target stream top item\n> XRANGE k - +\n[[\"1-1\", [\"f\", \"a\"]], [\"2-1\", [\"f\", \"b\"]]]\n> XRANGE k - + COUNT 1\n[[\"1-1\", [\"f\", \"a\"]]]\n")),
    (Structure::Stream, &[Groups], S("> XADD k 1-1 f a\n\"1-1\"\n> XGROUP CREATE k one 0\nOK\n> XGROUP CREATE k two 0\nOK\n> XREADGROUP GROUP one c STREAMS k >\n[[\"k\", [[\"1-1\", [\"f\", \"a\"]]]]]\n> XREADGROUP GROUP two c STREAMS k >\n[[\"k\", [[\"1-1\", [\"f\", \"a\"]]]]]\n> XREADGROUP GROUP one c STREAMS k >\nnil\n")),
    // The consumer that took it never says so again: another has it, once it is acknowledged nobody does.
    (Structure::Stream, &[Ack], S("> XADD k 1-1 f a\n\"1-1\"\n> XGROUP CREATE k g 0\nOK\n> XREADGROUP GROUP g dead STREAMS k >\n_\n> XCLAIM k g alive 0 1-1\n[[\"1-1\", [\"f\", \"a\"]]]\n> XPENDING k g\n[1, \"1-1\", \"1-1\", [[\"alive\", \"1\"]]]\n> XACK k g 1-1\n1\n> XCLAIM k g dead 0 1-1\n[]\n")),
    (Structure::Stream, &[Cap], S("> XADD k MAXLEN 2 1-1 f a\n\"1-1\"\n> XADD k MAXLEN 2 2-1 f b\n\"2-1\"\n> XADD k MAXLEN 2 3-1 f c\n\"3-1\"\n> XLEN k\n2\n> XRANGE k - + COUNT 1\n[[\"2-1\", [\"f\", \"b\"]]]\n")),
    (Structure::Stream, &[Wait], R(Run::Woken("XREAD BLOCK 5000 STREAMS k 0", "XADD k 1-1 f a"))),
    (Structure::PubSub, &[FanOut], R(Run::FanOut)),
    (Structure::HyperLogLog, &[ApproximateDistinct, UnionCount], R(Run::HyperLogLog)),
    (Structure::Bloom, &[ApproximateMembership], R(Run::Bloom)),
    (Structure::CountMin, &[Frequency], R(Run::CountMin)),
    (Structure::TopK, &[HeavyHitters], R(Run::TopK)),
    (Structure::TDigest, &[Percentiles], R(Run::TDigest)),
    (Structure::TimeSeries, &[Cap], S("> TS.CREATE k RETENTION 1000\nOK\n> TS.ADD k 1000 1\n1000\n> TS.ADD k 9000 2\n9000\n> TS.RANGE k - +\n[[9000, \"2\"]]\n")),
    (Structure::Json, &[Nested], S("> JSON.SET k $ {\"a\":{\"x\":1,\"y\":2},\"b\":1}\nOK\n> JSON.DEL k $.a\n1\n> JSON.GET k $.b\n\"[1]\"\n")),
];

/// What the other breaks, where it takes work: what no figure of one client shows.
#[rustfmt::skip]
pub const BROKEN: &[(Structure, Option<Need>, Shown)] = &[
    // The element has no key of its own name: which bucket it is in the client has to compute, in code that no server sees.
    (Structure::HashBuckets, None, S("> HSET k:0 7 v\n1\n> EXISTS k:7\n0\n> HGET k:0 7\n\"v\"\n")),
    // A branch has no name that can be deleted: its leaves stay.
    (Structure::Hash, Some(Nested), S("> HSET k a.x 1 a.y 2\n2\n> HDEL k a\n0\n> HLEN k\n2\n")),
    (Structure::HashFieldTtl, Some(Distinct), R(Run::ExpiredAreCounted)),
    (Structure::StringKeys, Some(Need::Enumerate), R(Run::WalksTheKeyspace)),
    // While the first list has any, the second one waits: and it was there before.
    (Structure::List, Some(Priority), S("> LPUSH low l\n1\n> LPUSH high h1 h2\n2\n> BRPOP high low 1\n[\"high\", \"h1\"]\n> LPUSH high h3\n2\n> BRPOP high low 1\n[\"high\", \"h2\"]\n> LLEN low\n1\n")),
    (Structure::ShardedPubSub, None, R(Run::NoPatterns)),
];

/// Whether the promises of this pick with this need hold; `None`: nothing shows it.
pub async fn kept(stage: &Stage, structure: Structure, need: Need) -> Option<Result<(), String>> {
    let mut found = None;
    for (_, _, shown) in PROMISES.iter().filter(|(one, needs, _)| *one == structure && needs.contains(&need)) {
        let went = stage.show(*shown).await;
        if went.is_err() {
            return Some(went);
        }
        found = Some(went);
    }
    found
}

/// Whether the other one does break what it is said to.
pub async fn broken(stage: &Stage, other: Structure, need: Option<Need>) -> Option<Result<(), String>> {
    let (.., shown) = BROKEN.iter().find(|(one, of, _)| *one == other && (of.is_none() || *of == need))?;
    Some(stage.show(*shown).await)
}

/// A server for sessions, which looks for what has expired once a second.
pub struct Stage {
    server: Scratch,
}

const WAITS: Duration = Duration::from_secs(20);

impl Stage {
    pub async fn start(program: &Path) -> Self {
        let modules = modules(program);
        let options: Vec<&str> = modules.iter().flat_map(|file| ["--loadmodule", file.as_str()]).collect();
        Self { server: Scratch::start(program, &[&options[..], &["--hz", "1"]].concat()).await.unwrap() }
    }

    async fn client(&self) -> MultiplexedConnection {
        let mut client = self.server.connect().await.unwrap();
        cmd("FLUSHALL").exec_async(&mut client).await.unwrap();
        client
    }

    async fn show(&self, shown: Shown) -> Result<(), String> {
        match shown {
            S(session) => self.play(session).await,
            R(run) => self.run(run).await,
        }
    }

    async fn play(&self, session: &str) -> Result<(), String> {
        let session = session.replace("{compare}", &format!("\"{COMPARE}\"")).replace("{expires}", EXPIRES);
        let mut client = self.client().await;
        let mut names = Names::new();
        for step in read(&session).unwrap() {
            match step {
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Call { script, .. } => return Err(format!("{script} is no command")),
                Step::Command { words, reply } => {
                    let sent: Vec<String> = words.iter().map(|part| word(part, &names)).collect();
                    let said = say(&mut client, &sent).await;
                    if !reply.fits(&said, &mut names) {
                        return Err(format!("{}: {said:?}", words.join(" ")));
                    }
                }
            }
        }
        Ok(())
    }

    async fn run(&self, run: Run) -> Result<(), String> {
        let mut client = self.client().await;
        let holds = match run {
            Run::Woken(waits, wakes) => self.woken(waits, wakes).await,
            Run::FanOut => self.heard("PUBLISH").await == (2, true),
            Run::NoPatterns => self.heard("SPUBLISH").await == (0, false),
            Run::ExpiredAreCounted => expired_are_counted(&mut client).await,
            Run::WalksTheKeyspace => walks(&mut client).await,
            Run::HyperLogLog => sketches::counted(&mut client).await,
            Run::Bloom => sketches::filtered(&mut client).await,
            Run::CountMin => sketches::estimated(&mut client).await,
            Run::TopK => sketches::listed(&mut client).await,
            Run::TDigest => sketches::digested(&mut client).await,
        };
        if holds { Ok(()) } else { Err(format!("{run:?} does not hold")) }
    }

    async fn woken(&self, waits: &str, wakes: &str) -> bool {
        let mut sleeper = self.client().await;
        let mut other = self.server.connect().await.unwrap();
        let waiting = line(waits);
        let asleep = tokio::spawn(async move { waiting.query_async::<redis::Value>(&mut sleeper).await });
        loop {
            let info: String = cmd("INFO").arg("clients").query_async(&mut other).await.unwrap();
            if info.contains("blocked_clients:1") || asleep.is_finished() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let slept = !asleep.is_finished();
        line(wakes).query_async::<redis::Value>(&mut other).await.unwrap();
        let heard = tokio::time::timeout(WAITS, asleep).await.unwrap().unwrap().unwrap();
        slept && heard != redis::Value::Nil
    }

    /// One listens to the channel and one to a pattern: how many the server counts, and whether both heard it.
    async fn heard(&self, publish: &str) -> (u64, bool) {
        let mut client = self.client().await;
        let socket = self.server.socket();
        let mut listeners =
            [Listener::start(&socket, "SUBSCRIBE k").await, Listener::start(&socket, "PSUBSCRIBE k*").await];
        let reached: u64 = cmd(publish).arg("k").arg("first").query_async(&mut client).await.unwrap();
        // It is heard by both, and behind what came before it.
        cmd("PUBLISH").arg("k").arg("second").exec_async(&mut client).await.unwrap();
        let mut both = true;
        for listener in &mut listeners {
            both &= listener.until("second").await.contains("first");
        }
        (reached, both)
    }
}

/// A connection that only listens.
pub struct Listener(UnixStream);

impl Listener {
    pub async fn start(socket: &Path, command: &str) -> Self {
        let mut stream = UnixStream::connect(socket).await.unwrap();
        stream.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
        let mut listener = Self(stream);
        listener.until(":1\r\n").await;
        listener
    }

    /// All that comes until these words.
    pub async fn until(&mut self, words: &str) -> String {
        let mut heard = String::new();
        while !heard.contains(words) {
            let mut some = [0; 256];
            let many = tokio::time::timeout(WAITS, self.0.read(&mut some)).await.unwrap().unwrap();
            assert!(many > 0, "the server hung up: {heard}");
            heard += &String::from_utf8_lossy(&some[..many]);
        }
        heard
    }
}

fn line(text: &str) -> redis::Cmd {
    let mut command = redis::Cmd::new();
    text.split(' ').for_each(|word| {
        command.arg(word);
    });
    command
}

/// The server takes them out within a second: one of several looks comes before that.
async fn expired_are_counted(client: &mut MultiplexedConnection) -> bool {
    for _ in 0..20 {
        cmd("HSET").arg(&["k", "a", "1", "b", "1"]).exec_async(client).await.unwrap();
        cmd("HPEXPIRE").arg(&["k", "1", "FIELDS", "1", "a"]).exec_async(client).await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
        let many: u64 = cmd("HLEN").arg("k").query_async(client).await.unwrap();
        let gone: Option<String> = cmd("HGET").arg(&["k", "a"]).query_async(client).await.unwrap();
        if many == 2 && gone.is_none() {
            return true;
        }
    }
    false
}

/// Ten keys among twenty thousand of others: twenty calls of a thousand, where HSCAN needs one.
async fn walks(client: &mut MultiplexedConnection) -> bool {
    for start in 0..20 {
        let mut many = cmd("MSET");
        (start * 1_000..(start + 1) * 1_000).for_each(|n| {
            many.arg(format!("other:{n}")).arg(1);
        });
        many.exec_async(client).await.unwrap();
    }
    let (mut cursor, mut calls) = ("0".to_owned(), 0);
    loop {
        let words = ["MATCH", "k:*", "COUNT", "1000"];
        let (next, _): (String, Vec<String>) = cmd("SCAN").arg(&cursor).arg(&words).query_async(client).await.unwrap();
        calls += 1;
        if next == "0" {
            break;
        }
        cursor = next;
    }
    calls >= 15
}
