//! Where a server listens: a host and a port, or a socket.

use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;

use crate::facts::foreign;
use crate::probe::Trouble;

/// One place to dial.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    Tcp(String, u16),
    Unix(PathBuf),
}

impl Address {
    /// `host`, `host:port` or `[IPv6]:port`.
    pub fn parse(place: &str, default_port: u16) -> Result<Self, Trouble> {
        let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, port)) => (host, port.strip_prefix(':')),
            // More than one colon without brackets: an IPv6 address without a port.
            None if place.matches(':').count() > 1 => (place, None),
            None => place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port))),
        };
        let host = if host.is_empty() { "127.0.0.1" } else { host };
        // A host of another form is a part of a password that was taken for one, and must not be shown.
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
        if !host.chars().all(plain) && host.parse::<Ipv6Addr>().is_err() {
            return Err(Trouble::target("the host holds a character that no host name has; an @ ends the password"));
        }
        match port.map_or(Ok(default_port), str::parse::<u16>) {
            Ok(port) if port > 0 => Ok(Self::Tcp(host.to_owned(), port)),
            _ => Err(Trouble::target("the port is not a number from 1 to 65535")),
        }
    }

    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Tcp(host, _) => Some(host),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{}]:{port}", foreign::clean(host)),
            Self::Tcp(host, port) => write!(f, "{}:{port}", foreign::clean(host)),
            Self::Unix(path) => f.write_str(&foreign::clean(&path.to_string_lossy())),
        }
    }
}
