//! What samples of values tell, without keeping any: do they compress, are they JSON, are they the same?

use serde::Serialize;

use crate::facts::KeyFacts;

/// Below this size a compressed value costs more than it saves.
const WORTH: usize = 128;
/// Different values that are kept apart by their hashes.
const KEPT: usize = 64;
/// The level that zstd's own tool takes by default.
const ZSTD_LEVEL: i32 = 3;

/// Sums over the values that were sampled.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Values {
    pub sampled: u64,
    pub bytes: u64,
    /// The same values, each compressed by itself.
    pub lz4: u64,
    pub zstd: u64,
    pub json: u64,
    /// The lowest hashes of values and how often each came: what they repeat, all repeat.
    #[serde(skip)]
    hashes: Vec<(u64, u64)>,
}

impl Values {
    pub fn take(&mut self, value: &[u8]) {
        self.sampled += 1;
        self.bytes += value.len() as u64;
        let small = value.len() < WORTH;
        let least = |compressed: usize| compressed.min(value.len()) as u64;
        self.lz4 += if small { value.len() as u64 } else { least(lz4_flex::block::compress(value).len() + 4) };
        self.zstd += if small {
            value.len() as u64
        } else {
            least(zstd::bulk::compress(value, ZSTD_LEVEL).map_or(value.len(), |compressed| compressed.len()))
        };
        self.json += u64::from(is_json(value));
        self.remember(KeyFacts::ticket(value), 1);
    }

    fn remember(&mut self, hash: u64, times: u64) {
        match self.hashes.binary_search_by_key(&hash, |(kept, _)| *kept) {
            Ok(place) => {
                if let Some((_, count)) = self.hashes.get_mut(place) {
                    *count += times;
                }
            }
            Err(place) if place < KEPT => {
                self.hashes.insert(place, (hash, times));
                self.hashes.truncate(KEPT);
            }
            Err(_) => {}
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.sampled += other.sampled;
        self.bytes += other.bytes;
        self.lz4 += other.lz4;
        self.zstd += other.zstd;
        self.json += other.json;
        other.hashes.iter().for_each(|(hash, times)| self.remember(*hash, *times));
    }

    /// How many keys share one value, on average.
    pub fn repeats(&self) -> f64 {
        let times: u64 = self.hashes.iter().map(|(_, times)| times).sum();
        if self.hashes.is_empty() { 1.0 } else { times as f64 / self.hashes.len() as f64 }
    }
}

/// An object or an array; a number alone is JSON too, and means nothing.
fn is_json(value: &[u8]) -> bool {
    let start = value.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(start, Some(b'{' | b'['))
        && match serde_json::from_slice::<serde::de::IgnoredAny>(value) {
            Ok(_) => true,
            // A sample may end in the middle.
            Err(error) => error.is_eof(),
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_tell_what_compression_and_sharing_would_save() {
        let (mut one, mut other) = (Values::default(), Values::default());
        for n in 0..200 {
            let json =
                format!(r#"{{"id":{},"name":"customer","status":"active","note":"{}"}}"#, n % 10, "ab".repeat(100));
            if n % 2 == 0 { &mut one } else { &mut other }.take(json.as_bytes());
        }
        one.merge(&other);
        assert_eq!((one.sampled, one.json), (200, 200));
        assert!(one.zstd * 2 < one.bytes && one.lz4 * 2 < one.bytes, "{one:?}");
        assert_eq!(one.repeats(), 20.0);
        let mut noise = Values::default();
        noise.take(b"17");
        noise.take(&[7, 1, 200, 3]);
        assert_eq!((noise.json, noise.zstd, noise.repeats()), (0, noise.bytes, 1.0));
    }
}
