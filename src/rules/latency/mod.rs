//! Latency.

use super::Topic;

pub const TOPIC: Topic = Topic { id: "latency", title: "Latency", rules: &[] };
