//! Why we could not look, in one sentence, with the next step.

use std::fmt;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::Endpoint;
use crate::facts::Foreign;

/// What stood in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    BadTarget,
    BadFile,
    NoSuchTarget,
    RawUrl,
    NoSecret,
    Certificate,
    NoPrimary,
    Unresolved,
    Refused,
    NoSocket,
    Unreachable,
    Silent,
    NotRedis,
    Protocol,
    Tls,
    NeedsPassword,
    WrongPassword,
    Loading,
    ClusterDown,
    Sentinel,
    Busy,
    TooManyClients,
    Lost,
    Other,
}

impl Obstacle {
    /// What the reader should do about it.
    fn next_step(self) -> &'static str {
        match self {
            Self::BadTarget => {
                "Write it as redis://user:password@host:6379, rediss:// for TLS, or unix:///path/to/socket."
            }
            Self::BadFile => "Correct the file; README.md shows one.",
            Self::NoSuchTarget => {
                "Name one of these, or add it to godmode-redis.toml; without a target the default is used."
            }
            Self::RawUrl => {
                "Ask the user to add a named target to godmode-redis.toml and name it, or allow_hosts below [mcp] there."
            }
            Self::NoSecret => "Check where the target takes its password from.",
            Self::Certificate => {
                "Check the CA, our certificate and its key (--ca, --cert, --key, or the same in godmode-redis.toml)."
            }
            Self::NoPrimary => {
                "Check the name of the primary (SENTINEL MASTERS lists them) and the Sentinels' own login."
            }
            Self::Unresolved => "Check the spelling, and whether this machine resolves names of that network.",
            Self::Refused => "Check that the server runs, its host and port, and firewalls between here and there.",
            Self::NoSocket => "Check `unixsocket` in the server's configuration, and that this user may open the file.",
            Self::Unreachable => {
                "Check host, port, routes, firewalls and the name server; a dropped packet looks like this."
            }
            Self::Silent => {
                "If it is the right server, something blocks it: look at its CPU and its log; if it may need longer, raise the deadline."
            }
            Self::NotRedis => {
                "Check the port: an HTTP server or a TLS listener answers like this; for TLS write rediss://."
            }
            Self::Protocol => "Leave `protocol` out of the target: RESP3 is then spoken where the server has it.",
            Self::Tls => {
                "Check that the port speaks TLS, and that its certificate is for this host and from a CA this machine trusts."
            }
            Self::NeedsPassword => {
                "Put it into the URL (redis://user:password@host) in GODMODE_REDIS_URL or REDIS_URL."
            }
            Self::WrongPassword => "Check user and password; characters such as % in a URL are written %25.",
            Self::Loading => "Look again when loading is over; `redis-cli INFO persistence` shows loading_eta_seconds.",
            Self::ClusterDown => {
                "Bring back the primary whose slots are missing (CLUSTER NODES), or let the rest be read: \
                 cluster-allow-reads-when-down yes."
            }
            Self::Sentinel => {
                "Write redis+sentinel://host:26379/NAME to look at the primary and replicas that it watches."
            }
            Self::Busy => "A person can end the script with SCRIPT KILL if it has not written yet.",
            Self::TooManyClients => {
                "Close idle connections or raise maxclients; a connection over its unix socket counts too."
            }
            Self::Lost => "Look again; if it happens each time, read the server's log and check proxies on the way.",
            Self::Other => "Run it again with RUST_LOG=debug for more.",
        }
    }
}

/// We could not look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub obstacle: Obstacle,
    says: String,
}

impl Trouble {
    pub fn new(obstacle: Obstacle, says: impl Into<String>) -> Self {
        Self { obstacle, says: says.into() }
    }

    pub(super) fn target(what: &str) -> Self {
        Self::new(Obstacle::BadTarget, format!("The target URL cannot be read: {what}"))
    }

    /// An answer that no Redis gives to this command.
    pub(super) fn unexpected(target: &Endpoint, command: &str) -> Self {
        Self::new(Obstacle::NotRedis, format!("{target} answers {command} in a shape we do not know"))
    }

    /// Says where a bad value came from.
    pub(super) fn with_origin(self, origin: &str) -> Self {
        Self { says: format!("{} (from {origin})", self.says), ..self }
    }

    /// With TLS 1.3 a server that misses our certificate says so after the handshake, where it looks like a hang-up.
    pub(super) fn after_tls(self, target: &Endpoint) -> Self {
        if self.obstacle != Obstacle::Lost || !target.uses_tls() {
            return self;
        }
        let says =
            format!("{target} hung up after the TLS handshake, as a server does that asks for a client certificate");
        Self::new(Obstacle::Certificate, says)
    }

    /// An error of the connection, in our words.
    pub(super) fn from_redis(target: &Endpoint, error: &RedisError) -> Self {
        let detail = Foreign::name(&error.to_string());
        let lower = error.to_string().to_lowercase();
        let (obstacle, what) = match error.kind() {
            ErrorKind::AuthenticationFailed => (Obstacle::WrongPassword, "refuses the user or the password".into()),
            ErrorKind::Server(ServerErrorKind::BusyLoading) => (Obstacle::Loading, "is loading its data".into()),
            _ => match error.code() {
                Some("NOAUTH") => (Obstacle::NeedsPassword, "asks for a password, and the target has none".into()),
                Some("WRONGPASS") => (Obstacle::WrongPassword, "refuses the user or the password".into()),
                Some("CLUSTERDOWN") => (Obstacle::ClusterDown, "answers for no key while its Cluster is down".into()),
                Some("BUSY") => (Obstacle::Busy, "runs a script that has not finished and answers nothing else".into()),
                Some("DENIED") => (
                    Obstacle::NeedsPassword,
                    "runs in protected mode and lets no one in from outside without a password".into(),
                ),
                _ if lower.contains("max number of clients") => {
                    (Obstacle::TooManyClients, "has no connection left (maxclients)".into())
                }
                Some(code) => {
                    let said = format!("{code} {}", error.detail().unwrap_or(""));
                    (Obstacle::Other, format!("answered {}", Foreign::name(said.trim_end())))
                }
                None if error.kind() == ErrorKind::Parse => {
                    (Obstacle::NotRedis, "answers, but not in the Redis protocol".into())
                }
                None if lower.contains("no such file") || lower.contains("permission denied") => {
                    (Obstacle::NoSocket, format!("is a socket that cannot be opened ({detail})"))
                }
                None if error.is_connection_refusal() => (Obstacle::Refused, "refuses connections".into()),
                None if error.is_timeout() => (Obstacle::Silent, "did not answer in time".into()),
                None if target.uses_tls()
                    && (lower.contains("tls")
                        || lower.contains("certificate")
                        || lower.contains("invalidcontenttype")
                        || lower.contains("corrupt message")) =>
                {
                    (Obstacle::Tls, format!("failed the TLS handshake ({detail})"))
                }
                None if lower.contains("lookup") || lower.contains("resolve") || lower.contains("name or service") => {
                    (Obstacle::Unresolved, "has a host name that does not resolve".into())
                }
                None if lower.contains("unreachable") => (Obstacle::Unreachable, "cannot be reached from here".into()),
                None if error.is_connection_dropped() || error.is_io_error() => {
                    (Obstacle::Lost, "closed the connection".into())
                }
                None => (Obstacle::Other, format!("could not be asked ({detail})")),
            },
        };
        Self::new(obstacle, format!("{target} {what}"))
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.says.trim_end_matches('.'), self.obstacle.next_step())
    }
}

impl std::error::Error for Trouble {}
