//! The matrix: which structure serves which need, by which commands, and with what trouble.

use super::commands::{self, Cost};
use super::need::Need::{self, *};
use super::structure::Structure::{self, *};
use super::structure::{ALWAYS, Since, redis_only, since, valkey_only};
use crate::facts::Engine;

/// How well it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It is made for this.
    Native,
    /// It can be done, with more work of yours: the note says what.
    Work,
}

/// A cell of the matrix. Of several for one need the best that the server has counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serves {
    pub structure: Structure,
    pub need: Need,
    /// Calls in the form of the command reference; the first word is a command's name.
    pub calls: &'static [&'static str],
    pub fit: Fit,
    /// Of arguments that came later than their command.
    pub arguments: Since,
    pub note: &'static str,
}

const fn native(structure: Structure, need: Need, calls: &'static [&'static str]) -> Serves {
    Serves { structure, need, calls, fit: Fit::Native, arguments: ALWAYS, note: "" }
}

const fn work(structure: Structure, need: Need, calls: &'static [&'static str], note: &'static str) -> Serves {
    Serves { structure, need, calls, fit: Fit::Work, arguments: ALWAYS, note }
}

const fn from(arguments: Since, mut serves: Serves) -> Serves {
    serves.arguments = arguments;
    serves
}

/// The search module of Valkey has no places on earth (<https://valkey.io/topics/search/>).
const QUERY_ENGINE: Since = redis_only(6, 0);
/// Texts and FT.AGGREGATE came with its version 1.2, which needs Valkey 9.0 (valkey-search 1.2.0:
/// src/commands/ft_create_parser.cc, src/version.h); before it finds by tags, numbers and vectors.
const TEXTS: Since = since((6, 0), (9, 0));
const R62: Since = since((6, 2), (7, 2));

const SCRIPT: &str = "a script that compares and then acts";
const BUCKETS: &str = "the bucket and the field are computed from the id by you";
const ONE_BLOB: &str = "the whole value is read, changed and written back: two writers at once lose one change";

pub const MATRIX: &[Serves] = &[
    native(Counter, Count, &["INCR", "INCRBY", "DECRBY"]),
    native(String, Whole, &["GET", "SET"]),
    native(String, Claim, &["SET key value NX"]),
    work(String, OwnerCheck, &["EVALSHA"], SCRIPT),
    from(redis_only(8, 4), native(String, OwnerCheck, &["SET key value IFEQ old", "DELEX key IFEQ value"])),
    from(valkey_only(8, 1), native(String, OwnerCheck, &["SET key value IFEQ old", "DELIFEQ key value"])),
    work(String, Fields, &["GET", "SET"], ONE_BLOB),
    work(String, Nested, &["GET", "SET"], ONE_BLOB),
    native(StringKeys, Claim, &["SET key value NX"]),
    work(StringKeys, OwnerCheck, &["EVALSHA"], SCRIPT),
    from(redis_only(8, 4), native(StringKeys, OwnerCheck, &["SET key value IFEQ old", "DELEX key IFEQ value"])),
    from(valkey_only(8, 1), native(StringKeys, OwnerCheck, &["SET key value IFEQ old", "DELIFEQ key value"])),
    native(StringKeys, Fields, &["GET", "SET", "MGET"]),
    native(StringKeys, Membership, &["EXISTS", "SET"]),
    native(StringKeys, Remove, &["DEL"]),
    native(StringKeys, ExpireItem, &["SET key value EX seconds"]),
    work(StringKeys, Enumerate, &["SCAN"], "SCAN walks the whole keyspace"),
    native(Set, Membership, &["SADD", "SISMEMBER"]),
    native(Set, Claim, &["SADD"]),
    native(Set, Distinct, &["SADD", "SCARD"]),
    native(Set, Algebra, &["SINTER", "SUNION"]),
    native(Set, Algebra, &["SINTER", "SUNION", "SINTERCARD key key LIMIT n"]),
    native(Set, UnionCount, &["SUNIONSTORE", "SCARD"]),
    native(Set, Remove, &["SREM"]),
    native(Set, Enumerate, &["SSCAN"]),
    native(Set, Sample, &["SRANDMEMBER"]),
    work(Set, Filter, &["SINTER"], "a set for each value of each field, kept up to date by you"),
    native(Hash, Whole, &["HGETALL", "HSET"]),
    native(Hash, Fields, &["HGET", "HSET", "HMGET"]),
    native(Hash, Count, &["HINCRBY"]),
    native(Hash, Membership, &["HEXISTS", "HSET"]),
    native(Hash, Claim, &["HSETNX"]),
    native(Hash, Distinct, &["HSET", "HLEN"]),
    native(Hash, Remove, &["HDEL"]),
    native(Hash, Enumerate, &["HSCAN"]),
    native(Hash, Sample, &["HRANDFIELD"]),
    work(Hash, Aggregate, &["HINCRBY"], "a field for each span of time, with count and sum"),
    work(Hash, Percentiles, &["HINCRBY", "HGETALL"], "a histogram: a field for each range of values, chosen before"),
    work(Hash, Nested, &["HGET", "HSET"], "nesting flattened into field names by you"),
    work(HashBuckets, Whole, &["HGET", "HSET"], BUCKETS),
    work(HashBuckets, Fields, &["HGET", "HSET", "HMGET"], BUCKETS),
    work(HashBuckets, Count, &["HINCRBY"], BUCKETS),
    work(HashBuckets, Membership, &["HEXISTS", "HSET"], BUCKETS),
    work(HashBuckets, Claim, &["HSETNX"], BUCKETS),
    work(HashBuckets, Remove, &["HDEL"], BUCKETS),
    native(HashFieldTtl, Fields, &["HGET", "HSET", "HMGET"]),
    native(HashFieldTtl, Whole, &["HGETALL", "HSET"]),
    native(HashFieldTtl, Membership, &["HEXISTS", "HSET"]),
    native(HashFieldTtl, Count, &["HINCRBY"]),
    native(HashFieldTtl, Remove, &["HDEL"]),
    native(HashFieldTtl, Enumerate, &["HSCAN"]),
    native(HashFieldTtl, ExpireItem, &["HEXPIRE", "HTTL"]),
    work(HashFieldTtl, Distinct, &["HLEN"], "HLEN counts fields that have expired and are not yet removed"),
    native(List, Fifo, &["LPUSH", "RPOP"]),
    native(List, Wait, &["BRPOP"]),
    native(List, Recent, &["LRANGE"]),
    native(List, Cap, &["LTRIM"]),
    native(List, Enumerate, &["LRANGE"]),
    work(
        List,
        Ack,
        &["RPOPLPUSH", "LREM"],
        "a list of what is being worked on, LREM in O(N), and a sweep for stuck jobs",
    ),
    from(
        R62,
        work(
            List,
            Ack,
            &["BLMOVE", "LREM"],
            "a list of what is being worked on, LREM in O(N), and a sweep for stuck jobs",
        ),
    ),
    work(List, Priority, &["BRPOP high low"], "a list for each level; lower levels can starve"),
    work(List, Membership, &["LPOS"], "it looks at every element"),
    work(List, Remove, &["LREM"], "it looks at every element"),
    native(Zset, Top, &["ZREVRANGE"]),
    from(R62, native(Zset, Top, &["ZRANGE key 0 9 REV WITHSCORES"])),
    native(Zset, Rank, &["ZREVRANK", "ZRANK"]),
    native(Zset, ScoreRange, &["ZRANGEBYSCORE"]),
    from(R62, native(Zset, ScoreRange, &["ZRANGE key min max BYSCORE"])),
    native(Zset, Prefix, &["ZRANGEBYLEX"]),
    from(R62, native(Zset, Prefix, &["ZRANGE key min max BYLEX"])),
    native(Zset, TimeRange, &["ZRANGEBYSCORE", "ZCOUNT"]),
    from(R62, native(Zset, TimeRange, &["ZRANGE key min max BYSCORE", "ZCOUNT"])),
    native(Zset, Recent, &["ZREVRANGE"]),
    from(R62, native(Zset, Recent, &["ZRANGE key 0 9 REV"])),
    native(Zset, Cap, &["ZREMRANGEBYRANK"]),
    native(Zset, Count, &["ZINCRBY"]),
    native(Zset, HeavyHitters, &["ZINCRBY", "ZREVRANGE"]),
    from(R62, native(Zset, HeavyHitters, &["ZINCRBY", "ZRANGE key 0 9 REV WITHSCORES"])),
    native(Zset, Membership, &["ZADD", "ZSCORE"]),
    native(Zset, Claim, &["ZADD key NX score member"]),
    native(Zset, Distinct, &["ZCARD"]),
    native(Zset, UnionCount, &["ZUNIONSTORE", "ZCARD"]),
    work(Zset, Algebra, &["ZUNIONSTORE"], "no intersection that is not stored"),
    from(R62, native(Zset, Algebra, &["ZINTER", "ZUNIONSTORE"])),
    native(Zset, Remove, &["ZREM"]),
    native(Zset, Enumerate, &["ZSCAN"]),
    native(Zset, Sample, &["ZRANDMEMBER"]),
    native(Zset, Delay, &["ZADD", "ZRANGEBYSCORE", "ZREM"]),
    from(R62, native(Zset, Delay, &["ZADD", "ZRANGE key 0 now BYSCORE LIMIT 0 100", "ZREM"])),
    native(Zset, Priority, &["ZADD", "ZPOPMIN"]),
    native(Zset, Wait, &["BZPOPMIN"]),
    work(Zset, Fifo, &["ZADD", "ZPOPMIN"], "scores that only grow, from a counter of yours"),
    work(Zset, Ack, &["EVALSHA"], "a second sorted set of leases, and scripts that move between the two"),
    work(
        Zset,
        ExpireItem,
        &["ZADD", "ZREMRANGEBYSCORE"],
        "the score is the end, and a sweep takes out what is past it",
    ),
    work(Zset, Percentiles, &["ZCARD", "ZRANGE"], "every value is kept, and its rank is the percentile"),
    native(Stream, Fifo, &["XADD", "XREADGROUP"]),
    native(Stream, Wait, &["XREADGROUP GROUP group consumer BLOCK ms STREAMS key >"]),
    work(
        Stream,
        Ack,
        &["XREADGROUP", "XACK", "XCLAIM"],
        "a sweep by XPENDING and XCLAIM for what a dead consumer left",
    ),
    from(R62, native(Stream, Ack, &["XREADGROUP", "XACK", "XAUTOCLAIM"])),
    native(Stream, Replay, &["XRANGE"]),
    native(Stream, Groups, &["XREADGROUP"]),
    native(Stream, FanOut, &["XREAD BLOCK ms STREAMS key $"]),
    native(Stream, Recent, &["XREVRANGE"]),
    native(Stream, TimeRange, &["XRANGE"]),
    native(Stream, Cap, &["XADD key MAXLEN ~ n * field value"]),
    native(Stream, Enumerate, &["XRANGE"]),
    work(Stream, Remove, &["XDEL"], "an entry is found by its id, which you keep"),
    work(Stream, ExpireItem, &["XTRIM"], "XTRIM MINID ends all entries at the same age"),
    native(PubSub, FanOut, &["PUBLISH", "SUBSCRIBE"]),
    native(ShardedPubSub, FanOut, &["SPUBLISH", "SSUBSCRIBE"]),
    native(Bitmap, Flags, &["SETBIT", "GETBIT"]),
    native(Bitmap, Membership, &["SETBIT", "GETBIT"]),
    native(Bitmap, Distinct, &["SETBIT", "BITCOUNT"]),
    native(Bitmap, UnionCount, &["BITOP", "BITCOUNT"]),
    native(Bitmap, Algebra, &["BITOP"]),
    native(Bitmap, Remove, &["SETBIT"]),
    native(Bitmap, Claim, &["SETBIT"]),
    native(Bitfield, Count, &["BITFIELD key INCRBY u16 #id 1"]),
    native(Bitfield, Flags, &["BITFIELD key SET u1 #id 1"]),
    native(HyperLogLog, ApproximateDistinct, &["PFADD", "PFCOUNT"]),
    native(HyperLogLog, UnionCount, &["PFMERGE", "PFCOUNT"]),
    native(Geo, Radius, &["GEOADD", "GEORADIUS"]),
    from(R62, native(Geo, Radius, &["GEOADD", "GEOSEARCH"])),
    native(Geo, Remove, &["ZREM"]),
    native(Geo, Membership, &["ZSCORE"]),
    native(Geo, Distinct, &["ZCARD"]),
    native(VectorSet, Similarity, &["VADD", "VSIM"]),
    native(VectorSet, Remove, &["VREM"]),
    native(VectorSet, Distinct, &["VCARD"]),
    native(VectorSet, Sample, &["VRANDMEMBER"]),
    native(Bloom, ApproximateDistinct, &["BF.ADD", "BF.CARD"]),
    native(Bloom, ApproximateMembership, &["BF.RESERVE", "BF.ADD", "BF.EXISTS"]),
    native(Cuckoo, ApproximateMembership, &["CF.ADDNX", "CF.EXISTS"]),
    native(Cuckoo, Remove, &["CF.DEL"]),
    native(CountMin, Frequency, &["CMS.INCRBY", "CMS.QUERY"]),
    native(TopK, HeavyHitters, &["TOPK.ADD", "TOPK.LIST"]),
    native(TDigest, Percentiles, &["TDIGEST.ADD", "TDIGEST.QUANTILE"]),
    native(TimeSeries, TimeRange, &["TS.ADD", "TS.RANGE"]),
    native(TimeSeries, Aggregate, &["TS.RANGE key from to AGGREGATION avg ms", "TS.CREATERULE"]),
    native(TimeSeries, Recent, &["TS.REVRANGE"]),
    native(TimeSeries, Cap, &["TS.CREATE key RETENTION ms"]),
    native(Json, Whole, &["JSON.GET", "JSON.SET"]),
    native(Json, Fields, &["JSON.GET", "JSON.SET"]),
    native(Json, Nested, &["JSON.GET", "JSON.SET", "JSON.DEL"]),
    native(Json, Count, &["JSON.NUMINCRBY"]),
    native(SearchIndex, Filter, &["FT.CREATE", "FT.SEARCH"]),
    from(TEXTS, native(SearchIndex, FullText, &["FT.CREATE", "FT.SEARCH"])),
    native(SearchIndex, Similarity, &["FT.CREATE", "FT.SEARCH"]),
    from(QUERY_ENGINE, native(SearchIndex, Radius, &["FT.SEARCH"])),
    from(TEXTS, native(SearchIndex, Prefix, &["FT.SEARCH"])),
    from(TEXTS, native(SearchIndex, Aggregate, &["FT.AGGREGATE"])),
    native(SearchIndex, Remove, &["DEL"]),
    work(SearchIndex, Fields, &["HGET", "HSET"], "a Hash alone does that without an index to keep up"),
    work(SearchIndex, Whole, &["HGETALL", "HSET"], "a Hash alone does that without an index to keep up"),
];

impl Serves {
    /// The first versions that have all of it.
    pub fn since(&self) -> Since {
        let commands = self.calls.iter().filter_map(|call| commands::find(call)).map(|command| command.since);
        commands.fold(self.structure.facts().since.and(self.arguments), Since::and)
    }

    /// What its dearest call costs.
    pub fn cost(&self) -> Cost {
        let cost = self.calls.iter().filter_map(|call| commands::find(call)).map(|command| command.cost).max();
        cost.unwrap_or(Cost::One)
    }
}

/// The rows of a need, without regard to versions. What holds of every key is not listed: it can expire, and it waits.
fn rows(structure: Structure, need: Need) -> impl Iterator<Item = &'static Serves> {
    let is = move |row: &&Serves| row.structure == structure && (row.need == need || row.need == need.exact());
    MATRIX.iter().filter(is)
}

/// How a structure serves a need on a server; `None`: it does not.
pub fn serves(structure: Structure, need: Need, engine: &Engine) -> Option<Serves> {
    if let Some(always) = of_every_key(structure, need) {
        return always.since().has(engine).then_some(always);
    }
    let there = rows(structure, need).filter(|row| row.since().has(engine));
    // The newest way of those that fit best: it replaced the others.
    there.max_by_key(|row| (row.fit == Fit::Native, row.since().on(&engine.kind))).copied()
}

/// The version that would serve a need natively, whatever the server.
pub fn would_serve(structure: Structure, need: Need) -> Option<Serves> {
    of_every_key(structure, need).or_else(|| rows(structure, need).min_by_key(|row| row.fit).copied())
}

fn of_every_key(structure: Structure, need: Need) -> Option<Serves> {
    match need {
        ExpireWhole if structure == HashBuckets || structure.keeps_nothing() => None,
        ExpireWhole => Some(native(structure, need, &["EXPIRE"])),
        Kept if structure.keeps_nothing() => None,
        Kept | Compact => Some(native(structure, need, &[])),
        _ => None,
    }
}
