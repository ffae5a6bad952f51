//! Lists: a chain of packed runs (src/quicklist.c), or one run while they are small.

use super::Layout;
use super::generation::Generation;
use super::packed::Packing;
use super::shape::{Element, Limits};
use super::value::Payload;
use crate::facts::Encoding;

/// Nodes that MEMORY USAGE looks at by default (OBJ_COMPUTE_SIZE_DEF_SAMPLES).
pub(super) const SAMPLES: u64 = 5;

impl Layout {
    /// sizeof(quicklist) and sizeof(quicklistNode).
    pub(super) fn quicklist_structs(&self) -> (u64, u64) {
        match self.generation {
            generation if generation.is_six() => (40, 32),
            Generation::Redis86 => (48, 40),
            _ => (40, 40),
        }
    }

    /// A list that was filled by RPUSH: all nodes but the last are full.
    pub(super) fn list(&self, items: u64, item: Element, limits: &Limits) -> Payload {
        let packing = Packing::of(self.generation);
        let (node_bytes, node_items) = limits.list_node();
        let len = item.len();
        let one = packing.element(item, item);
        let run = |items: u64| packing.frame() + items * one;
        if self.generation.has_small_sets() && items <= node_items && run(items.max(1) - 1) + len <= node_bytes {
            let real = self.allocated(run(items));
            let claimed = if self.claims_requests() { run(items) } else { real };
            return Payload { encoding: Encoding::Listpack, real: real as f64, claimed: claimed as f64 };
        }
        // An item is added while the node, the item and an estimate of its frame stay within the limit.
        let room = node_bytes.saturating_sub(packing.frame() + len + packing.estimate(len));
        let full = (room / one + 1).min(node_items);
        let plain = self.generation.has_plain_nodes() && len > node_bytes;
        let bytes = |items: u64| if plain { len } else { run(items) };
        let (nodes, rest) = (items / full, items % full);
        self.quicklist(
            &Nodes { full: nodes, bytes: bytes(full), last: if rest == 0 { 0 } else { bytes(rest) } },
            items,
            full,
        )
    }

    fn quicklist(&self, nodes: &Nodes, items: u64, in_full: u64) -> Payload {
        let (list, node) = self.quicklist_structs();
        let count = nodes.full + u64::from(nodes.last > 0);
        let allocated = |bytes: u64| if bytes == 0 { 0 } else { self.allocated(bytes) };
        let runs = nodes.full * self.allocated(nodes.bytes) + allocated(nodes.last);
        let real = self.allocated(list) + count * self.allocated(node) + runs;
        let claimed = match self.generation {
            // Counted on the way, without the allocator's rounding.
            Generation::Redis86 => {
                (self.allocated(list) + count * self.allocated(node) + nodes.full * nodes.bytes + nodes.last) as f64
            }
            generation => {
                let size = |bytes: u64| node + if generation.is_six() { bytes } else { allocated(bytes) };
                let sampled_full = nodes.full.min(SAMPLES);
                let sampled_last = u64::from(sampled_full < SAMPLES && nodes.last > 0);
                let sampled = sampled_full * size(nodes.bytes) + sampled_last * size(nodes.last);
                // From 8.0 by the items in the sampled nodes, before by their number.
                let (of, all) = if generation == Generation::Redis80 {
                    (sampled_full * in_full + sampled_last * (items - nodes.full * in_full), items)
                } else {
                    (sampled_full + sampled_last, count)
                };
                list as f64 + sampled as f64 / of.max(1) as f64 * all as f64
            }
        };
        Payload { encoding: Encoding::Quicklist, real: real as f64, claimed }
    }
}

/// The nodes of a list: how many are full, their bytes, and those of the last one if it is not.
struct Nodes {
    full: u64,
    bytes: u64,
    last: u64,
}
