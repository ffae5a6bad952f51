//! The page of the handbook, from the tables that decide.

use std::fmt::Write as _;

use super::keys::BREAKS;
use super::kind::KIND;
use super::persistence::{PERSISTENCE, POLICY};
use crate::decisions::Printed;

/// Every table of a topology.
pub fn tables() -> Vec<Printed> {
    vec![KIND.printed(), PERSISTENCE.printed(), POLICY.printed()]
}

/// The body below its title.
pub fn page() -> String {
    let mut out = String::from(
        "`plan_topology` decides by these tables, which are read from above: the first row whose conditions all hold. It adds \
         the arithmetic of shards, replicas and memory, the outage and the loss to expect, and every configuration file; the \
         tests start what it prints and kill the primaries.\n",
    );
    for table in tables() {
        // Writing to a String does not fail.
        let _ = write!(out, "\n## {}\n\n| when | choose | because |\n|---|---|---|\n", table.question);
        for [when, choose, because] in &table.rows {
            let _ = writeln!(out, "| {when} | {choose} | {because} |");
        }
    }
    out.push_str("\n## What a Cluster refuses\n\n| what | for example | answers | instead |\n|---|---|---|---|\n");
    for broken in BREAKS {
        let _ = writeln!(out, "| {} | `{}` | {} | `{}` |", broken.what, broken.example, broken.answers, broken.instead);
    }
    out.push_str(
        "\n## What is refused\n\nNo acknowledged write lost (replication is asynchronous), failover by itself over two zones or \
         with fewer than three servers, an `allkeys-*` policy where locks, queues or the only copy live, a hash tag that is \
         more than one core serves, and a budget below what the arithmetic takes: each with its reason and the options.\n",
    );
    out
}
