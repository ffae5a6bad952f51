//! Persistence.

use super::Topic;

pub const TOPIC: Topic = Topic { id: "persistence", title: "Persistence", rules: &[] };
