//! What we do not help with, why, and what does the job instead.

use serde::Serialize;

use crate::page;
use crate::page::Page;

pub const PAGE: Page = page!("refusals.md");

/// A wish that would end badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The heading of its section.
    pub id: &'static str,
    /// It is wished for where the words hold one of each of these; a word counts from its beginning, and as a whole where
    /// a space ends it.
    #[serde(skip)]
    signs: &'static [&'static [&'static str]],
    /// With one of these words it is a different wish.
    #[serde(skip)]
    except: &'static [&'static str],
}

const LOCK: &[&str] = &["lock", "mutex", "mutual"];
const CORRECT: &[&str] = &[
    "correct",
    "money",
    "payment",
    "payout",
    "pay ",
    "charge",
    "transfer",
    "double",
    "twice",
    "exactly",
    "never",
    "must",
    "guarantee",
    "safe",
    "email",
    "e-mail",
    "third-party",
    "third party",
    "external api",
];
/// A fence, or a lock that only saves work: one that fills a cache is of that kind.
const FENCE: &[&str] = &[
    "fenc",
    "efficien",
    "best-effort",
    "best effort",
    "duplicate-work",
    "duplicate work",
    "version",
    "refresh",
    "stampede",
    "rebuil",
    "recompute",
    "regenerat",
    "thundering",
    "lock-free",
    "lockout",
    "lock out",
    "locked out",
    "locker",
];

pub const REFUSALS: &[Refusal] = &[
    Refusal { id: "redlock-for-correctness", signs: &[&["redlock"], CORRECT], except: FENCE },
    Refusal { id: "lock-without-fence", signs: &[LOCK, CORRECT], except: FENCE },
    Refusal {
        id: "write-behind-for-money",
        signs: &[
            &["write-behind", "write-back", "writebehind", "writeback", "write behind", "write back"],
            &[
                "money",
                "payment",
                "balance ",
                "balances",
                "account",
                "ledger",
                "stock",
                "inventory",
                "orders",
                "order total",
                "order amount",
                "order record",
                "bank",
            ],
        ],
        except: &["no write-behind", "not write-behind", "without write-behind", "instead of write-behind"],
    },
    Refusal {
        id: "pubsub-as-queue",
        signs: &[
            &["pub/sub", "pubsub", "pub-sub", "publish and subscribe", "publish/subscribe", "redis channel"],
            &["queue", "job", "not be lost", "never lost", "must not lose", "guarantee", "reliab", "durable", "task"],
        ],
        except: &["stream", "progress", "may be lost", "can be lost", "wake", "invalidat"],
    },
    Refusal {
        id: "exactly-once-delivery",
        signs: &[
            &["exactly once", "exactly-once", "once and only once"],
            &["queue", "job", "message", "deliver", "consum", "worker", "stream", "task", "event"],
        ],
        except: &["idempoten", "at least once", "at-least-once", "dedup", "acked", "acknowledge"],
    },
    Refusal {
        id: "expiry-events-as-timer",
        signs: &[
            &["keyspace notif", "keyspace event", "expired event", "expiry event", "expiration event"],
            &["timer", "schedul", "queue", "job", "delay", "trigger", "cron"],
        ],
        except: &["invalidat", "metric"],
    },
    Refusal {
        id: "two-zones",
        signs: &[
            &[
                "two zones",
                "2 zones",
                "two azs",
                "2 azs",
                "two data cent",
                "2 data cent",
                "two datacent",
                "two availability",
            ],
            &["quorum", "sentinel", "failover", "cluster", "survive", "majority"],
        ],
        except: &["third", "witness", "by hand", "manual"],
    },
    Refusal {
        id: "evictable-queue",
        signs: &[
            &["allkeys"],
            &[
                "queue",
                "lock ",
                "locks",
                "jobs",
                "job queue",
                "session",
                "rate limit",
                "limiter",
                "streams",
                "a stream",
                "idempoten",
            ],
        ],
        except: &[
            "separate",
            "own server",
            "server of its own",
            "another server",
            "other server",
            "dedicated",
            "elsewhere",
        ],
    },
];

impl Refusal {
    /// What is wrong with it, in a sentence or two.
    pub fn because(&self) -> String {
        self.paragraph(0)
    }

    pub fn instead(&self) -> String {
        let text = self.paragraph(1);
        text.strip_prefix("Instead: ").map(str::to_owned).unwrap_or(text)
    }

    fn paragraph(&self, n: usize) -> String {
        let paragraphs = PAGE.section(self.id).split("\n\n").nth(n).unwrap_or_default();
        paragraphs.lines().map(str::trim).collect::<Vec<_>>().join(" ")
    }

    fn is_wished(&self, text: &str) -> bool {
        let has = |sign: &str| {
            text.match_indices(sign).any(|(at, _)| {
                text.get(..at).and_then(|before| before.chars().next_back()).is_none_or(|c| !c.is_alphanumeric())
            })
        };
        self.signs.iter().all(|any| any.iter().any(|sign| has(sign))) && !self.except.iter().any(|sign| has(sign))
    }
}

/// The refusals that a wish in words runs into, the most specific first.
pub fn refused(text: &str) -> Vec<&'static Refusal> {
    let text = plain(text);
    let mut found: Vec<&Refusal> = REFUSALS.iter().filter(|refusal| refusal.is_wished(&text)).collect();
    // Redlock is a lock: one answer is enough.
    if found.iter().any(|refusal| refusal.id == "redlock-for-correctness") {
        found.retain(|refusal| refusal.id != "lock-without-fence");
    }
    found
}

/// In lower case, with a space after every word, whatever ended it.
fn plain(text: &str) -> String {
    let words =
        text.split_whitespace().map(|word| word.trim_end_matches([',', ';', '.', ':', '!', '?', ')']).to_lowercase());
    words.fold(String::new(), |text, word| text + &word + " ")
}

/// The refusal of this name.
pub fn refusal(id: &str) -> Option<&'static Refusal> {
    REFUSALS.iter().find(|refusal| refusal.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(text: &str) -> Vec<&'static str> {
        refused(text).into_iter().map(|refusal| refusal.id).collect()
    }

    #[test]
    fn each_is_known_by_the_words_of_its_wish() {
        for (wish, id) in [
            ("Redlock so that payments are correct", "redlock-for-correctness"),
            ("a distributed lock so that nobody is charged twice", "lock-without-fence"),
            ("write-behind cache for account balances", "write-behind-for-money"),
            ("pub/sub for jobs that must not be lost", "pubsub-as-queue"),
            ("a queue of jobs where each must be done exactly once", "exactly-once-delivery"),
            ("stream of events with exactly-once delivery", "exactly-once-delivery"),
            ("keyspace notifications as a job scheduler", "expiry-events-as-timer"),
            ("Sentinel across two zones, must survive the loss of one", "two-zones"),
            ("allkeys-lru, the same server keeps our queues", "evictable-queue"),
            ("a lock so that a card is never charged twice", "lock-without-fence"),
            ("a mutex around sending the welcome email", "lock-without-fence"),
            ("lock so that we pay once", "lock-without-fence"),
            ("write-back for orders", "write-behind-for-money"),
            ("we want write behind: order totals go to MySQL every minute", "write-behind-for-money"),
            ("write-behind for stock levels in order to spare the database", "write-behind-for-money"),
            ("send tasks to workers with Redis pub/sub", "pubsub-as-queue"),
            ("expired events trigger the reminder", "expiry-events-as-timer"),
            ("a cluster in two availability zones", "two-zones"),
            ("allkeys-lfu beside our distributed lock", "evictable-queue"),
        ] {
            assert_eq!(ids(wish), [id], "{wish}");
        }
    }

    #[test]
    fn a_sound_wish_is_not_refused() {
        for wish in [
            "a lock to avoid duplicate work between cron jobs",
            "a lock with a fencing token that the database checks, never two writers",
            "pub/sub for cursor positions",
            "cache of payments pages, cache-aside",
            "three zones and Sentinel",
            "allkeys-lru for a cache on a server of its own; queues on a separate one",
            "lock-based refresh so that the API never sees a thousand loads",
            "a lock against a cache stampede: it must load once",
            "write-behind for page counters in order to spare the database",
            "the API server takes a lock while a payload is built",
            "a lock while one worker must rebuild the report",
            "a job queue for newsletter subscribers",
            "a queue of articles to publish, one for each sales channel",
            "pub/sub to show the progress of a job",
            "keyspace notifications to invalidate a local cache without delay",
            "at-least-once delivery of jobs, the consumer is idempotent: its effect comes exactly once",
            "process a webhook exactly once",
            "keyspace of 2 million keys, jobs ads cached for an hour",
            "allkeys-lru for a video streaming site's job ads",
            "two zones, failover by hand",
            "cache-aside for orders, no write-behind",
            "a rating that must be safe for children, cached; users are locked out after ten tries",
        ] {
            assert_eq!(ids(wish), [""; 0], "{wish}");
        }
    }

    #[test]
    fn each_says_why_and_what_instead() {
        for refusal in REFUSALS {
            assert!(refusal.because().len() > 40, "{}", refusal.id);
            assert!(PAGE.section(refusal.id).contains("\n\nInstead: "), "{}", refusal.id);
            assert!(refusal.instead().len() > 40, "{}", refusal.id);
        }
    }
}
