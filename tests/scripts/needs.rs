//! What a page says that a script needs, or that a server has in its place, tried on a server.

use godmode_redis::facts::{Engine, Fields};
use godmode_redis::scripts::{Said, Script, all};

use super::first_call;
use crate::stage::node::Node;
use crate::stage::setup::Setup;
use godmode_redis::proof::{Delivery, call, say};

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[tokio::test]
async fn a_command_that_replaces_a_script_is_one_that_this_server_takes() {
    let node = Node::start(&Setup::new(&[])).await;
    let engine = Engine::from_info(&Fields::parse(&node.ask::<String>("INFO server").await.unwrap())).unwrap();
    let mut connection = node.connect().await.unwrap();
    for (_, script) in all() {
        let Some(other) = script.replaced_on(&engine) else { continue };
        let command: Vec<String> = words(other.command).iter().map(|word| filled_in(script, word)).collect();
        let said = say(&mut connection, &command).await;
        assert!(!matches!(said, Said::Error(_)), "{}: {command:?} on {engine}: {said:?}", script.id);
    }
}

/// A name in a command is a key or an argument of the script; any other stands for a value.
fn filled_in(script: &Script, word: &str) -> String {
    let (keys, arguments) = first_call(script);
    let key = script.keys().iter().position(|key| key.name == word);
    let argument = script.arguments().iter().position(|argument| argument.name == word);
    match (key, argument) {
        (Some(n), _) => keys[n].clone(),
        (_, Some(n)) => arguments[n].clone(),
        _ => word.to_owned(),
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
