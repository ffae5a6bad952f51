//! What a server of ours is started with: lines of its configuration file, a password, TLS.

use super::tls::{Authority, Clients, Pair};

/// Every `maxmemory-policy` that all versions know.
pub const POLICIES: [&str; 8] = [
    "noeviction",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
];

/// What the server is for: it decides on ports and on the command line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Data,
    /// Needs a second port, for the cluster bus.
    Member,
    Sentinel,
}

/// The wishes for one server. A later line overrides an earlier one, as in Redis itself.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    pub(super) kind: Kind,
    pub(super) lines: Vec<String>,
    pub(super) password: Option<String>,
    pub(super) tls: bool,
}

impl Setup {
    /// Lines of `redis.conf`: `maxmemory 10mb`.
    pub fn new(lines: &[&str]) -> Self {
        Self::default().with(lines)
    }

    /// So little memory that the policy has to act after a few megabytes.
    pub fn tiny(policy: &str) -> Self {
        Self::new(&["maxmemory 4mb", &format!("maxmemory-policy {policy}")])
    }

    pub fn with(mut self, lines: &[&str]) -> Self {
        self.lines.extend(lines.iter().map(|line| (*line).to_owned()));
        self
    }

    /// A Sentinel that watches nobody yet.
    pub fn sentinel(self) -> Self {
        Self { kind: Kind::Sentinel, ..self }
    }

    /// The default user's password, also said to the primary when this is a replica.
    pub fn password(mut self, password: &str) -> Self {
        let quoted = quoted(password);
        // `masterauth` is the one name that all versions of Redis and Valkey know; a Sentinel does not replicate, and
        // uses its own `requirepass` for the other Sentinels.
        self.lines.push(format!("requirepass {quoted}"));
        self.lines.push(format!("masterauth {quoted}"));
        self.password = Some(password.to_owned());
        self
    }

    /// TLS on the only TCP port, to clients, to the primary, on the cluster bus, and from a Sentinel to its nodes.
    pub fn tls(mut self, authority: &Authority, shown: &Pair, clients: Clients) -> Self {
        let auth_clients = match clients {
            Clients::Anyone => "no",
            Clients::WithCertificate => "yes",
        };
        self.lines.extend([
            format!("tls-ca-cert-file {}", authority.certificate().display()),
            format!("tls-cert-file {}", shown.certificate.display()),
            format!("tls-key-file {}", shown.key.display()),
            format!("tls-auth-clients {auth_clients}"),
            "tls-replication yes".to_owned(),
        ]);
        self.tls = true;
        self
    }

    /// The whole configuration file, but for the folder, which is the one that the server runs in.
    pub(super) fn file(&self, port: u16) -> String {
        let ports = if self.tls { format!("port 0\ntls-port {port}\ntls-cluster yes") } else { format!("port {port}") };
        let kept = "save \"\"\nappendonly no";
        let fixed = format!("{ports}\nbind 127.0.0.1\nunixsocketperm 700\ndaemonize no\n{kept}\n");
        self.lines.iter().fold(fixed, |file, line| file + line + "\n")
    }
}

/// A value as a configuration file has it when it may hold a space or a quote.
pub(super) fn quoted(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}
