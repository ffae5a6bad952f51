//! Code for a client: pool, timeouts, retries, a circuit breaker, and a read that loads once; after the design it goes with.

use serde::Serialize;

use super::template::filled;
use crate::decisions::cache::{Answer, COMPRESSIBLE, Details, Workload, encoding, stampede, strategy};
use crate::facts::foreign;

/// A client library that code can be given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Client {
    name: &'static str,
    language: &'static str,
    template: &'static str,
    /// `make clients` runs it; the others are read by the grammar of their language there.
    is_run: bool,
}

const fn client(name: &'static str, language: &'static str, template: &'static str, is_run: bool) -> Client {
    Client { name, language, template, is_run }
}

/// Both clients for Java differ in a few lines only.
const JAVA: &str = include_str!("clients/java.txt");

const CLIENTS: &[Client] = &[
    client("redis-py", "python", include_str!("clients/redis-py.txt"), true),
    client("node-redis", "js", include_str!("clients/node-redis.txt"), true),
    client("ioredis", "js", include_str!("clients/ioredis.txt"), true),
    client("redis-rs", "rust", include_str!("clients/redis-rs.txt"), true),
    client("go-redis", "go", include_str!("clients/go-redis.txt"), false),
    client("jedis", "java", JAVA, false),
    client("lettuce", "java", JAVA, false),
    client("stackexchange.redis", "csharp", include_str!("clients/stackexchange.redis.txt"), false),
    client("phpredis", "php", include_str!("clients/phpredis.txt"), true),
    client("redis-rb", "ruby", include_str!("clients/redis-rb.txt"), true),
];

/// Ready to be saved as a file, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    pub client: String,
    pub language: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    pub notes: Vec<String>,
}

/// A call that takes longer is given up (milliseconds, judgement): far above a round trip, so that a burst is no failure.
const PATIENCE_MS: f64 = 200.0;
/// However short the goal is, less than this gives up calls that a busy process of the application holds up itself.
const LEAST_PATIENCE_MS: f64 = 20.0;
/// Room for a slow load in the lock: this many times what a load usually takes (judgement).
const SLOW: f64 = 10.0;

/// The code for the client of this name; none was asked for when it is empty.
pub fn of(name: &str, workload: &Workload, kept: &Answer, details: &Details) -> Option<Code> {
    let plain = name.trim().to_lowercase();
    if plain.is_empty() {
        return None;
    }
    let Some(client) = CLIENTS.iter().find(|client| client.name == plain) else {
        let names: Vec<&str> = CLIENTS.iter().map(|client| client.name).collect();
        let note = format!(
            "There is code for {}, and not for this one; the numbers above serve any client: read, on a miss load under the \
             guard, store with the TTL less its jitter.",
            names.join(", ")
        );
        return Some(Code { client: foreign::bounded(name.trim(), 40), language: "", text: None, notes: vec![note] });
    };
    let code = |text, notes| Some(Code { client: client.name.to_owned(), language: client.language, text, notes });
    if let Some(why) = without_code(kept) {
        return code(None, vec![why.to_owned()]);
    }
    code(Some(client.text(workload, kept, details)), client.notes(kept, details))
}

/// Where a read path that loads on a miss is not what the strategy needs.
fn without_code(kept: &Answer) -> Option<&'static str> {
    match *kept {
        kept if kept == strategy::STORE => {
            Some("No code: a store has no origin to load from. Read and write it by the commands themselves.")
        }
        kept if kept == strategy::WRITE_BEHIND => Some(
            "No code: what matters here is the worker that takes marks with a lease and flushes, and it depends on the \
             origin. See Do above, and the scripts under lua/cache and lua/queues.",
        ),
        _ => None,
    }
}

impl Client {
    fn text(&self, workload: &Workload, kept: &Answer, details: &Details) -> String {
        let ms = |seconds: f64| (seconds * 1e3).round();
        let ttl = ms(details.ttl.seconds).max(1.0);
        let fresh = details.ttl.fresh.map_or(ttl, ms);
        // What is to be fresh for a while may not be drawn away altogether.
        let jitter = ms(details.ttl.jitter).min(fresh * 0.9).min(ttl - 1.0).max(0.0).floor();
        let patience = if workload.latency_ms > 0.0 { workload.latency_ms.max(LEAST_PATIENCE_MS) } else { PATIENCE_MS };
        let at_once = (workload.origin_capacity * workload.origin_ms / 1e3).ceil().max(1.0);
        let per_process = (at_once / f64::from(workload.processes.max(1))).ceil().max(1.0);
        let mut holds = vec![self.name];
        holds.extend(details.ttl.fresh.map(|_| "stale"));
        holds.extend((details.stampede.answer != stampede::COALESCING).then_some("lock"));
        holds.extend((details.encoding.answer == encoding::COMPRESSED).then_some("packed"));
        holds.extend((*kept == strategy::WRITE_THROUGH).then_some("through"));
        let marks = [
            ("prefix", details.key.replace("{id}", "")),
            ("ttl_ms", format!("{ttl:.0}")),
            ("old_ms", format!("{:.0}", ttl - fresh)),
            ("jitter_ms", format!("{jitter:.0}")),
            ("timeout_ms", format!("{patience:.0}")),
            ("lock_ms", format!("{:.0}", (workload.origin_ms * SLOW).clamp(1_000.0, 60_000.0))),
            ("loads", format!("{per_process:.0}")),
            ("pack_from", COMPRESSIBLE.to_string()),
        ];
        filled(self.template, &holds, &marks)
    }

    fn notes(&self, kept: &Answer, details: &Details) -> Vec<String> {
        let guard = details.stampede.answer;
        let mut notes = vec![match guard {
            guard if guard == stampede::STALE => {
                "An entry past its fresh time is served while one reader renews it; one that is gone is loaded once, under a \
                 lock."
                    .to_owned()
            }
            guard if guard == stampede::LOCK => "It loads once, under a lock.".to_owned(),
            guard if guard == stampede::COALESCING => "Each process loads an item once at a time.".to_owned(),
            guard => format!("It loads once, under a lock; for {guard} put the scripts named above in the place of `refill`."),
        }];
        let encoding = details.encoding.answer;
        if encoding == encoding::COMPRESSED {
            notes.push(
                "It compresses by zlib, which the language brings; zstd is faster and leaves less, where a dependency is no trouble."
                    .to_owned(),
            );
        } else if encoding != encoding::STRING {
            notes.push(format!("It stores plain strings: for {encoding} change what `store` writes and `read` reads."));
        }
        if [strategy::REFRESH_AHEAD, strategy::CLIENT_SIDE].contains(kept) || guard == stampede::RENEWAL {
            notes.push(format!(
                "It is the way of a read that misses; what {kept} does beside it stands under Strategy."
            ));
        }
        notes.push(
            if self.is_run {
                "Tried: `make clients` runs it with many readers at once, and with a server that is gone."
            } else {
                "Not run: `make clients` reads it by the grammar of its language only."
            }
            .to_owned(),
        );
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_of_every_template_is_known_and_every_pool_and_breaker_is_there() {
        for client in CLIENTS {
            for more in [&[][..], &["stale", "lock", "packed", "through"]] {
                let holds = [&[client.name], more].concat();
                let marks = ["prefix", "ttl_ms", "old_ms", "jitter_ms", "timeout_ms", "lock_ms", "loads", "pack_from"];
                let text = filled(client.template, &holds, &marks.map(|mark| (mark, "7".to_owned())));
                assert!(!text.contains("{{if") && !text.contains("{{end"), "{}: {text}", client.name);
                for mark in marks {
                    assert!(!text.contains(&format!("{{{{{mark}}}}}")), "{}: {mark}", client.name);
                }
                assert_eq!(
                    text.contains("PTTL") || text.contains("pttl") || text.contains("KeyTimeToLive"),
                    !more.is_empty()
                );
                for what in ["failures", "timeout"] {
                    assert!(text.to_lowercase().contains(what), "{} has no {what}", client.name);
                }
            }
        }
    }

    #[test]
    fn whoever_takes_the_lock_looks_again_before_it_loads() {
        for client in CLIENTS {
            let text = filled(client.template, &[client.name, "lock"], &[]).to_lowercase();
            // The lock was taken, or waited for long enough.
            let taken = text.find("if ours {").or_else(|| text.find("break")).unwrap();
            let after = text.get(taken..).unwrap();
            let load = after.find("fill(").unwrap();
            assert!(after.get(..load).unwrap().contains("cached("), "{}: {after}", client.name);
        }
    }
}
