//! Every use that has a page. To add one: its page, and its line here.

use super::scenario::Scenario;
use crate::page;
use crate::page::Page;

const fn scenario(id: &'static str, page: Page) -> Scenario {
    Scenario { id, page }
}

#[rustfmt::skip]
pub const SCENARIOS: &[Scenario] = &[
    scenario("cache", page!("scenarios/cache.md")),
    scenario("counter", page!("scenarios/counter.md")),
    scenario("session", page!("scenarios/session.md")),
    scenario("queue", page!("scenarios/queue.md")),
    scenario("unique", page!("scenarios/unique.md")),
    scenario("leaderboard", page!("scenarios/leaderboard.md")),
    scenario("events", page!("scenarios/events.md")),
    scenario("lock", page!("scenarios/lock.md")),
    scenario("unique-approx", page!("scenarios/unique-approx.md")),
    scenario("delayed-jobs", page!("scenarios/delayed-jobs.md")),
    scenario("broadcast", page!("scenarios/broadcast.md")),
    scenario("presence", page!("scenarios/presence.md")),
    scenario("tokens", page!("scenarios/tokens.md")),
    scenario("nearby", page!("scenarios/nearby.md")),
    scenario("autocomplete", page!("scenarios/autocomplete.md")),
    scenario("metrics", page!("scenarios/metrics.md")),
    scenario("daily-active", page!("scenarios/daily-active.md")),
    scenario("top-k", page!("scenarios/top-k.md")),
    scenario("documents", page!("scenarios/documents.md")),
    scenario("semantic-cache", page!("scenarios/semantic-cache.md")),
    scenario("catalogue", page!("scenarios/catalogue.md")),
    scenario("tags", page!("scenarios/tags.md")),
    scenario("percentiles", page!("scenarios/percentiles.md")),
    scenario("frequency", page!("scenarios/frequency.md")),
    scenario("tiny-objects", page!("scenarios/tiny-objects.md")),
    scenario("dedup", page!("scenarios/dedup.md")),
    scenario("feed", page!("scenarios/feed.md")),
    scenario("cart", page!("scenarios/cart.md")),
];
