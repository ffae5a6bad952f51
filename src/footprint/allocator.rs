//! How many bytes an allocation takes: the size classes of the allocators that servers are built with.

use crate::facts::{Engine, Kind, Version};

/// The part of an allocator that decides what a request costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Allocator {
    /// `quantum` is the step between the smallest sizes: 8 in the jemalloc that comes with the sources (deps/Makefile,
    /// `--with-lg-quantum=3`; official images and Redis Stack), 16 in the library of a distribution on 64 bits.
    /// `by_page`: from 5.3.1 great requests are rounded to pages, not to classes (`disable_large_size_classes`).
    Jemalloc { quantum: u64, by_page: bool },
    /// malloc of the GNU C library.
    Libc,
}

/// Where jemalloc's classes start to grow with the size: four of them in each doubling from here.
const LINEAR: u64 = 64;
/// Four classes in a doubling.
const STEPS: u64 = 4;
/// jemalloc's smallest class, whatever the quantum.
const TINY: u64 = 8;
/// jemalloc's greatest class that shares pages, with pages of 4 KB.
const GREATEST_SMALL: u64 = 14 << 10;
const FIRST_BY_PAGE: Version = Version(5, 3, 1);
/// glibc: the word before each chunk, the alignment, the smallest chunk (malloc/malloc.c).
const WORD: u64 = 8;
const ALIGN: u64 = 16;
const SMALLEST: u64 = 32;
/// glibc: from here on a request gets pages of its own (DEFAULT_MMAP_THRESHOLD), until the threshold adapts.
const MAPPED: u64 = 128 << 10;
const PAGE: u64 = 4096;

impl Allocator {
    /// From `mem_allocator` of INFO and, where it could be asked, "Quantum size" of MEMORY MALLOC-STATS. Without the
    /// latter the version gives it away where it can: sources bring one version of jemalloc each, so another one was
    /// linked by a distribution. Where they agree, 8: images and tarballs are more common than packages.
    pub fn named(engine: &Engine, mem_allocator: &str, quantum: Option<u64>) -> Self {
        if !mem_allocator.starts_with("jemalloc") {
            return Self::Libc;
        }
        let version = mem_allocator.trim_start_matches("jemalloc-");
        let quantum = quantum.unwrap_or(if version.starts_with(bundled(engine)) { 8 } else { 16 });
        Self::Jemalloc { quantum, by_page: Version::parse(version) >= FIRST_BY_PAGE }
    }

    /// Where nobody told: the jemalloc that comes with the sources of this engine.
    pub fn usual(engine: &Engine) -> Self {
        Self::named(engine, &format!("jemalloc-{}", bundled(engine)), None)
    }

    /// What a request for `n` bytes adds to `used_memory`, which counts usable bytes.
    pub fn allocated(self, n: u64) -> u64 {
        match self {
            Self::Jemalloc { quantum, .. } if n <= LINEAR => {
                if n <= TINY {
                    TINY
                } else {
                    n.next_multiple_of(quantum.max(TINY))
                }
            }
            Self::Jemalloc { by_page: true, .. } if n > GREATEST_SMALL => n.next_multiple_of(PAGE),
            Self::Jemalloc { .. } => n.next_multiple_of(doubling_below(n) / STEPS),
            Self::Libc => {
                let chunk = (n + WORD).next_multiple_of(ALIGN).max(SMALLEST);
                if chunk < MAPPED { chunk - WORD } else { (chunk + WORD).next_multiple_of(PAGE) - 2 * WORD }
            }
        }
    }
}

/// The greatest power of two below `n`.
fn doubling_below(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// The jemalloc in deps/jemalloc/VERSION of the sources.
fn bundled(engine: &Engine) -> &'static str {
    match (engine.kind == Kind::Valkey, engine.version) {
        (false, version) if version < Version(7, 0, 0) => "5.1.0",
        (false, version) if version < Version(7, 2, 0) => "5.2.1",
        _ => "5.3.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const Q8: Allocator = Allocator::Jemalloc { quantum: 8, by_page: false };
    const Q16: Allocator = Allocator::Jemalloc { quantum: 16, by_page: false };

    #[test]
    fn small_sizes_go_by_the_quantum_and_greater_ones_by_quarters_of_a_doubling() {
        let sizes = [1, 8, 9, 17, 24, 33, 49, 57, 64, 65, 80, 81, 113, 129, 257, 1025, 4097, 12_309, 1_000_006];
        let q8: Vec<u64> = sizes.iter().map(|n| Q8.allocated(*n)).collect();
        assert_eq!(q8, [8, 8, 16, 24, 24, 40, 56, 64, 64, 80, 80, 96, 128, 160, 320, 1280, 5120, 14_336, 1_048_576]);
        let q16: Vec<u64> = sizes.iter().map(|n| Q16.allocated(*n)).take(8).collect();
        assert_eq!(q16, [8, 8, 16, 32, 32, 48, 64, 64]);
        assert!(sizes.iter().skip(8).all(|n| Q8.allocated(*n) == Q16.allocated(*n)));
    }

    #[test]
    fn the_c_library_hands_out_chunks_less_a_word() {
        let sizes: Vec<u64> = [1, 24, 25, 40, 41, 1000].map(|n| Allocator::Libc.allocated(n)).to_vec();
        assert_eq!(sizes, [24, 24, 40, 40, 56, 1000]);
        assert_eq!(Allocator::Libc.allocated(200_000), 200_688);
    }

    #[test]
    fn more_never_costs_less_and_nothing_is_cut_off() {
        for allocator in [Q8, Q16, Allocator::Jemalloc { quantum: 16, by_page: true }, Allocator::Libc] {
            let mut before = 0;
            for n in 1..300_000 {
                let bytes = allocator.allocated(n);
                assert!(bytes >= n.max(before), "{allocator:?} {n}");
                // Pages that glibc maps for one request have two words of its own.
                let is_class = allocator == Allocator::Libc || allocator.allocated(bytes) == bytes;
                assert!(is_class, "{allocator:?} {n}: {bytes} is no class");
                before = bytes;
            }
        }
    }

    #[test]
    fn a_jemalloc_that_the_sources_did_not_bring_is_a_distributions() {
        let engine = |kind, version| Engine { kind, version };
        let seven = engine(Kind::Redis, Version(7, 0, 15));
        assert_eq!(Allocator::named(&seven, "jemalloc-5.3.0", None), Q16);
        assert_eq!(Allocator::named(&seven, "jemalloc-5.2.1", None), Q8);
        assert_eq!(Allocator::named(&seven, "jemalloc-5.2.1", Some(16)), Q16);
        assert_eq!(Allocator::named(&seven, "libc", None), Allocator::Libc);
        let valkey = engine(Kind::Valkey, Version(9, 1, 2));
        assert_eq!(Allocator::named(&valkey, "jemalloc-5.3.0", None), Q8);
        assert_eq!([Allocator::usual(&seven), Allocator::usual(&valkey)], [Q8, Q8]);
        let by_page = Allocator::Jemalloc { quantum: 16, by_page: true };
        assert_eq!(Allocator::named(&valkey, "jemalloc-5.3.1", None), by_page);
        assert_eq!([14_336, 14_337, 60_000, 125_006].map(|n| by_page.allocated(n)), [14_336, 16_384, 61_440, 126_976]);
    }
}
