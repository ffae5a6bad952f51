//! What a server may have in a script's place: a command, for which arguments it does, and how its answer reads.

use std::collections::BTreeMap;
use std::fmt;

use super::Script;
use super::parts::plain;
use crate::facts::{Engine, Kind, Version};
use crate::page::session;

/// A command that does the same without a script: a row of the page's table.
#[derive(Debug, Clone, PartialEq)]
pub struct Replacement {
    pub engine: Kind,
    pub since: Version,
    /// Its words; the name of a key or of an argument stands for its value.
    pub command: &'static str,
    /// With other arguments it does something else.
    pub only: Vec<Condition>,
    /// What it answers when it did it; anything else says that it did not.
    pub done: session::Pattern,
    /// What it says or does otherwise than the script.
    pub differs: &'static str,
}

/// What an argument has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// `ttl = 0`
    Is(&'static str, i64),
    /// `ttl > 0`
    Above(&'static str, i64),
    /// `expected not empty`
    NotEmpty(&'static str),
}

/// `DELEX on Redis 8.4`
impl fmt::Display for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.name(), self.server())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(name, number) => write!(f, "{name} = {number}"),
            Self::Above(name, number) => write!(f, "{name} > {number}"),
            Self::NotEmpty(name) => write!(f, "{name} is not empty"),
        }
    }
}

impl Condition {
    fn read(text: &'static str) -> Option<Self> {
        let words: Vec<&'static str> = text.split(' ').collect();
        Some(match *words.as_slice() {
            [name, "=", number] => Self::Is(name, number.parse().ok()?),
            [name, ">", number] => Self::Above(name, number.parse().ok()?),
            [name, "not", "empty"] => Self::NotEmpty(name),
            _ => return None,
        })
    }

    fn holds(self, script: &Script, arguments: &[String]) -> bool {
        let (Self::Is(name, _) | Self::Above(name, _) | Self::NotEmpty(name)) = self;
        let at = script.arguments().iter().position(|argument| argument.name == name);
        let Some(value) = at.and_then(|at| arguments.get(at)) else { return false };
        match self {
            Self::Is(_, number) => value.parse() == Ok(number),
            Self::Above(_, number) => value.parse::<i64>().is_ok_and(|value| value > number),
            Self::NotEmpty(_) => !value.is_empty(),
        }
    }
}

impl Replacement {
    /// A row as: | Redis 8.4 | `SET value wanted IFEQ expected PX ttl` | expected not empty, ttl > 0 | `OK` | why |
    fn read(row: &[&'static str]) -> Option<Self> {
        let [server, command, only, done, differs] = *row else { return None };
        let (name, version) = server.split_once(' ')?;
        let engine = if name == "Valkey" { Kind::Valkey } else { Kind::Redis };
        let only = match only {
            "-" => Vec::new(),
            only => only.split(", ").map(Condition::read).collect::<Option<_>>()?,
        };
        let done = session::pattern(plain(done))?;
        Some(Self { engine, since: Version::parse(version), command: plain(command), only, done, differs })
    }

    pub fn name(&self) -> &'static str {
        self.command.split(' ').next().unwrap_or_default()
    }

    /// The first that has it: `Redis 8.4`.
    pub fn server(&self) -> String {
        let engine = if self.engine == Kind::Valkey { "Valkey" } else { "Redis" };
        format!("{engine} {}.{}", self.since.0, self.since.1)
    }

    /// `expected is not empty and ttl > 0`; empty where it always does.
    pub fn condition(&self) -> String {
        self.only.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
    }

    /// The words to send: a name of a key or of an argument is its value, any other word stands for itself.
    pub fn words(&self, script: &Script, keys: &[String], arguments: &[String]) -> Vec<String> {
        let named_keys = script.keys().into_iter().map(|key| key.name).zip(keys);
        let named: BTreeMap<&str, &String> =
            named_keys.chain(script.arguments().iter().map(|argument| argument.name).zip(arguments)).collect();
        self.command.split(' ').map(|word| named.get(word).map_or(word, |value| value).to_owned()).collect()
    }

    /// Whether this answer says that it was done.
    pub fn says_done(&self, said: &session::Said) -> bool {
        self.done.fits(said, &mut session::Names::new())
    }
}

impl Script {
    /// Every command that replaces it on some server, for some arguments.
    pub fn replaced_by(&self) -> Vec<Replacement> {
        self.page.rows("Instead").iter().filter_map(|row| Replacement::read(row)).collect()
    }

    /// `SET on Redis 8.4`, each once.
    pub fn commands_instead(&self) -> Vec<String> {
        let mut commands: Vec<String> = self.replaced_by().iter().map(ToString::to_string).collect();
        commands.dedup();
        commands
    }

    /// The commands that this server has in its place.
    pub fn replaced_on(&self, server: &Engine) -> Vec<Replacement> {
        let has = |other: &Replacement| other.engine == server.kind && other.since <= server.version;
        self.replaced_by().into_iter().filter(has).collect()
    }

    /// The command to take in its place on this server, with these arguments.
    pub fn replaced_for(&self, server: &Engine, arguments: &[String]) -> Option<Replacement> {
        let fits = |other: &Replacement| other.only.iter().all(|one| one.holds(self, arguments));
        self.replaced_on(server).into_iter().find(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::session::Said;
    use crate::scripts::find;

    fn on(id: &str, kind: Kind, version: Version, arguments: &[&str]) -> Option<String> {
        let script = find(id).unwrap();
        let arguments: Vec<String> = arguments.iter().map(|&one| one.to_owned()).collect();
        let other = script.replaced_for(&Engine { kind, version }, &arguments)?;
        Some(other.words(script, &["k".into()], &arguments).join(" "))
    }

    #[test]
    fn a_replacement_counts_from_its_version_on_and_for_its_engine_only() {
        let release = |kind, version| on("lock-release", kind, version, &["t"]);
        assert_eq!(release(Kind::Redis, Version(8, 4, 0)).unwrap(), "DELEX k IFEQ t");
        assert_eq!(release(Kind::Redis, Version(8, 2, 9)), None);
        assert_eq!(release(Kind::Valkey, Version(9, 1, 2)).unwrap(), "DELIFEQ k t");
        assert_eq!(release(Kind::Valkey, Version(8, 1, 0)), None);
    }

    #[test]
    fn a_replacement_is_for_arguments_with_which_it_does_the_same() {
        let set = |arguments| on("compare-and-set", Kind::Redis, Version(8, 4, 0), arguments);
        assert_eq!(set(&["a", "b", "9"]).unwrap(), "SET k b IFEQ a PX 9");
        assert_eq!(set(&["a", "b", "0"]).unwrap(), "SET k b IFEQ a KEEPTTL");
        assert_eq!(set(&["", "b", "9"]), None);
        let other = find("compare-and-set").unwrap().replaced_by().remove(0);
        assert!(other.says_done(&Said::Text("OK".into())) && !other.says_done(&Said::Nil));
        assert_eq!(other.condition(), "expected is not empty and ttl > 0");
    }

    #[test]
    fn a_row_that_cannot_be_read_is_none() {
        let row = |only, done| Replacement::read(&["Redis 8.4", "`SET a b`", only, done, "-"]);
        assert!(row("-", "`OK`").is_some() && row("ttl > 0", "`[_, 1]`").is_some());
        assert!(row("ttl is 0", "`OK`").is_none() && row("-", "`[1`").is_none());
    }
}
