//! Memory: the ceiling, what happens at it, and bytes that hold no data.

mod eviction_running;
mod maxmemory_unset;
mod memory_nearly_full;

use super::Topic;

pub const TOPIC: Topic = Topic {
    id: "memory",
    title: "Memory",
    rules: &[maxmemory_unset::RULE, memory_nearly_full::RULE, eviction_running::RULE],
};
