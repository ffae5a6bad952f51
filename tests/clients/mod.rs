//! Runs the call that `generate_lua` writes for each script in the languages at hand, and reads the others with a grammar.
//! `tests/clients/run` installs what that needs.

mod cache;
mod rust;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use godmode_redis::proof::{Delivery, call, say};
use godmode_redis::scripts::{Names, Pattern, Said, Script, Step, all, find, word};
use redis::aio::MultiplexedConnection;
use serde_json::Value;

use crate::stage::binary;
use crate::stage::node::Node;
use crate::stage::setup::Setup;

/// A client whose calls are run: the name of the file, and how it is started in the folder of what was installed.
type Runner = (&'static str, &'static str, &'static [&'static str]);

const RUNNERS: [Runner; 4] = [
    ("redis-cli", "call.sh", &["sh"]),
    ("redis-py", "call.py", &["../venv/bin/python"]),
    ("node-redis", "call.mjs", &["node"]),
    ("ioredis", "call.mjs", &["node"]),
];

/// redis-rs is read here and run beside.
const READ: [&str; 7] = ["go-redis", "jedis", "lettuce", "stackexchange.redis", "redis-rs", "phpredis", "redis-rb"];

/// The first call of a session that is the script's own, with the state before it on the server.
struct First {
    keys: Vec<String>,
    arguments: Vec<String>,
    reply: Pattern,
    names: Names,
}

fn place() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(".clients")
}

async fn up_to_the_first_call(connection: &mut MultiplexedConnection, script: &Script) -> First {
    for words in [&["FLUSHALL"][..], &["SCRIPT", "FLUSH"]] {
        say(connection, &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).await;
    }
    let mut names = Names::new();
    for step in script.session().unwrap() {
        let (said, reply) = match step {
            Step::Wait(time) => {
                tokio::time::sleep(time).await;
                continue;
            }
            Step::Command { words, reply } => {
                let words: Vec<String> = words.iter().map(|part| word(part, &names)).collect();
                (say(connection, &words).await, reply)
            }
            Step::Call { script: id, keys, arguments, reply } => {
                let arguments: Vec<String> = arguments.iter().map(|part| word(part, &names)).collect();
                if id == script.id {
                    return First { keys, arguments, reply, names };
                }
                (call(connection, find(&id).unwrap(), Delivery::Evalsha, &keys, &arguments).await, reply)
            }
        };
        assert!(reply.fits(&said, &mut names), "{}: {said:?}", script.id);
    }
    panic!("{}: its session does not call it", script.id)
}

/// The answer of the tool for one script, client and delivery.
fn asked(script: &Script, client: &str, delivery: &str, first: Option<&First>) -> Value {
    let mut command =
        binary(&["lua", script.id, "--client", client, "--delivery", delivery, "--prove", "false", "--json"]);
    if let Some(first) = first {
        command.arg("--keys").arg(first.keys.join(","));
        for (argument, value) in script.arguments().iter().zip(&first.arguments) {
            command.arg("--set").arg(format!("{}={value}", argument.name));
        }
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}: {}", script.id, String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn written(report: &Value, folder: &Path, file: &str) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(report["file"].as_str().unwrap()), report["text"].as_str().unwrap()).unwrap();
    let path = folder.join(file);
    fs::write(&path, report["call"]["text"].as_str().unwrap()).unwrap();
    path
}

/// What a program printed as JSON.
fn from_json(value: Value) -> Said {
    match value {
        Value::Null => Said::Nil,
        Value::Number(number) => Said::Integer(number.as_i64().unwrap()),
        Value::String(text) => Said::Text(text),
        Value::Array(parts) => Said::List(parts.into_iter().map(from_json).collect()),
        // redis-py has a name for OK.
        Value::Bool(true) => Said::Text("OK".into()),
        other => panic!("{other}"),
    }
}

/// What redis-cli prints where nobody looks: a line for each value, in the shape that is expected.
fn from_lines(lines: &mut std::str::Lines, shape: &Pattern) -> Said {
    match shape {
        Pattern::List(parts) => Said::List(parts.iter().map(|part| from_lines(lines, part)).collect()),
        Pattern::Exactly(Said::Text(_)) => Said::Text(lines.next().unwrap_or("").to_owned()),
        _ => match lines.next().unwrap_or("") {
            "" => Said::Nil,
            line => line.parse().map_or_else(|_| Said::Text(line.to_owned()), Said::Integer),
        },
    }
}

async fn run_all(client: Runner) -> Vec<String> {
    let (name, file, start) = client;
    let node = Node::start(&Setup::new(&[])).await;
    let mut connection = node.connect().await.unwrap();
    let functions = node.ask::<redis::Value>("FUNCTION LIST").await.is_ok();
    let folder = place().join(format!("run-{name}"));
    let mut wrong = Vec::new();
    for (_, script) in all() {
        for delivery in ["evalsha", "function"].into_iter().take(if functions { 2 } else { 1 }) {
            let mut first = up_to_the_first_call(&mut connection, script).await;
            let path = written(&asked(script, name, delivery, Some(&first)), &folder, file);
            let mut command = Command::new(start[0]);
            command.args(&start[1..]).arg(&path).current_dir(&folder).env("REDIS_URL", node.url()).stdin(Stdio::null());
            let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let said = match name {
                "redis-cli" => Some(from_lines(&mut text.lines(), &first.reply)),
                _ => serde_json::from_str(&text).ok().map(from_json),
            };
            if !said.as_ref().is_some_and(|said| first.reply.fits(said, &mut first.names)) {
                let error = String::from_utf8_lossy(&output.stderr).into_owned();
                wrong.push(format!("{name} {delivery} {}: {text:?}, not {:?} {error}", script.id, first.reply));
            }
        }
    }
    wrong
}

#[tokio::test]
#[ignore = "needs the client libraries that tests/clients/run installs"]
async fn every_call_runs_and_answers_what_the_page_says() {
    let mut running = tokio::task::JoinSet::new();
    RUNNERS.into_iter().for_each(|runner| {
        running.spawn(run_all(runner));
    });
    let wrong: Vec<String> = running.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{} calls went otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
#[ignore = "needs the grammars that tests/clients/run installs"]
fn every_other_call_can_be_read_by_a_grammar() {
    let folder = place().join("read");
    let _ = fs::remove_dir_all(&folder);
    for (_, script) in all() {
        for client in READ {
            for delivery in ["evalsha", "function"] {
                written(&asked(script, client, delivery, None), &folder, &format!("{}.{delivery}.{client}", script.id));
            }
        }
    }
    // Some engine has a command for these.
    for (id, engine) in [("lock-release", "valkey 9.1"), ("compare-and-set", "redis 8.4")] {
        for client in READ {
            let native =
                binary(&["lua", id, "--engine", engine, "--client", client, "--prove", "false", "--json"]).output();
            let report: Value = serde_json::from_slice(&native.unwrap().stdout).unwrap();
            assert_eq!(report["delivery"], "native");
            written(&report, &folder, &format!("{id}.native.{client}"));
        }
    }
    let python = place().join("venv/bin/python");
    let grammars = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/read.py");
    let output = Command::new(python).arg(grammars).arg(&folder).output().unwrap();
    let says = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{says}{}", String::from_utf8_lossy(&output.stderr));
    assert!(says.contains(&format!("{} files", (all().count() * 2 + 2) * READ.len())), "{says}");
}
