//! One question of every kind, by who is asked and what for: for the handbook, the gate and the ACL lines.

use super::ask::Ask;
use super::key_question::{KeyName, KeyQuestion, ScanStep};
use super::name::{IndexName, Parameter, PrimaryName};

/// All of them, but those for a Sentinel.
pub fn every_ask() -> Vec<Ask> {
    look_asks().into_iter().chain(scan_asks()).collect()
}

/// What a look and a sample of keys may ask: all but for values, and for keys by name.
pub fn key_asks() -> Vec<Ask> {
    let audit = |ask: &Ask| {
        matches!(ask, Ask::Key(KeyQuestion::Sample | KeyQuestion::Elements(_), _) | Ask::HotKeys) || ask.is_of_search()
    };
    every_ask().into_iter().filter(|ask| !audit(ask)).collect()
}

/// What a look over a server may ask.
pub fn look_asks() -> Vec<Ask> {
    let mut asks = vec![Ask::Ping];
    asks.extend(courtesies());
    asks.extend([
        Ask::Info,
        Ask::Config(Parameter::first()),
        Ask::Clients,
        Ask::Slowlog,
        Ask::LatencyLatest,
        Ask::LatencyHistogram,
        Ask::MemoryStats,
        Ask::Dbsize,
        Ask::Whoami,
        Ask::DefaultUser,
        Ask::Commands(Vec::new()),
        Ask::ClusterInfo,
        Ask::ClusterNodes,
        Ask::SlotStats,
    ]);
    asks
}

/// What a connection says of itself once, where the server's table lists it. RESP3 comes first.
pub fn courtesies() -> [Ask; 6] {
    let [hello, library, version, name] = sentinel_courtesies();
    [hello, library, version, name, Ask::NoEvict, Ask::NoTouch]
}

/// The same for a Sentinel, which has no keys and evicts nobody.
pub fn sentinel_courtesies() -> [Ask; 4] {
    [Ask::Hello, Ask::LibraryName, Ask::LibraryVersion, Ask::ConnectionName]
}

/// What reading keys may ask on top.
pub fn scan_asks() -> Vec<Ask> {
    let step = ScanStep::default();
    let about_all = [Ask::Select(0), Ask::ReadOnly, Ask::Scan(step), Ask::SlotKeys(0), Ask::MallocStats, Ask::HotKeys];
    let search = [Ask::Indexes, Ask::Index(IndexName::new("index"))];
    about_all
        .into_iter()
        .chain(search)
        .chain(KeyQuestion::ALL.map(|question| Ask::Key(question, KeyName::new(Vec::new()))))
        .collect()
}

/// The same for questions that only a Sentinel is asked.
pub fn every_sentinel_ask() -> Vec<Ask> {
    let kinds = [Ask::SentinelPrimary, Ask::SentinelReplicas, Ask::SentinelOthers, Ask::SentinelQuorum];
    PrimaryName::new("name").into_iter().flat_map(|name| kinds.map(|kind| kind(name.clone()))).collect()
}
