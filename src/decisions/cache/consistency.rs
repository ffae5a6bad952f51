//! What keeps an old value from staying.

use super::answer::Answer;
use super::workload::When::{self, *};
use crate::decisions::{Row, Table};
use crate::page;
use crate::page::Page;

const PAGE: Page = page!("cache/consistency.md");

pub const VERSIONED: Answer = Answer { id: "versioned-change-stream", page: PAGE };
pub const LEASE: Answer = Answer { id: "lease", page: PAGE };
pub const DELETE: Answer = Answer { id: "delete-after-commit", page: PAGE };

pub const ANSWERS: &[Answer] = &[DELETE, LEASE, VERSIONED];

pub const TABLE: Table<When, Answer> = Table {
    id: "consistency",
    question: "What keeps an old value from staying?",
    rows: &[
        Row {
            when: &[SeveralWriters],
            choose: VERSIONED,
            because: "a writer that does not know of the cache deletes nothing; the log of the origin has every change",
        },
        Row {
            when: &[RaceTooLong],
            choose: LEASE,
            because: "a reader that was overtaken by a write may not store what it read before",
        },
        Row {
            when: &[],
            choose: DELETE,
            because: "the next reader loads the new value, and the TTL bounds what a lost delete leaves behind",
        },
    ],
};
