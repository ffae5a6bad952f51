//! Every question we may send. Nothing else crosses the wire, and none of these writes.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use super::every::{every_ask, every_sentinel_ask};
use super::key_question::{KeyName, KeyQuestion, ScanStep};
use super::name::{CommandName, IndexName, Parameter, PrimaryName};

/// Commands whose presence tells what a server can do.
#[rustfmt::skip]
pub const FEATURES: &[&str] = &[
    "bf.add", "cluster|slot-stats", "commandlog|get", "delex", "delifeq", "fcall", "ft.search", "getdel", "hexpire",
    "hgetex", "hotkeys", "json.set", "lmove", "msetex", "sintercard", "ts.add", "vadd", "waitaof", "xackdel",
];

/// How many entries of SLOWLOG we read: the default length of the log.
const SLOWLOG_ENTRIES: &str = "128";

/// How many slots are told, the busiest first.
const BUSIEST_SLOTS: &str = "16";

/// The name that we give ourselves in CLIENT LIST.
const OURSELVES: &str = "godmode-redis";

/// A question to a server. What varies in one is a number, or can only be made in `probe`: a [`Parameter`] of ours, a
/// [`CommandName`] or a [`KeyName`] that the server told, an [`IndexName`]
/// too, a [`PrimaryName`] from the target's URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    Ping,
    Hello,
    LibraryName,
    LibraryVersion,
    ConnectionName,
    NoEvict,
    NoTouch,
    Info,
    Config(Parameter),
    Clients,
    Slowlog,
    LatencyLatest,
    LatencyHistogram,
    MemoryStats,
    Dbsize,
    Whoami,
    DefaultUser,
    /// Which of these commands does the server have, how does it flag them, and where do they take their keys?
    Commands(Vec<CommandName>),
    ClusterInfo,
    ClusterNodes,
    /// Which slots take most of the CPU?
    SlotStats,
    /// Which database the connection reads.
    Select(u32),
    /// A replica of a Cluster sends whoever asks for a key to its primary, until the connection says this.
    ReadOnly,
    Scan(ScanStep),
    /// How does the allocator round sizes up?
    MallocStats,
    /// Which keys took the most, where somebody has them counted?
    HotKeys,
    /// Which search indexes are there?
    Indexes,
    /// What does this one hold?
    Index(IndexName),
    /// How many keys does this slot hold?
    SlotKeys(u16),
    Key(KeyQuestion, KeyName),
    SentinelPrimary(PrimaryName),
    SentinelReplicas(PrimaryName),
    SentinelOthers(PrimaryName),
    SentinelQuorum(PrimaryName),
}

impl Ask {
    /// What is asked about the server's own commands.
    pub fn features() -> Self {
        Self::Commands(FEATURES.iter().filter_map(|name| CommandName::new(name)).collect())
    }

    /// What is asked about our own questions, for the gate: each of them, and its container for servers before 7.0.
    pub fn own() -> Self {
        let mut names = BTreeSet::new();
        for ask in every_ask().into_iter().chain(every_sentinel_ask()) {
            names.extend(CommandName::new(ask.command()));
            names.extend(CommandName::new(ask.container()));
        }
        Self::Commands(names.into_iter().collect())
    }

    /// The command as it is sent.
    pub fn words(&self) -> Vec<Cow<'static, str>> {
        let fixed: &[&'static str] = match self {
            Self::Ping => &["PING"],
            Self::Hello => &["HELLO", "3"],
            Self::LibraryName => &["CLIENT", "SETINFO", "LIB-NAME", OURSELVES],
            Self::LibraryVersion => &["CLIENT", "SETINFO", "LIB-VER", env!("CARGO_PKG_VERSION")],
            Self::ConnectionName => &["CLIENT", "SETNAME", OURSELVES],
            Self::NoEvict => &["CLIENT", "NO-EVICT", "ON"],
            Self::NoTouch => &["CLIENT", "NO-TOUCH", "ON"],
            Self::Info => &["INFO", "everything"],
            Self::Config(parameter) => &["CONFIG", "GET", parameter.as_str()],
            Self::Clients => &["CLIENT", "LIST"],
            Self::Slowlog => &["SLOWLOG", "GET", SLOWLOG_ENTRIES],
            Self::LatencyLatest => &["LATENCY", "LATEST"],
            Self::LatencyHistogram => &["LATENCY", "HISTOGRAM"],
            Self::MemoryStats => &["MEMORY", "STATS"],
            Self::MallocStats => &["MEMORY", "MALLOC-STATS"],
            Self::HotKeys => &["HOTKEYS", "GET"],
            Self::Indexes => &["FT._LIST"],
            Self::Dbsize => &["DBSIZE"],
            Self::Whoami => &["ACL", "WHOAMI"],
            Self::DefaultUser => &["ACL", "GETUSER", "default"],
            Self::ClusterInfo => &["CLUSTER", "INFO"],
            Self::ClusterNodes => &["CLUSTER", "NODES"],
            Self::ReadOnly => &["READONLY"],
            Self::SlotStats => &["CLUSTER", "SLOT-STATS", "ORDERBY", "CPU-USEC", "LIMIT", BUSIEST_SLOTS, "DESC"],
            Self::SentinelPrimary(name) => return sentinel("MASTER", name),
            Self::SentinelReplicas(name) => return sentinel("REPLICAS", name),
            Self::SentinelOthers(name) => return sentinel("SENTINELS", name),
            Self::SentinelQuorum(name) => return sentinel("CKQUORUM", name),
            Self::Select(database) => return vec!["SELECT".into(), database.to_string().into()],
            Self::Scan(step) => {
                let (cursor, count) = (step.cursor.to_string().into(), step.count.to_string().into());
                return vec!["SCAN".into(), cursor, "COUNT".into(), count];
            }
            Self::Index(name) => return vec!["FT.INFO".into(), name.as_str().to_owned().into()],
            Self::SlotKeys(slot) => {
                return vec!["CLUSTER".into(), "COUNTKEYSINSLOT".into(), slot.to_string().into()];
            }
            Self::Key(question, name) => {
                let (before, after) = question.words();
                // Pages of keys go out as bytes, in `scan::reader`; as words a name is only shown and tried.
                let name = String::from_utf8_lossy(name.bytes()).into_owned();
                let words = |words: &'static [&'static str]| words.iter().map(|word| Cow::from(*word));
                return words(before).chain([Cow::from(name)]).chain(words(after)).collect();
            }
            Self::Commands(names) => {
                let words = [Cow::from("COMMAND"), Cow::from("INFO")];
                return words.into_iter().chain(names.iter().map(|name| Cow::from(name.as_str().to_owned()))).collect();
            }
        };
        fixed.iter().map(|word| Cow::from(*word)).collect()
    }

    /// Command and subcommand as ACL rules and COMMAND INFO name them: `config|get`.
    pub fn command(&self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Hello => "hello",
            Self::LibraryName | Self::LibraryVersion => "client|setinfo",
            Self::ConnectionName => "client|setname",
            Self::NoEvict => "client|no-evict",
            Self::NoTouch => "client|no-touch",
            Self::Info => "info",
            Self::Config(_) => "config|get",
            Self::Clients => "client|list",
            Self::Slowlog => "slowlog|get",
            Self::LatencyLatest => "latency|latest",
            Self::LatencyHistogram => "latency|histogram",
            Self::MemoryStats => "memory|stats",
            Self::Dbsize => "dbsize",
            Self::Whoami => "acl|whoami",
            Self::DefaultUser => "acl|getuser",
            Self::Commands(_) => "command|info",
            Self::ClusterInfo => "cluster|info",
            Self::ClusterNodes => "cluster|nodes",
            Self::SlotStats => "cluster|slot-stats",
            Self::Select(_) => "select",
            Self::ReadOnly => "readonly",
            Self::Scan(_) => "scan",
            Self::MallocStats => "memory|malloc-stats",
            Self::HotKeys => "hotkeys|get",
            Self::Indexes => "ft._list",
            Self::Index(_) => "ft.info",
            Self::SlotKeys(_) => "cluster|countkeysinslot",
            Self::Key(question, _) => question.command(),
            Self::SentinelPrimary(_) => "sentinel|master",
            Self::SentinelReplicas(_) => "sentinel|replicas",
            Self::SentinelOthers(_) => "sentinel|sentinels",
            Self::SentinelQuorum(_) => "sentinel|ckquorum",
        }
    }

    /// The command without its subcommand.
    pub fn container(&self) -> &'static str {
        let command = self.command();
        command.split_once('|').map_or(command, |(container, _)| container)
    }

    /// The alarming flags that a server may put on the question and still be asked. It is never asked what writes or
    /// blocks, whatever stands here.
    pub fn accepts(&self) -> &'static [&'static str] {
        match self {
            Self::Ping
            | Self::Hello
            | Self::LibraryName
            | Self::LibraryVersion
            | Self::ConnectionName
            | Self::NoTouch
            | Self::MemoryStats
            | Self::Dbsize
            | Self::Whoami
            | Self::Commands(_)
            | Self::ClusterInfo
            | Self::ClusterNodes
            | Self::SlotStats
            | Self::Select(_)
            | Self::ReadOnly
            | Self::Scan(_)
            | Self::MallocStats
            | Self::SlotKeys(_)
            | Self::Index(_)
            | Self::Key(..) => &[],
            Self::Info => &["dangerous"],
            Self::NoEvict
            | Self::HotKeys
            | Self::Indexes
            | Self::Config(_)
            | Self::Clients
            | Self::Slowlog
            | Self::LatencyLatest
            | Self::LatencyHistogram
            | Self::DefaultUser
            | Self::SentinelPrimary(_)
            | Self::SentinelReplicas(_)
            | Self::SentinelOthers(_)
            | Self::SentinelQuorum(_) => &["admin", "dangerous"],
        }
    }

    /// Whether the subcommand is no older than Redis 7.0. Tables before that do not list subcommands, so the presence of
    /// its container says nothing about it.
    pub fn came_with_7_0(&self) -> bool {
        matches!(self, Self::LatencyHistogram | Self::NoEvict) || self.came_with_7_2()
    }

    /// Whether it is no older than Redis 7.2. Redis 7.0 refuses a grant of a subcommand that it does not have.
    pub fn came_with_7_2(&self) -> bool {
        matches!(self, Self::LibraryName | Self::LibraryVersion | Self::NoTouch) || self.came_with_8()
    }

    /// Whether it came with Valkey 8.0 and Redis 8.2.
    pub fn came_with_8(&self) -> bool {
        matches!(self, Self::SlotStats) || self.came_with_8_6()
    }

    /// Whether it came with Redis 8.6, and no Valkey has it.
    pub fn came_with_8_6(&self) -> bool {
        matches!(self, Self::HotKeys) || self.is_of_search()
    }

    /// Whether only a server with the search module has it.
    pub fn is_of_search(&self) -> bool {
        matches!(self, Self::Indexes | Self::Index(_))
    }

    /// What the answer is called when it is missing.
    pub fn fact(&self) -> String {
        if let Self::Config(parameter) = self { parameter.as_str().to_owned() } else { self.to_string() }
    }

    /// Why we ask, and what it costs the server.
    pub fn why(&self) -> &'static str {
        match self {
            Self::Ping => "the round trip, one after another; O(1)",
            Self::Hello => "RESP3, once a connection; O(1)",
            Self::LibraryName => "who we are, for the server's CLIENT LIST, once a connection, from 7.2; O(1)",
            Self::LibraryVersion => "which version we are, from 7.2; O(1)",
            Self::ConnectionName => "who we are, for older servers; O(1)",
            Self::NoEvict => {
                "our answers are not what maxmemory-clients should meet, once a connection, from 7.0; O(1)"
            }
            Self::NoTouch => "our looks are no use of a key: they leave LRU and LFU as they are, from 7.2; O(1)",
            Self::Info => "state and counters; twice, so that counters become rates; O(1), O(clients) for buffers",
            Self::Config(_) => "the parameters below, one by one, never a secret one; O(parameters)",
            Self::Clients => "counted, never shown line by line; O(clients)",
            Self::Slowlog => "commands and key families; other arguments are dropped on arrival; O(entries)",
            Self::LatencyLatest => "worst spike of each kind; O(1)",
            Self::LatencyHistogram => "distribution per command, from 7.0; O(commands)",
            Self::MemoryStats => "overheads that INFO does not split; O(databases)",
            Self::Dbsize => "number of keys; O(1)",
            Self::Whoami => "the user we are, to name in a missing grant; O(1)",
            Self::DefaultUser => "whether a stranger needs a password; hashes are dropped on arrival; O(rules)",
            Self::Commands(_) => {
                "how it flags our own questions, what it supports, and which argument of a slow command is its key; O(names)"
            }
            Self::ClusterInfo => "state of the slots, only where the cluster is enabled; O(nodes)",
            Self::ClusterNodes => "the other nodes, only where the cluster is enabled; O(nodes)",
            Self::SlotStats => {
                "which slots take the CPU, where the cluster counts it, from Valkey 8.0 and Redis 8.2; O(slots log slots)"
            }
            Self::Select(_) => "which database is read; O(1)",
            Self::ReadOnly => "a replica of a Cluster then answers for its keys, once a connection; O(1)",
            Self::Scan(_) => "the names of some keys; O(keys of the page)",
            Self::HotKeys => {
                "which keys took the CPU and the network, where somebody began to count (HOTKEYS START, Redis 8.6); O(keys listed)"
            }
            Self::Indexes => "the names of search indexes, where the search module is; O(indexes)",
            Self::Index(_) => {
                "whether an index is empty or fails, of 32 at most; the module counts it as a use of the index; O(fields)"
            }
            Self::MallocStats => "how sizes are rounded up, once; about a millisecond",
            Self::SlotKeys(_) => "how many keys a slot holds, so that samples weigh slots by their keys; O(1)",
            Self::Key(question, _) => question.why(),
            Self::SentinelPrimary(_) => "where the primary is, and how this Sentinel sees it; O(1)",
            Self::SentinelReplicas(_) => "its replicas; O(replicas)",
            Self::SentinelOthers(_) => "the other Sentinels, which are asked too; O(Sentinels)",
            Self::SentinelQuorum(_) => "whether they could agree on a failover; O(Sentinels)",
        }
    }
}

fn sentinel(subcommand: &'static str, name: &PrimaryName) -> Vec<Cow<'static, str>> {
    vec![Cow::from("SENTINEL"), Cow::from(subcommand), Cow::from(name.as_str().to_owned())]
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: &[&str] = match self {
            Self::Config(_) => &["CONFIG", "GET", "parameter"],
            Self::Commands(_) => &["COMMAND", "INFO", "name ..."],
            Self::Select(_) => &["SELECT", "database"],
            Self::Scan(_) => &["SCAN", "cursor", "COUNT", "keys"],
            Self::SlotKeys(_) => &["CLUSTER", "COUNTKEYSINSLOT", "slot"],
            Self::Index(_) => &["FT.INFO", "index"],
            Self::Key(question, _) => {
                let (before, after) = question.words();
                let words: Vec<&str> = before.iter().chain(&["key"]).chain(after).copied().collect();
                return f.write_str(&words.join(" "));
            }
            other => return f.write_str(&other.words().join(" ")),
        };
        f.write_str(&shown.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_are_the_command_that_is_granted() {
        for ask in every_ask() {
            let words = ask.words().join("|").to_lowercase();
            assert!(words.starts_with(ask.command()), "{words} against {}", ask.command());
        }
    }
}
