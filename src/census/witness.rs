//! What rules about keys are shown: the account, the books, and the servers they are of.

use std::fmt;

use super::{Account, Group, Ledger, Present, Reading, Specimen, Standout};
use crate::facts::{Bytes, Count, Deployment, Engine, Evidence, Known, Missing, Record, Server, Share};
use crate::footprint::{Allocator, Layout, Limits};

const NO_LENGTHS: &str =
    "CLIENT NO-TOUCH is missing (before Redis 7.2), and without it lengths would reset the clock of keys";

/// Answers a rule's questions about keys and remembers them.
#[derive(Debug)]
pub struct KeyWitness<'a> {
    pub account: &'a Account,
    pub ledger: &'a Ledger,
    deployment: &'a Deployment,
    from_replica: bool,
    said: Record,
}

impl<'a> KeyWitness<'a> {
    pub fn new(deployment: &'a Deployment, account: &'a Account, ledger: &'a Ledger, from_replica: bool) -> Self {
        Self { account, ledger, deployment, from_replica, said: Record::default() }
    }

    /// The same, with nothing on record yet: for the next rule.
    pub fn fresh(&self) -> Self {
        Self::new(self.deployment, self.account, self.ledger, self.from_replica)
    }

    pub fn note(&self, about: &str, fact: &str, value: impl fmt::Display) {
        self.said.note(about, fact, value);
    }

    pub fn into_evidence(self) -> Vec<Evidence> {
        self.said.into_evidence()
    }

    /// The first server that was seen: settings that matter here are alike on all nodes, or a rule of its own says so.
    pub fn server(&self) -> Known<&'a Server> {
        let first = self.deployment.seen().next().map(|(_, server)| server);
        first.ok_or_else(|| Missing::new("INFO", "no node could be seen"))
    }

    /// Times since the last use are only known where reads are.
    pub fn idle_known(&self) -> Known<()> {
        if self.from_replica {
            let why = "a replica was read, and its primary's readers do not reset its clock; ask with --primary";
            return Err(Missing::new("OBJECT IDLETIME", why));
        }
        let known: f64 = self.account.all.tally.idle.iter().map(|hand| hand.keys).sum();
        if known == 0.0 && self.account.all.tally.keys > 0.0 {
            return Err(Missing::new(
                "OBJECT IDLETIME",
                "the server keeps no clock under an LFU policy, or for small numbers, or it was denied",
            ));
        }
        Ok(())
    }

    /// Nothing is "fine" because it did not show in a part that says nothing of the rest.
    pub fn stands_for_all(&self) -> Known<()> {
        let coverage = self.account.coverage;
        if coverage.reading != Reading::Part {
            return Ok(());
        }
        let share = Share(coverage.share());
        Err(Missing::new("keys", format!("{share} of them were read, which do not stand for the rest")))
    }

    /// A word about single keys of a size is only known where each such key was seen: read, or searched for.
    pub fn all_seen_from(&self, size: Bytes) -> Known<()> {
        let coverage = self.account.coverage;
        let missing = |why: String| Err(Missing::new("keys", why));
        if coverage.untold > 0 {
            let untold = Count(coverage.untold);
            return missing(format!("the server did not tell the size of {untold} keys"));
        }
        if coverage.reading == Reading::Whole || self.account.searched_from.is_some_and(|from| from <= size) {
            return Ok(());
        }
        let share = Share(coverage.share());
        missing(format!(
            "{share} of the keys were read, and one of {size} or more may lie among the rest; --full reads all"
        ))
    }

    /// Whether the length of each of these is known that is as large as the longest are.
    pub fn lengths_told<'b>(&self, mut keys: impl Iterator<Item = &'b Standout>, from: Bytes) -> Known<()> {
        if keys.any(|key| key.length.is_none() && key.parts.total() >= from.0 as f64) {
            return Err(Missing::new("HLEN, SCARD, ...", NO_LENGTHS));
        }
        Ok(())
    }

    /// Lengths are only asked on connections that leave keys untouched.
    pub fn lengths_known(&self) -> Known<()> {
        let mut specimens = self.account.families.iter().flat_map(|family| family.tally.specimens.all());
        if self.account.families.is_empty() || specimens.any(|specimen| specimen.length.is_some()) {
            return Ok(());
        }
        Err(Missing::new("HLEN, SCARD, ...", NO_LENGTHS))
    }

    pub fn layout(&self) -> Known<Layout> {
        let server = self.server()?;
        layout(server).ok_or_else(|| Missing::new("engine", "the server does not tell its version and allocator"))
    }

    pub fn limits(&self) -> Known<Limits> {
        Ok(limits(self.server()?))
    }

    /// How keys are laid out now, to ask what they would cost otherwise.
    pub fn present(&self) -> Known<Present> {
        Ok(Present { layout: self.layout()?, limits: self.limits()? })
    }

    /// Every server that could be seen.
    pub fn servers(&self) -> impl Iterator<Item = &'a Server> {
        self.deployment.seen().map(|(_, server)| server)
    }

    /// Families with their specimens of a fair lot.
    pub fn families(&self) -> impl Iterator<Item = (&'a Group, Vec<&'a Specimen>)> {
        let one_in = self.account.close_one_in;
        self.account.families.iter().map(move |family| (family, family.tally.specimens.fair(one_in).collect()))
    }
}

/// How a server lays out keys, as far as INFO tells.
pub fn layout(server: &Server) -> Option<Layout> {
    layout_under(server, &server.engine()?)
}

/// How another engine would lay out the same keys, with the allocator that this server has.
pub fn layout_under(server: &Server, engine: &Engine) -> Option<Layout> {
    let name = server.info.as_ref().ok()?.get("mem_allocator").unwrap_or("");
    let quantum = server.quantum.as_ref().ok().copied();
    let allocator = Allocator::named(&server.engine()?, name, quantum);
    Some(Layout::new(engine, allocator))
}

/// Limits of compact encodings as they are set; those that are not told are the defaults.
pub fn limits(server: &Server) -> Limits {
    let set = |names: [&str; 2]| names.iter().find_map(|name| server.fact(name).ok()?.1.parse::<u64>().ok());
    let default = Limits::default();
    let or = |names: [&str; 2], default: u64| set(names).unwrap_or(default);
    Limits {
        hash_entries: or(["hash-max-listpack-entries", "hash-max-ziplist-entries"], default.hash_entries),
        hash_value: or(["hash-max-listpack-value", "hash-max-ziplist-value"], default.hash_value),
        zset_entries: or(["zset-max-listpack-entries", "zset-max-ziplist-entries"], default.zset_entries),
        zset_value: or(["zset-max-listpack-value", "zset-max-ziplist-value"], default.zset_value),
        set_intset_entries: or(["set-max-intset-entries"; 2], default.set_intset_entries),
        set_listpack_entries: or(["set-max-listpack-entries"; 2], default.set_listpack_entries),
        stream_node_bytes: or(["stream-node-max-bytes"; 2], default.stream_node_bytes),
        ..default
    }
}
