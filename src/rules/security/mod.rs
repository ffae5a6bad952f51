//! Security.

use super::Topic;

pub const TOPIC: Topic = Topic { id: "security", title: "Security", rules: &[] };
