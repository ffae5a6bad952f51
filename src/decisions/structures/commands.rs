//! The commands that the tables name: what a call costs, and since when there is one.

use std::fmt;

use super::structure::{ALWAYS, Module, Since, redis_only, since, valkey_only};

/// What a call costs, as the command reference states it; N elements in the key, M in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cost {
    One,
    Log,
    Answer,
    LogAnswer,
    /// All bytes of a string, counted in words: megabytes in a millisecond.
    Bytes,
    /// Grows with all that is kept there.
    Linear,
    Product,
}

impl Cost {
    /// Whether a call takes longer the more is kept, also when little is asked for.
    pub const fn grows(self) -> bool {
        matches!(self, Self::Linear | Self::Product)
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "O(1)",
            Self::Log => "O(log N)",
            Self::Answer => "O(M)",
            Self::LogAnswer => "O(log N + M)",
            Self::Bytes => "O(N) of its bytes",
            Self::Linear => "O(N)",
            Self::Product => "O(N·M)",
        })
    }
}

/// A command by the name that COMMAND INFO knows.
#[derive(Debug, Clone, Copy)]
pub struct Command {
    pub name: &'static str,
    pub cost: Cost,
    pub since: Since,
    pub module: Option<Module>,
}

const fn core(name: &'static str, cost: Cost) -> Command {
    Command { name, cost, since: ALWAYS, module: None }
}

const fn newer(name: &'static str, cost: Cost, since: Since) -> Command {
    Command { name, cost, since, module: None }
}

/// A module's commands come with the module, and the structure says since when.
const fn of(module: Module, name: &'static str, cost: Cost) -> Command {
    Command { name, cost, since: ALWAYS, module: Some(module) }
}

const R62: Since = since((6, 2), (7, 2));
const R70: Since = since((7, 0), (7, 2));
const R50: Since = since((5, 0), (7, 2));
const FIELD_TTL: Since = since((7, 4), (9, 0));

use Cost::{Answer, Bytes, Linear, Log, LogAnswer, One, Product};
use Module::{Bloom, Json, Search, TimeSeries, Vectors};

pub const COMMANDS: &[Command] = &[
    core("GET", One),
    core("SET", One),
    core("MGET", Answer),
    core("INCR", One),
    core("INCRBY", One),
    core("DECRBY", One),
    core("EXISTS", One),
    core("DEL", One),
    core("EXPIRE", One),
    core("EVALSHA", One),
    core("SCAN", Linear),
    core("UNLINK", One),
    core("PTTL", One),
    core("OBJECT", One),
    newer("COPY", Linear, R62),
    newer("DELEX", One, redis_only(8, 4)),
    newer("DELIFEQ", One, valkey_only(9, 0)),
    core("SETBIT", One),
    core("GETBIT", One),
    core("BITCOUNT", Bytes),
    core("BITOP", Bytes),
    core("BITFIELD", One),
    core("HGET", One),
    core("HSET", One),
    core("HMGET", Answer),
    core("HGETALL", Linear),
    core("HDEL", One),
    core("HEXISTS", One),
    core("HINCRBY", One),
    core("HLEN", One),
    core("HSCAN", Answer),
    core("HSETNX", One),
    newer("HRANDFIELD", Answer, R62),
    newer("HEXPIRE", One, FIELD_TTL),
    newer("HTTL", One, FIELD_TTL),
    core("LPUSH", One),
    core("RPOP", One),
    core("BRPOP", One),
    core("LLEN", One),
    core("LRANGE", LogAnswer),
    core("LTRIM", Answer),
    core("LREM", Linear),
    newer("LPOS", Linear, since((6, 0), (7, 2))),
    core("RPOPLPUSH", One),
    newer("BLMOVE", One, R62),
    core("SADD", One),
    core("SREM", One),
    core("SISMEMBER", One),
    core("SCARD", One),
    core("SSCAN", Answer),
    core("SINTER", Product),
    core("SUNION", Linear),
    core("SUNIONSTORE", Linear),
    newer("SINTERCARD", Product, R70),
    core("SRANDMEMBER", Answer),
    core("ZADD", Log),
    core("ZINCRBY", Log),
    core("ZREM", Log),
    core("ZSCORE", One),
    core("ZCARD", One),
    core("ZCOUNT", Log),
    core("ZRANK", Log),
    core("ZREVRANK", Log),
    core("ZRANGE", LogAnswer),
    core("ZREVRANGE", LogAnswer),
    core("ZRANGEBYSCORE", LogAnswer),
    core("ZRANGEBYLEX", LogAnswer),
    core("ZREMRANGEBYSCORE", LogAnswer),
    core("ZREMRANGEBYRANK", LogAnswer),
    core("ZPOPMIN", Log),
    core("BZPOPMIN", Log),
    core("ZSCAN", Answer),
    core("ZUNIONSTORE", Linear),
    newer("ZINTER", Product, R62),
    newer("ZRANDMEMBER", Answer, R62),
    newer("XADD", One, R50),
    newer("XDEL", One, R50),
    newer("XRANGE", LogAnswer, R50),
    newer("XREVRANGE", LogAnswer, R50),
    newer("XREAD", Answer, R50),
    newer("XREADGROUP", Answer, R50),
    newer("XACK", One, R50),
    newer("XTRIM", Answer, R50),
    newer("XCLAIM", Log, R50),
    newer("XPENDING", Answer, R50),
    newer("XAUTOCLAIM", Answer, R62),
    core("PUBLISH", Answer),
    core("SUBSCRIBE", One),
    newer("SPUBLISH", Answer, R70),
    newer("SSUBSCRIBE", One, R70),
    core("PFADD", One),
    core("PFCOUNT", One),
    core("PFMERGE", Answer),
    core("GEOADD", Log),
    newer("GEOSEARCH", LogAnswer, R62),
    core("GEORADIUS", LogAnswer),
    of(Vectors, "VADD", Log),
    of(Vectors, "VSIM", LogAnswer),
    of(Vectors, "VREM", Log),
    of(Vectors, "VCARD", One),
    of(Vectors, "VRANDMEMBER", Answer),
    of(Vectors, "VEMB", One),
    of(Bloom, "BF.ADD", One),
    of(Bloom, "BF.EXISTS", One),
    of(Bloom, "BF.CARD", One),
    of(Bloom, "BF.RESERVE", One),
    of(Bloom, "CF.ADDNX", One),
    of(Bloom, "CF.EXISTS", One),
    of(Bloom, "CF.DEL", One),
    of(Bloom, "CMS.INCRBY", One),
    of(Bloom, "CMS.QUERY", One),
    of(Bloom, "TOPK.ADD", One),
    of(Bloom, "TOPK.LIST", Answer),
    of(Bloom, "TDIGEST.ADD", One),
    of(Bloom, "TDIGEST.QUANTILE", One),
    of(TimeSeries, "TS.ADD", One),
    of(TimeSeries, "TS.RANGE", LogAnswer),
    of(TimeSeries, "TS.REVRANGE", LogAnswer),
    of(TimeSeries, "TS.CREATE", One),
    of(TimeSeries, "TS.CREATERULE", One),
    of(Json, "JSON.GET", Linear),
    of(Json, "JSON.SET", Linear),
    of(Json, "JSON.NUMINCRBY", One),
    of(Json, "JSON.DEL", One),
    of(Search, "FT.CREATE", One),
    of(Search, "FT.SEARCH", LogAnswer),
    of(Search, "FT.AGGREGATE", Linear),
];

/// The command of a call: its first word decides.
pub fn find(call: &str) -> Option<&'static Command> {
    let name = call.split(' ').next()?;
    COMMANDS.iter().find(|command| command.name == name)
}

/// Commands that others replace: name, successor, the Redis version that has the successor (command reference). Every
/// Valkey has the successors.
pub const DEPRECATED: [(&str, &str, (u16, u16)); 18] = [
    ("BRPOPLPUSH", "BLMOVE … RIGHT LEFT", (6, 2)),
    ("RPOPLPUSH", "LMOVE … RIGHT LEFT", (6, 2)),
    ("ZRANGEBYSCORE", "ZRANGE … BYSCORE", (6, 2)),
    ("ZREVRANGEBYSCORE", "ZRANGE … BYSCORE REV", (6, 2)),
    ("ZRANGEBYLEX", "ZRANGE … BYLEX", (6, 2)),
    ("ZREVRANGEBYLEX", "ZRANGE … BYLEX REV", (6, 2)),
    ("ZREVRANGE", "ZRANGE … REV", (6, 2)),
    ("GEORADIUS", "GEOSEARCH or GEOSEARCHSTORE", (6, 2)),
    ("GEORADIUSBYMEMBER", "GEOSEARCH or GEOSEARCHSTORE", (6, 2)),
    ("GETSET", "SET … GET", (6, 2)),
    ("HMSET", "HSET", (4, 0)),
    ("SETEX", "SET … EX", (2, 6)),
    ("PSETEX", "SET … PX", (2, 6)),
    ("SETNX", "SET … NX", (2, 6)),
    ("SUBSTR", "GETRANGE", (2, 0)),
    ("GEORADIUS_RO", "GEOSEARCH", (6, 2)),
    ("GEORADIUSBYMEMBER_RO", "GEOSEARCH", (6, 2)),
    ("SLAVEOF", "REPLICAOF", (5, 0)),
];
