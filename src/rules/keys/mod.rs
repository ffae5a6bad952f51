//! Rules about keys themselves: their sizes, names, ages and layouts. Only an audit can check them.

mod cold_memory;
mod compact_limit_missed;
mod embed_limit_missed;
mod expiry_cliff;
mod family_half_expiring;
mod key_dominates;
mod large_streams;
mod large_values;
mod long_key_names;
mod memory_unexplained;
mod names_off_convention;
mod newer_engine_saves;
mod search_index_dead;
mod slot_skew;
mod small_streams;
mod stream_groups_behind;
mod string_slack;
mod table_resize_ahead;
mod tiny_strings;
mod ttl_missing_in_family;
mod types_mixed;
mod values_compress_well;
mod values_repeat;

use super::Topic;

pub const TOPIC: Topic = Topic {
    id: "keys",
    title: "Keys",
    rules: &[
        memory_unexplained::RULE,
        key_dominates::RULE,
        large_values::RULE,
        large_streams::RULE,
        stream_groups_behind::RULE,
        search_index_dead::RULE,
        slot_skew::RULE,
        table_resize_ahead::RULE,
        cold_memory::RULE,
        expiry_cliff::RULE,
        family_half_expiring::RULE,
        ttl_missing_in_family::RULE,
        types_mixed::RULE,
        names_off_convention::RULE,
        long_key_names::RULE,
        tiny_strings::RULE,
        compact_limit_missed::RULE,
        small_streams::RULE,
        embed_limit_missed::RULE,
        string_slack::RULE,
        values_compress_well::RULE,
        values_repeat::RULE,
        newer_engine_saves::RULE,
    ],
};
