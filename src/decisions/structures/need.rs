//! What an application does with its data: the operations that a structure must serve.

use std::fmt;
use std::str::FromStr;

/// An operation, or a promise that must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    Whole,
    Fields,
    Nested,
    Count,
    Flags,
    Claim,
    OwnerCheck,
    Membership,
    ApproximateMembership,
    Distinct,
    ApproximateDistinct,
    UnionCount,
    Algebra,
    Remove,
    Enumerate,
    Sample,
    Top,
    Rank,
    ScoreRange,
    Prefix,
    TimeRange,
    Recent,
    Cap,
    Aggregate,
    Percentiles,
    Frequency,
    HeavyHitters,
    Fifo,
    Wait,
    Ack,
    Replay,
    Groups,
    FanOut,
    Delay,
    Priority,
    Kept,
    ExpireWhole,
    ExpireItem,
    Radius,
    Filter,
    FullText,
    Similarity,
    Compact,
}

impl Need {
    pub const ALL: [Self; 43] = [
        Self::Whole,
        Self::Fields,
        Self::Nested,
        Self::Count,
        Self::Flags,
        Self::Claim,
        Self::OwnerCheck,
        Self::Membership,
        Self::ApproximateMembership,
        Self::Distinct,
        Self::ApproximateDistinct,
        Self::UnionCount,
        Self::Algebra,
        Self::Remove,
        Self::Enumerate,
        Self::Sample,
        Self::Top,
        Self::Rank,
        Self::ScoreRange,
        Self::Prefix,
        Self::TimeRange,
        Self::Recent,
        Self::Cap,
        Self::Aggregate,
        Self::Percentiles,
        Self::Frequency,
        Self::HeavyHitters,
        Self::Fifo,
        Self::Wait,
        Self::Ack,
        Self::Replay,
        Self::Groups,
        Self::FanOut,
        Self::Delay,
        Self::Priority,
        Self::Kept,
        Self::ExpireWhole,
        Self::ExpireItem,
        Self::Radius,
        Self::Filter,
        Self::FullText,
        Self::Similarity,
        Self::Compact,
    ];

    /// Its name on the pages and in the input, and what it means.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Whole => ("whole", "read and replace a value as a whole"),
            Self::Fields => ("fields", "read and write single fields"),
            Self::Nested => ("nested", "change parts inside a nested document"),
            Self::Count => ("count", "increment and decrement"),
            Self::Flags => ("flags", "one bit for each number"),
            Self::Claim => ("claim", "write only if nobody has, atomically"),
            Self::OwnerCheck => ("owner-check", "change or delete only if the value is still ours"),
            Self::Membership => ("membership", "is it in there, exactly"),
            Self::ApproximateMembership => ("approximate-membership", "is it in there, false positives allowed"),
            Self::Distinct => ("distinct", "how many different ones, exactly"),
            Self::ApproximateDistinct => ("approximate-distinct", "how many different ones, about"),
            Self::UnionCount => ("union-count", "how many different ones in several together"),
            Self::Algebra => ("algebra", "intersection, union and difference of several"),
            Self::Remove => ("remove", "take single elements out"),
            Self::Enumerate => ("enumerate", "read all elements, page by page"),
            Self::Sample => ("sample", "random elements"),
            Self::Top => ("top", "the first n by score"),
            Self::Rank => ("rank", "at which place an element stands"),
            Self::ScoreRange => ("score-range", "elements between two scores"),
            Self::Prefix => ("prefix", "elements that begin with a text"),
            Self::TimeRange => ("time-range", "elements between two times"),
            Self::Recent => ("recent", "the newest n"),
            Self::Cap => ("cap", "keep only the newest n"),
            Self::Aggregate => ("aggregate", "averages and sums over spans of time"),
            Self::Percentiles => ("percentiles", "percentiles of values"),
            Self::Frequency => ("frequency", "how often each one occurred, about"),
            Self::HeavyHitters => ("heavy-hitters", "the k most frequent ones"),
            Self::Fifo => ("fifo", "take the oldest"),
            Self::Wait => ("wait", "block until something comes"),
            Self::Ack => ("ack", "a message survives the consumer that crashed with it"),
            Self::Replay => ("replay", "read old messages again"),
            Self::Groups => ("groups", "several kinds of consumers, each gets every message"),
            Self::FanOut => ("fan-out", "everybody who listens gets it"),
            Self::Delay => ("delay", "take it when its time has come"),
            Self::Priority => ("priority", "take the most urgent"),
            Self::Kept => ("kept", "a message waits for a reader who is away"),
            Self::ExpireWhole => ("expire", "the value of a key goes after a time"),
            Self::ExpireItem => ("expire-item", "each element goes after its own time"),
            Self::Radius => ("radius", "what lies near a point on earth"),
            Self::Filter => ("filter", "find by the values of fields"),
            Self::FullText => ("full-text", "find by words in a text"),
            Self::Similarity => ("similarity", "the nearest vectors"),
            Self::Compact => ("compact", "few bytes matter more than little work"),
        }
    }

    pub const fn id(self) -> &'static str {
        self.words().0
    }

    pub const fn about(self) -> &'static str {
        self.words().1
    }

    /// An exact answer is one that satisfies who would take an approximate one.
    pub const fn exact(self) -> Self {
        match self {
            Self::ApproximateMembership => Self::Membership,
            Self::ApproximateDistinct => Self::Distinct,
            Self::Frequency => Self::Count,
            other => other,
        }
    }

    /// What will do for who accepts errors.
    pub const fn approximate(self) -> Self {
        match self {
            Self::Membership => Self::ApproximateMembership,
            Self::Distinct => Self::ApproximateDistinct,
            other => other,
        }
    }

    /// Whether it says nothing of what is kept: any key can do it.
    pub const fn is_of_every_key(self) -> bool {
        matches!(self, Self::ExpireWhole | Self::Kept | Self::Compact)
    }

    /// Whether it is about handing messages on.
    pub const fn is_messaging(self) -> bool {
        matches!(
            self,
            Self::Fifo
                | Self::Ack
                | Self::Replay
                | Self::Groups
                | Self::FanOut
                | Self::Delay
                | Self::Priority
                | Self::Kept
        )
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Need {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.trim().to_lowercase().replace(['_', ' '], "-");
        Self::ALL.into_iter().find(|need| need.id() == wanted).ok_or_else(|| {
            let known: Vec<&str> = Self::ALL.into_iter().map(Self::id).collect();
            format!("there is no need {:?}; there are {}", crate::facts::foreign::bounded(text, 40), known.join(", "))
        })
    }
}
