//! What a command does to keys: which of its arguments name them, whether it writes, whether a script may call it.

/// `name first-key last-key step flags`, as COMMAND of Redis 8.6 reports them, and what only Valkey has. Flags: w writes,
/// r reads, n not from a script, b blocks. Places count from the command's name; -1 is the last argument.
const TABLE: &str = include_str!("commands.txt");

#[derive(Debug, Clone, Copy)]
pub struct Known {
    first: usize,
    last: isize,
    step: usize,
    flags: &'static str,
}

/// A command by its name in capitals.
pub fn find(name: &str) -> Option<Known> {
    let mut words = TABLE.lines().find_map(|line| {
        let (known, rest) = line.split_once(' ')?;
        known.eq_ignore_ascii_case(name).then(|| rest.split(' '))
    })?;
    let mut number = || words.next().and_then(|word| word.parse::<isize>().ok()).unwrap_or(0);
    let (first, last, step) = (number(), number(), number());
    Some(Known { first: first.unsigned_abs(), last, step: step.unsigned_abs(), flags: words.next().unwrap_or("") })
}

impl Known {
    pub fn writes(self) -> bool {
        self.flags.contains('w')
    }

    pub fn is_for_scripts(self) -> bool {
        !self.flags.contains('n')
    }

    pub fn blocks(self) -> bool {
        self.flags.contains('b')
    }

    /// Which of `count` arguments after the name are keys, from 0, where the table alone can tell.
    pub fn keys(self, count: usize) -> Vec<usize> {
        if self.first == 0 || self.step == 0 {
            return Vec::new();
        }
        let last =
            if self.last < 0 { (count + 1).saturating_sub(self.last.unsigned_abs()) } else { self.last.unsigned_abs() };
        (self.first..=last).step_by(self.step).map(|at| at - 1).filter(|at| *at < count).collect()
    }
}

/// Where the number of keys stands, from 0 after the name, for commands that say how many keys follow.
pub fn counted_keys(name: &str) -> Option<usize> {
    Some(match name {
        "ZUNION" | "ZINTER" | "ZDIFF" | "ZINTERCARD" | "SINTERCARD" | "LMPOP" | "ZMPOP" => 0,
        "ZUNIONSTORE" | "ZINTERSTORE" | "ZDIFFSTORE" | "BLMPOP" | "BZMPOP" => 1,
        _ => return None,
    })
}

/// Commands with a subcommand before the key.
pub const CONTAINERS: [&str; 4] = ["OBJECT", "MEMORY", "XGROUP", "XINFO"];

/// Commands that answer with a status: inside a script that is a table with a field `ok`.
pub const STATUS: [&str; 16] = [
    "SET", "MSET", "HMSET", "SETEX", "PSETEX", "LTRIM", "LSET", "RENAME", "TYPE", "FLUSHDB", "FLUSHALL", "PING",
    "SELECT", "RESTORE", "XGROUP", "PFMERGE",
];

/// Commands that answer with a whole number, never with nil.
pub const INTEGER: [&str; 47] = [
    "EXISTS",
    "SISMEMBER",
    "HEXISTS",
    "SETNX",
    "HSETNX",
    "MSETNX",
    "SADD",
    "SREM",
    "SMOVE",
    "ZADD",
    "ZREM",
    "DEL",
    "UNLINK",
    "EXPIRE",
    "PEXPIRE",
    "EXPIREAT",
    "PEXPIREAT",
    "PERSIST",
    "HSET",
    "HDEL",
    "TTL",
    "PTTL",
    "LLEN",
    "SCARD",
    "ZCARD",
    "HLEN",
    "STRLEN",
    "ZCOUNT",
    "INCR",
    "INCRBY",
    "DECR",
    "DECRBY",
    "HINCRBY",
    "LPUSH",
    "RPUSH",
    "LREM",
    "XLEN",
    "XDEL",
    "XACK",
    "PFADD",
    "PFCOUNT",
    "GETBIT",
    "SETBIT",
    "BITCOUNT",
    "TOUCH",
    "COPY",
    "ZREMRANGEBYSCORE",
];

/// Commands that answer with one text, or with nil for what is not there.
pub const TEXT: [&str; 21] = [
    "GET",
    "HGET",
    "LPOP",
    "RPOP",
    "SPOP",
    "LINDEX",
    "GETSET",
    "GETDEL",
    "GETEX",
    "GETRANGE",
    "SUBSTR",
    "ZSCORE",
    "ZINCRBY",
    "INCRBYFLOAT",
    "HINCRBYFLOAT",
    "LMOVE",
    "RPOPLPUSH",
    "SRANDMEMBER",
    "RANDOMKEY",
    "HRANDFIELD",
    "XADD",
];

/// Commands that answer with a text that may have a fraction.
pub const FRACTION: [&str; 4] = ["ZSCORE", "ZINCRBY", "INCRBYFLOAT", "HINCRBYFLOAT"];

/// Commands that answer with one place per thing asked for, where a miss is false.
pub const PLACES: [&str; 4] = ["MGET", "HMGET", "ZMSCORE", "GEOPOS"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_where_the_server_says() {
        assert_eq!(find("GET").unwrap().keys(1), [0]);
        assert_eq!(find("mset").unwrap().keys(4), [0, 2]);
        assert_eq!(find("DEL").unwrap().keys(3), [0, 1, 2]);
        assert_eq!(find("BLPOP").unwrap().keys(3), [0, 1]);
        assert_eq!(find("LMOVE").unwrap().keys(4), [0, 1]);
        assert!(find("TIME").unwrap().keys(0).is_empty() && find("GTE").is_none());
        assert!(find("SET").unwrap().writes() && !find("GET").unwrap().writes());
        assert!(!find("MULTI").unwrap().is_for_scripts() && find("BLPOP").unwrap().blocks());
        for name in STATUS.iter().chain(&INTEGER).chain(&TEXT).chain(&PLACES) {
            assert!(find(name).is_some(), "{name}");
        }
    }
}
