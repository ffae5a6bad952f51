//! Keyspace: keys that are missed, that never go, that are too big, and streams nobody finishes.

mod expired_keys_resident;
mod giant_keys;
mod keys_never_expire;
mod low_hit_ratio;
mod several_databases;
mod stream_unacknowledged;

use super::Topic;

pub const TOPIC: Topic = Topic {
    id: "keyspace",
    title: "Keyspace",
    rules: &[
        low_hit_ratio::RULE,
        keys_never_expire::RULE,
        expired_keys_resident::RULE,
        giant_keys::RULE,
        stream_unacknowledged::RULE,
        several_databases::RULE,
    ],
};
