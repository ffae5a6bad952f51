//! What an audit answers: data for programs; `document` makes it readable.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::document;
use super::plan;
use super::reach::{Hole, Portion};
use super::table::{self, Divided, FamilyRow, KeyRow, PartsRow, RollupRow, Slots};
use crate::census::{Account, Cliff, Coverage, Interval, KeyWitness, Ledger, Standout, layout, missed};
use crate::facts::{Bytes, Cost, Deployment, DeploymentKind, Foreign, HotKeys, Known, Missing, Place, Role, Server};
use crate::print::Document;
use crate::probe::{Pace, Stop, Target, Vigil, meaning};
use crate::rules::{self, Severity, Verdict};
use crate::tools::Report;
use crate::tools::nodes::Choice;

/// Families that are listed; the rest are summed up.
const FAMILIES: usize = 60;

/// How the reading went.
#[derive(Debug, Default)]
pub struct Course {
    pub seed: u64,
    pub pace: Pace,
    /// How many of the largest keys to name.
    pub top: usize,
    /// The database at the end of the URL, where nobody said which to read.
    pub url_database: Option<u32>,
    /// Keys by place, as the sample weighed them.
    pub frames: BTreeMap<Place, f64>,
    /// Where databases were left.
    pub left: BTreeMap<Place, u64>,
    /// What came of each database.
    pub read: BTreeMap<Place, Portion>,
    /// Nodes that were lost on the way, each with its first trouble.
    pub lost: BTreeMap<usize, String>,
    pub unasked: BTreeMap<usize, Vec<&'static str>>,
    /// Questions about keys that were answered by an error, by its code.
    pub refused: BTreeMap<usize, BTreeMap<String, u64>>,
    pub vigils: BTreeMap<usize, Vigil>,
    /// What nodes count of hot keys by themselves.
    pub hot: BTreeMap<usize, Known<Option<HotKeys>>>,
    pub stop: Option<Stop>,
    pub cost: Cost,
    pub hits: u64,
    pub others: Option<Lookups>,
    pub reading: Duration,
    pub seconds: f64,
    /// A search for larger keys than this, and the share of keys it went through.
    pub searched: Option<(Bytes, f64)>,
}

impl Course {
    pub fn new(seed: u64, pace: Pace, top: u32) -> Self {
        Self { seed, pace, top: top as usize, ..Self::default() }
    }

    /// Whether the sizes of keys could not be asked. A key that changed its type or moved away meanwhile is no such case.
    pub fn lacks_sizes(&self) -> bool {
        let harmless = ["WRONGTYPE", "ASK", "ERR"];
        self.unasked.values().flatten().any(|question| *question == "memory|usage")
            || self.refused.values().flat_map(BTreeMap::keys).any(|code| !harmless.contains(&code.as_str()))
    }
}

/// The whole answer.
#[derive(Debug, Serialize)]
pub struct Audit {
    pub target: String,
    pub deployment: DeploymentKind,
    /// The database that the URL names, though all were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_database: Option<u32>,
    pub nodes: Vec<NodeRow>,
    /// What could not be read: shards that nobody told of, and the rest of nodes that were lost on the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<Hole>,
    pub coverage: Coverage,
    /// The chance that a key which holds so many bytes was not seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chance_to_miss_a_key: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stop>,
    /// Goes on with what was not read: the argument `resume`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    pub ledger: LedgerRow,
    pub keys: Interval,
    pub bytes: Interval,
    pub parts: PartsRow,
    pub families: Vec<FamilyRow>,
    pub families_not_listed: usize,
    /// Keys whose names are like no others, where there were too many kinds of names to keep them apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overflow: Option<FamilyRow>,
    pub rollups: Vec<RollupRow>,
    pub types: Vec<Divided>,
    pub encodings: Vec<Divided>,
    pub time_to_live: Vec<Divided>,
    /// By time since the last use, estimated where `close_one_in` is more than 1; empty where the server keeps no such clock,
    /// or a replica was read.
    pub idle: Vec<Divided>,
    pub sizes: Vec<Divided>,
    pub databases: Vec<Divided>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<Slots>,
    pub cliffs: Vec<Cliff>,
    pub largest: Vec<KeyRow>,
    pub longest: Vec<KeyRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hottest: Vec<KeyRow>,
    /// Ages, lengths, counters and samples of values are asked of one key in so many, and of every large one.
    pub close_one_in: u64,
    #[serde(flatten)]
    pub verdict: Verdict,
    /// What all fixes save together, no byte counted twice.
    pub savings: Bytes,
    pub cost: CostRow,
}

/// A node that was read.
#[derive(Debug, Serialize)]
pub struct NodeRow {
    pub address: Foreign,
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    pub keys: f64,
    pub bytes: Bytes,
    pub parts: PartsRow,
    #[serde(flatten)]
    pub vigil: Vigil,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_asked: Vec<&'static str>,
    /// Whether what keys cost was measured on this version, and not on the nearest that was.
    pub measured: bool,
    /// Questions about keys that were answered by an error, by its code.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, u64>,
    /// What a HOTKEYS session that somebody began has counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hot: Option<HotKeys>,
    /// Why that is not known.
    #[serde(skip)]
    pub hot_missing: Option<Missing>,
}

#[derive(Debug, Serialize)]
pub struct LedgerRow {
    #[serde(flatten)]
    pub books: Ledger,
    pub expected: f64,
    pub gap: f64,
    /// The gap where it is more than the count may be wrong by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unexplained: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched_from_bytes: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searched_share: Option<f64>,
}

/// What the audit itself cost.
#[derive(Debug, Serialize)]
pub struct CostRow {
    #[serde(flatten)]
    pub cost: Cost,
    pub seconds: f64,
    /// Seconds in which keys were read.
    pub reading: f64,
    pub pace: Pace,
    /// Questions of ours that the servers counted in `keyspace_hits`.
    pub keyspace_hits: u64,
    /// The hits and misses of everybody else, since the counters of the nodes that were read began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<Lookups>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// How often a key was asked for and was there, or was not.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Lookups {
    pub hits: u64,
    pub misses: u64,
}

impl Lookups {
    pub fn of(server: &Server) -> Option<Self> {
        let info = server.info.as_ref().ok()?;
        let number = |name: &str| Some(info.number(name)? as u64);
        Some(Self { hits: number("keyspace_hits")?, misses: number("keyspace_misses")? })
    }

    /// Of all nodes, without what this audit added. None when a node does not tell.
    pub fn of_others<'a>(servers: impl IntoIterator<Item = &'a Server>, ours: u64) -> Option<Self> {
        let each: Option<Vec<Self>> = servers.into_iter().map(Self::of).collect();
        let all = each?
            .into_iter()
            .fold(Self::default(), |sum, one| Self { hits: sum.hits + one.hits, misses: sum.misses + one.misses });
        Some(Self { hits: all.hits.saturating_sub(ours), ..all })
    }
}

impl Audit {
    pub fn of(
        target: &Target,
        deployment: Deployment,
        choice: Choice,
        course: Course,
        holes: Vec<Hole>,
        account: Account,
        ledger: Ledger,
    ) -> Self {
        let from_replica = choice
            .sources
            .iter()
            .any(|source| deployment.nodes.get(source.node).is_some_and(|node| node.role == Role::Replica));
        let witness = KeyWitness::new(&deployment, &account, &ledger, from_replica);
        let (of_keys, savings) = rules::judge_keys(&witness);
        let verdict = of_keys.join(rules::judge_memory(&deployment));
        let nodes = choice.sources.iter().map(|source| NodeRow::of(source.node, &deployment, &course, &account));
        // Rules know of more keys than are named.
        let named = |keys: &[Standout]| keys.iter().take(course.top).map(KeyRow::of).collect();
        let family = |group| FamilyRow::of(group, account.all.tally.bytes());
        let coverage = account.coverage;
        let partial = coverage.share() < 1.0;
        Self {
            target: target.to_string(),
            deployment: deployment.kind,
            url_database: course.url_database,
            nodes: nodes.collect(),
            unread: holes,
            coverage,
            chance_to_miss_a_key: partial.then(|| missed(coverage.population, coverage.seen as f64, 1.0)),
            stopped: course.stop.clone(),
            cursor: plan::cursor(&course.left, &deployment),
            ledger: LedgerRow {
                expected: ledger.expected(),
                gap: ledger.gap(),
                unexplained: account.unexplained,
                searched_from_bytes: course.searched.map(|(from, _)| from),
                searched_share: course.searched.map(|(_, share)| share),
                books: ledger,
            },
            keys: account.all.keys,
            bytes: account.all.bytes,
            parts: PartsRow::of([&account.all.tally]),
            families: account.families.iter().take(FAMILIES).map(family).collect(),
            families_not_listed: account.families.len().saturating_sub(FAMILIES),
            overflow: account.overflow.as_ref().map(family),
            rollups: account.rollups.iter().take(FAMILIES).map(RollupRow::of).collect(),
            types: table::types(&account.all.tally),
            encodings: table::encodings(&account.all.tally),
            time_to_live: table::time_to_live(&account.all.tally),
            idle: if from_replica { Vec::new() } else { table::idle(&account.all.tally) },
            sizes: table::sizes(&account.all.tally),
            databases: table::databases(&account),
            slots: table::slots(&account),
            cliffs: account.cliffs.clone(),
            largest: named(&account.largest),
            longest: named(&account.longest),
            hottest: named(&account.hottest),
            close_one_in: account.close_one_in,
            verdict,
            savings,
            cost: CostRow {
                cost: deployment.cost + course.cost,
                seconds: course.seconds,
                reading: course.reading.as_secs_f64(),
                pace: course.pace,
                keyspace_hits: course.hits,
                others: course.others,
                seed: (account.coverage.reading == crate::census::Reading::Sample).then_some(course.seed),
            },
        }
    }

    /// What the whole report lacks, for the list of what was not checked.
    pub fn gaps(&self) -> Vec<Missing> {
        let asked = self.nodes.iter().flat_map(|node| {
            node.not_asked.iter().map(|question| {
                let why =
                    "not admitted by this server or not granted to our user; lengths and values are only asked where \
                           CLIENT NO-TOUCH (Redis 7.2, Valkey 7.2) keeps them from resetting the clock of keys"
                        .to_owned();
                Missing::new(format!("{question} ({})", node.address), why)
            })
        });
        let modelled = self.nodes.iter().filter(|node| !node.measured).map(|node| {
            let engine = node.engine.as_deref().unwrap_or("an unknown engine");
            let why = format!("nobody measured what keys cost on {engine}: they are counted as on the nearest version");
            Missing::new(format!("bytes of keys ({})", node.address), why)
        });
        let answered = self.nodes.iter().flat_map(|node| {
            node.refused.iter().map(|(code, times)| {
                let means = meaning(code).unwrap_or_else(|| match code.as_str() {
                    "NOPERM" => "our user may not read these keys; grant ~*".to_owned(),
                    "WRONGTYPE" => "the keys changed their type meanwhile".to_owned(),
                    _ => "the keys are counted without what was asked".to_owned(),
                });
                Missing::new(format!("facts of keys ({})", node.address), format!("{times} answered {code}: {means}"))
            })
        });
        let hot = self.nodes.iter().filter_map(|node| {
            let missing = node.hot_missing.as_ref()?;
            Some(Missing::new(format!("{} ({})", missing.fact, node.address), missing.why.clone()))
        });
        asked.chain(modelled).chain(answered).chain(hot).collect()
    }
}

impl NodeRow {
    fn of(n: usize, deployment: &Deployment, course: &Course, account: &Account) -> Self {
        let node = deployment.nodes.get(n);
        let server = node.and_then(|node| node.server.as_ref().ok());
        let hot = course.hot.get(&n).cloned().unwrap_or(Ok(None));
        let mine = || account.places.iter().filter(|(place, _)| place.node == n).map(|(_, tally)| tally);
        Self {
            address: node.map_or(Foreign::ours("?"), |node| node.address.clone()),
            role: node.map_or(Role::Primary, |node| node.role),
            engine: server.and_then(Server::engine).map(|engine| engine.to_string()),
            keys: mine().map(|tally| tally.keys).sum(),
            bytes: Bytes(mine().map(|tally| tally.bytes()).sum::<f64>() as u64),
            parts: PartsRow::of(mine()),
            vigil: course.vigils.get(&n).cloned().unwrap_or_default(),
            not_asked: course.unasked.get(&n).cloned().unwrap_or_default(),
            measured: server.and_then(layout).is_some_and(|layout| layout.is_measured()),
            refused: course.refused.get(&n).cloned().unwrap_or_default(),
            hot: hot.as_ref().ok().and_then(|hot| Some(hot.as_ref()?.first(course.top))),
            hot_missing: hot.err(),
        }
    }
}

impl Report for Audit {
    fn document(&self) -> Document {
        document::of(self)
    }

    fn worst(&self) -> Option<Severity> {
        self.verdict.worst()
    }

    fn saw_nothing(&self) -> bool {
        self.nodes.is_empty()
    }
}
