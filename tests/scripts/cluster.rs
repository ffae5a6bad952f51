//! Every session once more in a cluster of three primaries, each on the node that has the slots of its keys.

use std::collections::BTreeSet;
use std::rc::Rc;

use godmode_redis::facts::slot_of;
use godmode_redis::proof::{Delivery, EVALSHA, Host, call, replay, say, slots_of};
use godmode_redis::scripts::{Names, Said, Script, Step, all, find, word};
use redis::aio::MultiplexedConnection;
use tokio::task::{JoinSet, LocalSet};

use super::{Outcome, assert_all_well};
use crate::stage::cluster::Cluster;
use crate::stage::node::Node;
use crate::stage::setup::Setup;

const TRIES: usize = 5;

/// The primary that has these keys. Beside it the other nodes of the cluster know that it does.
struct Owner<'a>(&'a Node);

impl Host for Owner<'_> {
    async fn connection(&self) -> Result<MultiplexedConnection, String> {
        self.0.connect().await.map_err(|error| error.to_string())
    }
}

/// A session with several hash tags: each step goes to the node that has its key, as a cluster client sends it.
async fn routed(cluster: &Cluster, script: &Script) -> Result<(), String> {
    let mut names = Names::new();
    for node in &cluster.nodes()[..3] {
        node.ask::<String>("FLUSHALL").await.unwrap();
    }
    for step in script.session().unwrap() {
        let (said, reply) = match step {
            Step::Wait(time) => {
                tokio::time::sleep(time).await;
                continue;
            }
            Step::Command { words, reply } => {
                let words: Vec<String> = words.iter().map(|part| word(part, &names)).collect();
                let key = words.iter().find(|word| word.contains('{')).unwrap_or_else(|| panic!("{words:?}"));
                (say(&mut on(cluster, key).await, &words).await, reply)
            }
            Step::Call { script: id, keys, arguments, reply } => {
                let arguments: Vec<String> = arguments.iter().map(|part| word(part, &names)).collect();
                let mut connection = on(cluster, &keys[0]).await;
                let called = find(&id).unwrap();
                (call(&mut connection, called, Delivery::Evalsha, &keys, &arguments).await, reply)
            }
        };
        if !reply.fits(&said, &mut names) {
            return Err(format!("{}: {said:?} for {reply:?}", script.id));
        }
    }
    Ok(())
}

async fn on(cluster: &Cluster, key: &str) -> MultiplexedConnection {
    cluster.nodes()[cluster.owner(slot_of(key.as_bytes()))].connect().await.unwrap()
}

/// Where the keys of a session lie.
fn owners(cluster: &Cluster, script: &Script) -> BTreeSet<usize> {
    slots_of(&script.session().unwrap()).into_iter().map(|slot| cluster.owner(slot)).collect()
}

/// Replays all sessions, those of each node beside those of the others, and last those that have keys on several.
async fn replay_in(cluster: &Rc<Cluster>) -> Vec<Outcome> {
    let local = LocalSet::new();
    let _here = local.enter();
    let mut lanes = JoinSet::new();
    for n in 0..3 {
        let cluster = cluster.clone();
        lanes.spawn_local(async move {
            let mut outcomes: Vec<Outcome> = Vec::new();
            for (_, script) in all().filter(|(_, script)| owners(&cluster, script).iter().eq([&n])) {
                outcomes.push((script.id, replay(&Owner(&cluster.nodes()[n]), script, EVALSHA).await));
            }
            outcomes
        });
    }
    let lanes = local.run_until(lanes.join_all()).await;
    assert!(lanes.iter().all(|lane| !lane.is_empty()), "the sessions' keys do not lie on all nodes");
    let mut outcomes: Vec<Outcome> = lanes.into_iter().flatten().collect();
    for (_, script) in all().filter(|(_, script)| owners(cluster, script).len() > 1) {
        // On a busy machine a lease may end between two steps.
        let mut went = routed(cluster, script).await;
        for _ in 0..TRIES {
            if went.is_err() {
                went = routed(cluster, script).await;
            }
        }
        outcomes.push((script.id, went.map(|()| None)));
    }
    outcomes
}

pub async fn replay_all() -> Vec<Outcome> {
    replay_in(&Rc::new(Cluster::start(&Setup::new(&[])).await)).await
}

#[tokio::test]
async fn every_session_goes_the_same_on_the_node_that_has_its_slots() {
    let cluster = Rc::new(Cluster::start(&Setup::new(&[])).await);
    assert_all_well(replay_in(&cluster).await);
    // Elsewhere the same keys are refused, so that a client is sent to the owner.
    for (_, script) in all() {
        let (keys, arguments) = super::first_call(script);
        let other = (cluster.owner(slot_of(keys[0].as_bytes())) + 1) % 3;
        let mut connection = cluster.nodes()[other].connect().await.unwrap();
        let said = call(&mut connection, script, Delivery::Evalsha, &keys, &arguments).await;
        assert!(matches!(&said, Said::Error(text) if text.starts_with("MOVED")), "{}: {said:?}", script.id);
    }
}
