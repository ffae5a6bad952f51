//! What a page says that a script needs, or that a server has in its place, tried on a server.

use godmode_redis::facts::{Engine, Fields};
use godmode_redis::scripts::{Argument, Range, Said, Script, all};
use redis::aio::MultiplexedConnection;

use super::first_call;
use crate::stage::node::Node;
use crate::stage::setup::Setup;
use godmode_redis::proof::{Delivery, EVALSHA, Way, call, replay, say};

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// Values at the ends of what an argument may be, and its example.
fn values(argument: &Argument) -> Vec<String> {
    match &argument.range {
        // A life of a millisecond is over before it can be compared.
        Range::Integer { low, high } if argument.unit != "ms" || *low == 0 => {
            vec![low.to_string(), argument.example.to_owned(), high.to_string()]
        }
        Range::Integer { high, .. } => vec![argument.example.to_owned(), high.to_string()],
        Range::Bytes { low, .. } => vec!["x".repeat(*low), argument.example.to_owned()],
        Range::Words(words) => words.iter().map(|&word| word.to_owned()).collect(),
    }
}

/// Every choice of one value for each argument.
fn choices(script: &Script) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    for argument in script.arguments() {
        let longer = |one: &Vec<String>| {
            values(&argument).into_iter().map(|value| [one.as_slice(), &[value]].concat()).collect::<Vec<_>>()
        };
        all = all.iter().flat_map(longer).collect();
    }
    all
}

/// What is there afterwards: the value and its life.
async fn state(connection: &mut MultiplexedConnection, key: &str) -> (Said, i64) {
    let value = say(connection, &words(&format!("GET {key}"))).await;
    let Said::Integer(life) = say(connection, &words(&format!("PTTL {key}"))).await else { panic!("no PTTL") };
    (value, life)
}

/// Whether two lives are one, but for the time between two commands.
fn alike(one: i64, other: i64) -> bool {
    one == other || one.min(other) > 0 && one.abs_diff(other) < 20_000
}

/// The command in a script's place is sent beside it, with every argument at its ends, on a key that is absent, has what
/// is expected, or has something else, with a life and without one.
#[tokio::test]
async fn a_command_in_a_scripts_place_does_and_leaves_the_same() {
    let node = Node::start(&Setup::new(&[])).await;
    let engine = Engine::from_info(&Fields::parse(&node.ask::<String>("INFO server").await.unwrap())).unwrap();
    let mut connection = node.connect().await.unwrap();
    for (_, script) in all().filter(|(_, script)| !script.replaced_on(&engine).is_empty()) {
        let mut compared = 0;
        for arguments in choices(script) {
            let Some(native) = script.replaced_for(&engine, &arguments) else { continue };
            let there = [None, Some(arguments[0].as_str()), Some("7"), Some("")];
            for (there, lives) in there.into_iter().flat_map(|there| [(there, false), (there, true)]) {
                say(&mut connection, &words("FLUSHALL")).await;
                for key in ["script", "command"] {
                    let Some(value) = there else { continue };
                    let mut set: Vec<String> = ["SET", key, value].map(str::to_owned).to_vec();
                    set.extend(if lives { words("PX 3600000") } else { Vec::new() });
                    say(&mut connection, &set).await;
                }
                let of_script = call(&mut connection, script, Delivery::Evalsha, &["script".into()], &arguments).await;
                let of_command = say(&mut connection, &native.words(script, &["command".into()], &arguments)).await;
                let head = match &of_script {
                    Said::List(parts) => &parts[0],
                    whole => whole,
                };
                let case = format!("{} {arguments:?} where {there:?} is: {of_script:?}, {of_command:?}", script.id);
                assert!(!matches!((head, &of_command), (Said::Error(_), _) | (_, Said::Error(_))), "{case}");
                assert_eq!(*head == Said::Integer(1), native.says_done(&of_command), "{case}");
                let (value, life) = state(&mut connection, "script").await;
                let (by_command, its_life) = state(&mut connection, "command").await;
                assert!(value == by_command && alike(life, its_life), "{case}: {life} {its_life} ms");
                compared += 1;
            }
        }
        assert!(compared > 0, "{}: no arguments with which {engine} has a command for it", script.id);
        replay(&node, script, Way { delivery: Delivery::Native, ..EVALSHA }).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_without_memory_still_lets_go_and_reads() {
    let node = Node::start(&Setup::new(&[])).await;
    let mut connection = node.connect().await.unwrap();
    let functions = !matches!(say(&mut connection, &words("FUNCTION LIST")).await, Said::Error(_));
    for (_, script) in all().filter(|_| functions) {
        let load = ["FUNCTION", "LOAD", "REPLACE"].into_iter().map(str::to_owned).chain([script.as_function()]);
        let loaded = say(&mut connection, &load.collect::<Vec<_>>()).await;
        assert!(matches!(loaded, Said::Text(_)), "{}: {loaded:?}", script.id);
    }
    say(&mut connection, &words("CONFIG SET maxmemory 1")).await;
    for (_, script) in all() {
        let (keys, arguments) = first_call(script);
        let flagged = !script.flags().is_empty();
        if flagged {
            let said = call(&mut connection, script, Delivery::Evalsha, &keys, &arguments).await;
            assert!(!matches!(said, Said::Error(_)), "{}: {said:?}", script.id);
        }
        if functions {
            let said = call(&mut connection, script, Delivery::Function, &keys, &arguments).await;
            let refused = matches!(&said, Said::Error(error) if error.starts_with("OOM"));
            assert_eq!(refused, !flagged, "{}: {said:?}", script.id);
        }
    }
}

#[tokio::test]
async fn a_script_that_says_so_writes_nothing() {
    let node = Node::start(&Setup::new(&[])).await;
    let mut connection = node.connect().await.unwrap();
    if matches!(say(&mut connection, &words("FUNCTION LIST")).await, Said::Error(_)) {
        return;
    }
    for (_, script) in all().filter(|(_, script)| script.flags().contains(&"no-writes")) {
        let load = ["FUNCTION", "LOAD"].into_iter().map(str::to_owned).chain([script.as_function()]);
        say(&mut connection, &load.collect::<Vec<_>>()).await;
        let (keys, arguments) = first_call(script);
        let mut ask = vec!["FCALL_RO".to_owned(), script.function_name(), keys.len().to_string()];
        ask.extend(keys.into_iter().chain(arguments));
        let said = say(&mut connection, &ask).await;
        assert!(!matches!(said, Said::Error(_)), "{}: {said:?}", script.id);
    }
}
