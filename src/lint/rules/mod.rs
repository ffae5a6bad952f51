//! Every rule about scripts, in reading order: what fails, what escapes the server, what damages data, what waits.

mod absent_library;
mod argument_as_key;
mod argument_not_text;
mod beyond_2_to_53;
mod blocking_in_script;
mod boolean_in_reply;
mod client_clock;
mod clock_read_twice;
mod code_from_text;
mod computed_command;
mod counted_again_on_retry;
mod deprecated_command;
mod digits_lost;
mod empty_array_encoded;
mod endless_loop;
mod error_swallowed;
mod expiry_awaited;
mod fields_lost_in_reply;
mod fraction_in_reply;
mod global_variable;
mod header_not_understood;
mod index_beyond_call;
mod key_as_value;
mod key_put_together;
mod keys_apart;
mod keyspace_walk;
mod limiter_never_trims;
mod lock_released_unowned;
mod member_is_the_clock;
mod miss_compared_with_nil;
mod never_expires;
mod nil_in_reply;
mod no_writes_contradicted;
mod one_by_one;
mod random_before_write;
mod random_repeats;
mod reads_only_unsaid;
mod refused_in_script;
mod replicate_commands_leftover;
mod status_compared_with_text;
mod text_compared_with_number;
mod unbounded_read;
mod undeclared_key;
mod unknown_command;
mod unpack_unbounded;
mod valkey_only_name;
mod value_in_text;
mod window_never_ends;
mod zero_is_true;

use super::Rule;

pub const RULES: &[Rule] = &[
    global_variable::RULE,
    absent_library::RULE,
    valkey_only_name::RULE,
    undeclared_key::RULE,
    key_put_together::RULE,
    argument_as_key::RULE,
    key_as_value::RULE,
    keys_apart::RULE,
    random_before_write::RULE,
    replicate_commands_leftover::RULE,
    endless_loop::RULE,
    keyspace_walk::RULE,
    unbounded_read::RULE,
    never_expires::RULE,
    clock_read_twice::RULE,
    expiry_awaited::RULE,
    client_clock::RULE,
    digits_lost::RULE,
    beyond_2_to_53::RULE,
    empty_array_encoded::RULE,
    nil_in_reply::RULE,
    fields_lost_in_reply::RULE,
    fraction_in_reply::RULE,
    boolean_in_reply::RULE,
    miss_compared_with_nil::RULE,
    zero_is_true::RULE,
    status_compared_with_text::RULE,
    error_swallowed::RULE,
    one_by_one::RULE,
    code_from_text::RULE,
    value_in_text::RULE,
    computed_command::RULE,
    header_not_understood::RULE,
    no_writes_contradicted::RULE,
    reads_only_unsaid::RULE,
    counted_again_on_retry::RULE,
    unpack_unbounded::RULE,
    random_repeats::RULE,
    text_compared_with_number::RULE,
    index_beyond_call::RULE,
    deprecated_command::RULE,
    blocking_in_script::RULE,
    refused_in_script::RULE,
    limiter_never_trims::RULE,
    member_is_the_clock::RULE,
    lock_released_unowned::RULE,
    window_never_ends::RULE,
    unknown_command::RULE,
    argument_not_text::RULE,
];
