//! Sets what was counted against what the servers say they use.

use std::collections::BTreeMap;

use crate::census::{Giants, Ledger, layout};
use crate::facts::{Database, Deployment, Server};
use crate::tools::nodes::Choice;

/// What MEMORY STATS tells besides keys and their tables.
const OVERHEADS: [&str; 8] = [
    "startup.allocated",
    "replication.backlog",
    "clients.slaves",
    "clients.normal",
    "cluster.links",
    "aof.buffer",
    "lua.caches",
    "functions.caches",
];

/// From 7.0 a server keeps a histogram of latencies for each command that was called: 3,072 counters of 8 bytes and their
/// head (`hdr_init(1, 1000000000, 2)` in server.c; 24,688 bytes each on Redis 7.0.15). MEMORY STATS leaves them out; INFO has
/// a line for each.
const HISTOGRAM: f64 = 24_688.0;
const HISTOGRAM_LINES: &str = "latency_percentiles_usec_";

/// The books of the nodes that were read. `keys` is what their keys take, `whole` whether all keys were meant.
pub fn balance(
    deployment: &Deployment,
    choice: &Choice,
    after: &BTreeMap<usize, Server>,
    keys: f64,
    whole: bool,
) -> Ledger {
    let mut ledger = Ledger { keys, whole, ..Ledger::default() };
    let mut overheads: BTreeMap<&str, f64> = BTreeMap::new();
    for source in &choice.sources {
        let before = deployment.nodes.get(source.node).and_then(|node| node.server.as_ref().ok());
        let Some(server) = after.get(&source.node).or(before) else { continue };
        let Ok(info) = &server.info else { continue };
        if let Some(giants) = Giants::counted(info) {
            ledger.giants = Some(ledger.giants.unwrap_or_default().plus(giants));
        }
        ledger.used_memory += info.number("used_memory").unwrap_or(0.0);
        if let Some(layout) = layout(server) {
            let tables = |database: &Database| layout.tables(database.keys, database.expires) as f64;
            ledger.tables += Database::all(info).iter().map(tables).sum::<f64>();
        }
        let histograms = info.starting(HISTOGRAM_LINES).count() as f64;
        *overheads.entry("latency histograms").or_default() += histograms * HISTOGRAM;
        match &server.memory {
            Ok(stats) => {
                for name in OVERHEADS {
                    *overheads.entry(name).or_default() += stats.get(name).copied().unwrap_or(0.0);
                }
            }
            // Without MEMORY STATS the books are open at one end.
            Err(_) => ledger.whole = false,
        }
    }
    ledger.overheads =
        overheads.into_iter().filter(|(_, bytes)| *bytes > 0.0).map(|(name, bytes)| (name.to_owned(), bytes)).collect();
    ledger
}
