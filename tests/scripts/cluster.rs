//! Every session once more in a cluster of three primaries, each on the node that has the slots of its keys.

use std::collections::BTreeSet;

use godmode_redis::facts::slot_of;
use godmode_redis::proof::{Delivery, EVALSHA, Host, call, keys_of, replay, say};
use godmode_redis::scripts::{Names, Said, Script, Step, all, find, word};
use redis::aio::MultiplexedConnection;

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

fn slots(script: &Script) -> BTreeSet<u16> {
    let steps = script.session().unwrap();
    keys_of(script, &steps).iter().map(|key| slot_of(key.as_bytes())).collect()
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

#[tokio::test]
async fn a_session_goes_the_same_on_the_node_that_has_its_slots() {
    let cluster = Cluster::start(&Setup::new(&[])).await;
    let mut wrong = Vec::new();
    let mut nodes = BTreeSet::new();
    for (_, script) in all() {
        let (keys, arguments) = super::first_call(script);
        let owner = cluster.owner(slot_of(keys[0].as_bytes()));
        nodes.insert(owner);
        let owners: BTreeSet<usize> = slots(script).iter().map(|slot| cluster.owner(*slot)).collect();
        if owners.len() > 1 {
            // On a busy machine a lease may end between two steps.
            let mut went = routed(&cluster, script).await;
            for _ in 0..TRIES {
                if went.is_err() {
                    went = routed(&cluster, script).await;
                }
            }
            wrong.extend(went.err());
        } else if let Err(why) = replay(&Owner(&cluster.nodes()[owner]), script, EVALSHA).await {
            wrong.push(why);
        }
        // Elsewhere the same keys are refused, so that a client is sent to the owner.
        let other = Owner(&cluster.nodes()[(owner + 1) % 3]).connection().await.unwrap();
        let said = call(&mut { other }, script, Delivery::Evalsha, &keys, &arguments).await;
        assert!(matches!(&said, Said::Error(text) if text.starts_with("MOVED")), "{}: {said:?}", script.id);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(nodes.len(), 3, "the sessions' keys do not lie on all nodes");
}
