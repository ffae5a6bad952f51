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
    let instead = |id: &str| INSTEAD.iter().any(|(refusal, uses)| has(&refusals, refusal) && uses.contains(&id));
    Some(Answer::Refused {
        use_case: Foreign::given(words.trim()),
        uses: SCENARIOS.iter().filter(|scenario| instead(scenario.id)).map(use_row).collect(),
        refusals: refusals.into_iter().map(row).collect(),
    })
}

fn has(refusals: &[&Refusal], id: &str) -> bool {
    refusals.iter().any(|refusal| refusal.id == id)
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
