//! Memory: the ceiling, what happens at it, and bytes that hold no data.

mod eviction_cannot_keep_up;
mod eviction_finds_nothing;
mod eviction_running;
mod fragmentation;
mod maxmemory_unset;
mod memory_nearly_full;
mod scripts_piling_up;
mod swapped_out;
mod writes_refused;

use super::{Rule, Topic};

pub const TOPIC: Topic = Topic {
    id: "memory",
    title: "Memory",
    rules: &[
        maxmemory_unset::RULE,
        memory_nearly_full::RULE,
        writes_refused::RULE,
        eviction_running::RULE,
        eviction_finds_nothing::RULE,
        eviction_cannot_keep_up::RULE,
        fragmentation::RULE,
        scripts_piling_up::RULE,
        swapped_out::RULE,
    ],
};

/// Those that tell of memory in use, not of a setting, and that one look can answer: for an audit, which does not wait for a
/// second one.
pub const AT_ONE_LOOK: &[Rule] = &[
    memory_nearly_full::RULE,
    eviction_finds_nothing::RULE,
    eviction_cannot_keep_up::RULE,
    fragmentation::RULE,
    scripts_piling_up::RULE,
    swapped_out::RULE,
];
