//! A workload in, a design out: every table asked once, every number computed once, every conflict named.

use serde::Serialize;

use super::answer::Answer;
use super::config::{self, Chosen, Line};
use super::size::{self, Size};
use super::ttl::{self, Ttl};
use super::value::Value;
use super::workload::{Consistency, When, Workload};
use super::{consistency, encoding, policy, stampede, strategy};
use crate::decisions::refusals::{Refusal, refusal};
use crate::decisions::{Choice, Condition};
use crate::facts::Bytes;
use crate::footprint::Allocator;
use crate::forecast::stampede as herd;

/// Everything that is said of a cache.
#[derive(Debug, Clone, Serialize)]
pub struct Design {
    pub strategy: Choice<Answer>,
    /// The strategy that the rest follows: the wish, where nothing stands against it.
    pub kept: Answer,
    /// The rest is for those who keep a cache at all.
    pub cache: Option<Details>,
    pub conflicts: Vec<Conflict>,
    pub refusals: Vec<&'static Refusal>,
}

/// How the cache is built.
#[derive(Debug, Clone, Serialize)]
pub struct Details {
    pub consistency: Choice<Answer>,
    pub stampede: Choice<Answer>,
    pub policy: Choice<Answer>,
    pub encoding: Choice<Answer>,
    pub value: Value,
    pub key: String,
    pub ttl: Ttl,
    pub size: Size,
    pub herd: Herd,
    pub lines: Vec<Line>,
}

/// The hottest item when its entry ends.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Herd {
    /// Its reads per second.
    pub reads: f64,
    /// Loads at once when nothing holds them back.
    pub unguarded: f64,
    /// Loads with the chosen guard.
    pub guarded: f64,
    /// Share of its writes after which an old value is stored, by delete-after-commit alone.
    pub stale_sets: f64,
}

/// Two wishes that cannot both be met, and what can.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    pub says: String,
    pub options: Vec<String>,
    /// Numbers of these that nobody said and nobody measured: with others there may be no conflict.
    pub assumed: Vec<String>,
    /// The numbers of the workload that it rests on, by their names.
    #[serde(skip)]
    pub rests_on: &'static [&'static str],
}

/// The numbers behind what the origin gets. The skew is one too, but it is hardly ever said, and seldom decides.
const LOADS: &[&str] = &["reads", "may be old for", "the origin bears", "items"];

/// A table always answers: its last row asks for nothing (tests/decisions.rs).
fn chosen<A: Copy + PartialEq>(table: &crate::decisions::Table<When, A>, workload: &Workload) -> Option<Choice<A>> {
    table.choose(workload)
}

/// `wish`: the strategy that was asked for; `said`: the refusals that the words ran into.
pub fn design(
    workload: &Workload,
    wish: Option<Answer>,
    said: Vec<&'static Refusal>,
    allocator: Allocator,
) -> Option<Design> {
    let strategy = chosen(&strategy::TABLE, workload)?;
    let mut refusals = said;
    let behind = wish == Some(strategy::WRITE_BEHIND) && workload.money;
    if let Some(refusal) = refusal(BEHIND).filter(|refusal| behind && !refusals.contains(refusal)) {
        refusals.push(refusal);
    }
    let mut conflicts = conflicts(workload, wish, &strategy);
    let stands = |wish: &Answer| {
        let refused = *wish == strategy::WRITE_BEHIND && refusals.iter().any(|refusal| refusal.id == BEHIND);
        !refused && conflicts.is_empty()
    };
    let kept = wish.filter(stands).unwrap_or(strategy.answer);
    let cache = match kept {
        answer if answer == strategy::NO_CACHE => None,
        answer => Some(details(workload, answer, allocator)?),
    };
    if let Some(details) = &cache {
        conflicts.extend(arithmetic_conflicts(workload, kept, details));
    }
    Some(Design { strategy, kept, cache, conflicts, refusals })
}

const BEHIND: &str = "write-behind-for-money";

fn details(workload: &Workload, kept: Answer, allocator: Allocator) -> Option<Details> {
    let workload = &Workload {
        only_copy: workload.only_copy || kept == strategy::STORE,
        unflushed: kept == strategy::WRITE_BEHIND,
        ..workload.clone()
    };
    let policy = chosen(&policy::TABLE, workload)?;
    let encoding = chosen(&encoding::TABLE, workload)?;
    let value = Value::of(workload, &encoding.answer);
    let stampede = chosen(&stampede::TABLE, workload)?;
    let consistency = chosen(&consistency::TABLE, workload)?;
    let size = size::choose(workload, &encoding.answer, &policy.answer, ttl::life(workload), allocator);
    let ttl = ttl::choose(workload, &stampede.answer, size.advised.resident, size.advised.hit_ratio);
    let picked = Chosen { strategy: &kept, policy: &policy.answer, size: &size, ttl: ttl.seconds };
    let lines = config::lines(workload, &picked);
    let herd = herd_of(workload, &stampede.answer, &ttl);
    let key = format!("cache:{}:v1:{{id}}", workload.what);
    Some(Details { consistency, stampede, policy, encoding, value, key, ttl, size, herd, lines })
}

fn herd_of(workload: &Workload, guard: &Answer, ttl: &Ttl) -> Herd {
    let (reads, load) = (workload.hottest_reads(), workload.origin_ms / 1e3);
    let unguarded = herd::unprotected(reads, load);
    let guarded = match *guard {
        guard if guard == stampede::XFETCH => herd::xfetch(reads, load, 1.0).loads,
        guard if guard == stampede::COALESCING => herd::coalesced(f64::from(workload.processes), reads, load),
        guard if guard == stampede::RENEWAL => 0.0,
        _ => 1.0,
    };
    // The entry is absent for a load in each TTL, and after each write.
    let writes = workload.writes * workload.hottest_share();
    let absent = (load / ttl.seconds.max(1e-9) + writes * load).min(1.0);
    Herd { reads, unguarded, guarded, stale_sets: herd::stale_sets(reads, absent, load) }
}

/// What cannot be, whatever the sizes are.
fn conflicts(workload: &Workload, wish: Option<Answer>, table: &Choice<Answer>) -> Vec<Conflict> {
    let mut found = Vec::new();
    let mut conflict = |says: String, options: &[&str]| {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        found.push(Conflict { says, options, assumed: Vec::new(), rests_on: &[] });
    };
    let strict = When::NothingStale.holds(workload);
    if let Some(wish) = wish.filter(|wish| strict && *wish != strategy::NO_CACHE && *wish != strategy::STORE) {
        let what = if wish == strategy::WRITE_BEHIND {
            "the origin is behind the cache until the flush"
        } else {
            "every copy can be old for a moment"
        };
        conflict(
            format!("nobody may read an old value, and {wish} was asked for: {what}"),
            &[
                "read the origin (no-cache), and make it fast enough",
                "name the seconds that a value may be old: even one second makes a cache possible",
                "make this the only copy (store), and read and write it here alone",
            ],
        );
    } else if strict && !workload.only_copy && workload.consistency != Consistency::Strict && wish.is_none() {
        conflict(
            "a value may be 0 s old: that is no cache".to_owned(),
            &["read the origin", "name the seconds that a value may be old"],
        );
    }
    if let Some(wish) = wish.filter(|wish| workload.only_copy && *wish != strategy::STORE) {
        conflict(
            format!("it is the only copy, and {wish} loads from an origin that does not exist"),
            &["store: noeviction, AOF, a replica", "name the origin that it can be filled from"],
        );
    }
    if let Some(wish) =
        wish.filter(|wish| *wish == strategy::WRITE_BEHIND && !workload.losable_writes && !workload.money)
    {
        conflict(
            format!(
                "{wish} loses the last second or two of writes with a server, and nothing says that they may be lost"
            ),
            &["say losable-writes where that is so", &format!("{}: {}", table.answer, table.because)],
        );
    }
    found
}

/// What the numbers rule out.
fn arithmetic_conflicts(workload: &Workload, kept: Answer, details: &Details) -> Vec<Conflict> {
    let mut found = Vec::new();
    let size = &details.size;
    if workload.memory > 0 && (workload.memory as f64) < size.bytes_per_item {
        found.push(Conflict {
            says: format!(
                "the memory is {} B and one entry takes {:.0} B: nothing fits",
                workload.memory, size.bytes_per_item
            ),
            options: vec![
                format!(
                    "at least {} for a tenth of the items",
                    Bytes((workload.items as f64 / 10.0 * size.bytes_per_item) as u64)
                ),
                "store less of each item: the fields that are read, compressed".to_owned(),
            ],
            assumed: Vec::new(),
            rests_on: &[],
        });
        return found;
    }
    let keeps = [strategy::STORE, strategy::WRITE_BEHIND].contains(&kept);
    if keeps && workload.memory > 0 && workload.memory < size.advised.bytes.0 {
        found.push(Conflict {
            says: format!(
                "{kept} may evict nothing, and {} do not fit into {}: writes would be refused",
                size.advised.bytes,
                Bytes(workload.memory)
            ),
            options: vec![
                format!("{} of maxmemory and {} of RAM beside it", size.advised.bytes, size.headroom),
                "store less of each item, or delete what is over: nothing else ends here".to_owned(),
            ],
            assumed: Vec::new(),
            rests_on: &["items", "bytes of a value"],
        });
    }
    if kept == strategy::STORE {
        // There is no origin that could be asked too often.
        return found;
    }
    if let Some(least) = details.ttl.least {
        found.push(Conflict {
            says: format!(
                "a value may be {} s old, and no jitter helps: what is read again in one TTL is more than the {:.0} loads/s that \
                 the origin bears in it",
                workload.staleness, workload.origin_capacity
            ),
            options: vec![
                format!("a TTL of {least:.0} s or more, with invalidation on writes (lease or versions)"),
                "refresh ahead what is hot, in the origin's time".to_owned(),
            ],
            assumed: Vec::new(),
            rests_on: LOADS,
        });
    }
    if size.advised.origin_load > workload.origin_capacity {
        let best = size.curve.last().map_or(0.0, |point| point.origin_load);
        let mut options = vec![
            "let values be older, and invalidate on writes: the TTL alone renews too often".to_owned(),
            "refresh ahead what is hot, and refuse or queue the rest (a bound on loads at once)".to_owned(),
        ];
        if best <= workload.origin_capacity {
            options.insert(0, "more memory: the curve says how much".to_owned());
        }
        found.push(Conflict {
            says: format!(
                "the origin bears {:.0} loads/s and would get {:.0}/s with a hit ratio of {:.1} %",
                workload.origin_capacity,
                size.advised.origin_load,
                size.advised.hit_ratio * 100.0
            ),
            options,
            assumed: Vec::new(),
            rests_on: LOADS,
        });
    }
    found
}
