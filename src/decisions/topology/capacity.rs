//! How much one server bears, and how many it takes: the arithmetic, line by line.

use serde::Serialize;

use super::demand::{Demand, Purpose};
use super::persistence::Persistence;
use crate::facts::{Bytes, Count, Share};

/// What one primary bears where nobody measured it: the published 180,000 SET/s without pipelining, at six tenths of a
/// core (redis.io/docs/latest/operate/oss_and_stack/management/optimization/benchmarks).
pub const UNMEASURED: f64 = 100_000.0;
/// A core that is busier answers late: queues grow as 1 / (1 - load).
pub const BUSY: f64 = 0.6;
/// GET and SET per second and core of a small virtual machine without pipelining, by redis-benchmark with 50 clients.
pub const SMALL_CORE: f64 = 50_000.0;
/// Seconds of a core for a script of three to five calls, as rate limiters are (redis-benchmark of such scripts).
const SCRIPT: f64 = 10e-6;
/// Redis Cloud splits at 25 GB (redis.io/docs/latest/operate/rc/databases/configuration/clustering): a fork takes some
/// 20 ms for each GB, and a replica has to copy it all.
pub const LARGEST: Bytes = Bytes::gib(25);
/// The part of maxmemory to fill: above it an audit is due.
const FULL: f64 = 0.8;
/// Resident bytes for each byte of `used_memory`.
const FRAGMENTATION: f64 = 1.2;
/// Bytes per second of a save or a full copy.
const SAVE: f64 = 100e6;
/// Pages that a write of a random key touches while a fork lives: measured 1.3 to 3.
const PAGES: f64 = 2.0;
const PAGE: f64 = 4096.0;
/// Name, reply and protocol beside a value.
const OVERHEAD: u64 = 100;
/// How long a replica may be away and still be brought up to date from the backlog.
const AWAY: f64 = 120.0;
/// The default for replicas (redis.conf, client-output-buffer-limit).
const OUTPUT: Bytes = Bytes::mib(256);
/// A thousand clients of 64 KiB.
const CLIENTS: Bytes = Bytes::mib(64);
const MOST_SHARDS: usize = 500;
const MOST_REPLICAS: usize = 5;

/// One line of arithmetic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    pub what: &'static str,
    pub worked: String,
    pub result: String,
}

/// What each server gets, and how full it is.
#[derive(Debug, Clone, Serialize)]
pub struct Sizing {
    pub shards: usize,
    /// Of each primary.
    pub replicas: usize,
    /// In a year, on each primary.
    pub data: Bytes,
    pub maxmemory: Bytes,
    pub backlog: Bytes,
    pub output_limit: Bytes,
    /// Of what one primary bears; of the network; of the memory to fill.
    pub load: f64,
    pub traffic: f64,
    pub memory: f64,
    pub lines: Vec<Line>,
}

impl Demand {
    /// Commands per second that one primary is to do.
    pub fn bears(&self) -> f64 {
        self.measured.map_or(UNMEASURED, |rate| rate * BUSY)
    }

    /// The part of one primary that all commands take, with or without the reads.
    pub fn load(&self, reads: bool) -> f64 {
        let simple = self.writes + if reads { self.reads } else { 0.0 };
        simple / self.bears() + self.scripts * SCRIPT / BUSY
    }

    pub fn data_in_a_year(&self) -> Bytes {
        Bytes((self.data.0 as f64 * (1.0 + self.growth)) as u64)
    }

    fn item(&self) -> f64 {
        (self.value.0 + OVERHEAD) as f64
    }
}

impl Sizing {
    pub fn nodes(&self) -> usize {
        self.shards * (1 + self.replicas)
    }

    pub fn data_fits(&self) -> bool {
        self.memory <= 1.0 && self.data <= LARGEST
    }

    pub fn load_fits(&self) -> bool {
        self.load <= 1.0
    }

    pub fn traffic_fits(&self) -> bool {
        self.traffic <= 1.0
    }

    pub fn fits(&self) -> bool {
        self.data_fits() && self.load_fits() && self.traffic_fits()
    }

    /// So many shards; with at least so many replicas of each, and more where they are to take the reads.
    pub fn of(demand: &Demand, shards: usize, replicas: usize, persistence: Persistence) -> Self {
        let part = shards.max(1) as f64;
        let spread = demand.stale_reads && demand.load(true) / part > 1.0;
        let wanted = (demand.reads / part / demand.bears()).ceil() as usize;
        let replicas = if spread { replicas.max(wanted.min(MOST_REPLICAS)) } else { replicas };
        let readers = if spread { replicas.max(1) as f64 } else { 1.0 };
        let reads = demand.reads / part / readers;
        let load = match spread {
            true => (demand.load(false) / part).max(reads / demand.bears()),
            false => demand.load(true) / part,
        };

        let data = Bytes((demand.data_in_a_year().0 as f64 / part) as u64);
        let changes = (demand.writes + demand.scripts) / part;
        let written = changes * demand.item();
        let follows = replicas as f64;
        let backlog = if replicas > 0 { mebibytes(written * AWAY).max(Bytes::mib(16)) } else { Bytes(0) };
        let copying = data.0 as f64 / SAVE;
        let buffered = mebibytes(written * copying * follows);
        let system = Bytes::gib(1).min(Bytes(demand.ram.0 / 8));
        let reserve = system.0 + backlog.0 + buffered.0 + CLIENTS.0;
        let forks = replicas > 0 || persistence != Persistence::Nothing;
        let copied = if forks { 1.0 - (-PAGES * changes * PAGE / SAVE).exp() } else { 0.0 };
        let room = demand.ram.0.saturating_sub(reserve) as f64 / (FRAGMENTATION + copied);
        let maxmemory = Bytes((room as u64) >> 20 << 20);
        let filled = maxmemory.0 as f64 * FULL;
        let memory = if filled > 0.0 { data.0 as f64 / filled } else { f64::INFINITY };

        let bytes = (reads + changes * (1.0 + follows)) * demand.item();
        let bandwidth = demand.network / 8.0 * BUSY;
        let rate = |n: f64| Count(n.round() as u64);
        let line = |what, worked, result| Line { what, worked, result };
        let lines = vec![
            line(
                "data in a year",
                format!("{} x (1 + {:.2})", demand.data, demand.growth),
                demand.data_in_a_year().to_string(),
            ),
            line(
                "data of a primary",
                format!("{} / {shards}", demand.data_in_a_year()),
                format!("{data}, at most {LARGEST}"),
            ),
            line(
                "copied while a fork lives",
                if forks {
                    format!("1 - exp(-{PAGES} pages x {}/s x {PAGE} B / {} MB/s)", rate(changes), SAVE / 1e6)
                } else {
                    "nothing forks".into()
                },
                Share(copied).to_string(),
            ),
            line(
                "backlog",
                format!("{}/s written x {AWAY} s, 16 MiB at least", Bytes(written as u64)),
                backlog.to_string(),
            ),
            line(
                "replicas' output buffers",
                format!("{}/s x {copying:.0} s of a full copy x {replicas}", Bytes(written as u64)),
                buffered.to_string(),
            ),
            line(
                "kept free",
                format!("{system} system + {backlog} backlog + {buffered} output + {CLIENTS} clients"),
                Bytes(reserve).to_string(),
            ),
            line(
                "maxmemory",
                format!("({} - {}) / ({FRAGMENTATION} fragmentation + {copied:.2} copied)", demand.ram, Bytes(reserve)),
                maxmemory.to_string(),
            ),
            line("memory", format!("{data} / ({FULL} x {maxmemory})"), Share(memory).to_string()),
            line(
                "core",
                format!(
                    "{}/s of {}/s{}",
                    rate(if spread { reads.max(demand.writes / part) } else { (demand.reads + demand.writes) / part }),
                    rate(demand.bears()),
                    if demand.scripts > 0.0 {
                        format!(" + {} scripts/s x {} us / {BUSY}", rate(demand.scripts / part), SCRIPT * 1e6)
                    } else {
                        String::new()
                    },
                ),
                Share(load).to_string(),
            ),
            line(
                "network",
                format!("{}/s of {BUSY} x {} Gbit/s", Bytes(bytes as u64), demand.network / 1e9),
                Share(bytes / bandwidth).to_string(),
            ),
            line(
                "servers",
                format!("{shards} primaries x (1 + {replicas} replicas)"),
                (shards * (1 + replicas)).to_string(),
            ),
        ];
        let output_limit = mebibytes(written * copying * 2.0).max(OUTPUT);
        Self {
            shards,
            replicas,
            data,
            maxmemory,
            backlog,
            output_limit,
            load,
            traffic: bytes / bandwidth,
            memory,
            lines,
        }
    }

    /// The fewest shards that bear it, from so many on, of which a majority survives the loss of any one zone.
    pub fn fewest(demand: &Demand, from: usize, replicas: usize, persistence: Persistence) -> Option<Self> {
        let placed = |shards: usize| from == 1 || demand.zones < 3 || shards.div_ceil(demand.zones) <= (shards - 1) / 2;
        let sized = (from..=MOST_SHARDS).filter(|shards| placed(*shards));
        sized.map(|shards| Self::of(demand, shards, replicas, persistence)).find(Self::fits)
    }

    /// The load at which this plan no longer holds, each alone.
    pub fn breaks(&self, demand: &Demand) -> Vec<String> {
        let grown = |share: f64| if share > 0.0 { 1.0 / share } else { f64::INFINITY };
        let data = self.maxmemory.0 as f64 * FULL * self.shards as f64;
        let data = Bytes(data.min(LARGEST.0 as f64 * self.shards as f64) as u64);
        let mut breaks = vec![format!("data above {data}: more shards, or servers with more RAM")];
        if self.load > 0.0 {
            breaks.push(format!(
                "{:.1} times the load: the busiest server reaches {} of a core",
                grown(self.load),
                Share(BUSY)
            ));
        }
        if self.traffic > 0.0 {
            breaks.push(format!(
                "{:.1} times the traffic: {} of the network; the same when values grow as much",
                grown(self.traffic),
                Share(BUSY)
            ));
        }
        let one = demand.bears();
        breaks.push(format!(
            "one key, or one hash tag, above {}/s: a slot is served by one core, however many shards there are",
            Count(one as u64)
        ));
        if demand.purpose != Purpose::Cache {
            breaks.push(format!(
                "a full server: with noeviction writes are refused at {} on any one primary",
                self.maxmemory
            ));
        }
        breaks
    }
}

/// Rounded up to whole MiB, as they stand in a configuration file.
fn mebibytes(bytes: f64) -> Bytes {
    Bytes(((bytes / Bytes::mib(1).0 as f64).ceil() as u64) << 20)
}
