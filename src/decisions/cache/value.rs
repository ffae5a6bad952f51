//! What becomes of a value: compressed, in parts, and how long it holds the network.

use serde::Serialize;

use super::answer::Answer;
use super::encoding;
use super::workload::{LARGE, Workload};
use crate::facts::Bytes;

/// Bits per second of a server's network where nobody said (as in plan_topology).
const NETWORK: f64 = 1e9;
/// What the head holds: a version and the number of parts.
pub const HEAD: u64 = 16;

/// A value as it is stored and sent: the mean one, and the one that one in a hundred is larger than.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Value {
    pub mean: u64,
    pub large: u64,
    pub stored_mean: u64,
    pub stored_large: u64,
    /// Of the large one, each of 100 KB at most; 1 where it stays whole.
    pub parts: u64,
    /// Compressed bytes for each byte; none where it is not compressed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    pub measured: bool,
    /// Milliseconds of the network for the large one.
    pub wire_ms: f64,
}

/// So many parts of 100 KB at most.
pub fn parts(bytes: u64) -> u64 {
    bytes.div_ceil(LARGE).max(1)
}

/// Whether values are compressed under this encoding, of this workload.
pub fn is_compressed(workload: &Workload, encoding: &Answer) -> bool {
    *encoding == encoding::COMPRESSED || *encoding == encoding::SPLIT && workload.ratio() < 1.0
}

impl Value {
    pub fn of(workload: &Workload, encoding: &Answer) -> Self {
        let compressed = is_compressed(workload, encoding);
        let stored = |bytes: u64| if compressed { workload.compressed(bytes) } else { bytes };
        let (mean, large) = (workload.value_bytes, workload.large_value());
        let stored_large = stored(large);
        Self {
            mean,
            large,
            stored_mean: stored(mean),
            stored_large,
            parts: if *encoding == encoding::SPLIT { parts(stored_large) } else { 1 },
            ratio: compressed.then(|| workload.ratio()),
            measured: workload.compression.is_some(),
            wire_ms: stored_large as f64 * 8.0 / NETWORK * 1e3,
        }
    }

    /// The arithmetic, line by line.
    pub fn says(&self) -> Vec<(&'static str, String)> {
        let mut says = Vec::new();
        let two = self.large > self.mean;
        if let Some(ratio) = self.ratio {
            let how = if self.measured { "measured by zstd on a sample" } else { "assumed: sample_values measures it" };
            let large = if two {
                format!("; {} become {}", Bytes(self.large), Bytes(self.stored_large))
            } else {
                String::new()
            };
            let mean = format!("{} x {ratio:.2} = {}", Bytes(self.mean), Bytes(self.stored_mean));
            says.push(("Compressed", format!("{mean}{large} ({how})")));
        }
        if self.parts > 1 {
            says.push((
                "Split",
                format!(
                    "{} / {} KB = {} parts and a head of {HEAD} B; what is smaller stays whole",
                    Bytes(self.stored_large),
                    LARGE >> 10,
                    self.parts
                ),
            ));
        }
        let which = if two { "one in a hundred takes" } else { "a read takes" };
        says.push((
            "On the wire",
            format!(
                "{which} {} x 8 / {} Gbit/s = {:.2} ms or more",
                Bytes(self.stored_large),
                NETWORK / 1e9,
                self.wire_ms
            ),
        ));
        says
    }
}
