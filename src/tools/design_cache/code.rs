//! Code for a client: pool, timeouts, retries, a circuit breaker, and a read that loads once.

use anyhow::{Result, bail};
use serde::Serialize;

use crate::decisions::cache::{Details, Workload};
use crate::facts::foreign;

/// A client library that code can be given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    name: &'static str,
    language: &'static str,
    template: &'static str,
}

/// Those whose code `make clients` runs.
pub const CLIENTS: &[Client] = &[
    Client { name: "redis-py", language: "python", template: include_str!("clients/redis-py.txt") },
    Client { name: "node-redis", language: "js", template: include_str!("clients/node-redis.txt") },
    Client { name: "ioredis", language: "js", template: include_str!("clients/ioredis.txt") },
];

/// Ready to be saved as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Code {
    pub client: &'static str,
    pub language: &'static str,
    pub text: String,
    pub tried: &'static str,
}

/// The client of this name; none was asked for when it is empty.
pub fn client(name: &str) -> Result<Option<Client>> {
    if name.trim().is_empty() {
        return Ok(None);
    }
    let found = CLIENTS.iter().find(|client| client.name == name.trim().to_lowercase());
    match found {
        Some(client) => Ok(Some(*client)),
        None => {
            let names: Vec<&str> = CLIENTS.iter().map(|client| client.name).collect();
            bail!(
                "there is code for {}, and not for {:?}; leave client out, and the answer has the numbers for any client",
                names.join(", "),
                foreign::bounded(name, 40)
            )
        }
    }
}

/// A call that takes longer is given up (milliseconds, judgement): far above a round trip, so that a burst is no failure.
const PATIENCE_MS: f64 = 200.0;
/// However short the goal is, less than this gives up calls that a busy process of the application holds up itself.
const LEAST_PATIENCE_MS: f64 = 20.0;
/// Room for a slow load in the lock: this many times what a load usually takes (judgement).
const SLOW: f64 = 10.0;

impl Client {
    pub fn code(&self, workload: &Workload, details: &Details) -> Code {
        let ttl = (details.ttl.seconds * 1e3).round().max(1.0);
        let jitter = (details.ttl.jitter * 1e3).round().min(ttl - 1.0).max(0.0);
        let patience = if workload.latency_ms > 0.0 { workload.latency_ms.max(LEAST_PATIENCE_MS) } else { PATIENCE_MS };
        let at_once = (workload.origin_capacity * workload.origin_ms / 1e3).ceil().max(1.0);
        let per_process = (at_once / f64::from(workload.processes.max(1))).ceil().max(1.0);
        let filled = [
            ("{{prefix}}", details.key.replace("{id}", "")),
            ("{{ttl_ms}}", format!("{ttl:.0}")),
            ("{{jitter_ms}}", format!("{jitter:.0}")),
            ("{{timeout_ms}}", format!("{patience:.0}")),
            ("{{lock_ms}}", format!("{:.0}", (workload.origin_ms * SLOW).clamp(1_000.0, 60_000.0))),
            ("{{loads}}", format!("{per_process:.0}")),
        ]
        .into_iter()
        .fold(self.template.to_owned(), |text, (mark, value)| text.replace(mark, &value));
        Code {
            client: self.name,
            language: self.language,
            text: filled,
            tried: "It loads once under a lock; for another guard put the scripts named above in the place of `refill`. Tried: \
                `make clients` runs it with a thousand readers, and with a server that is gone.",
        }
    }
}
