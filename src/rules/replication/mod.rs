//! Replication: the link between a primary and its replicas, and how much of a break it survives.

mod backlog_short;
mod full_resyncs;
mod primary_link_down;
mod replica_behind;
mod replica_writable;

use super::Topic;

pub const TOPIC: Topic = Topic {
    id: "replication",
    title: "Replication",
    rules: &[
        primary_link_down::RULE,
        replica_behind::RULE,
        backlog_short::RULE,
        full_resyncs::RULE,
        replica_writable::RULE,
    ],
};
