//! How a cache is used, and the conditions that its tables ask for.

use std::fmt;

use serde::Serialize;

use super::ttl::LONGEST_RACE;
use crate::decisions::Condition;
use crate::facts::{Count, Engine};

/// How fresh a reader needs what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consistency {
    /// Old values do no harm for a while.
    #[default]
    Eventual,
    /// Whoever wrote reads its own write.
    ReadYourWrites,
    /// Nobody may read an old value.
    Strict,
}

/// What else lives on the same server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Neighbours {
    #[default]
    None,
    /// Data without a TTL that must stay.
    Permanent,
    /// Queues, locks, limits, sessions: what is evicted is a bug.
    Precious,
}

/// A workload with every number that the tables need. What was not known is a stated assumption by now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Workload {
    pub what: String,
    pub items: u64,
    /// On average.
    pub value_bytes: u64,
    /// One in a hundred is larger; 0 where nobody knows.
    pub value_p99: u64,
    /// Compressed bytes for each byte, where a sample was compressed.
    pub compression: Option<f64>,
    pub key_bytes: u64,
    pub reads: f64,
    pub writes: f64,
    /// The exponent of Zipf's law.
    pub skew: f64,
    /// Seconds that a value may be old.
    pub staleness: f64,
    /// Milliseconds for one load from the origin.
    pub origin_ms: f64,
    /// Loads per second that the origin can bear beside its other work.
    pub origin_capacity: f64,
    /// Processes of the application that read.
    pub processes: u32,
    /// Milliseconds in which a read has to be answered; 0: no goal.
    pub latency_ms: f64,
    /// Bytes for the cache; 0: as many as it takes.
    pub memory: u64,
    pub consistency: Consistency,
    pub neighbours: Neighbours,
    pub only_copy: bool,
    /// Writes wait here for the origin: the strategy is write-behind.
    #[serde(skip)]
    pub unflushed: bool,
    pub money: bool,
    /// A write may be lost when a server is.
    pub losable_writes: bool,
    /// Readers want single fields.
    pub fields: bool,
    /// Readers want what lies deep in a document, and write it alone.
    pub nested: bool,
    /// The server has JSON.
    pub json: bool,
    /// Readers want parts of a large value.
    pub parts: bool,
    /// Several systems write to the origin.
    pub several_writers: bool,
    /// Ids that do not exist are asked for.
    pub absent_ids: bool,
    /// Popularity stays as it is for hours; many keys are read once.
    pub stable_popularity: bool,
    /// The age since the last write tells what is worth least.
    pub by_write_age: bool,
    /// The application reads through a library that loads by itself.
    pub loader: bool,
    #[serde(skip)]
    pub engine: Engine,
}

impl Workload {
    /// The share of requests that go to the most popular item: 1 / H(items, skew), the sum by its integral.
    pub fn hottest_share(&self) -> f64 {
        let n = self.items.max(1) as f64;
        let tail = match self.skew {
            s if (s - 1.0).abs() < 1e-9 => n.ln(),
            s => (n.powf(1.0 - s) - 1.0) / (1.0 - s),
        };
        // Euler and Maclaurin: half of both ends is what the integral leaves out of the sum.
        1.0 / (tail + 0.5 * (1.0 + n.powf(-self.skew))).max(1.0)
    }

    /// Reads per second of the hottest item.
    pub fn hottest_reads(&self) -> f64 {
        self.reads * self.hottest_share()
    }

    /// Whether an evicted entry is lost for good: it is the only copy, or has writes that the origin lacks.
    pub fn keeps_all(&self) -> bool {
        self.only_copy || self.unflushed
    }

    /// The size that all but one value in a hundred keep below.
    pub fn large_value(&self) -> u64 {
        self.value_bytes.max(self.value_p99)
    }

    /// Compressed bytes for each byte.
    pub fn ratio(&self) -> f64 {
        self.compression.unwrap_or(COMPRESSION)
    }

    /// So many bytes of a value, compressed.
    pub fn compressed(&self, bytes: u64) -> u64 {
        (bytes as f64 * self.ratio()).ceil() as u64
    }

    /// Loads of the hottest item that run at once when it is absent and nothing holds them back.
    pub fn herd(&self) -> f64 {
        self.hottest_reads() * self.origin_ms / 1e3
    }
}

/// What a row may ask of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    OnlyCopy,
    Unflushed,
    NothingStale,
    WritesOutweighReads,
    OriginCannotTakeWrites,
    WritesMayBeLost,
    NoMoney,
    ReadYourWrites,
    ManyReadsPerWriteAndProcess,
    FasterThanTheNetwork,
    FewItems,
    DearLoads,
    Loader,
    SeveralWriters,
    RaceTooLong,
    NoHerd,
    OldValuesWillDo,
    OriginTakes,
    HerdOfMany,
    FieldsAlone,
    Nested,
    KnowsJson,
    Large,
    LargeAnyway,
    Compressible,
    Parts,
    PermanentBeside,
    PreciousBeside,
    StablePopularity,
    ByWriteAge,
    KnowsLrm,
}

/// A round trip inside one zone, in milliseconds: whoever wants an answer sooner has to have it already (judgement).
const ROUND_TRIP_MS: f64 = 0.5;
/// From so many reads between two writes of an item in one process, a copy in the process pays (judgement).
const READS_PER_WRITE: f64 = 10.0;
/// So few items can all be renewed ahead of their end (judgement).
const FEW: u64 = 1_000;
/// A load this slow is felt by whoever waits for it (judgement).
const DEAR_MS: f64 = 500.0;
/// Seconds of staleness from which an old value may be served while a new one is made (judgement).
const OLD_WILL_DO: f64 = 5.0;
/// Early refresh starts about e loads of an item, and needs as many readers during a load to be sure of one of them.
const AT_ONCE: f64 = 3.0;
/// Values above 100 KB are compressed or split.
pub const LARGE: u64 = 100 << 10;
/// Below this, a compressed value saves less than a size class of the allocator and costs two passes (judgement).
pub const COMPRESSIBLE: u64 = 1 << 10;
/// Compression that JSON texts reach with zstd, where values were not sampled (judgement; measure your own).
const COMPRESSION: f64 = 0.4;
/// What shrinks by less than a tenth is not worth two passes of the client's CPU (judgement).
const WORTH: f64 = 0.9;

impl Condition for When {
    type Case = Workload;

    fn holds(&self, case: &Workload) -> bool {
        match self {
            Self::OnlyCopy => case.only_copy,
            Self::Unflushed => case.unflushed,
            Self::NothingStale => case.staleness <= 0.0 || case.consistency == Consistency::Strict,
            Self::WritesOutweighReads => case.writes >= case.reads,
            Self::OriginCannotTakeWrites => case.writes > case.origin_capacity,
            Self::WritesMayBeLost => case.losable_writes,
            Self::NoMoney => !case.money,
            Self::ReadYourWrites => case.consistency == Consistency::ReadYourWrites,
            Self::ManyReadsPerWriteAndProcess => {
                case.reads / f64::from(case.processes.max(1)) >= READS_PER_WRITE * case.writes.max(1e-9)
            }
            Self::FasterThanTheNetwork => case.latency_ms > 0.0 && case.latency_ms < ROUND_TRIP_MS,
            Self::FewItems => case.items <= FEW,
            Self::DearLoads => case.origin_ms >= DEAR_MS,
            Self::Loader => case.loader,
            Self::SeveralWriters => case.several_writers,
            // A reader that was overtaken by a write stores the old value for a whole TTL.
            Self::RaceTooLong => case.writes > 0.0 && case.staleness < LONGEST_RACE,
            Self::NoHerd => case.herd() < 1.0,
            Self::OldValuesWillDo => case.staleness >= OLD_WILL_DO && case.consistency == Consistency::Eventual,
            Self::OriginTakes => case.origin_capacity >= AT_ONCE * 1e3 / case.origin_ms.max(1.0),
            Self::HerdOfMany => case.herd() >= AT_ONCE,
            Self::FieldsAlone => case.fields,
            Self::Nested => case.nested,
            Self::KnowsJson => case.json,
            Self::Large => case.large_value() > LARGE,
            Self::LargeAnyway => case.compressed(case.large_value()) > LARGE,
            Self::Compressible => case.value_bytes >= COMPRESSIBLE && case.ratio() <= WORTH,
            Self::Parts => case.parts,
            Self::PermanentBeside => case.neighbours == Neighbours::Permanent,
            Self::PreciousBeside => case.neighbours == Neighbours::Precious,
            Self::StablePopularity => case.stable_popularity,
            Self::ByWriteAge => case.by_write_age,
            // `maxmemory-policy *-lrm`: Redis 8.6, not in Valkey.
            Self::KnowsLrm => case.engine.at_least((8, 6), (u16::MAX, 0)),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ManyReadsPerWriteAndProcess => {
                return write!(f, "a process reads at least {READS_PER_WRITE} times for each write");
            }
            Self::FasterThanTheNetwork => {
                return write!(f, "reads must be faster than a round trip ({ROUND_TRIP_MS} ms)");
            }
            Self::FewItems => return write!(f, "there are at most {} items", Count(FEW)),
            Self::DearLoads => return write!(f, "a load takes {DEAR_MS} ms or more"),
            Self::RaceTooLong => {
                return write!(f, "an old value may stay for less than {LONGEST_RACE} s, and there are writes");
            }
            Self::OldValuesWillDo => return write!(f, "a value that is {OLD_WILL_DO} s old or more will do"),
            Self::OriginTakes => return write!(f, "the origin can bear {AT_ONCE} loads of an item at once"),
            Self::HerdOfMany => {
                return write!(f, "{AT_ONCE} or more readers of the hottest item come during one load");
            }
            Self::Large => return write!(f, "values are above {} KB, or one in a hundred is", LARGE >> 10),
            Self::LargeAnyway => {
                return write!(
                    f,
                    "values are above {} KB when they are compressed, or one in a hundred is",
                    LARGE >> 10
                );
            }
            Self::Compressible => {
                return write!(f, "values are {} KB or more, and shrink by a tenth or more", COMPRESSIBLE >> 10);
            }
            Self::Nested => "readers want nested fields of a document, by path",
            Self::KnowsJson => "the server has JSON (a module, or Redis 8 with its modules)",
            Self::OnlyCopy => "it is the only copy",
            Self::Unflushed => "writes wait here for the origin (write-behind)",
            Self::NothingStale => "nobody may read an old value",
            Self::WritesOutweighReads => "there are at least as many writes as reads",
            Self::OriginCannotTakeWrites => "the origin cannot take the writes as they come",
            Self::WritesMayBeLost => "writes may be lost with a server",
            Self::NoMoney => "it is neither money nor stock",
            Self::ReadYourWrites => "whoever wrote must read its own write",
            Self::Loader => "a library loads by itself on a miss",
            Self::SeveralWriters => "several systems write to the origin",
            Self::NoHerd => "less than one load of the hottest item runs at a time",
            Self::FieldsAlone => "readers want single fields",
            Self::Parts => "readers want parts of a value",
            Self::PermanentBeside => "data without a TTL lives on the same server",
            Self::PreciousBeside => "queues, locks, limits or sessions live on the same server",
            Self::StablePopularity => "popularity stays for hours, or many keys are read only once",
            Self::ByWriteAge => "what was not written for longest is worth least",
            Self::KnowsLrm => "the server has *-lrm (Redis 8.6)",
        })
    }
}
