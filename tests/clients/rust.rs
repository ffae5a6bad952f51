//! The calls for redis-rs: all of them compiled into one program, and each run.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use godmode_redis::scripts::{Said, all};

use super::{Found, TEMPERATURES, asked, loads, place, up_to_the_first_call, written};
use crate::stage::node::Node;
use crate::stage::setup::Setup;

/// The version that we use ourselves, without what the calls do not need.
const MANIFEST: &str = "[package]\nname = \"calls\"\nedition = \"2024\"\n\n[dependencies]\n\
    redis = { version = \"=1.8.1\", default-features = false }\n\n[workspace]\n";

/// A value as redis-rs shows it: `array([int(1), bulk-string('"x"')])`.
fn value(text: &mut &str) -> Said {
    let take = |text: &mut &str, start: &str| text.strip_prefix(start).map(|rest| *text = rest).is_some();
    let until = |text: &mut &str, end: &'static str| {
        let (inside, rest) = text.split_once(end).unwrap_or_else(|| panic!("no {end:?} in {text:?}"));
        *text = rest;
        inside.to_owned()
    };
    if take(text, "array([") {
        let mut parts = Vec::new();
        while !take(text, "])") {
            take(text, ", ");
            parts.push(value(text));
        }
        return Said::List(parts);
    }
    if take(text, "int(") {
        return Said::Integer(until(text, ")").parse().unwrap());
    }
    if take(text, "bulk-string('") {
        return Said::Text(serde_json::from_str(&until(text, "')")).unwrap());
    }
    if take(text, "simple-string(") {
        return Said::Text(serde_json::from_str(&until(text, ")")).unwrap());
    }
    if take(text, "nil") {
        return Said::Nil;
    }
    assert!(take(text, "ok"), "what is {text:?}?");
    Said::Text("OK".into())
}

#[tokio::test]
#[ignore = "compiles redis-rs once more"]
async fn every_call_for_redis_rs_compiles_runs_and_answers_what_the_page_says() {
    let node = Node::start(&Setup::new(&[])).await;
    let mut connection = node.connect().await.unwrap();
    let functions = node.ask::<redis::Value>("FUNCTION LIST").await.is_ok();
    let deliveries = ["evalsha", "function"];
    let folder = place().join("rust");
    let source = folder.join("src");
    let mut main =
        "fn main() -> redis::RedisResult<()> {\n    match std::env::args().nth(1).unwrap().as_str() {\n".to_owned();
    let mut modules = String::new();
    for (_, script) in all() {
        let first = up_to_the_first_call(&mut connection, script, Found::Nothing).await;
        for delivery in deliveries {
            let name = format!("{}_{delivery}", script.function_name());
            let path =
                written(&asked(script, "redis-rs", delivery, Some(&first)).await, &source, &format!("{name}.rs"));
            let code = fs::read_to_string(&path).unwrap();
            // Only so that one program can hold them all.
            fs::write(&path, code.replace("\nfn main()", "\npub fn main()")).unwrap();
            writeln!(modules, "mod {name};").unwrap();
            writeln!(main, "        \"{name}\" => {name}::main(),").unwrap();
        }
    }
    fs::write(folder.join("Cargo.toml"), MANIFEST).unwrap();
    fs::write(source.join("main.rs"), format!("{modules}\n{main}        _ => panic!(),\n    }}\n}}\n")).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet"]).current_dir(&folder).env("CARGO_TARGET_DIR", folder.join("target"));
    let built = tokio::task::spawn_blocking(move || cargo.output().unwrap()).await.unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    for (_, script) in all() {
        for delivery in deliveries.into_iter().take(if functions { 2 } else { 1 }) {
            for (found, may_load) in TEMPERATURES {
                let mut first = up_to_the_first_call(&mut connection, script, found).await;
                let mut call = Command::new(folder.join("target/debug/calls"));
                call.arg(format!("{}_{delivery}", script.function_name())).env("REDIS_URL", node.url());
                node.ask::<String>("CONFIG RESETSTAT").await.unwrap();
                let output = tokio::task::spawn_blocking(move || call.output().unwrap()).await.unwrap();
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                assert!(output.status.success(), "{}: {}", script.id, String::from_utf8_lossy(&output.stderr));
                let said = value(&mut text.trim_end());
                assert!(first.reply.fits(&said, &mut first.names), "{}: {text}, not {:?}", script.id, first.reply);
                assert_eq!(loads(&mut connection).await, may_load, "{} {delivery} found {found:?}", script.id);
            }
        }
    }
}
