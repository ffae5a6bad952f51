//! Configuration.

use super::Topic;

pub const TOPIC: Topic = Topic { id: "configuration", title: "Configuration", rules: &[] };
