//! Wishes that would end badly: why, and which uses do the job.

use super::answer::{Answer, RefusalRow};
use super::compose::use_row;
use crate::decisions::refusals::{PAGE, Refusal, refused};
use crate::decisions::structures::SCENARIOS;
use crate::facts::Foreign;
use crate::rules::uri;

/// The uses whose pages do what a refused wish was to do.
const INSTEAD: &[(&str, &[&str])] = &[
    ("redlock-for-correctness", &["idempotency", "lock"]),
    ("lock-without-fence", &["idempotency", "lock"]),
    ("write-behind-for-money", &["cache", "events"]),
    ("pubsub-as-queue", &["events", "queue"]),
    ("expiry-events-as-timer", &["delayed-jobs", "scheduled-events"]),
    ("evictable-queue", &["queue", "session"]),
];

/// The answer to a wish that is refused.
pub fn of(words: &str) -> Option<Answer> {
    let refusals = refused(words);
    if refusals.is_empty() {
        return None;
    }
    let wished = |id: &str| refusals.iter().any(|refusal| refusal.id == id);
    let mut instead: Vec<&str> =
        INSTEAD.iter().filter(|(id, _)| wished(id)).flat_map(|(_, uses)| *uses).copied().collect();
    instead.dedup();
    let page = |id: &str| SCENARIOS.iter().find(|scenario| scenario.id == id);
    Some(Answer::Refused {
        use_case: Foreign::given(words.trim()),
        uses: instead.into_iter().filter_map(page).map(use_row).collect(),
        refusals: refusals.into_iter().map(row).collect(),
    })
}

fn row(refusal: &Refusal) -> RefusalRow {
    RefusalRow {
        id: refusal.id,
        because: refusal.because(),
        instead: refusal.instead(),
        page: format!("{}, {}", uri(PAGE.path), refusal.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::refusals::refusal;

    #[test]
    fn every_name_is_that_of_a_refusal_and_of_a_page() {
        for (id, uses) in INSTEAD {
            assert!(refusal(id).is_some(), "{id}");
            for name in *uses {
                assert!(SCENARIOS.iter().any(|scenario| scenario.id == *name), "{name}");
            }
        }
    }
}
