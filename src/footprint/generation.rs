//! The layouts that differ, by the version that brought each.

use crate::facts::{Engine, Kind, Version};

/// A span of versions that lay out keys alike. In the order of their age within an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Generation {
    Redis60,
    Redis62,
    Redis70,
    Redis72,
    Redis74,
    Redis80,
    /// The object holds its key ("kvobj").
    Redis86,
    /// The entry of the main table holds the key.
    Valkey80,
    /// A new hash table, and the object holds its key.
    Valkey81,
    Valkey90,
    Valkey91,
}

use Generation::{
    Redis60, Redis62, Redis70, Redis72, Redis74, Redis80, Redis86, Valkey80, Valkey81, Valkey90, Valkey91,
};

/// From which version on, newest first. Versions before the first are taken for it.
const REDIS: [(Version, Generation); 7] = [
    (Version(8, 1, 0), Redis86),
    (Version(8, 0, 0), Redis80),
    (Version(7, 4, 0), Redis74),
    (Version(7, 2, 0), Redis72),
    (Version(7, 0, 0), Redis70),
    (Version(6, 2, 0), Redis62),
    (Version(0, 0, 0), Redis60),
];
const VALKEY: [(Version, Generation); 5] = [
    (Version(9, 1, 0), Valkey91),
    (Version(9, 0, 0), Valkey90),
    (Version(8, 1, 0), Valkey81),
    (Version(8, 0, 0), Valkey80),
    // The fork from Redis 7.2.4.
    (Version(0, 0, 0), Redis72),
];

/// The versions against which `tests/footprint` holds the model.
const MEASURED_REDIS: [(u16, u16); 7] = [(6, 0), (6, 2), (7, 0), (7, 2), (7, 4), (8, 0), (8, 6)];
const MEASURED_VALKEY: [(u16, u16); 4] = [(8, 0), (8, 1), (9, 0), (9, 1)];

impl Generation {
    pub(super) fn of(engine: &Engine) -> Self {
        let steps: &[(Version, Self)] = if engine.kind == Kind::Valkey { &VALKEY } else { &REDIS };
        steps.iter().find(|(since, _)| engine.version >= *since).map_or(Redis60, |(_, generation)| *generation)
    }

    pub(super) fn was_measured(engine: &Engine) -> bool {
        let version = (engine.version.0, engine.version.1);
        match engine.kind {
            Kind::Redis => MEASURED_REDIS.contains(&version),
            Kind::Valkey => MEASURED_VALKEY.contains(&version),
            Kind::Other(_) => false,
        }
    }

    pub(super) fn is_six(self) -> bool {
        matches!(self, Redis60 | Redis62)
    }

    /// Small collections are listpacks; before, ziplists.
    pub(super) fn has_listpack(self) -> bool {
        !self.is_six()
    }

    /// Small sets and lists are listpacks too, and sets keep no entry for a member that is alone in its bucket.
    pub(super) fn has_small_sets(self) -> bool {
        !matches!(self, Redis60 | Redis62 | Redis70)
    }

    /// Buckets of seven, with chained buckets (src/hashtable.c of Valkey 8.1).
    pub(super) fn has_bucket_table(self) -> bool {
        matches!(self, Valkey81 | Valkey90 | Valkey91)
    }

    /// The object and its key are one allocation.
    pub(super) fn has_key_in_object(self) -> bool {
        self == Redis86 || self.has_bucket_table()
    }

    /// Fields and small values of a hash share an allocation.
    pub(super) fn has_hash_entry(self) -> bool {
        self.has_key_in_object()
    }

    /// The member is part of the skiplist's node.
    pub(super) fn has_member_in_node(self) -> bool {
        matches!(self, Redis86 | Valkey91)
    }

    /// List elements above the size of a node get a node of their own without packing.
    pub(super) fn has_plain_nodes(self) -> bool {
        !matches!(self, Redis60 | Redis62 | Redis70 | Redis72)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Foreign;

    #[test]
    fn each_version_has_the_generation_that_it_was_released_with() {
        let of = |kind: Kind, version| {
            let engine = Engine { kind, version };
            (Generation::of(&engine), Generation::was_measured(&engine))
        };
        assert_eq!(of(Kind::Redis, Version(5, 0, 14)), (Redis60, false));
        assert_eq!(of(Kind::Redis, Version(6, 2, 14)), (Redis62, true));
        assert_eq!(of(Kind::Redis, Version(8, 0, 6)), (Redis80, true));
        assert_eq!(of(Kind::Redis, Version(8, 4, 0)), (Redis86, false));
        assert_eq!(of(Kind::Valkey, Version(7, 2, 7)), (Redis72, false));
        assert_eq!(of(Kind::Valkey, Version(9, 0, 1)), (Valkey90, true));
        assert_eq!(of(Kind::Other(Foreign::ours("Dragonfly")), Version(7, 2, 0)), (Redis72, false));
    }
}
