//! What goes when memory is full.

use super::answer::Answer;
use super::workload::When::{self, *};
use crate::decisions::{Row, Table};
use crate::page;
use crate::page::Page;

const PAGE: Page = page!("cache/policy.md");

pub const NOEVICTION: Answer = Answer { id: "noeviction", page: PAGE };
pub const VOLATILE_LRU: Answer = Answer { id: "volatile-lru", page: PAGE };
pub const ALLKEYS_LFU: Answer = Answer { id: "allkeys-lfu", page: PAGE };
pub const ALLKEYS_LRM: Answer = Answer { id: "allkeys-lrm", page: PAGE };
pub const ALLKEYS_LRU: Answer = Answer { id: "allkeys-lru", page: PAGE };

pub const ANSWERS: &[Answer] = &[ALLKEYS_LRU, ALLKEYS_LFU, ALLKEYS_LRM, VOLATILE_LRU, NOEVICTION];

pub const TABLE: Table<When, Answer> = Table {
    id: "policy",
    question: "What goes when memory is full?",
    rows: &[
        Row { when: &[OnlyCopy], choose: NOEVICTION, because: "a full server refuses writes and loses nothing" },
        Row {
            when: &[Unflushed],
            choose: NOEVICTION,
            because: "an evicted entry that the origin does not have yet is a lost write",
        },
        Row {
            when: &[PreciousBeside],
            choose: NOEVICTION,
            because: "an evicted lock, job or limit is a bug; give the cache a server of its own and it may evict",
        },
        Row {
            when: &[PermanentBeside],
            choose: VOLATILE_LRU,
            because: "only entries with a TTL go; better: two servers",
        },
        Row {
            when: &[ByWriteAge, KnowsLrm],
            choose: ALLKEYS_LRM,
            because: "what was not written for longest goes first, however often it is read",
        },
        Row {
            when: &[StablePopularity],
            choose: ALLKEYS_LFU,
            because: "what is read often stays through a scan, and what was read once goes",
        },
        Row {
            when: &[],
            choose: ALLKEYS_LRU,
            because: "it follows popularity that shifts, and its hit ratio can be predicted",
        },
    ],
};
