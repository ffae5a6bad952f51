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
    scenario("rate-limit", page!("scenarios/rate-limit.md")),
    scenario("idempotency", page!("scenarios/idempotency.md")),
    scenario("sliding-statistics", page!("scenarios/sliding-statistics.md")),
    scenario("semaphore", page!("scenarios/semaphore.md")),
    scenario("inventory", page!("scenarios/inventory.md")),
    scenario("quotas", page!("scenarios/quotas.md")),
    scenario("chat-history", page!("scenarios/chat-history.md")),
    scenario("inbox", page!("scenarios/inbox.md")),
    scenario("ab-assignment", page!("scenarios/ab-assignment.md")),
    scenario("config", page!("scenarios/config.md")),
    scenario("audit-log", page!("scenarios/audit-log.md")),
    scenario("scheduled-events", page!("scenarios/scheduled-events.md")),
    scenario("large-objects", page!("scenarios/large-objects.md")),
    scenario("object-cache", page!("scenarios/object-cache.md")),
    scenario("period-leaderboard", page!("scenarios/period-leaderboard.md")),
    scenario("feature-flags", page!("scenarios/feature-flags.md")),
    scenario("priority-jobs", page!("scenarios/priority-jobs.md")),
    scenario("social-graph", page!("scenarios/social-graph.md")),
    scenario("sampling", page!("scenarios/sampling.md")),
    scenario("session-expiry", page!("scenarios/session-expiry.md")),
];
