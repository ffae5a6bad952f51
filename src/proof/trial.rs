//! Runs a stranger's script once on a server of our own: bounded in time and memory, and without a way out.

use std::path::Path;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Value};
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout};

use super::cluster::Cluster;
use super::host;
use super::replay::said;
use crate::facts::{Foreign, foreign, slot_of};
use crate::probe::Scratch;
use crate::scripts::Said;

/// A script that takes longer blocks its server for as long: on a real one that is an outage.
const DEADLINE: Duration = Duration::from_secs(2);
/// From SCRIPT KILL to the end of the process.
const GRACE: Duration = Duration::from_secs(1);
/// Between two looks at the clock and at the memory.
const WATCH: Duration = Duration::from_millis(5);
/// Lua's own memory is not held to `maxmemory`: 64 MB for data, and as much again three times.
const RESIDENT: u64 = 256 << 20;

/// Everything but what reaches beyond this server. MIGRATE would connect to others, and a script may call it.
const USER: &[&str] = &["trial", "reset", "on", "~*", "&*", "+@all", "-@admin", "-migrate", "-cluster"];

/// A call to try.
#[derive(Debug, Clone, Default)]
pub struct Example {
    /// Of a library, the function to call; it need not be named where there is only one.
    pub function: Option<String>,
    pub keys: Vec<String>,
    pub arguments: Vec<String>,
}

impl Example {
    /// Whether there is anything to call with.
    pub fn is_given(&self) -> bool {
        self.function.is_some() || !self.keys.is_empty() || !self.arguments.is_empty()
    }
}

/// One run of a script.
#[derive(Debug, Clone, Serialize)]
pub struct Trial {
    /// `Redis 7.0.15`, or the program where it did not get so far.
    pub server: String,
    pub in_cluster: bool,
    #[serde(flatten)]
    pub ended: Ended,
}

/// How it ended.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "ended", rename_all = "kebab-case")]
pub enum Ended {
    Answered {
        reply: Foreign,
    },
    /// A library of these functions: loaded, and none was called.
    Loaded {
        functions: Vec<Foreign>,
    },
    /// The server did not take the text.
    Refused {
        error: Foreign,
    },
    Failed {
        error: Foreign,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<&'static str>,
    },
    /// It had to be stopped, and how.
    Stopped {
        why: String,
    },
    NotRun {
        why: String,
    },
}

/// What a cluster's error about keys asks for.
const NAME_THEM: &str = "it touched a key in another slot than those that it was given: name every key in KEYS, and give \
    all keys of a call the same hash tag";
const ONE_SLOT: &str = "give all keys of a call the same hash tag, such as {user-1}, and send the braces";

/// Loads the script and calls it once.
pub async fn try_out(program: &Path, script: &[u8], example: &Example, in_cluster: bool) -> Trial {
    let named = foreign::clean(&program.to_string_lossy());
    let not_run =
        |error: anyhow::Error| Ended::NotRun { why: foreign::bounded(&format!("{error:#}"), foreign::LONGEST) };
    let (mut scratch, _others, engine) = match start(program, example, in_cluster).await {
        Ok(started) => started,
        Err(error) => return Trial { server: named, in_cluster, ended: not_run(error) },
    };
    let ended = match connect(&scratch).await {
        Ok((admin, own)) => run(&mut scratch, admin, own, script, example).await,
        Err(error) => not_run(error),
    };
    Trial { server: engine, in_cluster, ended }
}

/// The server that runs it, and those that are there for the keys that it was not given.
async fn start(program: &Path, example: &Example, in_cluster: bool) -> anyhow::Result<(Scratch, Vec<Scratch>, String)> {
    let (scratch, others) = if in_cluster {
        let slots = example.keys.iter().map(|key| slot_of(key.as_bytes())).collect();
        let Cluster { first, others } = Cluster::start(program, &slots).await?;
        (first, others)
    } else {
        (host::alone(program).await?, Vec::new())
    };
    let engine = host::engine_of(&scratch).await?;
    // Before, a user could not be kept from the commands of the administrator and let into channels.
    anyhow::ensure!(
        engine.at_least((6, 2), (0, 0)),
        "{engine} is too old to try a stranger's script on: 6.2 is needed"
    );
    Ok((scratch, others, engine.to_string()))
}

/// One connection to stop the script with, and one that calls it with less to say.
async fn connect(scratch: &Scratch) -> anyhow::Result<(MultiplexedConnection, MultiplexedConnection)> {
    let (mut admin, mut own) = (scratch.connect().await?, scratch.connect().await?);
    let password = host::password()?;
    redis::cmd("ACL").arg("SETUSER").arg(USER).arg(format!(">{password}")).exec_async(&mut admin).await?;
    redis::cmd("AUTH").arg("trial").arg(password).exec_async(&mut own).await?;
    Ok((admin, own))
}

async fn run(
    scratch: &mut Scratch,
    mut admin: MultiplexedConnection,
    mut own: MultiplexedConnection,
    script: &[u8],
    example: &Example,
) -> Ended {
    let is_library = script.starts_with(b"#!") && script.split(|byte| *byte == b'\n').next().is_some_and(names_itself);
    let (name, verb) = if is_library { ("FUNCTION", "LOAD") } else { ("SCRIPT", "LOAD") };
    let mut load = redis::cmd(name);
    load.arg(verb).arg(script);
    // The body of a library runs when it is loaded, so loading is watched like a call.
    let loaded = match watched(scratch, &mut admin.clone(), &mut admin, &load).await {
        Err(why) => return Ended::Stopped { why },
        Ok(Said::Error(error)) => return Ended::Refused { error: Foreign::name(&error) },
        Ok(loaded) => loaded,
    };
    let mut call = match is_library {
        false => redis::Cmd::new().arg("EVAL").arg(script).to_owned(),
        true => match function(&mut admin, &loaded, example).await {
            Ok(name) => redis::Cmd::new().arg("FCALL").arg(name).to_owned(),
            Err(functions) => return Ended::Loaded { functions },
        },
    };
    call.arg(example.keys.len()).arg(&example.keys).arg(&example.arguments);
    match watched(scratch, &mut own, &mut admin, &call).await {
        Err(why) => Ended::Stopped { why },
        Ok(Said::Error(error)) => Ended::Failed { error: Foreign::name(&error), next: next(&error) },
        Ok(reply) => Ended::Answered { reply: Foreign::name(&shown(&reply)) },
    }
}

/// What to do about an error that only a cluster gives.
fn next(error: &str) -> Option<&'static str> {
    if error.contains("non local key") || error.contains("do not hash to the same slot") {
        return Some(NAME_THEM);
    }
    error.starts_with("CROSSSLOT").then_some(ONE_SLOT)
}

/// The function of a library that is meant, or all that it has.
async fn function(
    admin: &mut MultiplexedConnection,
    library: &Said,
    example: &Example,
) -> Result<String, Vec<Foreign>> {
    if let Some(name) = &example.function {
        return Ok(name.clone());
    }
    let Said::Text(library) = library else { return Err(Vec::new()) };
    let list = redis::cmd("FUNCTION").arg("LIST").arg("LIBRARYNAME").arg(library).query_async(admin).await;
    let mut names = names_of(&said(list));
    match names.as_slice() {
        [_] if example.is_given() => Ok(names.remove(0)),
        _ => Err(names.iter().map(|name| Foreign::name(name)).collect()),
    }
}

/// The functions in an answer of FUNCTION LIST: the value after each `name`.
fn names_of(said: &Said) -> Vec<String> {
    let Said::List(parts) = said else { return Vec::new() };
    let named = parts.iter().zip(parts.iter().skip(1)).filter_map(|pair| match pair {
        (Said::Text(field), Said::Text(name)) if field == "name" => Some(name.clone()),
        _ => None,
    });
    named.chain(parts.iter().flat_map(names_of)).collect()
}

fn names_itself(line: &[u8]) -> bool {
    line.windows(5).any(|part| part == b"name=")
}

/// Sends a command and stays at its side; says why it had to be stopped.
async fn watched(
    scratch: &mut Scratch,
    own: &mut MultiplexedConnection,
    admin: &mut MultiplexedConnection,
    command: &redis::Cmd,
) -> Result<Said, String> {
    let answer = command.query_async::<Value>(own);
    tokio::pin!(answer);
    let start = Instant::now();
    let mut told: Option<Instant> = None;
    loop {
        tokio::select! {
            answer = &mut answer => return judged(scratch, answer, told.is_some()),
            () = sleep(WATCH) => {}
        }
        if scratch.resident_bytes().is_some_and(|bytes| bytes > RESIDENT) {
            scratch.kill();
            return Err(format!("it took more than {} MB of memory; its server was ended", RESIDENT >> 20));
        }
        match told {
            None if start.elapsed() > DEADLINE => {
                told = Some(Instant::now());
                // It may have written, and then the server refuses; the grace period ends either way.
                let _ = timeout(GRACE, redis::cmd("SCRIPT").arg("KILL").exec_async(admin)).await;
            }
            Some(since) if since.elapsed() > GRACE => {
                scratch.kill();
                return Err(format!(
                    "it had no end after {} s, and SCRIPT KILL did not stop it, since it had written or caught the \
                     error; its server was ended",
                    DEADLINE.as_secs()
                ));
            }
            _ => {}
        }
    }
}

fn judged(scratch: &mut Scratch, answer: RedisResult<Value>, was_told: bool) -> Result<Said, String> {
    match answer {
        Err(error) if error.code().is_none() && scratch.ended() => {
            Err("the server ended while it ran: it took all memory, or it found a fault in the server".into())
        }
        Err(error) if error.code().is_none() && error.is_io_error() => {
            Err("the server closed the connection: the reply was above 16 MB".into())
        }
        Err(error) if error.to_string().contains("recursion depth") => {
            Err("its reply is nested deeper than a client reads".into())
        }
        Err(_) if was_told => Err(format!("it had no end after {} s; SCRIPT KILL stopped it", DEADLINE.as_secs())),
        answer => Ok(said(answer)),
    }
}

/// A reply as redis-cli might show it on one line.
fn shown(said: &Said) -> String {
    match said {
        Said::Nil => "nil".into(),
        Said::Integer(number) => number.to_string(),
        Said::Text(text) => format!("\"{text}\""),
        Said::List(parts) => format!("[{}]", parts.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Said::Error(error) => format!("(error) {error}"),
    }
}
