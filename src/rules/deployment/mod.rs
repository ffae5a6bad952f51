//! Deployment: what no single node can tell, from a node that is gone to settings that differ.

mod node_unseen;
mod sentinels_disagree;
mod settings_differ;
mod slots_uncovered;
mod tls_unverified;
mod versions_mixed;

use super::Topic;

pub const TOPIC: Topic = Topic {
    id: "deployment",
    title: "Deployment",
    rules: &[
        node_unseen::RULE,
        slots_uncovered::RULE,
        sentinels_disagree::RULE,
        versions_mixed::RULE,
        settings_differ::RULE,
        tls_unverified::RULE,
    ],
};
