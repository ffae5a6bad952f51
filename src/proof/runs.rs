//! The proof of a library script: the session on its page, replayed on every server program at hand.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinSet;

use super::cluster::Cluster;
use super::host;
use super::replay::{Counted, Delivery, EVALSHA, Way, replay, slots_of};
use crate::facts::{Engine, foreign};
use crate::scripts::Script;

/// Far beyond any session: a server that hangs must not keep the answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Servers that run at the same time: sessions wait more than they work.
const AT_ONCE: usize = 4;

/// One replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// `Redis 7.0.15`, or the program where it did not get so far.
    pub server: String,
    /// How it was called, and where.
    pub way: &'static str,
    #[serde(flatten)]
    pub went: Went,
}

/// How a replay went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "went", rename_all = "kebab-case")]
pub enum Went {
    /// Each of so many steps answered what the page says.
    AsThePageSays {
        steps: usize,
    },
    Otherwise {
        says: String,
    },
    NotRun {
        why: String,
    },
}

/// Each call of the session for whose arguments the server has a command in the script's place.
pub const BY_COMMAND: &str = "the command in its place";
const WAYS: [&str; 4] = ["EVALSHA", "FCALL", BY_COMMAND, "EVALSHA in a cluster of three nodes"];

/// Replays the session on each program: by EVALSHA, as a function, by the command in its place, in a cluster.
pub async fn prove(script: &'static Script, programs: &[PathBuf]) -> Vec<Run> {
    let mut runs = Vec::new();
    for some in programs.chunks(AT_ONCE) {
        let mut replays = JoinSet::new();
        for (n, program) in some.iter().cloned().enumerate() {
            replays.spawn(async move { (n, prove_on(script, &program).await) });
        }
        let mut done = replays.join_all().await;
        done.sort_by_key(|(n, _)| *n);
        runs.extend(done.into_iter().flat_map(|(_, runs)| runs));
    }
    runs
}

async fn prove_on(script: &Script, program: &Path) -> Vec<Run> {
    let [evalsha, fcall, native, in_cluster] = WAYS;
    let failed = |server: String, way, error: anyhow::Error| {
        let why = foreign::bounded(&format!("{error:#}"), foreign::LONGEST);
        Run { server, way, went: Went::NotRun { why } }
    };
    let named = foreign::clean(&program.to_string_lossy());
    let alone = match host::alone(program).await {
        Ok(alone) => alone,
        Err(error) => return vec![failed(named, evalsha, error)],
    };
    let engine = match host::engine_of(&alone).await {
        Ok(engine) => engine,
        Err(error) => return vec![failed(named, evalsha, error)],
    };
    let server = engine.to_string();
    if let Some(since) = script.since(&engine.kind).filter(|since| engine.version < *since) {
        let why = format!("the script needs {}.{} or later", since.0, since.1);
        return vec![Run { server, way: evalsha, went: Went::NotRun { why } }];
    }
    let steps = script.session().unwrap_or_default();
    let run = |way, went| Run { server: server.clone(), way, went };
    let one_by_one = async {
        let by_hash = run(evalsha, went(steps.len(), replay(&alone, script, EVALSHA)).await);
        let as_function = Way { delivery: Delivery::Function, ..EVALSHA };
        let by_name = match has_functions(&engine) {
            true => went(steps.len(), replay(&alone, script, as_function)).await,
            false => Went::NotRun { why: "functions came with Redis 7.0".into() },
        };
        let mut runs = vec![by_hash, run(fcall, by_name)];
        if !script.replaced_on(&engine).is_empty() {
            let by_command = Way { delivery: Delivery::Native, ..EVALSHA };
            runs.push(run(native, went(steps.len(), replay(&alone, script, by_command)).await));
        }
        runs
    };
    // A cluster takes seconds to come up: the others go meanwhile.
    let clustered = async {
        match Cluster::start(program, &slots_of(&steps)).await {
            Ok(cluster) => run(in_cluster, went(steps.len(), replay(&cluster, script, EVALSHA)).await),
            Err(error) => failed(server.clone(), in_cluster, error),
        }
    };
    let (runs, last) = tokio::join!(one_by_one, clustered);
    runs.into_iter().chain([last]).collect()
}

pub fn has_functions(engine: &Engine) -> bool {
    engine.at_least((7, 0), (0, 0))
}

async fn went(steps: usize, replay: impl Future<Output = Result<Counted, String>>) -> Went {
    match tokio::time::timeout(PATIENCE, replay).await {
        Ok(Ok(_)) => Went::AsThePageSays { steps },
        Ok(Err(says)) => Went::Otherwise { says: foreign::bounded(&says, foreign::LONGEST) },
        Err(_) => Went::Otherwise { says: format!("no end within {} s", PATIENCE.as_secs()) },
    }
}
