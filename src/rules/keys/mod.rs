//! Rules about keys themselves: their sizes, names, ages and layouts. Only an audit can check them.

mod expiry_cliff;
mod family_half_expiring;
mod large_values;

use super::Topic;

pub const TOPIC: Topic =
    Topic { id: "keys", title: "Keys", rules: &[large_values::RULE, expiry_cliff::RULE, family_half_expiring::RULE] };
