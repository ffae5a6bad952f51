//! Latency: what keeps the main thread from the next client, and whether it would be noticed.

mod failing_commands;
mod keys_command;
mod latency_spikes;
mod main_thread_busy;
mod slow_commands;
mod slowlog_off;
mod whole_collection_reads;

use super::Topic;

pub const TOPIC: Topic = Topic {
    id: "latency",
    title: "Latency",
    rules: &[
        main_thread_busy::RULE,
        slow_commands::RULE,
        latency_spikes::RULE,
        keys_command::RULE,
        whole_collection_reads::RULE,
        failing_commands::RULE,
        slowlog_off::RULE,
    ],
};
