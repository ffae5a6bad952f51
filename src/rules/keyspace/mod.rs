//! Keyspace.

use super::Topic;

pub const TOPIC: Topic = Topic { id: "keyspace", title: "Keyspace", rules: &[] };
