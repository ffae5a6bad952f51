//! Persistence: what a restart would bring back, and what it costs to write it down.

mod append_only_failing;
mod fork_headroom;
mod fork_stalls;
mod fsync_delayed;
mod nothing_persisted;
mod snapshot_failed;
mod snapshot_overdue;

use super::Topic;

pub const TOPIC: Topic = Topic {
    id: "persistence",
    title: "Persistence",
    rules: &[
        snapshot_failed::RULE,
        append_only_failing::RULE,
        nothing_persisted::RULE,
        snapshot_overdue::RULE,
        fork_headroom::RULE,
        fork_stalls::RULE,
        fsync_delayed::RULE,
    ],
};
