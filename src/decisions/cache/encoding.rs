//! How a value is laid out.

use super::answer::Answer;
use super::workload::When::{self, *};
use crate::decisions::{Row, Table};
use crate::page;
use crate::page::Page;

const PAGE: Page = page!("cache/encoding.md");

pub const SPLIT: Answer = Answer { id: "split", page: PAGE };
pub const JSON: Answer = Answer { id: "json", page: PAGE };
pub const HASH: Answer = Answer { id: "hash", page: PAGE };
pub const COMPRESSED: Answer = Answer { id: "compressed-string", page: PAGE };
pub const STRING: Answer = Answer { id: "string", page: PAGE };

pub const ANSWERS: &[Answer] = &[STRING, COMPRESSED, HASH, JSON, SPLIT];

pub const TABLE: Table<When, Answer> = Table {
    id: "encoding",
    question: "How is a value laid out?",
    rows: &[
        Row {
            when: &[Large, Parts],
            choose: SPLIT,
            because: "a reader of one part moves that part alone, and no answer holds the server for long",
        },
        Row {
            when: &[Nested, KnowsJson],
            choose: JSON,
            because: "a path is read or written in the server, and the document does not move for it",
        },
        Row {
            when: &[FieldsAlone],
            choose: HASH,
            because: "one field is read or written without the others, under one TTL",
        },
        Row {
            when: &[LargeAnyway],
            choose: SPLIT,
            because: "compression alone leaves answers that hold the network and the server for long",
        },
        Row {
            when: &[Compressible],
            choose: COMPRESSED,
            because: "fewer bytes in memory and on the wire, for two passes of the client's CPU",
        },
        Row { when: &[], choose: STRING, because: "one value, one command, the fewest bytes per key" },
    ],
};
