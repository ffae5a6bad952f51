//! What happens when a primary is lost: for how long nobody writes, and which writes are gone.

use serde::Serialize;

use super::demand::{Demand, Loss};
use super::kind::Kind;

/// Sentinel's default of 30 s is long; a second is shorter than some pauses of a healthy server (judgement).
const DOWN_AFTER_MS: u64 = 5_000;
/// A vote that nobody wins is repeated after twice this time (sentinel.c, sentinelStartFailoverIfNeeded).
const FAILOVER_TIMEOUT_MS: u64 = 10_000;
/// And up to a second more, so that the Sentinels do not all begin at once (sentinel.c, SENTINEL_MAX_DESYNC).
const DESYNC: f64 = 1.0;
/// The default of 15 s takes 21 s to fail over.
const NODE_TIMEOUT_MS: u64 = 5_000;
/// A replica reports each second (replication.c, replicationCron).
const REPORT: u64 = 1;
/// A primary looks at the age of the reports once a second, and counts it in whole seconds: it refuses when more than
/// `min-replicas-max-lag` of them have passed (replication.c, refreshGoodSlavesCount).
const NOTICED: u64 = 2;
/// A primary in a Cluster asks each node again when its last answer is half of the timeout old, and counts it as gone a
/// timeout after it asked (cluster_legacy.c, clusterCron).
const UNHEARD: f64 = 1.5;

/// The times that the configuration files hold, and what follows from them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failover {
    pub down_after_ms: u64,
    pub failover_timeout_ms: u64,
    pub node_timeout_ms: u64,
    /// `min-replicas-to-write`; 0 where the loss of a replica would stop the writes.
    pub min_replicas: usize,
    pub max_lag: u64,
    /// Seconds without writes; none where a person or a service decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected: Option<[f64; 2]>,
    /// When a vote has to be repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    pub outage: String,
    /// Seconds of acknowledged writes that a crash of a primary can cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash_seconds: Option<f64>,
    /// The same for a primary that is cut off and goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut_off_seconds: Option<f64>,
    pub loss: String,
}

impl Failover {
    pub fn of(demand: &Demand, kind: Kind, replicas: usize) -> Self {
        // With one replica its loss would stop the writes: that trades a rare loss for a common outage.
        let bounded = replicas >= 2 && demand.loss != Loss::Everything && kind != Kind::Managed;
        let max_lag = if demand.loss == Loss::Second { 2 } else { 5 };
        let mut failover = Self {
            down_after_ms: DOWN_AFTER_MS,
            failover_timeout_ms: FAILOVER_TIMEOUT_MS,
            node_timeout_ms: NODE_TIMEOUT_MS,
            min_replicas: usize::from(bounded),
            max_lag,
            expected: None,
            at_most: None,
            outage: String::new(),
            crash_seconds: None,
            cut_off_seconds: None,
            loss: String::new(),
        };
        match kind {
            Kind::Sentinel => failover.by_sentinels(),
            Kind::Cluster if replicas > 0 => failover.by_cluster(),
            _ => failover.by_others(kind, replicas),
        }
        failover
    }

    fn by_sentinels(&mut self) {
        let down = self.down_after_ms as f64 / 1e3;
        let again = 2.0 * self.failover_timeout_ms as f64 / 1e3;
        // Measured 0.5 to 1.5 s; with min-replicas the new primary waits for a replica, which is told within a second or two.
        let more = if self.min_replicas > 0 { 3.0 } else { 0.0 };
        self.expected = Some([down + 0.5, down + 1.5 + more]);
        self.at_most = Some(down + 1.5 + more + again + DESYNC);
        self.outage = format!(
            "nobody writes for {:.1} to {:.1} s after a primary is lost (down-after-milliseconds {} and the vote), and for {:.1} s when a vote is repeated",
            down + 0.5,
            down + 1.5 + more,
            self.down_after_ms,
            down + 1.5 + more + again + DESYNC
        );
        self.crash_seconds = Some(REPORT as f64);
        self.cut_off_seconds = self.without_replicas();
        self.loss = match self.cut_off_seconds {
            Some(seconds) => format!(
                "a crash loses what the replicas had not received: milliseconds as a rule, a second at most while the link is well; a primary that is cut off refuses writes after {seconds:.0} s (min-replicas-max-lag {}, counted in whole seconds once a second), and what it took until then is lost",
                self.max_lag
            ),
            None => "a crash loses what the replicas had not received: milliseconds as a rule; a primary that is cut off goes on, and all that it takes until it hears of the new one is lost".to_owned(),
        };
    }

    fn by_cluster(&mut self) {
        let timeout = self.node_timeout_ms as f64 / 1e3;
        // PFAIL after the timeout, the majority's gossip, then 500 ms and up to 500 more before the vote (cluster_legacy.c,
        // clusterHandleSlaveFailover); measured 1.38 to 2 times the timeout.
        let (least, most) = (1.3 * timeout, 1.4 * timeout + 2.0);
        let again = 4.0 * timeout;
        self.expected = Some([least, most]);
        self.at_most = Some(most + again);
        self.outage = format!(
            "nobody writes to the lost primary's slots for {least:.1} to {most:.1} s (1.3 to 1.4 x cluster-node-timeout {} and the vote), and for {:.1} s when a vote is repeated",
            self.node_timeout_ms,
            most + again
        );
        self.crash_seconds = Some(REPORT as f64);
        let alone = UNHEARD * timeout;
        let cut_off = self.without_replicas().map_or(alone, |seconds| seconds.min(alone));
        self.cut_off_seconds = Some(cut_off);
        self.loss = format!(
            "a crash loses what the replica had not received: milliseconds as a rule, a second at most while the link is well; a primary that is cut off with a minority refuses writes after {cut_off:.1} s at most, and what it took until then is lost"
        );
    }

    /// Seconds for which a primary takes writes that no replica reports of, where `min-replicas-to-write` ends that.
    fn without_replicas(&self) -> Option<f64> {
        (self.min_replicas > 0).then(|| (self.max_lag + NOTICED) as f64)
    }

    fn by_others(&mut self, kind: Kind, replicas: usize) {
        let (outage, loss) = match (kind, replicas) {
            (Kind::Managed, _) => (
                "the service decides; ask it for its promise, and try a failover before going live",
                "replication is asynchronous there too, unless the service has a durable log",
            ),
            (Kind::Replication, 1..) => (
                "nobody writes until a person has promoted a replica by the commands below, and has pointed the clients at it",
                "what the replica had not received when the primary was lost: milliseconds as a rule, a second at most while the link is well",
            ),
            (Kind::Cluster, _) => (
                "the slots of a lost primary are gone until its server is back: there are no replicas",
                "all that the server held, unless its disk survives",
            ),
            _ => (
                "nobody reads or writes until the server is back and has read its file: some 10 s for each GB",
                "what was not on disk: all of it without persistence, about a second with the append-only file",
            ),
        };
        self.crash_seconds = (kind == Kind::Replication && replicas > 0).then_some(REPORT as f64);
        (self.outage, self.loss) = (outage.to_owned(), loss.to_owned());
    }
}
