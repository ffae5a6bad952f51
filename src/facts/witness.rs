//! Answers a rule's questions about a server and remembers every answer: reading is what makes evidence.

use std::cell::RefCell;
use std::fmt;

use serde::Serialize;

use super::server::Earlier;
use super::{
    AclUser, Bytes, Clients, CommandUse, Count, Database, Engine, ErrorCount, Fields, Foreign, Known, LatencyEvent,
    Missing, PerSecond, Replica, Server, SizeBucket, SlowCommand,
};

/// One fact that was read before a verdict: which command told it, its name, its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    pub command: String,
    pub fact: String,
    pub value: String,
}

impl Evidence {
    pub fn new(command: impl Into<String>, fact: impl Into<String>, value: impl Into<String>) -> Self {
        Self { command: command.into(), fact: fact.into(), value: value.into() }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} = {}", self.command, self.fact, self.value)
    }
}

/// The counter that our own questions are in too; they are taken off.
const COMMANDS: &str = "total_commands_processed";

/// By how much a counter grew between two looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    pub by: u64,
    pub seconds: f64,
}

impl Growth {
    pub fn rate(&self) -> PerSecond {
        PerSecond(if self.seconds > 0.0 { self.by as f64 / self.seconds } else { 0.0 })
    }
}

/// What a witness said so far. A second value of the same fact replaces the first.
#[derive(Debug, Default)]
pub struct Record(RefCell<Vec<Evidence>>);

impl Record {
    pub fn note(&self, command: &str, fact: &str, value: impl fmt::Display) {
        let evidence = Evidence::new(command, fact, value.to_string());
        let mut said = self.0.borrow_mut();
        match said.iter_mut().find(|old| old.command == evidence.command && old.fact == evidence.fact) {
            Some(old) => *old = evidence,
            None => said.push(evidence),
        }
    }

    pub fn into_evidence(self) -> Vec<Evidence> {
        self.0.into_inner()
    }
}

/// Answers about one server, for one rule.
#[derive(Debug)]
pub struct Witness<'a> {
    server: &'a Server,
    said: Record,
}

impl<'a> Witness<'a> {
    pub fn new(server: &'a Server) -> Self {
        Self { server, said: Record::default() }
    }

    pub fn into_evidence(self) -> Vec<Evidence> {
        self.said.into_evidence()
    }

    /// Puts a fact on record: for values that a rule worked out of a list.
    pub fn note(&self, command: &str, fact: &str, value: impl fmt::Display) {
        self.said.note(command, fact, value);
    }

    /// A field of INFO or a parameter of CONFIG, as text that is set apart where it is printed.
    pub fn word(&self, name: &str) -> Known<Foreign> {
        let (command, value) = self.server.fact(name)?;
        let value = Foreign::value(value);
        let shown = if value.is_empty() { "(empty)".to_owned() } else { value.to_string() };
        self.note(command, name, shown);
        Ok(value)
    }

    /// The same, as a whole number.
    pub fn number(&self, name: &str) -> Known<u64> {
        self.parsed(name)
    }

    /// The same, as a number that may be negative: `-1` often means "never".
    pub fn signed(&self, name: &str) -> Known<i64> {
        self.parsed(name)
    }

    /// The same, as a ratio.
    pub fn ratio(&self, name: &str) -> Known<f64> {
        self.parsed(name)
    }

    /// The same, as bytes.
    pub fn bytes(&self, name: &str) -> Known<Bytes> {
        self.number(name).map(Bytes)
    }

    /// Whether a `yes`/`no` parameter or a `1`/`0` field is on.
    pub fn is_on(&self, name: &str) -> Known<bool> {
        let word = self.word(name)?;
        Ok(word == "yes" || word == "1")
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str) -> Known<T> {
        let (_, value) = self.server.fact(name)?;
        self.word(name)?;
        value.parse().map_err(|_| not_a_number(value, name))
    }

    /// Growth of a counter of INFO between the two looks.
    pub fn growth(&self, name: &str) -> Known<Growth> {
        let (by, seconds) = self.grown(name)?;
        let own = if name == COMMANDS { self.earlier()?.own.values().sum() } else { 0 };
        let growth = Growth { by: (by.round() as u64).saturating_sub(own), seconds };
        self.note("INFO", &format!("{name} in {seconds:.1} s"), format!("+{}", Count(growth.by)));
        Ok(growth)
    }

    /// The same for a counter with a fraction, in its own unit per second: CPU seconds.
    pub fn per_second(&self, name: &str) -> Known<f64> {
        let (by, seconds) = self.grown(name)?;
        self.note("INFO", &format!("{name} in {seconds:.1} s"), format!("+{by:.3}"));
        Ok(by / seconds)
    }

    /// How far a counter went, and in how many seconds.
    fn grown(&self, name: &str) -> Known<(f64, f64)> {
        let now = number_of(self.server.fact(name)?.1, name)?;
        let before = number_of(self.server.earlier_fact(name)?, name)?;
        let seconds = self.earlier()?.seconds;
        let by = now - before;
        if by < 0.0 || seconds <= 0.0 {
            return Err(Missing::new(name, "the counter was reset between the two looks; look again"));
        }
        Ok((by, seconds))
    }

    /// Seconds between the two looks.
    pub fn interval(&self) -> Known<f64> {
        Ok(self.earlier()?.seconds)
    }

    /// The server's own clock, in Unix seconds.
    pub fn now(&self) -> Known<u64> {
        let (_, micros) = self.server.fact("server_time_usec")?;
        Ok(number_of(micros, "server_time_usec")? as u64 / 1_000_000)
    }

    pub fn engine(&self) -> Known<Engine> {
        self.info()?;
        self.server.engine().ok_or_else(|| Missing::new("redis_version", "this server does not report it"))
    }

    /// Every logical database that holds keys.
    pub fn databases(&self) -> Known<Vec<Database>> {
        let databases = Database::all(self.info()?);
        if let (true, Ok(keys @ 1..)) = (databases.is_empty(), &self.server.keys) {
            let why = format!("INFO shows no database, and DBSIZE counts {} keys", Count(*keys));
            return Err(Missing::new("INFO keyspace", why));
        }
        for db in &databases {
            self.note(
                "INFO",
                &format!("db{}", db.index),
                format!("{} keys, {} with a TTL", Count(db.keys), Count(db.expires)),
            );
        }
        Ok(databases)
    }

    /// Keys, and those of them that carry a TTL, over all databases.
    pub fn key_counts(&self) -> Known<(u64, u64)> {
        let databases = self.databases()?;
        Ok((databases.iter().map(|db| db.keys).sum(), databases.iter().map(|db| db.expires).sum()))
    }

    /// Command counters since the last reset. Our own questions are among them, so none at all means none are shown.
    pub fn commands(&self) -> Known<Vec<CommandUse>> {
        let commands = CommandUse::all(self.info()?);
        if commands.is_empty() {
            Err(Missing::new("commandstats", "this server does not report it"))
        } else {
            Ok(commands)
        }
    }

    /// Command counters between the two looks. Our own questions are among them.
    pub fn recent_commands(&self) -> Known<Vec<CommandUse>> {
        let before = CommandUse::all(&self.earlier()?.info);
        let reset = || Missing::new("commandstats", "the counters were reset between the two looks; look again");
        self.commands()?.iter().map(|command| command.since(&before).ok_or_else(reset)).collect()
    }

    /// Error replies between the two looks, by their code.
    pub fn recent_errors(&self) -> Known<Vec<ErrorCount>> {
        // Past 128 different codes a server counts them no longer one by one.
        if self
            .info()?
            .get("errorstat_ERRORSTATS_DISABLED")
            .or(self.info()?.get("errorstat_ERRORSTATS_OVERFLOW"))
            .is_some()
        {
            return Err(Missing::new("errorstats", "too many different codes; CONFIG RESETSTAT starts the count anew"));
        }
        let before = ErrorCount::all(&self.earlier()?.info);
        let grown = ErrorCount::all(self.info()?).into_iter().map(|now| {
            let old = before.iter().find(|old| old.code == now.code).map_or(0, |old| old.count);
            ErrorCount { count: now.count.saturating_sub(old), ..now }
        });
        Ok(grown.filter(|error| error.count > 0).collect())
    }

    /// So many of the errors between the two looks answered our own questions.
    pub fn own_errors(&self) -> Known<u64> {
        Ok(self.earlier()?.own_errors)
    }

    pub fn replicas(&self) -> Known<Vec<Replica>> {
        let replicas = Replica::all(self.info()?);
        self.note("INFO", "replicas", replicas.len());
        Ok(replicas)
    }

    /// INFO keysizes; only Redis 8.0 and later keep it.
    pub fn key_sizes(&self) -> Known<Vec<SizeBucket>> {
        let engine = self.engine()?;
        let buckets = SizeBucket::all(self.info()?);
        let (keys, _) = self.key_counts()?;
        if buckets.is_empty() && keys > 0 {
            return Err(Missing::new(
                "INFO keysizes",
                format!(
                    "{engine} does not keep it (Redis 8.0 and later do); godmode-redis audit reads the keys instead"
                ),
            ));
        }
        Ok(buckets)
    }

    pub fn clients(&self) -> Known<&'a Clients> {
        let clients = self.server.clients.as_ref().map_err(Clone::clone)?;
        self.note("CLIENT LIST", "connections", Count(clients.connected));
        Ok(clients)
    }

    pub fn slowlog(&self) -> Known<&'a [SlowCommand]> {
        let slowlog = self.server.slowlog.as_ref().map_err(Clone::clone)?;
        self.note("SLOWLOG GET", "entries", slowlog.len());
        Ok(slowlog)
    }

    pub fn latency_events(&self) -> Known<&'a [LatencyEvent]> {
        let events = self.server.latency_events.as_ref().map_err(Clone::clone)?;
        self.note("LATENCY LATEST", "events", events.len());
        Ok(events)
    }

    /// What ACL says of the user that a connection without a name becomes.
    pub fn default_user(&self) -> Known<&'a AclUser> {
        let user = self.server.default_user.as_ref().map_err(Clone::clone)?;
        let flags = user.flags.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        self.note("ACL GETUSER default", "flags", Foreign::value(&flags));
        Ok(user)
    }

    fn info(&self) -> Known<&'a Fields> {
        self.server.info.as_ref().map_err(Clone::clone)
    }

    fn earlier(&self) -> Known<&'a Earlier> {
        self.server.earlier.as_ref().map_err(Clone::clone)
    }
}

fn number_of(value: &str, name: &str) -> Known<f64> {
    value.parse().map_err(|_| not_a_number(value, name))
}

fn not_a_number(value: &str, name: &str) -> Missing {
    Missing::new(name, format!("{} is not the number we expected", Foreign::name(value)))
}
