//! Where to look: an address, a user, a password that never prints.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};

use super::Trouble;
use crate::facts::foreign;

/// What we look at when nothing is said.
pub const DEFAULT_URL: &str = "redis://127.0.0.1:6379";

/// Environment variables that may name the target, the first one first.
pub const VARIABLES: [&str; 2] = ["GODMODE_REDIS_URL", "REDIS_URL"];

/// How the server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Address {
    Tcp { host: String, port: u16, tls: bool },
    Unix(PathBuf),
}

/// A server to look at. `Debug` and `Display` show the address and the user, never the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    address: Address,
    user: Option<String>,
    password: Option<String>,
}

impl Target {
    /// The first of the variables that is set, or the default.
    pub fn from_environment() -> Result<Self, Trouble> {
        for name in VARIABLES {
            if let Some(url) = std::env::var(name).ok().filter(|url| is_set(url)) {
                return Self::parse(&url)
                    .map_err(|trouble| trouble.with_origin(&format!("environment variable {name}")));
            }
        }
        Self::parse(DEFAULT_URL)
    }

    /// Reads `redis://`, `rediss://`, `unix://` or plain `host:port`.
    ///
    /// Passwords may hold any character: only the last `@` ends them, and only valid `%XX` is decoded.
    pub fn parse(url: &str) -> Result<Self, Trouble> {
        let url = url.trim();
        let (scheme, rest) = url.split_once("://").unwrap_or(("redis", url));
        match scheme {
            "redis" | "valkey" => Self::tcp(rest, false),
            "rediss" | "valkeys" => Self::tcp(rest, true),
            "unix" | "redis+unix" | "valkey+unix" => Self::unix(rest),
            // What stands before :// is not repeated: in a URL gone wrong it may be a part of the password.
            _ => Err(Trouble::target("the scheme is not one of redis://, rediss:// (TLS) and unix://".into())),
        }
    }

    fn tcp(rest: &str, tls: bool) -> Result<Self, Trouble> {
        let (login, place) = match rest.rsplit_once('@') {
            Some((login, place)) => (Some(login), place),
            None => (None, rest),
        };
        let (place, options) = match place.split_once(['?', '#']) {
            Some((place, options)) => (place, options),
            None => (place, ""),
        };
        if !options.is_empty() {
            return Err(Trouble::target("options after ? or # are not supported; leave them out".into()));
        }
        let (place, database) = place.split_once('/').unwrap_or((place, ""));
        // Everything we ask is about the whole server, so the database only has to be well formed.
        if !database.is_empty() && database.parse::<u16>().is_err() {
            return Err(Trouble::target("what follows the host must be a database number, as in /0".into()));
        }
        let (host, port) = host_and_port(place)?;
        let (user, password) = login.map(credentials).unwrap_or_default();
        Ok(Self { address: Address::Tcp { host, port, tls }, user, password })
    }

    fn unix(rest: &str) -> Result<Self, Trouble> {
        let (login, path) = match rest.split_once('@') {
            Some((login, path)) if !login.contains('/') => (Some(login), path),
            _ => (None, rest),
        };
        let path = path.split('?').next().unwrap_or("");
        if !path.starts_with('/') {
            return Err(Trouble::target("a unix:// URL needs an absolute path, as in unix:///run/redis.sock".into()));
        }
        let (user, password) = login.map(credentials).unwrap_or_default();
        Ok(Self { address: Address::Unix(PathBuf::from(decoded(path))), user, password })
    }

    /// The host that is dialled; none for a socket.
    pub fn host(&self) -> Option<&str> {
        match &self.address {
            Address::Tcp { host, .. } => Some(host),
            Address::Unix(_) => None,
        }
    }

    /// Host and port of a target without TLS: what a plain TCP client would dial.
    pub(super) fn plain_address(&self) -> Option<(&str, u16)> {
        match &self.address {
            Address::Tcp { host, port, tls: false } => Some((host, *port)),
            _ => None,
        }
    }

    pub(super) fn uses_tls(&self) -> bool {
        matches!(self.address, Address::Tcp { tls: true, .. })
    }

    pub(super) fn connection(&self) -> redis::RedisResult<ConnectionInfo> {
        let address = match &self.address {
            Address::Tcp { host, port, tls: false } => ConnectionAddr::Tcp(host.clone(), *port),
            Address::Tcp { host, port, tls: true } => {
                ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None }
            }
            Address::Unix(path) => ConnectionAddr::Unix(path.clone()),
        };
        // CLIENT SETINFO would need a grant of its own, so the library must not send it.
        let mut login = RedisConnectionInfo::default().set_skip_set_lib_name();
        if let Some(user) = &self.user {
            login = login.set_username(user);
        }
        if let Some(password) = &self.password {
            login = login.set_password(password);
        }
        let info = address.into_connection_info()?;
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        Ok(info.set_tcp_settings(tcp).set_redis_settings(login))
    }
}

/// A variable that a plugin host left empty, or did not expand, is not set.
fn is_set(value: &str) -> bool {
    let value = value.trim();
    !value.is_empty() && !value.starts_with("${")
}

fn host_and_port(place: &str) -> Result<(String, u16), Trouble> {
    let (host, port) = match place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, "6379"),
        Some((host, port)) => (host, port.trim_start_matches(':')),
        None => place.rsplit_once(':').unwrap_or((place, "6379")),
    };
    let host = if host.is_empty() { "127.0.0.1" } else { host };
    // A slash, a space or an @ here means that a part of the password was taken for the host.
    if host.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '@' | '"' | '\'')) {
        return Err(Trouble::target("the host holds a character that no host name has".into()));
    }
    match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok((host.to_owned(), port)),
        _ => Err(Trouble::target("the port is not a number from 1 to 65535".into())),
    }
}

/// `user:password`, `:password` or `user`, each percent-decoded.
fn credentials(login: &str) -> (Option<String>, Option<String>) {
    let (user, password) = match login.split_once(':') {
        Some((user, password)) => (user, Some(password)),
        None => (login, None),
    };
    let some = |text: &str| (!text.is_empty()).then(|| decoded(text));
    (some(user), password.and_then(some))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_deref().map(|user| format!("{}@", foreign::bounded(user, 60))).unwrap_or_default();
        match &self.address {
            Address::Tcp { host, port, tls } => {
                let scheme = if *tls { "rediss" } else { "redis" };
                let host = foreign::clean(host);
                let host = if host.contains(':') { format!("[{host}]") } else { host };
                write!(f, "{scheme}://{user}{host}:{port}")
            }
            Address::Unix(path) => write!(f, "unix://{user}{}", foreign::clean(&path.to_string_lossy())),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(url: &str) -> (Option<String>, Option<String>) {
        let target = Target::parse(url).unwrap();
        (target.user, target.password)
    }

    #[test]
    fn a_password_may_hold_any_character() {
        let some = |text: &str| Some(text.to_owned());
        let cases = [
            ("redis://:p%40ss%2Fw%3Ard@h:1", None, some("p@ss/w:rd")),
            ("redis://:p@ss#w/r?d@h:1", None, some("p@ss#w/r?d")),
            ("redis://ops:100%25@h:1", some("ops"), some("100%")),
            ("redis://ops:100%@h:1", some("ops"), some("100%")),
            ("redis://ops@h:1", some("ops"), None),
            ("ops:secret@h:1", some("ops"), some("secret")),
            ("redis://h:1", None, None),
        ];
        for (url, user, password) in cases {
            assert_eq!(login(url), (user, password), "{url}");
        }
    }

    #[test]
    fn addresses_print_without_their_password() {
        let cases = [
            ("redis://ops:s3cret@cache:7000/3", "redis://ops@cache:7000"),
            ("rediss://:s3cret@cache", "rediss://cache:6379"),
            ("redis://[::1]:7000", "redis://[::1]:7000"),
            ("[::1]", "redis://[::1]:6379"),
            ("cache", "redis://cache:6379"),
            ("valkey://cache:1", "redis://cache:1"),
            ("unix:///run/redis.sock", "unix:///run/redis.sock"),
            ("unix://:s3cret@/run/redis.sock", "unix:///run/redis.sock"),
        ];
        for (url, shown) in cases {
            let target = Target::parse(url).unwrap();
            assert_eq!(target.to_string(), shown);
            assert!(!format!("{target:?}").contains("s3cret"));
        }
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_its_secret() {
        let cases = [
            ("http://:s3cret@h:80", "scheme"),
            ("redis://:s3cret@h:port", "port"),
            ("redis://:s3cret@h:0", "port"),
            ("redis://:s3cret@h:1/x", "database"),
            ("redis://:s3cret@h:1/0?tls=1", "options"),
            ("redis://:s3cret@ho st:1", "host"),
            ("unix://run/redis.sock", "absolute"),
        ];
        for (url, word) in cases {
            let said = Target::parse(url).unwrap_err().to_string();
            assert!(said.contains(word) && !said.contains("s3cret"), "{url}: {said}");
        }
    }

    #[test]
    fn a_variable_that_a_host_did_not_expand_is_not_set() {
        assert!(!is_set("") && !is_set(" ") && !is_set("${user_config.redis_url}") && is_set("redis://h"));
    }
}
