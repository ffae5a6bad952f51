//! What a node is asked once, beside its keys.

use crate::facts::{HotKeys, Known, Missing};
use crate::probe::link::Link;
use crate::probe::{Ask, Endpoint, reply};

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

async fn answer(endpoint: &Endpoint, ask: Ask, patience: Duration) -> Known<redis::Value> {
    let missing = |why: String| Missing::new(ask.fact(), why);
    let mut link = Link::open(endpoint, patience).await.map_err(|trouble| missing(trouble.to_string()))?;
    let asks = std::slice::from_ref(&ask);
    let answers = link.ask_within(asks, patience).await.map_err(|trouble| missing(trouble.to_string()))?;
    answers.into_iter().next().unwrap_or_else(|| Err(missing("no answer".to_owned())))
}
