//! From what is there to what is planned, and what clients have to be told.

use super::demand::{Demand, Present};
use super::failover::Failover;
use super::kind::Kind;
use super::layout::GROUP;
use crate::facts::DeploymentKind;

/// Step by step; each can be undone until the last.
pub fn steps(demand: &Demand, kind: Kind) -> Vec<String> {
    let Some(present) = &demand.present else {
        return [
            "start the servers with their files",
            "look at them: godmode-redis inspect, and no warning",
            "kill a primary under load before the first user does, and compare with the times above",
        ]
        .map(str::to_owned)
        .to_vec();
    };
    let mut steps = vec!["look at what is there (godmode-redis inspect), and end its findings first; take a backup (BGSAVE, then copy the file)".to_owned()];
    steps.extend(way(present, kind).iter().map(|step| (*step).to_owned()));
    steps.push("compare key counts and a sample of values on both sides, watch errors and latency for a day, and only then remove what was there".to_owned());
    steps
}

fn way(present: &Present, kind: Kind) -> &'static [&'static str] {
    let from_cluster = present.kind == DeploymentKind::Cluster;
    match kind {
        Kind::Managed => &[
            "create it with the sizes above, and try clients and scripts against it: CONFIG and other commands may be missing",
            "copy by the service's own migration, or write to both sides and fill the rest by DUMP and RESTORE",
            "switch the readers, then the writers",
        ],
        Kind::Cluster if from_cluster => &[
            "start the new servers with their files, and join them: CLUSTER MEET",
            "move slots until each primary has its range: CLUSTER MIGRATESLOTS (Valkey 9.0), CLUSTER MIGRATION (Redis 8.4), else redis-cli --cluster reshard; large keys first by hand, since a move of one blocks both sides",
            "give each primary its replicas: CLUSTER REPLICATE",
        ],
        Kind::Cluster => &[
            "put hash tags into the names of keys that stand in one command, while there is one server: nothing breaks there",
            "change the client to a cluster client; against cluster-enabled with one shard it finds what still breaks",
            "start the Cluster with the files below, and copy: redis-cli --cluster import, or a tool that follows PSYNC; writes stop for the end of it",
            "switch readers and writers together",
        ],
        _ if from_cluster => &[
            "make sure that the data of all shards fits one server: the plan above says so",
            "start the servers with their files",
            "copy each shard by SCAN, DUMP and RESTORE, or by a tool that follows PSYNC; writes stop for the end of it",
            "switch the clients; they may go on using hash tags",
        ],
        Kind::Sentinel => &[
            "start the new servers with their files, as replicas of the primary that is there: REPLICAOF, masterauth; wait for master_link_status:up",
            "start the Sentinels with their files, monitoring the primary that is there; SENTINEL CKQUORUM mymaster must answer OK",
            "change the clients to ask the Sentinels; they still find the old primary",
            "SENTINEL FAILOVER mymaster moves the primary to a new server; then stop the old one, and SENTINEL RESET mymaster on one Sentinel after the other",
        ],
        Kind::Replication => &[
            "start the new servers with their files, as replicas of the primary that is there; wait for master_link_status:up",
            "stop the writers, wait until master_repl_offset is the same on both sides, REPLICAOF NO ONE on the new primary, and start the writers there",
        ],
        Kind::Standalone => &[
            "start the server with its file as a replica of what is there, and wait for master_link_status:up",
            "stop the writers, REPLICAOF NO ONE on the new server, and start the writers there",
        ],
    }
}

/// Names and values for a client library.
pub fn client(kind: Kind, failover: &Failover) -> Vec<(&'static str, String)> {
    let finds = match kind {
        Kind::Sentinel => format!("a Sentinel client: the addresses of all three Sentinels and the name {GROUP}; it asks again after each lost connection, and checks by ROLE that it reached a primary"),
        Kind::Cluster => "a cluster client with three addresses or more to begin with; it follows MOVED and ASK, repeats TRYAGAIN and CLUSTERDOWN, and reads the slots again, not all clients at once".to_owned(),
        Kind::Managed => "the endpoint that the service names for writes, and the one for reads; look the name up at each connection".to_owned(),
        Kind::Replication => "a name that is changed by hand when a replica is promoted; look it up at each connection (time to live 5 s)".to_owned(),
        Kind::Standalone => "the address".to_owned(),
    };
    let patience = failover.expected.map_or_else(
        || "back off from 50 ms to 2 s with jitter, and give up when the caller's own time is over".to_owned(),
        |[_, most]| {
            format!(
                "back off from 50 ms to 2 s with jitter, for {:.0} s in all: a failover takes {most:.1} s",
                (2.0 * most).ceil()
            )
        },
    );
    vec![
        ("finds the primary by", finds),
        ("connections", "a pool for each process, 10 to 50, and one of its own for each blocking command; TCP keepalive on".to_owned()),
        ("timeouts", "connect 1 s, command 500 ms; a blocking command its own time and a second more".to_owned()),
        ("retries", patience),
        ("repeats", "only what is safe to run twice: a write whose reply was lost may have been done. READONLY, LOADING, MASTERDOWN and NOREPLICAS were not done".to_owned()),
    ]
}
