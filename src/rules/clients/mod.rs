//! Clients: how many are connected, how they come and go, and what they hold up.

mod client_buffers;
mod clients_near_limit;
mod connection_churn;
mod connections_refused;
mod idle_clients;
mod monitor_running;
mod slow_reader;
mod transaction_abandoned;

use super::Topic;

pub const TOPIC: Topic = Topic {
    id: "clients",
    title: "Clients",
    rules: &[
        connections_refused::RULE,
        clients_near_limit::RULE,
        connection_churn::RULE,
        idle_clients::RULE,
        client_buffers::RULE,
        slow_reader::RULE,
        monitor_running::RULE,
        transaction_abandoned::RULE,
    ],
};
