//! The calls of the matrix as commands that a server takes: one form for each, filled with the data of a case.

use redis::Cmd;

use super::build::{blob, field};
use super::data::Data;
use crate::decisions::structures::Structure;

/// Compares, and acts where it is equal: here it never is, so that each round finds the same.
const SCRIPT: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// A call of the matrix and its form. Forms take {k} a key, {o} another, {d} a place for results, {n} a name, {m} a member,
/// {v} a value, {b} a whole value, {i} a number, {s} a score, {t} a later time, {j} a member of a document,
/// {e} how many elements.
#[rustfmt::skip]
const FORMS: &[(&str, &str)] = &[
    ("GET", "GET {k}"), ("SET", "SET {k} {b}"), ("SET key value NX", "SET {k} {b} NX"), ("MGET", "MGET {k} {o}"),
    ("SET key value EX seconds", "SET {k} {b} EX 1000000"), ("EVALSHA", "EVAL {script} 1 {k} none"),
    ("SET key value IFEQ old", "SET {k} {b} IFEQ {b}"), ("DELEX key IFEQ value", "DELEX {k} IFEQ none"),
    ("DELIFEQ key value", "DELIFEQ {k} none"), ("EXISTS", "EXISTS {k}"), ("DEL", "DEL {k}"), ("EXPIRE", "EXPIRE {k} 1000000"),
    ("SCAN", "SCAN 0 MATCH {p}* COUNT 1000"), ("INCR", "INCR {k}"), ("INCRBY", "INCRBY {k} 1"), ("DECRBY", "DECRBY {k} 1"),
    ("SADD", "SADD {k} {n}"), ("SISMEMBER", "SISMEMBER {k} {n}"), ("SCARD", "SCARD {k}"), ("SINTER", "SINTER {k} {o}"),
    ("SUNION", "SUNION {k} {o}"), ("SINTERCARD key key LIMIT n", "SINTERCARD 2 {k} {o} LIMIT 10"),
    ("SUNIONSTORE", "SUNIONSTORE {d} {k} {o}"), ("SREM", "SREM {k} {n}"), ("SSCAN", "SSCAN {k} 0 COUNT 1000"),
    ("SRANDMEMBER", "SRANDMEMBER {k} 10"),
    ("HGETALL", "HGETALL {k}"), ("HSET", "HSET {k} {n} {v}"), ("HGET", "HGET {k} {n}"), ("HMGET", "HMGET {k} {n}"),
    ("HINCRBY", "HINCRBY {k} counted 1"), ("HEXISTS", "HEXISTS {k} {n}"), ("HSETNX", "HSETNX {k} {n} {v}"),
    ("HLEN", "HLEN {k}"), ("HDEL", "HDEL {k} {n}"), ("HSCAN", "HSCAN {k} 0 COUNT 1000"), ("HRANDFIELD", "HRANDFIELD {k} 10"),
    ("HEXPIRE", "HEXPIRE {k} 1000000 FIELDS 1 {n}"), ("HTTL", "HTTL {k} FIELDS 1 {n}"),
    ("LPUSH", "LPUSH {k} {m}"), ("RPOP", "RPOP {k}"), ("BRPOP", "BRPOP {k} 1"), ("LRANGE", "LRANGE {k} 0 9"),
    ("LTRIM", "LTRIM {k} 0 {e}"), ("RPOPLPUSH", "RPOPLPUSH {k} {d}"), ("BLMOVE", "BLMOVE {k} {d} RIGHT LEFT 1"),
    ("LREM", "LREM {k} 1 {m}"), ("BRPOP high low", "BRPOP {k} {o} 1"), ("LPOS", "LPOS {k} {m}"),
    ("ZREVRANGE", "ZREVRANGE {k} 0 9"), ("ZRANGE key 0 9 REV WITHSCORES", "ZRANGE {k} 0 9 REV WITHSCORES"),
    ("ZRANGE key 0 9 REV", "ZRANGE {k} 0 9 REV"), ("ZREVRANK", "ZREVRANK {k} {m}"), ("ZRANK", "ZRANK {k} {m}"),
    ("ZRANGEBYSCORE", "ZRANGEBYSCORE {k} {s} +inf LIMIT 0 10"), ("ZRANGEBYLEX", "ZRANGEBYLEX {k} [{m} + LIMIT 0 10"),
    ("ZRANGE key min max BYSCORE", "ZRANGE {k} {s} +inf BYSCORE LIMIT 0 10"),
    ("ZRANGE key min max BYLEX", "ZRANGE {k} [{m} + BYLEX LIMIT 0 10"), ("ZCOUNT", "ZCOUNT {k} {s} +inf"),
    ("ZRANGE key 0 now BYSCORE LIMIT 0 100", "ZRANGE {k} 0 {s} BYSCORE LIMIT 0 10"), ("ZRANGE", "ZRANGE {k} 10 20"),
    ("ZREMRANGEBYRANK", "ZREMRANGEBYRANK {k} 0 -1000000000"), ("ZINCRBY", "ZINCRBY {k} 1 {m}"),
    ("ZADD", "ZADD {k} {s} {m}"), ("ZSCORE", "ZSCORE {k} {m}"), ("ZADD key NX score member", "ZADD {k} NX {s} {m}"),
    ("ZCARD", "ZCARD {k}"), ("ZUNIONSTORE", "ZUNIONSTORE {d} 2 {k} {o}"), ("ZINTER", "ZINTER 2 {k} {o}"),
    ("ZREM", "ZREM {k} {m}"), ("ZSCAN", "ZSCAN {k} 0 COUNT 1000"), ("ZRANDMEMBER", "ZRANDMEMBER {k} 10"),
    ("ZPOPMIN", "ZPOPMIN {k}"), ("BZPOPMIN", "BZPOPMIN {k} 1"), ("ZREMRANGEBYSCORE", "ZREMRANGEBYSCORE {k} 0 1"),
    ("XADD", "XADD {k} * payload {m}"), ("XREADGROUP", "XREADGROUP GROUP g c COUNT 1 STREAMS {k} >"),
    ("XREADGROUP GROUP group consumer BLOCK ms STREAMS key >", "XREADGROUP GROUP g c COUNT 1 BLOCK 1 STREAMS {k} >"),
    ("XACK", "XACK {k} g 1-1"), ("XCLAIM", "XCLAIM {k} g c 0 1-1"), ("XAUTOCLAIM", "XAUTOCLAIM {k} g c 0 0 COUNT 1"),
    ("XRANGE", "XRANGE {k} - + COUNT 10"), ("XREAD BLOCK ms STREAMS key $", "XREAD COUNT 10 STREAMS {k} 0"),
    ("XREVRANGE", "XREVRANGE {k} + - COUNT 10"), ("XADD key MAXLEN ~ n * field value", "XADD {k} MAXLEN ~ {e} * payload {m}"),
    ("XDEL", "XDEL {k} 1-1"), ("XTRIM", "XTRIM {k} MINID ~ 0"),
    ("PUBLISH", "PUBLISH {k} {m}"), ("SUBSCRIBE", "SUBSCRIBE {k}"), ("SPUBLISH", "SPUBLISH {k} {m}"), ("SSUBSCRIBE", "SSUBSCRIBE {k}"),
    ("SETBIT", "SETBIT {k} {i} 1"), ("GETBIT", "GETBIT {k} {i}"), ("BITCOUNT", "BITCOUNT {k}"), ("BITOP", "BITOP OR {d} {k} {o}"),
    ("BITFIELD key INCRBY u16 #id 1", "BITFIELD {k} INCRBY u16 #{i} 1"), ("BITFIELD key SET u1 #id 1", "BITFIELD {k} SET u1 #{i} 1"),
    ("PFADD", "PFADD {k} {n}"), ("PFCOUNT", "PFCOUNT {k}"), ("PFMERGE", "PFMERGE {d} {k} {o}"),
    ("GEOADD", "GEOADD {k} 13.4 52.5 {n}"), ("GEORADIUS", "GEORADIUS {k} 13.4 52.5 10 km COUNT 10"),
    ("GEOSEARCH", "GEOSEARCH {k} FROMLONLAT 13.4 52.5 BYRADIUS 10 km COUNT 10"),
    ("VADD", "VADD {k} VALUES 2 0.5 0.5 {n}"), ("VSIM", "VSIM {k} ELE {n} COUNT 10"), ("VREM", "VREM {k} {n}"), ("VCARD", "VCARD {k}"),
    ("VRANDMEMBER", "VRANDMEMBER {k} 10"),
    ("BF.ADD", "BF.ADD {k} {n}"), ("BF.CARD", "BF.CARD {k}"), ("BF.RESERVE", "BF.RESERVE {k} 0.01 100"), ("BF.EXISTS", "BF.EXISTS {k} {n}"),
    ("CF.ADDNX", "CF.ADDNX {k} {n}"), ("CF.EXISTS", "CF.EXISTS {k} {n}"), ("CF.DEL", "CF.DEL {k} {n}"),
    ("CMS.INCRBY", "CMS.INCRBY {k} {n} 1"), ("CMS.QUERY", "CMS.QUERY {k} {n}"), ("TOPK.ADD", "TOPK.ADD {k} {n}"),
    ("TOPK.LIST", "TOPK.LIST {k}"), ("TDIGEST.ADD", "TDIGEST.ADD {k} {i}"), ("TDIGEST.QUANTILE", "TDIGEST.QUANTILE {k} 0.99"),
    ("TS.ADD", "TS.ADD {k} {t} 1 ON_DUPLICATE LAST"), ("TS.RANGE", "TS.RANGE {k} - + COUNT 10"), ("TS.CREATERULE", "TS.CREATERULE {k} {d} AGGREGATION avg 60000"),
    ("TS.RANGE key from to AGGREGATION avg ms", "TS.RANGE {k} - + AGGREGATION avg 60000"), ("TS.CREATE key RETENTION ms", "TS.CREATE {k} RETENTION 60000"),
    ("TS.REVRANGE", "TS.REVRANGE {k} - + COUNT 10"),
    ("JSON.GET", "JSON.GET {k} $.{j}"), ("JSON.SET", "JSON.SET {k} $.{j} \"{v}\""), ("JSON.DEL", "JSON.DEL {k} $.{j}"),
    ("JSON.NUMINCRBY", "JSON.NUMINCRBY {k} $.{j} 1"), ("FT.CREATE", "FT.CREATE {k} ON HASH PREFIX 1 {k} SCHEMA name TAG"), ("FT.SEARCH", "FT.SEARCH i aaaaaba LIMIT 0 10"),
    ("FT.AGGREGATE", "FT.AGGREGATE i * GROUPBY 0 REDUCE COUNT 0"),
];

/// Done once for a key, or they wait: not measured.
const ONCE: [&str; 8] = [
    "SUBSCRIBE",
    "SSUBSCRIBE",
    "VADD",
    "BF.RESERVE",
    "TS.CREATERULE",
    "TS.CREATE key RETENTION ms",
    "JSON.NUMINCRBY",
    "FT.CREATE",
];

/// A prime, so that rounds touch elements all over.
const STRIDE: u64 = 7_919;

/// After all samples that were built.
const LATER_MS: u64 = 1_900_000_000_000;

/// The form of a call that can be done again and again.
pub fn repeatable(call: &str) -> Option<&'static str> {
    if ONCE.contains(&call) { None } else { form(call) }
}

/// The form of a call, as a server takes it.
pub fn form(call: &str) -> Option<&'static str> {
    FORMS.iter().find(|(name, _)| *name == call).map(|(_, form)| *form)
}

/// The command of a form in this round.
pub fn command(form: &str, data: &Data<'_>, round: u64) -> Cmd {
    let case = data.case;
    let number = round.wrapping_mul(STRIDE) % case.all_elements().max(1);
    let (key, other) = (number / case.elements, (number / case.elements + 1) % case.keys);
    let mut command = Cmd::new();
    for word in form.split(' ') {
        let Some((before, rest)) = word.split_once('{') else {
            command.arg(word);
            continue;
        };
        let (place, after) = rest.split_once('}').unwrap_or((rest, ""));
        let filling = match place {
            "k" => own_key(data, number, key),
            "o" => own_key(data, number + 1, other),
            "p" => data.key(key),
            "d" => format!("{}:result", data.key(key)),
            "n" if data.structure == Structure::HashBuckets => field(data, number),
            "n" => data.name(number),
            "m" => data.member(number),
            "v" => data.value(round),
            "b" if data.structure == Structure::StringKeys => data.value(round),
            "b" => blob(data, round),
            "i" => data.id(number).to_string(),
            "j" => data.member_name(number),
            "t" => (LATER_MS + round).to_string(),
            "s" => data.score(number).to_string(),
            "e" => case.elements.to_string(),
            _ => SCRIPT.to_owned(),
        };
        command.arg(format!("{before}{filling}{after}"));
    }
    command
}

fn own_key(data: &Data<'_>, number: u64, key: u64) -> String {
    match data.structure {
        Structure::StringKeys => data.own_key(number),
        Structure::Counter | Structure::SearchIndex => data.key(number),
        Structure::HashBuckets => data.key(number / 100),
        _ => data.key(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::structures::MATRIX;

    #[test]
    fn every_call_of_the_matrix_has_a_form_and_none_is_idle() {
        let calls: std::collections::BTreeSet<&str> = MATRIX.iter().flat_map(|row| row.calls).copied().collect();
        let missing: Vec<&&str> = calls.iter().filter(|call| form(call).is_none()).collect();
        assert!(missing.is_empty(), "no form of {missing:?}");
        let idle: Vec<&str> =
            FORMS.iter().map(|(call, _)| *call).filter(|call| !calls.contains(call) && *call != "EXPIRE").collect();
        assert!(ONCE.iter().all(|call| form(call).is_some()));
        assert!(idle.is_empty(), "nothing calls {idle:?}");
    }
}
