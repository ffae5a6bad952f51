//! Vector sets of Redis 8 (modules/vector-sets): a graph (hnsw.c) of elements, each with its numbers, its links and its
//! name, and a tree of names.

use super::Layout;
use super::packed::sds;
use super::shape::Precision;
use super::string::{EMBSTR, EMBSTR_FRAME, OBJECT};
use super::value::Payload;
use crate::facts::Encoding;

/// sizeof(struct vsetObject), sizeof(HNSW) with its 32 locks, and those of the tree of names.
const SET: u64 = 112;
const GRAPH: u64 = 1672;
const TREE: [u64; 3] = [8, 32, 32];
/// sizeof(hnswNode), of each layer in it, and of struct vsetNodeVal.
const NODE: u64 = 304;
const LAYER: u64 = 24;
const VALUE: u64 = 16;
const POINTER: u64 = 8;
/// HNSW_MAX_LEVEL, and the share of nodes that reach the next layer: HNSW_P.
const LAYERS: u64 = 16;
const NEXT_LAYER: f64 = 0.25;
/// A name's leaf in the tree, and its share of the branches above: sixteen leaves in each, as of names that count up.
/// Names at random take about their length more.
const LEAF: u64 = 16;
const BRANCH: u64 = 4 + 16 + 4 + 16 * POINTER;

impl Layout {
    /// `links` is VADD's M: twice as many on the lowest layer, and as many on the others.
    pub(super) fn vectors(
        &self,
        elements: u64,
        name_len: u64,
        dimensions: u64,
        precision: Precision,
        links: u64,
    ) -> Payload {
        let numbers = match precision {
            Precision::Float => dimensions * 4,
            Precision::Byte => dimensions,
            Precision::Bit => dimensions.div_ceil(64) * 8,
        };
        let lowest = 2 * links * POINTER;
        let name = if name_len <= EMBSTR {
            self.allocated(OBJECT + EMBSTR_FRAME + name_len)
        } else {
            self.allocated(OBJECT) + self.allocated(sds(name_len))
        };
        let (mut share, mut graph) = (1.0, self.allocated(lowest) as f64);
        for layers in 1..=LAYERS {
            let here = if layers == LAYERS { share } else { share * (1.0 - NEXT_LAYER) };
            graph +=
                here * (self.allocated(NODE + layers * LAYER) + (layers - 1) * self.allocated(links * POINTER)) as f64;
            share *= NEXT_LAYER;
        }
        let leaf = self.allocated(LEAF) as f64 + self.allocated(BRANCH) as f64 / 15.0;
        let one = graph + leaf + (self.allocated(numbers) + self.allocated(VALUE) + name) as f64;
        let fixed: u64 = [SET, GRAPH].into_iter().chain(TREE).map(|bytes| self.allocated(bytes)).sum();
        // VectorSetMemUsage adds up what was asked for, with 4/3 layers for each element, and two words for its name's leaf.
        let layers = (LAYER * 4 + links * POINTER) as f64 / 3.0;
        let claimed = (NODE + numbers + lowest + name + 2 * POINTER) as f64 + layers;
        let object = if self.generation.has_key_in_object() { 0 } else { OBJECT };
        let elements = elements as f64;
        Payload {
            // Values of modules have no encoding of their own.
            encoding: Encoding::Raw,
            real: (self.allocated(16) + fixed) as f64 + elements * one,
            claimed: (SET + GRAPH) as f64 - object as f64 + elements * claimed,
        }
    }
}
