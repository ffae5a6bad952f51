//! The lines of configuration that a design needs, each with its reason.

use serde::Serialize;

use super::answer::Answer;
use super::size::{self, Size};
use super::workload::{Neighbours, Workload};
use super::{policy, strategy};
use crate::forecast::Bound;

/// A parameter, its value, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub name: &'static str,
    pub value: String,
    pub because: String,
}

/// What the lines depend on.
#[derive(Debug)]
pub struct Chosen<'a> {
    pub strategy: &'a Answer,
    pub policy: &'a Answer,
    pub size: &'a Size,
    pub ttl: f64,
}

/// maxmemory is set in steps of this, so that it reads well.
const STEP: u64 = 16 << 20;

pub fn lines(workload: &Workload, chosen: &Chosen<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = |name: &'static str, value: String, because: String| lines.push(Line { name, value, because });
    let size = chosen.size;
    line(
        "maxmemory",
        size.advised.bytes.0.next_multiple_of(STEP).to_string(),
        format!("{} entries of {:.0} B each", crate::facts::Count(size.advised.items as u64), size.bytes_per_item),
    );
    line("maxmemory-policy", chosen.policy.id.to_owned(), chosen.policy.is());
    if *chosen.policy != policy::NOEVICTION {
        line(
            "maxmemory-samples",
            size::SAMPLES.to_string(),
            "the hit ratio above is predicted for it; 10 gains about a fifth of a percentage point for more CPU"
                .to_owned(),
        );
    }
    if *chosen.policy == policy::ALLKEYS_LFU {
        line("lfu-decay-time", size::decay(workload, size.advised.items).to_string(), DECAY.to_owned());
        line(
            "lfu-log-factor",
            size::LOG_FACTOR.to_string(),
            "the counter rises sooner, so that keys that are used seldom can be told apart".to_owned(),
        );
    }
    let bound_by_ttl = size.advised.bound == Bound::Ttl;
    if bound_by_ttl && chosen.ttl < CHURN {
        line(
            "active-expire-effort",
            "5".to_owned(),
            "entries end by their TTL faster than the default takes them away: about a fifth of memory would hold dead ones"
                .to_owned(),
        );
    }
    if workload.keeps_all() {
        line("appendonly", "yes".to_owned(), "what is here is nowhere else".to_owned());
        line(
            "appendfsync",
            "everysec".to_owned(),
            "at most about a second of writes is lost with the server".to_owned(),
        );
    } else if workload.neighbours == Neighbours::None {
        line("save", "\"\"".to_owned(), "a cache is filled again: no snapshot, no fork, no memory for one".to_owned());
        line("appendonly", "no".to_owned(), "the same".to_owned());
    }
    // Default `yes` in Valkey 8.0 (src/config.c), `no` in every Redis.
    if !workload.engine.at_least((u16::MAX, 0), (8, 0)) {
        for name in ["lazyfree-lazy-eviction", "lazyfree-lazy-expire"] {
            line(name, "yes".to_owned(), "a large value is freed by a thread, not between two commands".to_owned());
        }
    }
    if *chosen.strategy == strategy::CLIENT_SIDE {
        line(
            "tracking-table-max-keys",
            (size.advised.items as u64).clamp(1, 1_000_000).to_string(),
            "keys beyond it are invalidated at random; each takes 99 B and 72 B for each further client".to_owned(),
        );
    }
    lines
}

/// TTLs below this make the default effort fall behind (seconds; measured with 8,000 inserts per second and a TTL of 20 s).
const CHURN: f64 = 120.0;

const DECAY: &str = "minutes: three intervals between two uses of the least popular key that should stay, so that its counter \
    does not fall to that of a dead one";
