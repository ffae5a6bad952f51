//! What a node is asked once, beside its keys.

use crate::facts::{HotKeys, Known, Missing, SearchIndex};
use crate::probe::link::Link;
use crate::probe::name::IndexName;
use crate::probe::{Ask, Endpoint, Trouble, reply};

use std::time::Duration;

/// The step between the smallest size classes of the server's allocator: packages build jemalloc with 8 or with 16 bytes
/// (`--with-lg-quantum`), and a small key costs a size class.
pub async fn quantum(endpoint: &Endpoint, patience: Duration) -> Known<u64> {
    let text = answer(endpoint, Ask::MallocStats, patience).await?;
    let text = reply::text(&text).unwrap_or_default();
    let line = text.lines().find_map(|line| line.trim().strip_prefix("Quantum size:"));
    let untold = || Missing::new(Ask::MallocStats.fact(), "the allocator does not tell");
    line.and_then(|size| size.trim().parse().ok()).ok_or_else(untold)
}

/// The keys that took most, where somebody has the server count them (HOTKEYS START): we begin no such session, and our
/// question leaves theirs as it is. `None` where nobody has.
pub async fn hot_keys(endpoint: &Endpoint, patience: Duration) -> Known<Option<HotKeys>> {
    answer(endpoint, Ask::HotKeys, patience).await.map(|value| reply::hot_keys(&value))
}

/// Indexes beyond these are not asked about: each question counts as a use of its index.
const INDEXES: usize = 32;

/// The search indexes, and what each of them holds.
pub async fn indexes(endpoint: &Endpoint, patience: Duration) -> Known<Vec<SearchIndex>> {
    let mut names = reply::names(&answer(endpoint, Ask::Indexes, patience).await?);
    // Each shard has its own order, and all of them are to be asked about the same ones.
    names.sort_unstable();
    let asks: Vec<Ask> = names.iter().take(INDEXES).map(|name| Ask::Index(IndexName::new(name))).collect();
    let answers = answers(endpoint, &asks, patience).await?;
    // One that was dropped since answers with an error; of a user who may not ask all do.
    let refusal = answers.iter().find_map(|answer| answer.as_ref().err().cloned());
    let told = names.iter().zip(answers).filter_map(|(name, answer)| Some(reply::search_index(name, &answer.ok()?)));
    let mut indexes: Vec<SearchIndex> = told.collect();
    if let Some(refusal) = refusal.filter(|_| indexes.is_empty()) {
        return Err(refusal);
    }
    indexes.extend(names.iter().skip(INDEXES).map(|name| SearchIndex::untold(name)));
    Ok(indexes)
}

async fn answer(endpoint: &Endpoint, ask: Ask, patience: Duration) -> Known<redis::Value> {
    let answers = answers(endpoint, std::slice::from_ref(&ask), patience).await?;
    answers.into_iter().next().unwrap_or_else(|| Err(Missing::new(ask.fact(), "no answer")))
}

async fn answers(endpoint: &Endpoint, asks: &[Ask], patience: Duration) -> Known<Vec<Known<redis::Value>>> {
    let Some(first) = asks.first() else { return Ok(Vec::new()) };
    let missing = |trouble: Trouble| Missing::new(first.fact(), trouble.to_string());
    let mut link = Link::open(endpoint, patience).await.map_err(missing)?;
    link.ask_within(asks, patience).await.map_err(missing)
}
