//! Replays the session of a script's page on a server, by any way that a script can be called.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{RedisError, RedisResult, Value};

use super::Host;
use crate::facts::{Engine, Fields, slot_of};
use crate::scripts::{Names, Said, Script, Step, all, find, word};

/// How a script is handed to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// EVALSHA, and EVAL when the server does not know the script.
    Evalsha,
    /// FUNCTION LOAD and FCALL.
    Function,
    /// The command that the server has in the script's place, for the arguments with which it has one; else EVALSHA.
    Native,
}

/// Who calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    Default,
    /// A user who may do what the page declares, on the keys of the session, and nothing else.
    Restricted,
}

#[derive(Debug, Clone, Copy)]
pub struct Way {
    pub delivery: Delivery,
    pub caller: Caller,
    /// Whether to count the commands of each call: nobody else may use the server then.
    pub counts: bool,
}

pub const EVALSHA: Way = Way { delivery: Delivery::Evalsha, caller: Caller::Default, counts: false };

/// The fewest and the most commands of one call, if they were counted.
pub type Counted = Option<(usize, usize)>;

/// Longer than all steps of a session take together on a machine that is not busy, without the waits.
const BRISK: Duration = Duration::from_millis(50);
const TRIES: usize = 10;

/// Replays the session on an empty server; says where it went otherwise. When the machine was so slow that leases may
/// have ended between two steps, it is replayed again.
pub async fn replay(host: &impl Host, script: &Script, way: Way) -> Result<Counted, String> {
    let mut tries = 0;
    loop {
        tries += 1;
        let started = Instant::now();
        let (went, waited) = once(host, script, way).await;
        if went.is_ok() || tries == TRIES || started.elapsed() < waited + BRISK {
            return went;
        }
    }
}

/// One replay, and how long it waited because the session says so.
async fn once(host: &impl Host, script: &Script, way: Way) -> (Result<Counted, String>, Duration) {
    let mut waited = Duration::ZERO;
    let went = follow(host, script, way, &mut waited).await;
    (went, waited)
}

async fn follow(host: &impl Host, script: &Script, way: Way, waited: &mut Duration) -> Result<Counted, String> {
    let steps = script.session()?;
    let mut stage = Stage::set(host, script, way, &steps).await?;
    for step in &steps {
        if let Step::Wait(time) = step {
            tokio::time::sleep(*time).await;
            *waited += *time;
        } else {
            stage.play(step).await?;
        }
    }
    stage.close().await
}

/// A replay on its way.
struct Stage<'a> {
    script: &'a Script,
    way: Way,
    admin: MultiplexedConnection,
    /// As the caller of the script.
    own: MultiplexedConnection,
    names: Names,
    counted: Counted,
    /// Whose commands take the script's place, if that is the way.
    engine: Option<Engine>,
}

impl<'a> Stage<'a> {
    async fn set(host: &impl Host, script: &'a Script, way: Way, steps: &[Step]) -> Result<Self, String> {
        let (mut admin, mut own) = (host.connection().await?, host.connection().await?);
        say(&mut admin, &["FLUSHALL".into()]).await;
        if way.delivery == Delivery::Function {
            for (_, other) in all().filter(|(_, other)| other.id == script.id || calls(steps, other.id)) {
                // A test may replay a changed script under the same name.
                load(&mut admin, if other.id == script.id { script } else { other }).await?;
            }
        }
        if way.caller == Caller::Restricted {
            restrict(&mut admin, &mut own, script, steps).await?;
        }
        let engine = match way.delivery {
            Delivery::Native => match say(&mut admin, &["INFO".into(), "server".into()]).await {
                Said::Text(info) => Engine::from_info(&Fields::parse(&info)),
                _ => None,
            },
            _ => None,
        };
        Ok(Self { script, way, admin, own, names: Names::new(), counted: None, engine })
    }

    async fn play(&mut self, step: &Step) -> Result<(), String> {
        let id = self.script.id;
        let (said, pattern) = match step {
            Step::Wait(_) => return Ok(()),
            Step::Command { words, reply } => (say(&mut self.admin, &sent(words, &self.names)).await, reply),
            Step::Call { script, keys, arguments, reply } if script == id => {
                let arguments = sent(arguments, &self.names);
                match self.native(keys, &arguments).await {
                    // It says whether it was done, which is the first that the script says.
                    Some(done) => (Said::Integer(done.into()), reply.head()),
                    None => (self.call(keys, &arguments).await?, reply),
                }
            }
            Step::Call { script, keys, arguments, reply } => {
                let other = find(script).ok_or_else(|| format!("{id}: no script {script}"))?;
                let arguments = sent(arguments, &self.names);
                (call(&mut self.admin, other, self.way.delivery, keys, &arguments).await, reply)
            }
        };
        match pattern.fits(&said, &mut self.names) {
            true => Ok(()),
            false => Err(format!("{id}: {}\n  wanted {pattern:?}\n  got    {said:?}", shown(step))),
        }
    }

    /// Whether the command in the script's place did it, where there is one for these arguments.
    async fn native(&mut self, keys: &[String], arguments: &[String]) -> Option<bool> {
        let native = self.script.replaced_for(self.engine.as_ref()?, arguments)?;
        let said = say(&mut self.own, &native.words(self.script, keys, arguments)).await;
        Some(native.says_done(&said))
    }

    /// Calls the script whose page it is, and counts what that makes if wished.
    async fn call(&mut self, keys: &[String], arguments: &[String]) -> Result<Said, String> {
        if !self.way.counts {
            return Ok(call(&mut self.own, self.script, self.way.delivery, keys, arguments).await);
        }
        let before = commands(&mut self.admin).await?;
        let said = call(&mut self.own, self.script, self.way.delivery, keys, arguments).await;
        let made = commands(&mut self.admin).await? - before;
        let (low, high) = self.counted.unwrap_or((made, made));
        self.counted = Some((low.min(made), high.max(made)));
        Ok(said)
    }

    async fn close(mut self) -> Result<Counted, String> {
        if self.way.caller == Caller::Restricted {
            let log = say(&mut self.admin, &["ACL".into(), "LOG".into()]).await;
            if log != Said::List(Vec::new()) {
                return Err(format!("{}: ACL LOG says {log:?}", self.script.id));
            }
        }
        Ok(self.counted)
    }
}

fn sent(words: &[String], names: &Names) -> Vec<String> {
    words.iter().map(|part| word(part, names)).collect()
}

fn calls(steps: &[Step], id: &str) -> bool {
    steps.iter().any(|step| matches!(step, Step::Call { script, .. } if script == id))
}

/// The keys that a session hands to this script.
pub fn keys_of(script: &Script, steps: &[Step]) -> BTreeSet<String> {
    let own = |step: &Step| match step {
        Step::Call { script: id, keys, .. } if id == script.id => keys.clone(),
        _ => Vec::new(),
    };
    steps.iter().flat_map(own).collect()
}

/// The slots of the keys that a session hands to scripts.
pub fn slots_of(steps: &[Step]) -> BTreeSet<u16> {
    let keys = |step: &Step| match step {
        Step::Call { keys, .. } => keys.clone(),
        _ => Vec::new(),
    };
    steps.iter().flat_map(keys).map(|key| slot_of(key.as_bytes())).collect()
}

async fn restrict(
    admin: &mut MultiplexedConnection,
    own: &mut MultiplexedConnection,
    script: &Script,
    steps: &[Step],
) -> Result<(), String> {
    let mut rule: Vec<String> = ["ACL", "SETUSER", script.id, "reset", "on", ">secret"].map(str::to_owned).to_vec();
    rule.extend(keys_of(script, steps).iter().map(|key| format!("~{key}")));
    rule.extend(["+eval", "+evalsha"].map(str::to_owned));
    // Redis 6.2 has no FCALL to allow.
    if is_error(&say(admin, &["FUNCTION".into(), "LIST".into()]).await).is_none() {
        rule.push("+fcall".to_owned());
    }
    rule.extend(script.acl());
    for words in [rule, vec!["ACL".into(), "LOG".into(), "RESET".into()]] {
        if let Some(error) = is_error(&say(admin, &words).await) {
            return Err(format!("{}: {words:?}: {error}", script.id));
        }
    }
    match is_error(&say(own, &["AUTH".into(), script.id.into(), "secret".into()]).await) {
        Some(error) => Err(format!("{}: AUTH: {error}", script.id)),
        None => Ok(()),
    }
}

fn is_error(said: &Said) -> Option<&str> {
    match said {
        Said::Error(error) => Some(error),
        _ => None,
    }
}

async fn load(connection: &mut MultiplexedConnection, script: &Script) -> Result<(), String> {
    let mut load = redis::cmd("FUNCTION");
    load.arg("LOAD").arg("REPLACE").arg(script.as_function());
    load.query_async::<Value>(connection).await.map(|_| ()).map_err(|error| format!("{}: {error}", script.id))
}

/// Calls a script once.
pub async fn call(
    connection: &mut MultiplexedConnection,
    script: &Script,
    delivery: Delivery,
    keys: &[String],
    arguments: &[String],
) -> Said {
    said(attempt(connection, script, delivery, keys, arguments).await)
}

/// Calls a script once; an error of the connection is told apart from one of the script.
pub async fn attempt(
    connection: &mut MultiplexedConnection,
    script: &Script,
    delivery: Delivery,
    keys: &[String],
    arguments: &[String],
) -> RedisResult<Value> {
    let ask = |name: &str, what: &str| {
        let mut command = redis::cmd(name);
        command.arg(what).arg(keys.len()).arg(keys).arg(arguments);
        command
    };
    if delivery == Delivery::Function {
        return ask("FCALL", &script.function_name()).query_async(connection).await;
    }
    match ask("EVALSHA", &script.sha1()).query_async::<Value>(connection).await {
        Err(error) if error.code() == Some("NOSCRIPT") => ask("EVAL", script.lua).query_async(connection).await,
        answer => answer,
    }
}

pub async fn say(connection: &mut MultiplexedConnection, words: &[String]) -> Said {
    let mut command = redis::Cmd::new();
    command.arg(words);
    said(command.query_async(connection).await)
}

/// What a reply is in a session.
pub fn said(answer: RedisResult<Value>) -> Said {
    match answer {
        Ok(Value::Nil) => Said::Nil,
        Ok(Value::Int(number)) => Said::Integer(number),
        Ok(Value::Okay) => Said::Text("OK".into()),
        Ok(Value::SimpleString(text)) => Said::Text(text),
        Ok(Value::BulkString(bytes)) => Said::Text(String::from_utf8_lossy(&bytes).into_owned()),
        Ok(Value::Array(parts)) => Said::List(parts.into_iter().map(|part| said(Ok(part))).collect()),
        Ok(other) => Said::Error(format!("an unforeseen reply: {other:?}")),
        Err(error) => Said::Error(text(error)),
    }
}

fn text(error: RedisError) -> String {
    match (error.code(), error.detail()) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        _ => error.to_string(),
    }
}

/// How many commands the server has run, but for those that we look and call with.
async fn commands(connection: &mut MultiplexedConnection) -> Result<usize, String> {
    let info: String = redis::cmd("INFO").arg("commandstats").query_async(connection).await.map_err(text)?;
    let ours = ["info", "eval", "evalsha", "fcall"];
    let made = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let calls: usize = rest.split(',').next()?.parse().ok()?;
        (!ours.contains(&name)).then_some(calls)
    };
    Ok(info.lines().filter_map(made).sum())
}

fn shown(step: &Step) -> String {
    match step {
        Step::Call { script, keys, arguments, .. } => format!("{script} {} , {}", keys.join(" "), arguments.join(" ")),
        Step::Command { words, .. } => words.join(" "),
        Step::Wait(time) => format!("wait {time:?}"),
    }
}
