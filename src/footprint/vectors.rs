//! Vector sets of Redis 8 (modules/vector-sets/hnsw.c): the numbers, and a graph of links.

use super::Layout;
use super::packed::sds;
use super::shape::Precision;
use super::value::Payload;
use crate::facts::Encoding;

/// Beside numbers and name: node, links of all levels, entry of the table. Measured with M 16.
const GRAPH: f64 = 750.0;
/// Of which MEMORY USAGE leaves out.
const UNCLAIMED: f64 = 72.0;

impl Layout {
    pub(super) fn vectors(&self, elements: u64, name_len: u64, dimensions: u64, precision: Precision) -> Payload {
        let numbers = match precision {
            Precision::Float => dimensions * 4,
            Precision::Byte => dimensions,
            Precision::Bit => dimensions.div_ceil(64) * 8,
        };
        let one = (self.allocated(numbers) + self.allocated(sds(name_len))) as f64 + GRAPH;
        let elements = elements as f64;
        // Values of modules have no encoding of their own.
        Payload { encoding: Encoding::Raw, real: elements * one, claimed: elements * (one - UNCLAIMED) }
    }
}
