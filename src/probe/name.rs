//! What may vary in a question beside numbers and keys: a parameter of ours, a command and a primary by their names.

/// Parameters that rules and reports read; secrets are not among them.
#[rustfmt::skip]
pub const PARAMETERS: &[&str] = &[
    "activedefrag", "bind", "cluster-slot-stats-enabled", "dbfilename", "dir", "enable-debug-command", "enable-module-command",
    "enable-protected-configs", "hash-max-listpack-entries", "hash-max-ziplist-entries", "hz",
    "latency-monitor-threshold", "maxclients", "maxmemory", "maxmemory-clients", "maxmemory-samples",
    "notify-keyspace-events",
    "port", "protected-mode", "save", "set-max-intset-entries", "set-max-listpack-entries",
    "slowlog-log-slower-than", "slowlog-max-len", "stop-writes-on-bgsave-error", "stream-node-max-bytes", "tcp-keepalive", "timeout",
    "tls-auth-clients", "tls-port", "zset-max-listpack-entries", "zset-max-ziplist-entries",
];

/// The name under which Sentinels watch a primary: letters, digits and a few marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryName(String);

impl PrimaryName {
    pub(super) fn new(name: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        ((1..=100).contains(&name.len()) && name.chars().all(plain)).then(|| Self(name.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a search index as the server told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexName(String);

impl IndexName {
    pub(super) fn new(name: &str) -> Self {
        Self(name.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One of [`PARAMETERS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter(&'static str);

impl Parameter {
    /// Any of them, to stand for all.
    pub fn first() -> Self {
        Self(PARAMETERS.first().copied().unwrap_or_default())
    }

    pub fn all() -> impl Iterator<Item = Self> {
        PARAMETERS.iter().copied().map(Self)
    }

    pub fn as_str(self) -> &'static str {
        self.0
    }
}

/// The name of a command as a server told it to us: letters, digits and a few marks, nothing that could be an option.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommandName(String);

impl CommandName {
    pub(super) fn new(name: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '|');
        let fits = (1..=40).contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_alphabetic());
        (fits && name.chars().all(plain)).then(|| Self(name.to_lowercase()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_parameter_is_a_secret() {
        for parameter in PARAMETERS {
            let secret = ["pass", "masterauth", "primaryauth", "key-file", "secret", "token"]
                .iter()
                .any(|word| parameter.contains(word));
            assert!(!secret, "{parameter}");
        }
    }

    #[test]
    fn only_a_plain_word_is_a_command_name() {
        for name in ["hgetall", "config|get", "JSON.SET"] {
            assert!(CommandName::new(name).is_some(), "{name}");
        }
        for name in ["", "a b", "get\r\nFLUSHALL", "*", "-x", &"x".repeat(41)] {
            assert!(CommandName::new(name).is_none(), "{name:?}");
        }
    }
}
