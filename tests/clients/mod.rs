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
use serde_json::{Value, json};

use crate::lua_tool::answer;
use crate::stage::node::Node;
use crate::stage::setup::Setup;

/// A client whose calls are run: the name of the file, and how it is started in the folder of what was installed.
type Runner = (&'static str, &'static str, &'static [&'static str]);

/// Those of Python and Node.js are pinned in this folder; those of PHP and Ruby are Debian's (in Debian 12 phpredis 5.3.7
/// and redis-rb 4.8.0).
const RUNNERS: [Runner; 6] = [
    ("redis-cli", "call.sh", &["sh"]),
    ("redis-py", "call.py", &["../venv/bin/python"]),
    ("node-redis", "call.mjs", &["node"]),
    ("ioredis", "call.mjs", &["node"]),
    ("phpredis", "call.php", &["php"]),
    ("redis-rb", "call.rb", &["ruby"]),
];

/// What a call finds on the server, and how often it may load its script.
const TEMPERATURES: [(Found, usize); 2] = [(Found::Nothing, 1), (Found::Script, 0)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    Script,
}

/// Those that are run too have their native commands read here.
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

async fn up_to_the_first_call(connection: &mut MultiplexedConnection, script: &Script, found: Found) -> First {
    let forgotten: &[&str] = if found == Found::Nothing { &["SCRIPT FLUSH", "FUNCTION FLUSH"] } else { &[] };
    for words in ["FLUSHALL"].iter().chain(forgotten) {
        // Redis 6.2 has no functions.
        say(connection, &words.split(' ').map(str::to_owned).collect::<Vec<_>>()).await;
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
async fn asked(script: &Script, client: &str, delivery: &str, first: Option<&First>) -> Value {
    let mut input = json!({"need": script.id, "client": client, "delivery": delivery, "prove": false});
    if let Some(first) = first {
        input["keys"] = json!(first.keys);
        let values = script.arguments().into_iter().zip(&first.arguments);
        input["parameters"] = values.map(|(argument, value)| (argument.name.to_owned(), json!(value))).collect();
    }
    answer(input).await.unwrap()
}

/// How often a script or library went to the server since its counters were set back.
async fn loads(connection: &mut MultiplexedConnection) -> usize {
    let info: String = redis::cmd("INFO").arg("commandstats").query_async(connection).await.unwrap();
    let calls = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let loads = ["eval", "script", "script|load", "function|load"].contains(&name);
        loads.then(|| rest.split(',').next().unwrap().parse::<usize>().unwrap())
    };
    info.lines().filter_map(calls).sum()
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
        // redis-py and phpredis have a name for OK, and phpredis one for nothing.
        Value::Bool(true) => Said::Text("OK".into()),
        Value::Bool(false) => Said::Nil,
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
            for (found, may_load) in TEMPERATURES {
                let mut first = up_to_the_first_call(&mut connection, script, found).await;
                let path = written(&asked(script, name, delivery, Some(&first)).await, &folder, file);
                let mut command = Command::new(start[0]);
                command.args(&start[1..]).arg(&path).current_dir(&folder).stdin(Stdio::null());
                command.env("REDIS_URL", node.url()).env("REDIS_HOST", "127.0.0.1");
                command.env("REDIS_PORT", node.port().to_string());
                node.ask::<String>("CONFIG RESETSTAT").await.unwrap();
                let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
                let loads = loads(&mut connection).await;
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                let said = match name {
                    "redis-cli" => Some(from_lines(&mut text.lines(), &first.reply)),
                    _ => serde_json::from_str(&text).ok().map(from_json),
                };
                let fits = said.as_ref().is_some_and(|said| first.reply.fits(said, &mut first.names));
                if !fits || loads != may_load {
                    let error = String::from_utf8_lossy(&output.stderr).into_owned();
                    let called = format!("{name} {delivery} {}, which found {found:?}", script.id);
                    wrong.push(format!("{called}: {text:?}, not {:?}; {loads} loads {error}", first.reply));
                }
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

#[tokio::test]
#[ignore = "needs the grammars that tests/clients/run installs"]
async fn every_other_call_can_be_read_by_a_grammar() {
    let folder = place().join("read");
    let _ = fs::remove_dir_all(&folder);
    for (_, script) in all() {
        for client in READ {
            for delivery in ["evalsha", "function"] {
                let report = asked(script, client, delivery, None).await;
                written(&report, &folder, &format!("{}.{delivery}.{client}", script.id));
            }
        }
    }
    // Some engine has a command for these.
    for (id, engine) in [("lock-release", "valkey 9.1"), ("compare-and-set", "redis 8.4")] {
        for client in READ {
            let input = json!({"need": id, "engine": engine, "client": client, "prove": false});
            let report = answer(input).await.unwrap();
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
