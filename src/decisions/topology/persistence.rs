//! What is kept on disk, and what goes when memory is full.

use std::fmt;

use serde::Serialize;

use super::demand::{Demand, Loss, Purpose};
use crate::decisions::{Condition, Row, Table};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Persistence {
    Nothing,
    AppendOnly,
    Both,
}

impl fmt::Display for Persistence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing on disk",
            Self::AppendOnly => "append-only file, synced each second",
            Self::Both => "append-only file, synced each second, and snapshots",
        })
    }
}

/// What the tables of this file ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Cache,
    Session,
    Store,
    MadeAgain,
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cache => "it is a cache",
            Self::Session => "it holds sessions",
            Self::Store => "it is the only copy",
            Self::MadeAgain => "everything may be lost",
        })
    }
}

impl Condition for Kept {
    type Case = Demand;

    fn holds(&self, demand: &Demand) -> bool {
        match self {
            Self::Cache => demand.purpose == Purpose::Cache,
            Self::Session => demand.purpose == Purpose::Session,
            Self::Store => demand.purpose == Purpose::Store,
            Self::MadeAgain => demand.loss == Loss::Everything,
        }
    }
}

pub const PERSISTENCE: Table<Kept, Persistence> = Table {
    id: "topology-persistence",
    question: "What is kept on disk?",
    rows: &[
        Row {
            when: &[Kept::Cache, Kept::MadeAgain],
            choose: Persistence::Nothing,
            because: "what is made again from elsewhere needs no disk, and no fork for it",
        },
        Row {
            when: &[Kept::Store],
            choose: Persistence::Both,
            because: "the file bounds the loss at a crash to about a second, and a snapshot is what a backup copies",
        },
        Row {
            when: &[],
            choose: Persistence::AppendOnly,
            because: "a restart loses about a second of writes, two when the disk is slow",
        },
    ],
};

pub const POLICY: Table<Kept, &str> = Table {
    id: "topology-policy",
    question: "What goes when memory is full?",
    rows: &[
        Row { when: &[Kept::Cache], choose: "allkeys-lru", because: "any key of a cache can be made again" },
        Row {
            when: &[Kept::Session, Kept::MadeAgain],
            choose: "volatile-lru",
            because: "the session unused for longest goes first: its user has to log in again",
        },
        Row {
            when: &[],
            choose: "noeviction",
            because: "a refused write is seen, and a job, a lock or a record that was evicted is not",
        },
    ],
};
