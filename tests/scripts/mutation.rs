//! Plants a bug in a script, replays its session as the restricted user, and expects that something is wrong.

use std::collections::BTreeMap;

use godmode_redis::scripts::{FAMILIES, Family, Script, find};
use tokio::task::{JoinSet, LocalSet};

use crate::stage::node::Node;
use crate::stage::setup::Setup;
use godmode_redis::proof::{Caller, EVALSHA, Way, replay};

/// Seeded bugs for each family, at least.
const LEAST: usize = 5;

/// A script, a piece of it that stands there once, and what is put in its place.
pub type Bug = (&'static str, &'static str, &'static str);

#[rustfmt::skip]
const BUGS: &[Bug] = &[
    // Limiters: no expiry, an expiry that starts anew, off by one, no trim, the client's clock, lost digits.
    ("fixed-window", "if used + cost > limit", "if used + cost >= limit"),
    ("fixed-window", "if not open then redis.call('PEXPIRE', counter, window) end", ""),
    ("fixed-window", "if not open then redis.call", "if true then redis.call"),
    ("fixed-window", "redis.call('INCRBY', counter, cost)", "redis.call('INCRBY', counter, 1)"),
    ("fixed-window", "if ends == -1 then", "if ends == -3 then"),
    ("fixed-window", "redis.call('INCRBY', counter, cost)", "redis.call('INCRBY', counter .. ':n', cost)"),
    ("sliding-log", "redis.call('ZREMRANGEBYSCORE', log, '-inf', string.format('%.0f', now - span))", ""),
    ("sliding-log", "redis.call('PEXPIRE', log, window)", ""),
    ("sliding-log", "if used + cost > limit", "if used + cost >= limit"),
    ("sliding-log", "string.format('%s-%.0f', score, n)", "score"),
    ("sliding-log", "now = math.max(now, tonumber(last[2]))", "now = now"),
    ("sliding-log", "local at = used + cost - limit - 1", "local at = used + cost - limit"),
    ("sliding-counter", "elseif start == last + window then", "elseif start > last then"),
    ("sliding-counter", "before * left) / window", "before * window) / window"),
    ("sliding-counter", "redis.call('PEXPIRE', counter, reset)", ""),
    ("sliding-counter", "if start < last then start, now = last, last end", ""),
    ("token-bucket", "level = math.min(full, ", "level = math.max(0, "),
    ("token-bucket", "if price > level", "if price >= level"),
    ("token-bucket", "now = math.max(now, at)", ""),
    ("token-bucket", "redis.call('PEXPIRE', bucket, reset)", ""),
    ("gcra", "string.format('%.0f', after)", "after .. ''"),
    ("gcra", "if after - room > now", "if after - room >= now"),
    ("gcra", ", 'PX', reset)", ")"),
    ("gcra", "due + cost * spacing", "due + spacing"),
    // Locks: anybody's release, numbers that repeat, no lease, a writer beside a reader, one slot too many.
    ("lock-acquire", "'NX', ", ""),
    ("lock-acquire", "token, 'NX', 'PX', lease", "token, 'NX'"),
    ("lock-acquire", "or '0') + 1)\n", "or '0'))\n"),
    ("lock-acquire", "math.max(now,", "math.min(now,"),
    ("lock-acquire", "if redis.call('GET', lock) == token then", "if false then"),
    ("lock-acquire", "local number = math.max(now, tonumber(redis.call('GET', fence)", "local number = math.max(now, tonumber(redis.call('GET', 'fence')"),
    ("lock-release", "if redis.call('GET', lock) ~= token then return 0 end", ""),
    ("lock-extend", "if redis.call('GET', lock) ~= token then return 0 end", ""),
    ("lock-extend", "redis.call('PEXPIRE', lock, lease)", "redis.call('PEXPIRE', lock, 1)"),
    ("reentrant-acquire", "if held[1] ~= owner then", "if false then"),
    ("reentrant-acquire", "if depth ~= 1 then return {-1, 0, 0, 0} end", ""),
    ("reentrant-acquire", "depth ~= level + 1", "depth ~= level + 2"),
    ("reentrant-release", "if held[1] ~= owner or depth > level", "if depth > level"),
    ("reentrant-release", "if depth == 0 then", "if depth == 1 then"),
    ("rw-acquire", "and not last[1] then", "then"),
    ("rw-acquire", "if turn and not holder", "if turn"),
    ("rw-acquire", "if next_writer and not inside", "if next_writer and inside"),
    ("rw-acquire", "if holder then return {0, redis.call('PTTL', writer)} end\n  if next", "if next"),
    ("rw-acquire", "redis.call('ZREMRANGEBYSCORE', readers, '-inf', past)", ""),
    ("rw-release", "if redis.call('GET', writer) == token then", "if true then"),
    ("semaphore-acquire", "if ahead < slots", "if ahead <= slots"),
    ("semaphore-acquire", "redis.call('ZREMRANGEBYSCORE', holders, '-inf', past)", ""),
    ("semaphore-acquire", "if gone[1] then", "if false then"),
    ("semaphore-acquire", "redis.call('PEXPIREAT', queue, last[2])", ""),
    // Queues: a lost job, a job in two places, an end without the lease, a cap that is one off.
    ("list-take", "redis.call('RPUSH', ready, job)", ""),
    ("list-take", "redis.call('LREM', active, 1, job)", ""),
    ("list-take", "redis.call('HDEL', held, late)", ""),
    ("list-take", "redis.call('ZADD', leases, now + lease, token)", ""),
    ("list-take", "'RIGHT', 'LEFT'", "'LEFT', 'LEFT'"),
    ("list-ack", "redis.call('LREM', active, 1, job)", "redis.call('LREM', active, 0, job)"),
    ("delayed-add", "'NX', ", ""),
    ("delayed-promote", "'BYSCORE', 'LIMIT', 0, batch", "'BYSCORE', 'LIMIT', 0, 1000"),
    ("delayed-promote", "redis.call('ZREM', schedule, unpack(due))", ""),
    ("delayed-promote", "if jobs[1] then redis.call('LPUSH', ready, unpack(jobs)) end", ""),
    ("priority-push", "priority * 4294967296 + number", "priority * 65536 + number"),
    ("priority-take", "if id then redis.call('ZADD', ready, score, id) end", ""),
    ("priority-take", "string.format('%.0f:', tonumber(first[2]))", "tonumber(first[2]) .. ':'"),
    ("priority-ack", "redis.call('ZREM', leases, token)", ""),
    ("unique-push", "'NX', ", ""),
    ("unique-push", ", 'PX', hold)", ")"),
    ("job-claim", "if tried >= maximum", "if tried > maximum"),
    ("job-claim", "redis.call('HDEL', owners, id)", ""),
    ("job-claim", "redis.call('RPUSH', ready, id)", ""),
    ("job-claim", "redis.call('HINCRBY', attempts, id, 1)", "redis.call('HINCRBY', attempts, id, 0)"),
    ("job-ack", "if redis.call('HGET', owners, id) ~= token then return 0 end", ""),
    ("job-extend", "if redis.call('HGET', owners, id) ~= token then return 0 end", ""),
    ("job-fail", "if redis.call('HGET', owners, id) ~= token then return {0, 0} end", ""),
    ("job-fail", "now + pause", "now"),
    ("job-fail", "redis.call('ZREM', leases, id)", ""),
    // Caches: two loaders, a value from before the change, room without end.
    ("cache-lease-get", "if stored[2] and stored[2] ~= token then", "if false then"),
    ("cache-lease-get", "redis.call('PEXPIRE', entry, lease)", ""),
    ("cache-lease-set", "if redis.call('HGET', entry, 'token') ~= token then return 0 end", ""),
    ("cache-lease-set", "redis.call('HDEL', entry, 'token')", ""),
    ("cache-lease-set", "redis.call('PEXPIRE', entry, ttl)", ""),
    ("stale-get", "'NX', ", ""),
    ("stale-get", "if fresh > 0 then", "if true then"),
    ("stale-set", "if redis.call('GET', refresh) ~= token then return 0 end", ""),
    ("stale-set", "fresh + stale)", "fresh)"),
    ("early-get", "-math.log(", "math.log("),
    ("early-get", " * eagerness / 100", ""),
    ("versioned-set", "if there > version", "if there >= version"),
    ("versioned-set", "if there > version", "if tostring(there) > tostring(version)"),
    ("versioned-set", "string.format('%.0f', version)", "version .. ''"),
    ("versioned-drop", "redis.call('HSET', entry, 'version', string.format('%.0f', version))", ""),
    ("versioned-drop", "if there > version then return {0, there} end", ""),
    ("tagged-get", "if stored[1] and stored[2] == tags then", "if stored[1] then"),
    ("tagged-set", "if table.concat(states, ' ') ~= tags then return 0 end", ""),
    ("tag-invalidate", " + 1)", ")"),
    ("tag-invalidate", ", 'PX', keep)", ")"),
    ("negative-mark", "marks >= capacity", "marks > capacity"),
    ("negative-mark", "if there and there ~= marker then", "if false then"),
    ("lru-get", "redis.call('ZADD', order, (tonumber(last[2] or '0')) + 1, field)", ""),
    ("lru-put", "redis.call('HDEL', values, unpack(oldest))", ""),
    ("lru-put", "redis.call('PEXPIRE', order, ttl)", ""),
    // Counters: above the cap, sold twice, never given back, ties in the order of names.
    ("capped-increment", "if count > cap - by", "if count >= cap - by"),
    ("capped-increment", "if fresh then", "if true then"),
    ("stock-reserve", "if left < amount", "if left <= amount"),
    ("stock-reserve", "if left < amount then return {0, left, 0} end", ""),
    ("stock-reserve", "if back > 0 then redis.call('INCRBY', stock, string.format('%.0f', back)) end", ""),
    ("stock-reserve", "if ends then return", "if false then return"),
    ("stock-settle", "if over or outcome == 'back'", "if outcome == 'back'"),
    ("stock-settle", "redis.call('ZREM', holds, id)", ""),
    ("unique-count", "redis.call('ZREMRANGEBYSCORE', seen, '-inf', now - window)", ""),
    ("unique-count", "redis.call('PEXPIRE', seen, window)", ""),
    ("leaderboard-add", "9999999999999 - now", "now"),
    ("leaderboard-add", "(mode == 'best' and score < old)", "score < old"),
    ("leaderboard-add", "redis.call('ZREM', board, member)", ""),
    ("leaderboard-around", "math.max(rank - neighbours, 0)", "rank - neighbours"),
    ("top-add", "'GT', ", ""),
    ("top-add", "-keep - 1", "-keep"),
    ("sliding-statistics", "redis.call('HDEL', buckets, stored[n])", "count = count + 0"),
    ("sliding-statistics", "math.min(least, low)", "least"),
    ("presence-beat", "redis.call('ZREMRANGEBYSCORE', online, '-inf', past)", ""),
    ("presence-beat", "redis.call('PEXPIREAT', online, last[2])", ""),
    // Records: two run, one overwrites the other, money from nowhere, a session without an end.
    ("idempotency-begin", "if stored[1] and stored[1] ~= fingerprint then", "if false then"),
    ("idempotency-begin", "if stored[2] and stored[2] ~= token then", "if false then"),
    ("idempotency-begin", "redis.call('PEXPIRE', record, lease)", ""),
    ("idempotency-finish", "if redis.call('HGET', record, 'token') ~= token then return 0 end", ""),
    ("idempotency-finish", "'HSETNX'", "'HSET'"),
    ("compare-and-set", "if current ~= expected then return {0, current} end", ""),
    ("compare-and-set", ", 'KEEPTTL')", ")"),
    ("compare-and-delete", "if redis.call('GET', value) ~= expected then return 0 end", ""),
    ("transfer", "if redis.call('EXISTS', receipt) == 1 then return {1, from, to} end", ""),
    ("transfer", "if from < amount", "if from <= amount"),
    ("transfer", "if source == target then", "if false then"),
    ("transfer", ", 'PX', keep)", ")"),
    ("session-touch", "math.min(idle,", "math.max(idle,"),
    ("session-touch", "'HSETNX'", "'HSET'"),
    ("session-touch", "redis.call('DEL', session)", ""),
    // Streams: twice appended, unread and dropped, given up one too late, never acknowledged.
    ("stream-append", "if before then return", "if false then return"),
    ("stream-append", ", 'PX', hold)", ")"),
    ("stream-append", "(needed and not below(entry[1], needed))", "false"),
    ("stream-append", "(given and below(given, entry[1]))", "false"),
    ("stream-append", "if length > keep then", "if false then"),
    ("stream-claim", "elseif attempts >= maximum", "elseif attempts > maximum"),
    ("stream-claim", "redis.call('XACK', stream, group, id)\n    given_up", "given_up"),
    ("stream-claim", "redis.call('XCLAIM', stream, group, consumer, 0, id)", ""),
    ("stream-claim", "'IDLE', idle, ", ""),
    ("stream-claim", "#entry[2] <= 7000 and ", ""),
];

/// The script with its bug.
pub fn mutant((id, healthy, sick): Bug) -> Script {
    let script = find(id).unwrap_or_else(|| panic!("no script {id}"));
    assert_eq!(script.lua.matches(healthy).count(), 1, "{id}: {healthy:?} has to stand there once");
    // A script lives as long as the program, and so do its mutants.
    Script { lua: Box::leak(script.lua.replace(healthy, sick).into_boxed_str()), ..*script }
}

async fn survivors(family: &Family) -> Vec<String> {
    let node = Node::start(&Setup::new(&[])).await;
    let way = Way { caller: Caller::Restricted, ..EVALSHA };
    let mut alive = Vec::new();
    for bug in BUGS.iter().filter(|(id, ..)| family.scripts.iter().any(|script| script.id == *id)) {
        if replay(&node, &mutant(*bug), way).await.is_ok() {
            alive.push(format!("{}: {:?} for {:?}", bug.0, bug.2, bug.1));
        }
    }
    alive
}

#[tokio::test]
async fn a_bug_in_a_script_is_found_by_its_session() {
    let local = LocalSet::new();
    let _here = local.enter();
    let mut families = JoinSet::new();
    for family in FAMILIES {
        families.spawn_local(survivors(family));
    }
    let alive: Vec<String> = local.run_until(families.join_all()).await.into_iter().flatten().collect();
    assert!(alive.is_empty(), "{} of {} bugs were not found:\n{}", alive.len(), BUGS.len(), alive.join("\n"));
}

#[test]
fn every_family_and_every_script_has_its_bugs() {
    let mut bugs: BTreeMap<&str, usize> = BTreeMap::new();
    for (id, ..) in BUGS {
        *bugs.entry(id).or_default() += 1;
    }
    for family in FAMILIES {
        let seeded: usize = family.scripts.iter().filter_map(|script| bugs.get(script.id)).sum();
        assert!(seeded >= LEAST, "{}: {seeded} bugs", family.id);
    }
    let without: Vec<&str> = FAMILIES
        .iter()
        .flat_map(|family| family.scripts)
        .map(|script| script.id)
        .filter(|id| !bugs.contains_key(id))
        .collect();
    // They only store what they are given, or are the mirror of one that has its bugs.
    assert_eq!(without, ["semaphore-release", "early-set"]);
}
