//! Replication.

use super::Topic;

pub const TOPIC: Topic = Topic { id: "replication", title: "Replication", rules: &[] };
