//! Every call that the matrix prints, sent to every server: taken where the tables say that it is there, refused elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use godmode_redis::decisions::structures::{MATRIX, Module, Since, find};
use godmode_redis::proof::structures::form;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::servers::{Host, programs};

/// What a server says of a call that it does not have in this form. Others are about the key, which is not there.
const REFUSALS: [&str; 8] = [
    "unknown command",
    // An option in the place of a number.
    "not an integer or out of range",
    "syntax error",
    "wrong number of arguments",
    "unknown subcommand",
    "unsupported",
    "unknown argument",
    "invalid options",
];

/// Each call with the rows that it stands in, as the versions that have its command with these arguments.
fn calls() -> BTreeMap<&'static str, Vec<Since>> {
    let mut calls: BTreeMap<&str, Vec<Since>> = BTreeMap::new();
    for row in MATRIX {
        for call in row.calls {
            let command = find(call).unwrap();
            // A bare name stands for the command with any arguments.
            let since = if call.contains(' ') { command.since.and(row.arguments) } else { command.since };
            calls.entry(call).or_default().push(since);
        }
    }
    calls
}

/// The form with something in each place, and a key that nothing else has.
fn filled(form: &str, key: &str) -> redis::Cmd {
    let mut command = redis::Cmd::new();
    // What waits for an element waits for a hundredth of a second.
    let waits = ["BRPOP", "BLMOVE", "BZPOPMIN"].iter().any(|name| form.starts_with(name));
    let short = form.strip_suffix(" 1").filter(|_| waits).map(|form| format!("{form} 0.01"));
    for word in short.as_deref().unwrap_or(form).split(' ') {
        let word = word
            .replace("{script}", "return 1")
            .replace("{t}", "1700000000000")
            .replace("{s}", "5")
            .replace("{i}", "5")
            .replace("{e}", "10")
            .replace("{o}", "{k}:other")
            .replace("{d}", "{k}:result")
            .replace("{k}", key);
        let letters = ["{n}", "{m}", "{v}", "{b}", "{j}", "{p}"];
        command.arg(letters.iter().fold(word, |word, letter| word.replace(letter, "word")));
    }
    command
}

/// On a connection of its own, since some calls leave it listening. `None`: it waits, and so it was taken.
async fn said(socket: &Path, command: &redis::Cmd) -> Option<String> {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    stream.write_all(&command.get_packed_command()).await.unwrap();
    let mut reply = vec![0; 4_096];
    let read = tokio::time::timeout(Duration::from_secs(30), stream.read(&mut reply)).await.ok()?.unwrap();
    Some(String::from_utf8_lossy(&reply[..read]).into_owned())
}

#[tokio::test]
async fn every_printed_call_is_taken_from_its_version_on_and_refused_before() {
    let mut wrong = Vec::new();
    let mut modules = BTreeSet::new();
    for program in programs() {
        let host = Host::start(&program).await;
        modules.extend(host.modules.iter().copied());
        for (n, (call, versions)) in calls().into_iter().enumerate() {
            let module = find(call).unwrap().module;
            let there = match module {
                Some(module) => host.modules.contains(&module),
                None => versions.iter().any(|since| since.has(&host.engine)),
            };
            let reply =
                said(&host.socket(), &filled(form(call).unwrap(), &format!("nothing:{n}"))).await.unwrap_or_default();
            let low = reply.to_lowercase();
            let refused = reply.starts_with('-') && REFUSALS.iter().any(|words| low.contains(words));
            if there == refused {
                wrong.push(format!("{call} on {}: there by the tables: {there}; {}", host.engine, reply.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    if programs().iter().any(|program| program.ends_with("redis-7.4/bin/redis-server")) {
        assert!(modules.contains(&Module::Bloom) && modules.contains(&Module::TimeSeries), "{modules:?}");
    }
}
