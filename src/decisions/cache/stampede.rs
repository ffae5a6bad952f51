//! What happens when a popular entry ends and everybody comes at once.

use super::answer::Answer;
use super::workload::When::{self, *};
use crate::decisions::{Row, Table};
use crate::page;
use crate::page::Page;

const PAGE: Page = page!("cache/stampede.md");

pub const COALESCING: Answer = Answer { id: "coalescing", page: PAGE };
pub const RENEWAL: Answer = Answer { id: "renewal", page: PAGE };
pub const STALE: Answer = Answer { id: "stale-while-revalidate", page: PAGE };
pub const LEASE: Answer = Answer { id: "lease", page: PAGE };
pub const XFETCH: Answer = Answer { id: "early-refresh", page: PAGE };
pub const LOCK: Answer = Answer { id: "lock", page: PAGE };

pub const ANSWERS: &[Answer] = &[LOCK, LEASE, STALE, XFETCH, COALESCING, RENEWAL];

pub const TABLE: Table<When, Answer> = Table {
    id: "stampede",
    question: "Who loads when a popular entry ends?",
    rows: &[
        Row {
            when: &[NoHerd],
            choose: COALESCING,
            because: "less than one load runs at a time: one for each process is all there can be",
        },
        Row {
            when: &[FewItems, DearLoads],
            choose: RENEWAL,
            because: "each entry is renewed before it ends, by one worker",
        },
        Row {
            when: &[OldValuesWillDo],
            choose: STALE,
            because: "readers go on with the old value while one of them loads: nobody waits",
        },
        Row {
            when: &[RaceTooLong],
            choose: LEASE,
            because: "one token answers both: who may load, and whether what was loaded is still true",
        },
        Row {
            when: &[HerdOfMany, OriginTakes],
            choose: XFETCH,
            because: "about e^(1/beta) loads for each renewal, 2.7 with beta 1, need no coordination",
        },
        Row { when: &[], choose: LOCK, because: "exactly one load, the others wait for it" },
    ],
};
