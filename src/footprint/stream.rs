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

        let reserved = if self.generation == Generation::Redis60 { 0 } else { RESERVED };
        let last = if last_entries == 0 { 0 } else { self.allocated(bytes(last_entries).max(reserved)) };
        let closed_bytes = self.allocated(bytes(full));
        let listpacks = (closed * closed_bytes + last) as f64;
        let tree = self.stream_tree(nodes);
        let header = self.stream_struct();
        let groups = pending as f64 * self.pending_entry();
        let real = self.allocated(header) as f64 + tree + listpacks + groups;
        let claimed = match self.generation {
            Generation::Redis86 => {
                self.allocated(header) as f64 + tree + (closed * bytes(full) + bytes(last_entries)) as f64 + groups
            }
            generation if generation.has_bucket_table() => header as f64 + tree + listpacks + groups,
            _ => {
                let claimed_tree = (nodes * ID) as f64 + Self::stream_tree_nodes(nodes) * CLAIMED_TREE_NODE as f64;
                header as f64 + claimed_tree + listpacks + groups
            }
        };
        Payload { encoding: Encoding::Stream, real, claimed }
    }

    /// One entry that was delivered and not acknowledged, in the lists of its group and of its consumer. Measured.
    fn pending_entry(&self) -> f64 {
        if self.generation == Generation::Redis86 { 318.0 } else { 148.0 }
    }
}

/// Branches and the rest of the key for each listpack beyond the first, measured.
const TREE_SHARE: f64 = 40.0;
