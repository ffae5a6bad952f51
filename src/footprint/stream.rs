//! Streams: a radix tree of listpacks (src/t_stream.c).

use super::Layout;
use super::generation::Generation;
use super::packed::{Packing, pack};
use super::shape::{Element, Limits};
use super::value::Payload;
use crate::facts::Encoding;

/// STREAM_LISTPACK_MAX_PRE_ALLOCATE: from 6.2 a new node reserves this much, and gives back the rest when it is full.
pub(super) const RESERVED: u64 = 4096;
/// sizeof(raxNode), and what MEMORY USAGE adds for each until 8.0 (streamRadixTreeMemoryUsage): 30 words.
pub(super) const CLAIMED_TREE_NODE: u64 = 4 + 30 * 8;
/// sizeof(streamID), claimed for each listpack.
pub(super) const ID: u64 = 16;
/// An entry's distance from the first of its node: milliseconds within minutes, and the counter within one.
const MILLISECONDS: Element = Element::Number(10_000);
const SMALL: Element = Element::Number(1);

impl Layout {
    /// sizeof(stream).
    pub(super) fn stream_struct(&self) -> u64 {
        match self.generation {
            generation if generation.is_six() => 40,
            Generation::Redis86 => 160,
            _ => 80,
        }
    }

    /// The tree over so many listpacks: first and leaf, then for each further one about as much.
    pub(super) fn stream_tree(&self, nodes: u64) -> f64 {
        let header = if self.generation.has_key_in_object() { 32 } else { 24 };
        let leaf = self.allocated(16);
        let first = self.allocated(header) + self.allocated(32) + leaf;
        first as f64 + nodes.saturating_sub(1) as f64 * (leaf as f64 + TREE_SHARE)
    }

    /// Nodes of that tree.
    pub(super) fn stream_tree_nodes(nodes: u64) -> f64 {
        if nodes <= 1 { 2.0 } else { 2.1 * nodes as f64 + 3.0 }
    }

    /// Entries of the same fields that came one by one.
    pub(super) fn stream(
        &self,
        entries: u64,
        fields: u64,
        name: Element,
        value: Element,
        pending: u64,
        limits: &Limits,
    ) -> Payload {
        let frame = Packing::Listpack.frame();
        // Count, deleted, number of fields, the fields, an end; then flags, two distances, values, length of the entry.
        let head = 3 * pack(SMALL) + fields * pack(name) + pack(SMALL);
        let entry = pack(SMALL) + pack(MILLISECONDS) + pack(SMALL) + fields * pack(value) + pack(SMALL);
        let text = fields * (name.len() + value.len());
        // A node takes another entry while its bytes and the entry's text stay below the limit.
        let room = limits.stream_node_bytes.saturating_sub(frame + head + text + 1);
        let full = (room / entry + 1).min(limits.stream_node_entries.max(1));
        let bytes = |entries: u64| frame + head + entries * entry;
        let last_entries = if entries == 0 { 0 } else { (entries - 1) % full + 1 };
        let closed = (entries - last_entries) / full;
        let nodes = closed + u64::from(last_entries > 0);

        let reserved = match (self.generation, limits.stream_node_bytes) {
            (Generation::Redis60, _) => 0,
            // No limit.
            (_, 0) => RESERVED,
            (_, most) => RESERVED.min(most),
        };
        let last = if last_entries == 0 { 0 } else { self.allocated(bytes(last_entries).max(reserved)) };
        let closed_bytes = self.allocated(bytes(full));
        let listpacks = (closed * closed_bytes + last) as f64;
        let tree = self.stream_tree(nodes);
        let header = self.stream_struct();
        let (groups, claimed_groups) = self.pending(pending as f64);
        let real = self.allocated(header) as f64 + tree + listpacks + groups;
        let requested = (closed * bytes(full) + if last_entries == 0 { 0 } else { bytes(last_entries) }) as f64;
        let claimed = match self.generation {
            Generation::Redis86 => self.allocated(header) as f64 + tree + requested,
            generation if generation.has_bucket_table() => header as f64 + tree + listpacks,
            generation => {
                let listpacks = if generation == Generation::Redis60 { requested } else { listpacks };
                let claimed_tree = (nodes * ID) as f64 + Self::stream_tree_nodes(nodes) * CLAIMED_TREE_NODE as f64;
                header as f64 + claimed_tree + listpacks
            }
        };
        Payload { encoding: Encoding::Stream, real, claimed: claimed + claimed_groups }
    }

    /// Entries that were delivered and not acknowledged, in the trees of their group and of their consumer; from Redis
    /// 8.4 also in lists by entry and by time (struct streamNACK, src/stream.h).
    fn pending(&self, entries: f64) -> (f64, f64) {
        let in_tree = (self.allocated(16) + self.allocated(24)) as f64 + BRANCH;
        if self.generation == Generation::Redis86 {
            let lists = (self.allocated(24) + self.allocated(48)) as f64;
            let claimed = self.allocated(64) as f64 + 3.0 * in_tree;
            return (entries * (claimed + lists), entries * claimed);
        }
        let real = self.allocated(NACK) as f64 + 2.0 * in_tree;
        let claimed = if self.generation.has_bucket_table() {
            NACK as f64 + 2.0 * in_tree
        } else {
            NACK as f64 + 2.0 * (ID as f64 + PENDING_TREE_NODES * CLAIMED_TREE_NODE as f64)
        };
        (entries * real, entries * claimed)
    }
}

/// sizeof(streamNACK) until 8.2 and in Valkey.
const NACK: u64 = 24;
/// An entry's share of its tree's branches, and how many nodes it adds. Measured, with entries 100 ms apart.
const BRANCH: f64 = 16.0;
const PENDING_TREE_NODES: f64 = 2.39;
/// Branches and the rest of the key for each listpack beyond the first, measured.
const TREE_SHARE: f64 = 40.0;
