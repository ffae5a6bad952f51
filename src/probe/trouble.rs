//! Why we could not look, in one sentence, with the next step.

use std::fmt;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::Endpoint;
use crate::facts::Foreign;

/// What stood in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    BadTarget,
    BadFile,
    NoSuchTarget,
    NotTheProjects,
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
    Sentinel,
    DataNode,
    Busy,
    PrimaryDown,
    ClusterDown,
    CannotSave,
    ReadOnly,
    Moved,
    CrossSlot,
    NotAllowed,
    Unsampled,
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
            Self::NotTheProjects => {
                "Move the target into ~/.config/godmode-redis/godmode-redis.toml, or list its host there under allow_hosts below \
                 [mcp] where a password is sent; or name this file with --config or GODMODE_REDIS_CONFIG, if it is yours."
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
            Self::Sentinel => {
                "Write redis+sentinel://host:26379/NAME to look at the primary and replicas that it watches."
            }
            Self::DataNode => {
                "Name a Sentinel (26379 is their usual port), or write redis://host:port for a server that none watches."
            }
            Self::PrimaryDown => {
                "Bring the primary back, or the way to it: `INFO replication` names it; or look at the other nodes."
            }
            Self::ClusterDown => {
                "Bring the primary of the missing slots back, or give them to another: `CLUSTER NODES` shows both. \
                 cluster-allow-reads-when-down yes lets the rest be read."
            }
            Self::CannotSave => {
                "Read the server's log and make room on its disk; `INFO persistence` shows rdb_last_bgsave_status."
            }
            Self::ReadOnly => "Name the primary; `INFO replication` of the replica tells where it is.",
            Self::Moved => "Look again when the slots have come to rest; `CLUSTER NODES` shows those that are moving.",
            Self::CrossSlot => "Give keys that are used together one hash tag, as in {user:1}:cart.",
            Self::NotAllowed => "Give our user what it lacks: `godmode-redis permissions` prints the whole line.",
            Self::Unsampled => "Grant it, or read every key in place of a sample (`--full`).",
            Self::Busy => "A person can end the script with SCRIPT KILL if it has not written yet.",
            Self::TooManyClients => {
                "Close idle connections or raise maxclients; a connection over its unix socket counts too."
            }
            Self::Lost => "Look again; if it happens each time, read the server's log and check proxies on the way.",
            Self::Other => "Run it again with RUST_LOG=debug for more.",
        }
    }

    /// What the code of a server's error says of the server, in words that go behind its address.
    fn of_code(code: &str) -> Option<(Self, &'static str)> {
        Some(match code {
            "NOAUTH" => (Self::NeedsPassword, "asks for a password, and the target has none"),
            "WRONGPASS" => (Self::WrongPassword, "refuses the user or the password"),
            "DENIED" => {
                (Self::NeedsPassword, "runs in protected mode and lets no one in from outside without a password")
            }
            "LOADING" => (Self::Loading, "is loading its data"),
            "BUSY" => (Self::Busy, "runs a script that has not finished and answers nothing else (BUSY)"),
            "MASTERDOWN" => (
                Self::PrimaryDown,
                "is a replica that lost its primary, and set not to answer from old data (MASTERDOWN, replica-serve-stale-data no)",
            ),
            "CLUSTERDOWN" => (
                Self::ClusterDown,
                "belongs to a cluster that is down, so that no key can be read: a slot is not served, or most primaries are out of reach (CLUSTERDOWN)",
            ),
            "MISCONF" => (Self::CannotSave, "cannot save to its disk and takes no writes until it can (MISCONF)"),
            "READONLY" => (Self::ReadOnly, "is a replica and takes no writes (READONLY)"),
            "MOVED" | "ASK" | "TRYAGAIN" => {
                (Self::Moved, "says that a key's slot is at another node of its cluster, or on the way there")
            }
            "CROSSSLOT" => (Self::CrossSlot, "takes no command with keys of several slots (CROSSSLOT)"),
            _ => return None,
        })
    }
}

/// What an error code of a server means, with the next step; `None` for those that say nothing by themselves.
pub fn meaning(code: &str) -> Option<String> {
    let (obstacle, what) = Obstacle::of_code(code)?;
    Some(format!("the server {what}. {}", obstacle.next_step()))
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

    /// Nothing came, though the connection is open.
    pub(super) fn silent(target: &Endpoint, patience: Duration) -> Self {
        Self::new(
            Obstacle::Silent,
            format!("{target} stopped answering: nothing came for {} s", patience.as_secs_f64()),
        )
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
        if let Some((obstacle, what)) = error.code().and_then(Obstacle::of_code) {
            return Self::new(obstacle, format!("{target} {what}"));
        }
        let detail = Foreign::name(&error.to_string());
        let lower = error.to_string().to_lowercase();
        let (obstacle, what) = match error.kind() {
            ErrorKind::AuthenticationFailed => (Obstacle::WrongPassword, "refuses the user or the password".into()),
            ErrorKind::Server(ServerErrorKind::NoPerm) => {
                let said = Foreign::name(error.detail().unwrap_or(""));
                (Obstacle::NotAllowed, format!("denies our user what we ask ({said})"))
            }
            _ => match error.code() {
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
