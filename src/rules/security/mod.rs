//! Security: who may come in, what they may do there, and signs that somebody already did.

mod debug_commands_enabled;
mod open_to_network;
mod password_guessing;
mod plaintext_clients;
mod suspicious_dump_path;

use super::Topic;

pub const TOPIC: Topic = Topic {
    id: "security",
    title: "Security",
    rules: &[
        open_to_network::RULE,
        suspicious_dump_path::RULE,
        password_guessing::RULE,
        debug_commands_enabled::RULE,
        plaintext_clients::RULE,
    ],
};
