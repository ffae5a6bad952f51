//! Streams: appended once, trimmed when read, claimed a bounded number of times.

use super::{Family, script};
use crate::page;

pub const FAMILY: Family = Family {
    id: "streams",
    title: "Streams",
    scripts: &[
        script("stream-append", page!("lua/streams/stream-append.md"), page!("lua/streams/stream-append.lua")),
        script("stream-claim", page!("lua/streams/stream-claim.md"), page!("lua/streams/stream-claim.lua")),
    ],
};
