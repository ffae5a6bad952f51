//! Ways to hand messages on, what each promises, and which to take.

use std::fmt;

use serde::Serialize;

use super::case::Case;
use super::need::Need;
use super::structure::Structure;
use crate::decisions::{Condition, Row, Table};

/// A way to hand messages on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    List,
    ReliableList,
    PubSub,
    ShardedPubSub,
    Stream,
    SortedSet,
}

/// What happens to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Guarantees {
    pub loss: &'static str,
    pub duplicates: &'static str,
    pub order: &'static str,
    pub replay: &'static str,
    pub fan_out: &'static str,
    pub back_pressure: &'static str,
    pub cost: &'static str,
}

impl Channel {
    pub const ALL: [Self; 6] =
        [Self::List, Self::ReliableList, Self::PubSub, Self::ShardedPubSub, Self::Stream, Self::SortedSet];

    pub const fn structure(self) -> Structure {
        match self {
            Self::List | Self::ReliableList => Structure::List,
            Self::PubSub => Structure::PubSub,
            Self::ShardedPubSub => Structure::ShardedPubSub,
            Self::Stream => Structure::Stream,
            Self::SortedSet => Structure::Zset,
        }
    }

    /// The behaviour of the commands, <https://redis.io/docs/latest/commands/>; bytes of 50-byte messages, measured.
    pub const fn guarantees(self) -> Guarantees {
        match self {
            Self::List => Guarantees {
                loss: "with the consumer that crashes after it took a message",
                duplicates: "none",
                order: "as they came",
                replay: "none: taken is gone",
                fan_out: "none: one consumer gets it",
                back_pressure: "LLEN",
                cost: "52 bytes a message",
            },
            Self::ReliableList => Guarantees {
                loss: "none, if a sweep returns what a crashed consumer left",
                duplicates: "after a crash, or when a job outlasts the sweep's patience",
                order: "as they came, but for what was returned",
                replay: "none",
                fan_out: "none",
                back_pressure: "LLEN",
                cost: "52 bytes a message, LREM in O(N) of the jobs under way",
            },
            Self::PubSub => Guarantees {
                loss: "for everybody who is not connected, or reads too slowly",
                duplicates: "none",
                order: "as they came, in each channel",
                replay: "none",
                fan_out: "everybody connected; in a cluster each message goes to every node",
                back_pressure: "client-output-buffer-limit pubsub: above 32 MB, or 8 MB for a minute, the reader is cut off",
                cost: "nothing is stored",
            },
            Self::ShardedPubSub => Guarantees {
                loss: "for everybody who is not connected, or reads too slowly",
                duplicates: "none",
                order: "as they came, in each channel",
                replay: "none",
                fan_out: "everybody connected to the shard of the channel",
                back_pressure: "client-output-buffer-limit pubsub, as above",
                cost: "nothing is stored",
            },
            Self::Stream => Guarantees {
                loss: "none but by trimming what nobody read; a crashed consumer's entries stay pending until XACK",
                duplicates: "after a crash, when another consumer claims the entry",
                order: "as they came; claimed entries later",
                replay: "XRANGE, as far back as it is kept",
                fan_out: "every group gets every entry",
                back_pressure: "XLEN, the group's lag (7.0), XPENDING",
                cost: "62 bytes an entry; 77 to 148 more while pending, by how far apart they came (222 to 318 on Redis 8.6); 130 to 217 \
                       a group; 100 to 162 a consumer",
            },
            Self::SortedSet => Guarantees {
                loss: "with the consumer that crashes after it took a message, unless a script leases it",
                duplicates: "none; with leases after a crash",
                order: "by score: time, or urgency",
                replay: "none",
                fan_out: "none",
                back_pressure: "ZCARD",
                cost: "116 to 169 bytes a message",
            },
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::List => "a List, taken by BRPOP",
            Self::ReliableList => "a List with a list of jobs under way (LMOVE)",
            Self::PubSub => "Pub/Sub",
            Self::ShardedPubSub => "sharded Pub/Sub",
            Self::Stream => "a Stream with consumer groups",
            Self::SortedSet => "a sorted set by time or urgency",
        })
    }
}

/// What decides between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Needs(Need),
    InCluster,
    HasSharded,
    ListsToday,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Needs(need) => f.write_str(need.about()),
            Self::InCluster => f.write_str("it runs in a cluster"),
            Self::HasSharded => f.write_str("the server has SPUBLISH (Redis 7.0, Valkey)"),
            Self::ListsToday => f.write_str("the queue is a List today, and its clients stay"),
        }
    }
}

impl Condition for Asked {
    type Case = Case;

    fn holds(&self, case: &Case) -> bool {
        match self {
            Self::Needs(need) => case.needs(*need),
            Self::InCluster => case.place.cluster,
            Self::HasSharded => Structure::ShardedPubSub.facts().since.has(&case.place.engine),
            Self::ListsToday => case.present == Some(Structure::List),
        }
    }
}

use Asked::{HasSharded, InCluster, ListsToday, Needs};

pub const MESSAGING: Table<Asked, Channel> = Table {
    id: "messaging",
    question: "Which way to hand messages on?",
    rows: &[
        Row {
            when: &[Needs(Need::Delay)],
            choose: Channel::SortedSet,
            because: "a score can be the time when a job is due; a List and a Stream only know what came first",
        },
        Row {
            when: &[Needs(Need::Priority)],
            choose: Channel::SortedSet,
            because: "ZPOPMIN takes the most urgent one, whenever it came",
        },
        Row {
            when: &[Needs(Need::FanOut), Needs(Need::Kept)],
            choose: Channel::Stream,
            because: "a message that must not be lost has to be stored, and Pub/Sub stores nothing",
        },
        Row {
            when: &[Needs(Need::Groups)],
            choose: Channel::Stream,
            because: "each group has its own place in the Stream; what is popped from a List is gone for the others",
        },
        Row {
            when: &[Needs(Need::Replay)],
            choose: Channel::Stream,
            because: "entries stay after they were read, until they are trimmed",
        },
        Row {
            when: &[Needs(Need::Ack), ListsToday],
            choose: Channel::ReliableList,
            because: "LMOVE keeps the queue and its producers as they are, and what a crashed consumer held stays in its list",
        },
        Row {
            when: &[Needs(Need::Ack)],
            choose: Channel::Stream,
            because: "an entry stays with its consumer until XACK, so that another one can claim it after a crash",
        },
        Row {
            when: &[Needs(Need::FanOut), InCluster, HasSharded],
            choose: Channel::ShardedPubSub,
            because: "the message stays in one shard, where PUBLISH would go to every node",
        },
        Row {
            when: &[Needs(Need::FanOut)],
            choose: Channel::PubSub,
            because: "everybody who listens gets it at once, and nothing is stored",
        },
        Row {
            when: &[],
            choose: Channel::List,
            because: "pushing and popping is O(1), and nothing else costs less for each message",
        },
    ],
};

/// Whether a case is about messages at all.
pub fn is_about_messages(case: &Case) -> bool {
    let kinds = [Need::Fifo, Need::FanOut, Need::Delay, Need::Priority, Need::Groups];
    kinds.into_iter().any(|need| case.needs(need))
}
