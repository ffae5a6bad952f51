//! Which server answers: Redis 7.4, Valkey 8.1.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::fields::Fields;
use super::foreign::{Foreign, bounded};

/// A dotted version; what is not a number reads as 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Version(pub u16, pub u16, pub u16);

impl Version {
    pub fn parse(text: &str) -> Self {
        let mut parts = text.split('.').map(|part| {
            let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or(0)
        });
        let mut next = || parts.next().unwrap_or(0);
        Self(next(), next(), next())
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The family a server belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Redis,
    Valkey,
    /// Speaks the protocol under another name.
    Other(Foreign),
}

/// Engine and version. Valkey reports `redis_version:7.2.4` for compatibility, whatever its own version is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Engine {
    pub kind: Kind,
    pub version: Version,
}

impl Engine {
    pub fn from_info(info: &Fields) -> Option<Self> {
        if let Some(version) = info.get("valkey_version") {
            return Some(Self { kind: Kind::Valkey, version: Version::parse(version) });
        }
        let version = Version::parse(info.get("redis_version")?);
        let kind = match info.get("server_name") {
            None | Some("redis") => Kind::Redis,
            Some("valkey") => Kind::Valkey,
            Some(other) => Kind::Other(Foreign::value(other)),
        };
        // Forks that keep Redis' field but name themselves elsewhere.
        let kind = match (kind, info) {
            (Kind::Redis, info) if info.get("dragonfly_version").is_some() => Kind::Other(Foreign::ours("Dragonfly")),
            (kind, _) => kind,
        };
        Some(Self { kind, version })
    }

    /// Redis at least `redis`, or Valkey at least `valkey`. A stranger is measured by the Redis version it claims.
    pub fn at_least(&self, redis: (u16, u16), valkey: (u16, u16)) -> bool {
        let (major, minor) = if self.kind == Kind::Valkey { valkey } else { redis };
        self.version >= Version(major, minor, 0)
    }
}

/// As a person writes it: `redis 7.2`, `Valkey-9.1`. The error says what would do.
impl FromStr for Engine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let written = text.trim().to_lowercase();
        let (name, version) = written.split_once([' ', '-', ':']).unwrap_or((&written, ""));
        let kind = match name {
            "redis" => Kind::Redis,
            "valkey" => Kind::Valkey,
            _ => return Err(format!("there is no engine {:?}; say redis 7.2 or valkey 9.1", bounded(text, 40))),
        };
        match Version::parse(version) {
            Version(0, ..) => Err(format!("engine needs a version: {name} 7.2, for example")),
            version => Ok(Self { kind, version }),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Redis => f.write_str("Redis")?,
            Kind::Valkey => f.write_str("Valkey")?,
            Kind::Other(name) => write!(f, "{name}")?,
        }
        write!(f, " {}", self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valkey_is_not_taken_for_the_redis_it_imitates() {
        let valkey = Fields::parse("redis_version:7.2.4\nserver_name:valkey\nvalkey_version:8.1.1\n");
        assert_eq!(Engine::from_info(&valkey).unwrap().to_string(), "Valkey 8.1.1");
        let redis = Fields::parse("redis_version:7.0.15\n");
        let engine = Engine::from_info(&redis).unwrap();
        assert_eq!(engine.to_string(), "Redis 7.0.15");
        assert!(engine.at_least((7, 0), (8, 0)) && !engine.at_least((7, 2), (7, 2)));
        assert_eq!(Engine::from_info(&Fields::parse("")), None);
    }

    #[test]
    fn an_engine_is_read_as_people_write_it() {
        for (written, means) in
            [("redis 7.2", "Redis 7.2.0"), (" Valkey-9.1 ", "Valkey 9.1.0"), ("redis:8", "Redis 8.0.0")]
        {
            assert_eq!(written.parse::<Engine>().unwrap().to_string(), means);
        }
        assert!("dragonfly 1.0".parse::<Engine>().unwrap_err().contains("say redis 7.2 or valkey 9.1"));
        assert!("redis".parse::<Engine>().unwrap_err().contains("needs a version"));
    }
}
