//! Runs every script of the library as its page says: by EVALSHA, as a FUNCTION, in a cluster, as a restricted user.

mod cluster;
mod crowd;
mod invariants;
mod mutation;
mod needs;
mod pages;

use std::fmt::Write as _;
use std::io::Write as _;

use godmode_redis::scripts::{Argument, FAMILIES, Range, Said, Script, Step, all};
use tokio::task::{JoinSet, LocalSet};

use crate::stage::node::Node;
use crate::stage::setup::Setup;
use godmode_redis::proof::{Caller, Counted, Delivery, EVALSHA, Way, call, replay, say};

/// What became of each script, in the order of the library.
type Outcome = (&'static str, Result<Counted, String>);

/// Replays all sessions, a server for each family so that they need not wait for each other.
async fn replay_all(way: Way) -> Vec<Outcome> {
    let local = LocalSet::new();
    let _here = local.enter();
    let mut families = JoinSet::new();
    for family in FAMILIES {
        families.spawn_local(async move {
            let node = Node::start(&Setup::new(&[])).await;
            let mut outcomes: Vec<Outcome> = Vec::new();
            for script in family.scripts {
                outcomes.push((script.id, replay(&node, script, way).await));
            }
            outcomes
        });
    }
    local.run_until(families.join_all()).await.into_iter().flatten().collect()
}

fn assert_all_well(outcomes: Vec<Outcome>) {
    assert_eq!(outcomes.len(), all().count());
    let wrong: Vec<String> = outcomes.into_iter().filter_map(|(_, outcome)| outcome.err()).collect();
    assert!(wrong.is_empty(), "{} sessions went otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn every_session_goes_as_its_page_says_and_costs_what_it_says() {
    let outcomes = replay_all(Way { counts: true, ..EVALSHA }).await;
    if std::env::var_os("BLESS").is_some() {
        pages::write_calls(&outcomes);
    }
    let mut wrong = String::new();
    for (id, outcome) in &outcomes {
        let declared = godmode_redis::scripts::find(id).unwrap().calls();
        if let Ok(counted) = outcome
            && *counted != declared
        {
            writeln!(wrong, "{id}: the page says {declared:?} commands, it made {counted:?}").unwrap();
        }
    }
    assert_all_well(outcomes);
    assert!(wrong.is_empty(), "{wrong}");
}

#[tokio::test]
async fn every_session_goes_the_same_as_a_function() {
    let node = Node::start(&Setup::new(&[])).await;
    // Functions came with Redis 7.0.
    if node.ask::<redis::Value>("FUNCTION LIST").await.is_ok() {
        assert_all_well(replay_all(Way { delivery: Delivery::Function, ..EVALSHA }).await);
    }
}

#[tokio::test]
async fn every_session_goes_the_same_for_a_user_with_what_the_page_declares() {
    assert_all_well(replay_all(Way { caller: Caller::Restricted, ..EVALSHA }).await);
}

#[tokio::test]
async fn what_is_out_of_its_range_is_refused_by_name_and_writes_nothing() {
    let node = Node::start(&Setup::new(&[])).await;
    let mut connection = node.connect().await.unwrap();
    for (_, script) in all() {
        let (keys, good) = first_call(script);
        for (n, argument) in script.arguments().iter().enumerate() {
            for bad in out_of_range(argument) {
                let mut arguments = good.clone();
                arguments[n].clone_from(&bad);
                let said = call(&mut connection, script, Delivery::Evalsha, &keys, &arguments).await;
                let named = format!("ERR {} must ", argument.name);
                assert!(
                    matches!(&said, Said::Error(text) if text.starts_with(&named)),
                    "{}: {bad:?}: {said:?}",
                    script.id
                );
            }
        }
        let more: Vec<String> = good.iter().cloned().chain(["1".to_owned()]).collect();
        let fewer = &keys[..script.keys().len() - 1];
        for (keys, arguments) in [(fewer, &good), (&keys[..], &more)] {
            let said = call(&mut connection, script, Delivery::Evalsha, keys, arguments).await;
            assert!(matches!(&said, Said::Error(text) if text.contains("needed")), "{}: {said:?}", script.id);
        }
        let size = say(&mut connection, &["DBSIZE".into()]).await;
        assert_eq!(size, Said::Integer(0), "{} wrote before it looked", script.id);
    }
}

/// Keys and arguments of a call that is right.
fn first_call(script: &Script) -> (Vec<String>, Vec<String>) {
    let own = script.session().unwrap().into_iter().find_map(|step| match step {
        Step::Call { script: id, keys, arguments, .. } if id == script.id => Some((keys, arguments)),
        _ => None,
    });
    own.unwrap_or_else(|| panic!("{}: its session does not call it", script.id))
}

fn out_of_range(argument: &Argument) -> Vec<String> {
    match &argument.range {
        Range::Integer { low, high } => {
            let odd = ["", "x", "1.5", "0x10", "1e3", " 1", "nan"].map(str::to_owned);
            odd.into_iter().chain([(low - 1).to_string(), (high + 1).to_string()]).collect()
        }
        Range::Bytes { low, high } => low.checked_sub(1).into_iter().chain([high + 1]).map(|n| "x".repeat(n)).collect(),
        Range::Words(_) => vec![String::new(), "other".to_owned()],
    }
}

/// A line for each script: its name, and the ways that went as the page says. `make scripts` makes a table of them.
#[tokio::test]
#[ignore = "prints what `make scripts` collects from every server"]
async fn report() {
    let node = Node::start(&Setup::new(&[])).await;
    let functions = node.ask::<redis::Value>("FUNCTION LIST").await.is_ok();
    let evalsha = replay_all(EVALSHA).await;
    let function = match functions {
        true => replay_all(Way { delivery: Delivery::Function, ..EVALSHA }).await,
        false => Vec::new(),
    };
    let in_cluster = cluster::replay_all().await;
    let restricted = replay_all(Way { caller: Caller::Restricted, ..EVALSHA }).await;
    let ways = [("EVALSHA", evalsha), ("FCALL", function), ("cluster", in_cluster), ("ACL", restricted)];
    let mut lines = String::new();
    for (_, script) in all() {
        let went = ways.iter().filter_map(|(name, outcomes)| {
            let (_, outcome) = outcomes.iter().find(|(id, _)| *id == script.id)?;
            Some(if outcome.is_ok() { (*name).to_owned() } else { format!("not {name}") })
        });
        writeln!(lines, "{} | {}", script.id, went.collect::<Vec<_>>().join(", ")).unwrap();
    }
    let failed = ways.iter().flat_map(|(_, outcomes)| outcomes).find_map(|(_, outcome)| outcome.as_ref().err());
    std::io::stdout().write_all(lines.as_bytes()).unwrap();
    assert_eq!(failed, None);
}
