//! Who loads, who writes, and in which order.

use super::answer::Answer;
use super::workload::When::{self, *};
use crate::decisions::{Row, Table};
use crate::page;
use crate::page::Page;

const PAGE: Page = page!("cache/strategy.md");

pub const CACHE_ASIDE: Answer = Answer { id: "cache-aside", page: PAGE };
pub const READ_THROUGH: Answer = Answer { id: "read-through", page: PAGE };
pub const WRITE_THROUGH: Answer = Answer { id: "write-through", page: PAGE };
pub const WRITE_BEHIND: Answer = Answer { id: "write-behind", page: PAGE };
pub const REFRESH_AHEAD: Answer = Answer { id: "refresh-ahead", page: PAGE };
pub const CLIENT_SIDE: Answer = Answer { id: "client-side", page: PAGE };
pub const STORE: Answer = Answer { id: "store", page: PAGE };
pub const NO_CACHE: Answer = Answer { id: "no-cache", page: PAGE };

/// In the order of the page.
pub const ANSWERS: &[Answer] =
    &[CACHE_ASIDE, READ_THROUGH, WRITE_THROUGH, WRITE_BEHIND, REFRESH_AHEAD, CLIENT_SIDE, STORE, NO_CACHE];

pub const TABLE: Table<When, Answer> = Table {
    id: "strategy",
    question: "Who loads and who writes?",
    rows: &[
        Row {
            when: &[OnlyCopy],
            choose: STORE,
            because: "there is nothing to fill it from again: what is evicted or lost is gone",
        },
        Row {
            when: &[NothingStale],
            choose: NO_CACHE,
            because: "every copy can be old for a moment, whatever invalidates it",
        },
        Row {
            when: &[OriginCannotTakeWrites, WritesMayBeLost, NoMoney],
            choose: WRITE_BEHIND,
            because: "writes are gathered here and reach the origin at the rate that it bears",
        },
        Row {
            when: &[WritesOutweighReads],
            choose: NO_CACHE,
            because: "each write voids what a read would have found, so that most entries are never used",
        },
        Row {
            when: &[FasterThanTheNetwork, ManyReadsPerWriteAndProcess],
            choose: CLIENT_SIDE,
            because: "a copy in the process answers without the network, and the server tells when it is void",
        },
        Row {
            when: &[ReadYourWrites],
            choose: WRITE_THROUGH,
            because: "the entry is there, and new, when the writer comes back for it",
        },
        Row {
            when: &[FewItems, DearLoads],
            choose: REFRESH_AHEAD,
            because: "so few entries can all be renewed before they end, and no reader waits for a slow load",
        },
        Row { when: &[Loader], choose: READ_THROUGH, because: "the library loads on a miss, once for each process" },
        Row {
            when: &[],
            choose: CACHE_ASIDE,
            because: "it is the simplest that works: only what is read is stored, and a lost cache is a slow one",
        },
    ],
};
