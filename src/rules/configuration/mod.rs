//! Configuration: parameters that work against what the server is asked to do.

mod compact_encoding_stretched;
mod dead_peers_kept;
mod slow_expiry_cycle;
mod unheard_notifications;

use super::Topic;

pub const TOPIC: Topic = Topic {
    id: "configuration",
    title: "Configuration",
    rules: &[
        dead_peers_kept::RULE,
        compact_encoding_stretched::RULE,
        slow_expiry_cycle::RULE,
        unheard_notifications::RULE,
    ],
};
