//! Questions about one key. The key's name can only come from an answer of the server itself.

use crate::facts::KeyType;

/// The name of a key as a server told it to us.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyName(Vec<u8>);

impl KeyName {
    pub(super) fn new(name: Vec<u8>) -> Self {
        Self(name)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Where a SCAN goes on: a number, whoever gives it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ScanStep {
    pub cursor: u64,
    /// How many keys we wish for.
    pub count: u32,
}

/// How many elements of a table are drawn.
const DRAWN: &str = "8";
/// From how many its claim is then estimated: what it would save to pack it is a difference, and five elements leave that open
/// by a twentieth.
const SHARP: &str = "32";

/// What we may ask about a key. None reads its value but [`KeyQuestion::Sample`] and [`KeyQuestion::Elements`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyQuestion {
    Usage,
    /// The same, estimated from more elements.
    SharpUsage,
    Type,
    Expiry,
    Encoding,
    Idle,
    Frequency,
    /// Elements, or bytes of a string. Resets the clock of the key, unless the connection leaves keys untouched.
    Length(KeyType),
    /// What the consumer groups of a stream have not done. Touches the key as a length does.
    Groups,
    /// The first bytes of a string, for whoever asked for samples of values.
    Sample,
    /// A few elements of a hash, a set or a sorted set, for the same. Only their sizes are kept.
    Elements(KeyType),
}

impl KeyQuestion {
    /// One of each.
    pub const ALL: [Self; 18] = [
        Self::Usage,
        Self::SharpUsage,
        Self::Type,
        Self::Expiry,
        Self::Encoding,
        Self::Idle,
        Self::Frequency,
        Self::Length(KeyType::String),
        Self::Length(KeyType::List),
        Self::Length(KeyType::Set),
        Self::Length(KeyType::Zset),
        Self::Length(KeyType::Hash),
        Self::Length(KeyType::Stream),
        Self::Groups,
        Self::Sample,
        Self::Elements(KeyType::Set),
        Self::Elements(KeyType::Zset),
        Self::Elements(KeyType::Hash),
    ];

    /// The command, the words before the key, and those behind it.
    pub fn words(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Usage => (&["MEMORY", "USAGE"], &[]),
            Self::SharpUsage => (&["MEMORY", "USAGE"], &["SAMPLES", SHARP]),
            Self::Type => (&["TYPE"], &[]),
            Self::Expiry => (&["PTTL"], &[]),
            Self::Encoding => (&["OBJECT", "ENCODING"], &[]),
            Self::Idle => (&["OBJECT", "IDLETIME"], &[]),
            Self::Frequency => (&["OBJECT", "FREQ"], &[]),
            Self::Length(KeyType::List) => (&["LLEN"], &[]),
            Self::Length(KeyType::Set) => (&["SCARD"], &[]),
            Self::Length(KeyType::Zset) => (&["ZCARD"], &[]),
            Self::Length(KeyType::Hash) => (&["HLEN"], &[]),
            Self::Length(KeyType::Stream) => (&["XLEN"], &[]),
            Self::Length(KeyType::String | KeyType::Other) => (&["STRLEN"], &[]),
            Self::Groups => (&["XINFO", "GROUPS"], &[]),
            Self::Sample => (&["GETRANGE"], &["0", "16383"]),
            Self::Elements(KeyType::Zset) => (&["ZRANDMEMBER"], &[DRAWN, "WITHSCORES"]),
            Self::Elements(KeyType::Hash) => (&["HRANDFIELD"], &[DRAWN, "WITHVALUES"]),
            Self::Elements(_) => (&["SRANDMEMBER"], &[DRAWN]),
        }
    }

    /// Command and subcommand as ACL rules and COMMAND INFO name them.
    pub fn command(self) -> &'static str {
        match self {
            Self::Usage | Self::SharpUsage => "memory|usage",
            Self::Type => "type",
            Self::Expiry => "pttl",
            Self::Encoding => "object|encoding",
            Self::Idle => "object|idletime",
            Self::Frequency => "object|freq",
            Self::Length(KeyType::List) => "llen",
            Self::Length(KeyType::Set) => "scard",
            Self::Length(KeyType::Zset) => "zcard",
            Self::Length(KeyType::Hash) => "hlen",
            Self::Length(KeyType::Stream) => "xlen",
            Self::Length(KeyType::String | KeyType::Other) => "strlen",
            Self::Groups => "xinfo|groups",
            Self::Sample => "getrange",
            Self::Elements(KeyType::Zset) => "zrandmember",
            Self::Elements(KeyType::Hash) => "hrandfield",
            Self::Elements(_) => "srandmember",
        }
    }

    /// Whether the server counts it as a use of the key, by its clock or its counter.
    pub fn touches(self) -> bool {
        matches!(self, Self::Length(_) | Self::Groups | Self::Sample | Self::Elements(_))
    }

    /// Whether it adds to `keyspace_hits` (measured on Redis 7.4 to 8.6 and Valkey 9.1).
    pub fn counts_as_hit(self) -> bool {
        !matches!(self, Self::Usage | Self::SharpUsage)
    }

    pub fn why(self) -> &'static str {
        match self {
            Self::Usage => "what the key costs, elements estimated from five; O(1)",
            Self::SharpUsage => {
                "what a table of less than 256 KiB costs, elements estimated from 32, only when samples of values are wished for; O(1)"
            }
            Self::Type => "what it holds; O(1)",
            Self::Expiry => "when it ends; O(1)",
            Self::Encoding => "how it is laid out; O(1)",
            Self::Idle => "how long it was not used, where the policy is not LFU; O(1)",
            Self::Frequency => "how often it is used, where the policy is LFU; O(1)",
            Self::Length(_) => "its size, only on a connection that leaves keys untouched; O(1)",
            Self::Groups => "entries that groups of a large stream, or of some others, have pending; O(groups)",
            Self::Sample => "the first 16 KiB of a string, only when samples of values are wished for; O(bytes)",
            Self::Elements(_) => {
                "how long a few elements of a table of less than 256 KiB are, only when samples of values are wished for; O(bytes)"
            }
        }
    }
}
