//! Runs the code that `design_cache` writes: a thousand readers of one item, a change, an entry that grows old, and a server
//! that is gone; and reads the code for the other clients with the grammar of their language.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::place;
use crate::stage::node::Node;
use crate::stage::setup::Setup;
use crate::stage::{binary, free_port};

/// The client, the file of its code, its driver, and how that is started in the folder of what was installed.
const RUNNERS: [(&str, &str, &str, &str, &[&str]); 5] = [
    ("redis-py", "cache.py", "drive.py", include_str!("cache.py"), &["../venv/bin/python"]),
    ("node-redis", "cache.cjs", "drive.cjs", include_str!("cache.cjs"), &["node"]),
    ("ioredis", "cache.cjs", "drive.cjs", include_str!("cache.cjs"), &["node"]),
    ("phpredis", "cache.php", "drive.php", include_str!("cache.php"), &["php"]),
    ("redis-rb", "cache.rb", "drive.rb", include_str!("cache.rb"), &["ruby"]),
];

/// Debian's redis-rb is 4.8, which takes a count of attempts where 5 takes their pauses.
const OLDER: (&str, &str) = ("reconnect_attempts: [0.01, 0.05]", "reconnect_attempts: 2");

/// Compiled into one program, with what the code names as its dependencies.
const MANIFEST: &str = "[package]\nname = \"caches\"\nedition = \"2024\"\n\n[dependencies]\n\
    redis = { version = \"=1.8.1\", default-features = false }\nr2d2 = \"0.8\"\nflate2 = \"1\"\n\n[workspace]\n";
const DRIVER: &str = include_str!("cache.rs.txt");

/// Read only.
const READ: [&str; 7] = ["go-redis", "jedis", "lettuce", "stackexchange.redis", "redis-rs", "phpredis", "redis-rb"];

/// An old value is served and values are compressed; one loads under a lock; each process loads for itself; a write stores.
const WORKLOADS: [(&str, &str); 4] = [
    (
        "stale",
        "cache 100000 profiles of 2 KB, 20000 reads/s, 10 writes/s, 60 s old at most, the database takes 50 ms and bears 5000 \
         queries/s, 4 pods",
    ),
    ("lock", "cache 1000 profiles of 200 B, 20000 reads/s, 2 s old at most, the database takes 50 ms, 4 pods"),
    ("alone", "cache 100000 profiles of 200 B, 10 reads/s, 3000 s old at most, the database takes 50 ms, 4 pods"),
    (
        "through",
        "write-through cache of 1000 profiles of 2 KB, 20000 reads/s, 60 s old at most, the database takes 50 ms",
    ),
];

fn designed(client: &str, words: &str) -> Value {
    let answer = binary(&["cache", words, "--client", client, "--json"]).output().unwrap();
    serde_json::from_slice(&answer.stdout).unwrap()
}

fn code(report: &Value) -> &str {
    report["code"]["text"].as_str().unwrap()
}

/// Milliseconds that an old entry has left at most; 0 where none is served.
fn old_ms(report: &Value) -> u64 {
    let ttl = &report["cache"]["ttl"];
    let fresh = ttl["fresh"].as_f64();
    fresh.map_or(0, |fresh| ((ttl["seconds"].as_f64().unwrap() - fresh) * 1e3).round() as u64)
}

#[test]
fn each_workload_asks_for_the_code_that_it_is_named_after() {
    let shows = |words: &str| {
        let text = code(&designed("redis-py", words)).to_owned();
        ["OLD_MS", "\"NX\"", "zlib", "changed(item, value)"].map(|mark| text.contains(mark))
    };
    let seen = WORKLOADS.map(|(_, words)| shows(words));
    assert_eq!(seen[0], [true, true, true, false]);
    assert_eq!(seen[1], [false, true, false, false]);
    assert_eq!(seen[2], [false, false, false, false]);
    assert!(seen[3][3]);
}

/// What the driver prints, for a server that is there and for one that is not.
async fn drive(what: &str, old: u64, mut start: impl FnMut() -> Command) {
    let node = Node::start(&Setup::new(&[])).await;
    for (url, expected) in [
        // Read by a thousand: one load. Read again: none. Changed and read: one more.
        (format!("redis://127.0.0.1:{}", node.port()), "1 1 2 stored"),
        (format!("redis://127.0.0.1:{}", free_port()), "1 2 3 lost"),
    ] {
        let mut command = start();
        let port = url.rsplit(':').next().unwrap();
        command.env("REDIS_HOST", "127.0.0.1").env("REDIS_PORT", port);
        command.env("REDIS_URL", &url).env("OLD_MS", old.to_string()).stdin(Stdio::null());
        let ran = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = String::from_utf8_lossy(&ran.stdout).trim().to_owned();
        assert_eq!(said, expected, "{what}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = place().join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test]
#[ignore = "make clients: the libraries have to be installed"]
async fn the_code_for_a_cache_loads_once_and_lives_without_its_server() {
    for (client, file, driver, text, starter) in RUNNERS {
        // A driver changes an item without its value.
        for (name, words) in WORKLOADS.iter().filter(|(name, _)| *name != "through") {
            let folder = folder(&format!("cache-{client}"));
            let report = designed(client, words);
            fs::write(folder.join(file), code(&report).replace(OLDER.0, OLDER.1)).unwrap();
            fs::write(folder.join(driver), text).unwrap();
            let (program, more) = starter.split_first().unwrap();
            drive(&format!("{client}, {name}"), old_ms(&report), || {
                let mut command = Command::new(program);
                command.args(more).arg(driver).current_dir(&folder);
                command
            })
            .await;
        }
    }
}

#[tokio::test]
#[ignore = "make clients: compiles redis-rs once more"]
async fn the_code_for_redis_rs_loads_once_and_lives_without_its_server() {
    let source = folder("cache-redis-rs").join("src");
    fs::create_dir_all(&source).unwrap();
    let loaded = WORKLOADS.iter().filter(|(name, _)| *name != "through");
    let reports: Vec<(&str, Value)> = loaded.map(|(name, words)| (*name, designed("redis-rs", words))).collect();
    for (name, report) in &reports {
        fs::write(source.join(format!("{name}.rs")), code(report)).unwrap();
    }
    fs::write(source.join("main.rs"), DRIVER).unwrap();
    let folder = source.parent().unwrap();
    fs::write(folder.join("Cargo.toml"), MANIFEST).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet"]).current_dir(folder).env("CARGO_TARGET_DIR", folder.join("target"));
    let built = tokio::task::spawn_blocking(move || cargo.output().unwrap()).await.unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    for (name, report) in &reports {
        drive(&format!("redis-rs, {name}"), old_ms(report), || {
            let mut command = Command::new(folder.join("target/debug/caches"));
            command.arg(name);
            command
        })
        .await;
    }
}

#[test]
#[ignore = "make clients: needs the grammars that tests/clients/run installs"]
fn the_code_for_the_other_clients_can_be_read_by_a_grammar() {
    let folder = place().join("read-cache");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for client in READ {
        for (name, words) in WORKLOADS {
            fs::write(folder.join(format!("{name}.{client}")), code(&designed(client, words))).unwrap();
        }
    }
    let grammars = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/read.py");
    let python = place().join("venv/bin/python");
    let output = Command::new(python).arg(grammars).arg(&folder).output().unwrap();
    let says = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{says}{}", String::from_utf8_lossy(&output.stderr));
    assert!(says.contains(&format!("{} files", READ.len() * WORKLOADS.len())), "{says}");
}
