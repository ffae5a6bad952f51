//! Runs the code that `design_cache` writes: a thousand readers of one item, a change, and a server that is gone.

use std::fs;
use std::process::{Command, Stdio};

use super::place;
use crate::stage::node::Node;
use crate::stage::setup::Setup;
use crate::stage::{binary, free_port};

/// The client, the file of its code, its driver, and how that is started in the folder of what was installed.
const RUNNERS: [(&str, &str, &str, &str, &[&str]); 3] = [
    ("redis-py", "cache.py", "drive.py", include_str!("cache.py"), &["../venv/bin/python"]),
    ("node-redis", "cache.cjs", "drive.cjs", include_str!("cache.cjs"), &["node"]),
    ("ioredis", "cache.cjs", "drive.cjs", include_str!("cache.cjs"), &["node"]),
];

const WORKLOAD: &str = "cache 1000 profiles of 2 KB, 2000 reads/s, 10 writes/s, 60 s old at most, the database takes 50 ms \
    and bears 500 queries/s, 4 pods";

#[tokio::test]
#[ignore = "make clients: the libraries have to be installed"]
async fn the_code_for_a_cache_loads_once_and_lives_without_its_server() {
    let node = Node::start(&Setup::new(&[])).await;
    for (client, file, driver, text, starter) in RUNNERS {
        let folder = place().join(format!("cache-{client}"));
        fs::create_dir_all(&folder).unwrap();
        let answer = binary(&["cache", WORKLOAD, "--client", client, "--json"]).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
        fs::write(folder.join(file), report["code"]["text"].as_str().unwrap()).unwrap();
        fs::write(folder.join(driver), text).unwrap();
        for (url, expected) in [
            // Read by a thousand: one load. Read again: none. Changed and read: one more.
            (format!("redis://127.0.0.1:{}", node.port()), "1 1 2 stored"),
            (format!("redis://127.0.0.1:{}", free_port()), "1 2 3 lost"),
        ] {
            node.ask::<String>("FLUSHALL").await.unwrap();
            let (program, more) = starter.split_first().unwrap();
            let mut command = Command::new(program);
            command.args(more).arg(driver).current_dir(&folder).env("REDIS_URL", &url).stdin(Stdio::null());
            let ran = command.output().unwrap();
            let said = String::from_utf8_lossy(&ran.stdout).trim().to_owned();
            assert_eq!(said, expected, "{client}: {}", String::from_utf8_lossy(&ran.stderr));
        }
    }
}
