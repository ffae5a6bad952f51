//! Which keys have to share a slot, and what breaks where they do not.

use serde::Serialize;

use super::capacity::Sizing;
use super::demand::Demand;
use super::kind::Kind;
use crate::facts::{Count, Share};

/// With so many tags for each shard the busiest shard stays some 15 % above the mean: 1 + sqrt(2 ln S x S / K) for S
/// shards and K equal tags, the largest of S bins (Raab and Steger, "Balls into Bins", 1998).
const TAGS_PER_SHARD: usize = 200;

/// A command that one server takes and a Cluster refuses, and how it is written there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    pub what: &'static str,
    pub example: &'static str,
    pub answers: &'static str,
    pub instead: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Keys {
    pub says: Vec<String>,
    pub breaks: Vec<Broken>,
}

const CROSSSLOT: &str = "CROSSSLOT";

/// From the specification of the Cluster (redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec). Each example
/// and each way instead is sent to a Cluster by the tests.
pub const BREAKS: &[Broken] = &[
    Broken {
        what: "several keys in one command",
        example: "MSET user:1:name a user:2:name b",
        answers: CROSSSLOT,
        instead: "MSET {user:1}:name a {user:1}:mail b",
    },
    Broken {
        what: "reading several keys",
        example: "MGET user:1:name user:2:name",
        answers: CROSSSLOT,
        instead: "MGET {user:1}:name {user:1}:mail",
    },
    Broken {
        what: "a move between lists",
        example: "LMOVE queue:jobs queue:running LEFT RIGHT",
        answers: CROSSSLOT,
        instead: "LMOVE {queue}:jobs {queue}:running LEFT RIGHT",
    },
    Broken {
        what: "a result stored under another key",
        example: "SINTERSTORE both left right",
        answers: CROSSSLOT,
        instead: "SINTERSTORE {sets}:both {sets}:left {sets}:right",
    },
    Broken {
        what: "a rename",
        example: "RENAME draft:1 post:1",
        answers: CROSSSLOT,
        instead: "COPY {post:1}:draft {post:1}:final",
    },
    Broken {
        what: "a script with several keys",
        example: "EVAL return(1) 2 stock:1 cart:9",
        answers: CROSSSLOT,
        instead: "EVAL return(1) 2 {shop}:stock:1 {shop}:cart:9",
    },
];

impl Keys {
    pub fn of(demand: &Demand, kind: Kind, sizing: &Sizing) -> Self {
        if kind != Kind::Cluster && sizing.shards == 1 {
            return Self {
                says: vec![
                    "any keys may stand in one command, transaction or script: there is one server that has them all"
                        .into(),
                ],
                breaks: Vec::new(),
            };
        }
        let shards = sizing.shards;
        let mut says = vec![
            if demand.multi_key {
                "keys that stand in one command, transaction or script share a hash tag: the part in braces alone decides on the slot"
            } else {
                "no hash tags: without commands over several keys each key finds its own slot, and the load spreads best"
            }
            .to_owned(),
        ];
        if demand.multi_key {
            says.push(format!(
                "tag by what belongs together, {{user:42}} or {{order:7}}, in {} tags at least ({TAGS_PER_SHARD} for each shard), so that the busiest shard stays some 15 % above the mean",
                Count((TAGS_PER_SHARD * shards) as u64)
            ));
        }
        let limit = 1.0 / (2.0 * shards as f64);
        says.push(match demand.largest_tag {
            share if share <= 0.0 => format!("no tag may take more than {} of the load (half a shard); measure it, and split a larger one into {{tenant:bucket}}", Share(limit)),
            share if share <= limit => format!("the busiest tag takes {} of the load, below the {} that half a shard is", Share(share), Share(limit)),
            share => format!("the busiest tag takes {} of the load, more than the {} that half a shard is: split it into {{tenant:bucket}}", Share(share), Share(limit)),
        });
        says.push("a MULTI, a pipeline that has to be atomic, and keys that a script builds itself are bound to one slot too; SCAN, DBSIZE and FLUSHALL speak of one server; SPUBLISH (7.0) in place of PUBLISH, which every server repeats".into());
        Self { says, breaks: BREAKS.to_vec() }
    }
}
