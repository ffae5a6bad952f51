//! Plants a bug in a script, lets the crowd at it, and expects that its history gives the bug away.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use godmode_redis::scripts::FAMILIES;
use tokio::task::LocalSet;

use super::{boards, bounds, limiters, locks, queues, stores, streams};
use crate::scripts::crowd::{Arena, server_with};
use crate::scripts::mutation::{Bug, mutant};

/// What a crowd does with a script, and what is held against its history: it panics when that does not fit.
type Judge = fn(Arc<Arena>) -> Pin<Box<dyn Future<Output = ()>>>;

#[rustfmt::skip]
const BUGS: &[(Judge, Bug)] = &[
    (|arena| Box::pin(limiters::sliding_log(arena)), ("sliding-log", "if used + cost > limit", "if used > limit")),
    (|arena| Box::pin(locks::lock(arena)), ("lock-acquire", "'NX', ", "")),
    (|arena| Box::pin(locks::extended(arena)), ("lock-extend", "if redis.call('GET', lock) ~= token then return 0 end", "")),
    (|arena| Box::pin(locks::reentrant(arena)), ("reentrant-acquire", "math.max(now, ", "math.min(7, ")),
    (|arena| Box::pin(locks::line(arena)), ("semaphore-acquire", "(tonumber(last[2] or '0')) + 1", "-(tonumber(last[2] or '0')) - 1")),
    (|arena| Box::pin(queues::reliable_list(arena)), ("list-take", "redis.call('RPUSH', ready, job)", "")),
    (|arena| Box::pin(queues::extended(arena)), ("job-extend", "if redis.call('HGET', owners, id) ~= token then return 0 end", "")),
    (|arena| Box::pin(queues::unique(arena)), ("unique-push", "'NX', ", "")),
    (|arena| Box::pin(stores::one_loader(arena)), ("cache-lease-get", "if stored[2] and stored[2] ~= token then", "if false then")),
    (|arena| Box::pin(bounds::absences(arena)), ("negative-mark", "marks >= capacity", "marks > capacity")),
    (|arena| Box::pin(bounds::bounded_map(arena)), ("lru-get", "redis.call('ZADD', order, (tonumber(last[2] or '0')) + 1, field)", "")),
    (|arena| Box::pin(stores::stock(arena)), ("stock-reserve", "if left < amount then return {0, left, 0} end", "")),
    (|arena| Box::pin(boards::leaderboard(arena)), ("leaderboard-add", "(mode == 'best' and score < old)", "false")),
    (|arena| Box::pin(boards::top(arena)), ("top-add", "'GT', ", "")),
    (|arena| Box::pin(bounds::compared(arena)), ("compare-and-set", "if current ~= expected then return {0, current} end", "")),
    (|arena| Box::pin(stores::once(arena)), ("idempotency-begin", "if stored[2] and stored[2] ~= token then", "if false then")),
    (|arena| Box::pin(streams::appended_once(arena)), ("stream-append", "if before then return", "if false then return")),
    (|arena| Box::pin(streams::appended_once(arena)), ("stream-append", "(needed and not below(entry[1], needed))", "false")),
    (|arena| Box::pin(streams::done_or_dead(arena)), ("stream-claim", "elseif attempts >= maximum", "elseif attempts > maximum")),
    (|arena| Box::pin(streams::done_or_dead(arena)), ("stream-claim", "'IDLE', idle, ", "")),
];

#[tokio::test]
async fn a_bug_in_a_script_is_found_in_the_history_of_a_crowd() {
    let local = LocalSet::new();
    let mut alive = Vec::new();
    for (judge, bug) in BUGS {
        let arena = server_with(mutant(*bug)).await;
        if local.run_until(local.spawn_local(judge(arena))).await.is_ok() {
            alive.push(bug);
        }
    }
    assert!(alive.is_empty(), "{} of {} bugs were not found: {alive:#?}", alive.len(), BUGS.len());
}

#[test]
fn every_family_has_a_bug_for_its_histories() {
    for family in FAMILIES {
        let sick = BUGS.iter().filter(|(_, (id, ..))| family.scripts.iter().any(|script| script.id == *id));
        assert!(sick.count() > 0, "{}", family.id);
    }
}
