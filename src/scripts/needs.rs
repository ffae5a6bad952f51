//! What a script needs from a server, and what the server may have in its place.

use std::fmt;

use super::Script;
use super::parts::plain;
use crate::facts::{Engine, Kind, Version};

/// A command that does the same without a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    pub engine: Kind,
    pub since: Version,
    pub command: &'static str,
}

/// `DELEX on Redis 8.4`
impl fmt::Display for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = if self.engine == Kind::Valkey { "Valkey" } else { "Redis" };
        let name = self.command.split(' ').next().unwrap_or_default();
        write!(f, "{name} on {engine} {}.{}", self.since.0, self.since.1)
    }
}

impl Script {
    /// The first version that it runs on. A server of another name is measured by the Redis version it claims.
    pub fn since(&self, engine: &Kind) -> Option<Version> {
        let name = if *engine == Kind::Valkey { "Valkey" } else { "Redis" };
        self.need(name).next().map(Version::parse)
    }

    /// The grants that it needs, in the form of ACL SETUSER, besides those for EVALSHA and for its keys.
    pub fn acl(&self) -> Vec<String> {
        // In a table a bar has to be escaped.
        self.need("commands").flat_map(str::split_whitespace).map(|grant| grant.replace("\\|", "|")).collect()
    }

    /// What a library says of it to FUNCTION LOAD: `no-writes`, `allow-oom`.
    pub fn flags(&self) -> Vec<&'static str> {
        self.need("flags").flat_map(str::split_whitespace).collect()
    }

    /// The fewest and the most commands that one call of the session makes.
    pub fn calls(&self) -> Option<(usize, usize)> {
        let (low, high) = self.need("calls").next()?.split_once("..")?;
        Some((low.parse().ok()?, high.parse().ok()?))
    }

    /// Every command that replaces it on some server.
    pub fn replaced_by(&self) -> Vec<Replacement> {
        self.need("instead").filter_map(replacement).collect()
    }

    /// The command to take in its place on this server.
    pub fn replaced_on(&self, server: &Engine) -> Option<Replacement> {
        self.replaced_by().into_iter().find(|other| other.engine == server.kind && other.since <= server.version)
    }

    pub(super) fn need(&self, name: &'static str) -> impl Iterator<Item = &'static str> {
        let rows = self.page.rows("Needs").into_iter();
        rows.filter_map(move |row| match *row {
            [found, value] if found == name => Some(plain(value)),
            _ => None,
        })
    }
}

/// A cell as `Redis 8.4: `DELEX lock IFEQ token``; what follows the command is for the reader.
fn replacement(cell: &'static str) -> Option<Replacement> {
    let (server, rest) = cell.split_once(": ")?;
    let (name, version) = server.split_once(' ')?;
    let engine = if name == "Valkey" { Kind::Valkey } else { Kind::Redis };
    let command = rest.trim_start_matches('`').split('`').next()?;
    Some(Replacement { engine, since: Version::parse(version), command })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripts::find;

    #[test]
    fn a_replacement_counts_from_its_version_on_and_for_its_engine_only() {
        let script = find("lock-release").unwrap();
        let on = |kind, version| script.replaced_on(&Engine { kind, version }).map(|other| other.command);
        assert_eq!(on(Kind::Redis, Version(8, 4, 0)), Some("DELEX lock IFEQ token"));
        assert_eq!(on(Kind::Redis, Version(8, 2, 9)), None);
        assert_eq!(on(Kind::Valkey, Version(9, 1, 2)), Some("DELIFEQ lock token"));
        assert_eq!(on(Kind::Valkey, Version(8, 1, 0)), None);
        assert_eq!(script.since(&Kind::Redis), Some(Version(6, 2, 0)));
        assert_eq!(script.acl(), ["+del", "+get"]);
    }
}
