//! Clients.

use super::Topic;

pub const TOPIC: Topic = Topic { id: "clients", title: "Clients", rules: &[] };
