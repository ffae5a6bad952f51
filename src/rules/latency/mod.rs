//! Latency: what keeps the main thread from the next client, and whether it would be noticed.

mod failing_commands;
mod keys_command;
mod latency_spikes;
mod main_thread_busy;
mod slow_commands;
mod slowlog_off;
mod whole_collection_reads;

use super::Topic;
use crate::facts::Micros;

/// A person notices a tenth of a second; a healthy command takes a ten-thousandth of that (judgement; Redis'
/// documentation monitors from the same 100 ms).
const NOTICED: Micros = Micros::ms(100);
/// Common client timeouts begin at a second (judgement).
const TIMEOUT: Micros = Micros::ms(1_000);
/// What is older, in seconds, may be mended by now.
const DAY: u64 = 86_400;

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
