//! How far a reading came: what it says of all keys, how many there are, and what nobody could tell.

use serde::Serialize;

use super::report::Course;
use crate::census::Reading;
use crate::facts::{Deployment, Foreign, Place, SLOTS};
use crate::probe::{Extent, Source};
use crate::tools::nodes::Choice;

/// Keys that could not be read, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Hole {
    pub address: Foreign,
    pub why: String,
    /// How many are missing, where the server told how many it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<f64>,
    /// The slots of a Cluster that it serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slots: Option<u64>,
    /// What is missing of the key space: of all slots of a Cluster, elsewhere of all keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
}

/// A reading that came to its end, one way or another.
pub struct Reach<'a> {
    pub choice: &'a Choice,
    pub course: &'a Course,
    pub extent: Extent,
    /// Whether it went on where another one stopped.
    pub resumed: bool,
    /// Whether keys came that were drawn at random.
    pub sampled: bool,
}

impl Reach<'_> {
    /// Whether the keys that were read are all, may stand for all, or are merely some.
    pub fn reading(&self) -> Reading {
        let holes = !self.choice.unread.is_empty() || !self.course.lost.is_empty();
        match self.extent {
            // What was lost is taken out of the population, and told.
            Extent::Sample(_) if self.sampled => Reading::Sample,
            Extent::Sample(_) => Reading::Part,
            Extent::Whole if holes || self.resumed => Reading::Part,
            Extent::Whole if self.course.stop.is_none() => Reading::Whole,
            Extent::Whole if self.in_order() && self.began() => Reading::Sample,
            Extent::Whole => Reading::Part,
        }
    }

    /// The keys of one table come in the order of their hashes, so that any run of them may stand for all. One table says
    /// nothing of another: of other databases, other nodes, or the other slots of a Cluster that has a table for each.
    fn in_order(&self) -> bool {
        let tables: usize = self.choice.sources.iter().map(|source| source.databases.len()).sum();
        tables == 1 && !self.choice.sources.iter().any(|source| source.by_slot)
    }

    fn began(&self) -> bool {
        self.course.read.values().any(|portion| portion.seen > 0)
    }

    /// The keys that the reading is of. Those of a node that was lost from a sample are left out, but for as many as were
    /// drawn of it for: a node of 1,000 keys that was lost half-way counts as one of 500.
    pub fn population(&self) -> f64 {
        let keys = |source: &Source| self.places(source).map(|(_, keys)| keys).sum::<f64>();
        match self.extent {
            Extent::Whole => self.choice.sources.iter().map(keys).sum(),
            Extent::Sample(_) => {
                let per_draw = self.keys_per_draw();
                let stood_for = |source: &Source| {
                    let places = self.places(source);
                    places.map(|(place, keys)| (self.portion(place).draws as f64 * per_draw).min(keys)).sum::<f64>()
                };
                let of = |source: &Source| if self.is_lost(source.node) { stood_for(source) } else { keys(source) };
                self.choice.sources.iter().map(of).sum()
            }
        }
    }

    /// What is missing: shards that could not be looked at, and the rest of nodes that were lost on the way.
    pub fn holes(&self, deployment: &Deployment) -> Vec<Hole> {
        let all: f64 = self.choice.sources.iter().flat_map(|source| self.places(source)).map(|(_, keys)| keys).sum();
        let unread = self.choice.unread.iter().map(|unread| Hole {
            address: unread.address.clone(),
            why: unread.why.clone(),
            keys: None,
            slots: unread.slots,
            share: unread.slots.map(|slots| slots as f64 / SLOTS as f64),
        });
        let lost = self.course.lost.iter().map(|(n, why)| {
            let node = deployment.nodes.get(*n);
            let source = self.choice.sources.iter().find(|source| source.node == *n);
            let has: f64 = source.map_or(0.0, |source| self.places(source).map(|(_, keys)| keys).sum());
            let missing = source.map_or(0.0, |source| self.missing(source));
            let slots = source.and_then(|source| self.shard(deployment, source));
            Hole {
                address: node.map_or(Foreign::ours("?"), |node| node.address.clone()),
                why: why.clone(),
                keys: Some(missing),
                slots,
                share: Some(match slots {
                    Some(slots) => slots as f64 / SLOTS as f64 * missing / has.max(1.0),
                    None => missing / all.max(1.0),
                }),
            }
        });
        unread.chain(lost).collect()
    }

    /// The slots whose keys a node holds: those of its primary, where it is a replica.
    fn shard(&self, deployment: &Deployment, source: &Source) -> Option<u64> {
        let node = deployment.nodes.get(source.node)?;
        let info = node.server.as_ref().ok().and_then(|server| server.info.as_ref().ok());
        let primary = info.and_then(|info| {
            let of = format!("{}:{}", info.get("master_host")?, info.get("master_port")?);
            deployment.nodes.iter().find(|node| node.address == *of)
        });
        primary.unwrap_or(node).slots
    }

    fn missing(&self, source: &Source) -> f64 {
        let per_draw = self.keys_per_draw();
        let read = |place: Place| match self.extent {
            Extent::Whole => self.portion(place).seen as f64,
            Extent::Sample(_) => self.portion(place).draws as f64 * per_draw,
        };
        self.places(source).map(|(place, keys)| (keys - read(place)).max(0.0)).sum()
    }

    /// How many keys each draw stood for on the nodes that were there to the end.
    fn keys_per_draw(&self) -> f64 {
        let alive = self.choice.sources.iter().filter(|source| !self.is_lost(source.node));
        let (keys, draws) = alive
            .flat_map(|source| self.places(source))
            .fold((0.0, 0.0), |(all, draws), (place, keys)| (all + keys, draws + self.portion(place).draws as f64));
        if draws > 0.0 { keys / draws } else { 0.0 }
    }

    /// The databases of a node with their keys, as the sample weighed them, else as INFO counts them.
    fn places<'b>(&'b self, source: &'b Source) -> impl Iterator<Item = (Place, f64)> + 'b {
        source.databases.iter().map(|(database, keys)| {
            let place = Place { node: source.node, database: *database };
            (place, self.course.frames.get(&place).copied().unwrap_or(*keys as f64))
        })
    }

    fn portion(&self, place: Place) -> Portion {
        self.course.read.get(&place).copied().unwrap_or_default()
    }

    fn is_lost(&self, node: usize) -> bool {
        self.course.lost.contains_key(&node)
    }
}

/// What came of one database of one node.
#[derive(Debug, Clone, Copy, Default)]
pub struct Portion {
    /// Names that were seen.
    pub seen: u64,
    /// Draws of a sample.
    pub draws: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::{Address, Target};

    fn choice(nodes: &[&[(u32, u64)]]) -> Choice {
        let target = Target::parse("redis://h:1").unwrap();
        let source = |(node, databases): (usize, &&[(u32, u64)])| Source {
            node,
            endpoint: target.at(&Address::Tcp("h".into(), 1)),
            databases: databases.to_vec(),
            lfu: false,
            modules: false,
            clustered: false,
            by_slot: false,
            tables_by_length: false,
        };
        Choice { sources: nodes.iter().enumerate().map(source).collect(), unread: Vec::new() }
    }

    fn course(portions: &[(usize, u32, u64, u64)]) -> Course {
        let read = portions.iter().map(|(node, database, seen, draws)| {
            (Place { node: *node, database: *database }, Portion { seen: *seen, draws: *draws })
        });
        Course { read: read.collect(), ..Course::default() }
    }

    fn reach<'a>(choice: &'a Choice, course: &'a Course, extent: Extent) -> Reach<'a> {
        Reach { choice, course, extent, resumed: false, sampled: matches!(extent, Extent::Sample(_)) }
    }

    fn deployment() -> Deployment {
        Deployment {
            kind: crate::facts::DeploymentKind::Cluster,
            nodes: Vec::new(),
            sentinels: Vec::new(),
            uncovered_slots: None,
            unverified_tls: false,
            cost: crate::facts::Cost::default(),
        }
    }

    #[test]
    fn only_one_table_that_is_left_on_the_way_may_stand_for_all() {
        let stopped = |read| Course { stop: Some(crate::probe::Stop::Time), ..course(read) };
        let (one, two) = (choice(&[&[(0, 100)]]), choice(&[&[(0, 100), (1, 100)]]));
        let half = stopped(&[(0, 0, 50, 0)]);
        assert_eq!(reach(&one, &half, Extent::Whole).reading(), Reading::Sample);
        assert_eq!(reach(&two, &half, Extent::Whole).reading(), Reading::Part);
        assert_eq!(reach(&choice(&[&[(0, 100)], &[(0, 9)]]), &half, Extent::Whole).reading(), Reading::Part);
        assert_eq!(reach(&two, &course(&[]), Extent::Whole).reading(), Reading::Whole);
        let mut by_slot = one;
        by_slot.sources[0].by_slot = true;
        assert_eq!(reach(&by_slot, &half, Extent::Whole).reading(), Reading::Part);
    }

    #[test]
    fn a_node_that_is_lost_from_a_sample_counts_as_far_as_it_was_drawn() {
        let choice = choice(&[&[(0, 10_000)], &[(0, 10_000)], &[(0, 4_000)]]);
        let mut course = course(&[(0, 0, 500, 10), (1, 0, 200, 4), (2, 0, 200, 4)]);
        assert_eq!(reach(&choice, &course, Extent::Sample(1_200)).population(), 24_000.0);
        course.lost.insert(1, "it closed the connection".into());
        let reach = reach(&choice, &course, Extent::Sample(1_200));
        // 1,000 keys for each draw on those that stayed: 4,000 of the lost one are in, 6,000 are not.
        assert_eq!((reach.population(), reach.reading()), (18_000.0, Reading::Sample));
        let [hole] = reach.holes(&deployment()).try_into().unwrap();
        assert_eq!((hole.keys, hole.share), (Some(6_000.0), Some(0.25)));
    }

    #[test]
    fn what_a_whole_reading_lost_is_the_rest_of_that_node() {
        let choice = choice(&[&[(0, 10_000)], &[(0, 8_000), (3, 2_000)]]);
        let mut course = course(&[(0, 0, 10_000, 0), (1, 0, 7_000, 0)]);
        course.lost.insert(1, "it closed the connection".into());
        let reach = reach(&choice, &course, Extent::Whole);
        assert_eq!((reach.population(), reach.reading()), (20_000.0, Reading::Part));
        let [hole] = reach.holes(&deployment()).try_into().unwrap();
        assert_eq!((hole.keys, hole.share), (Some(3_000.0), Some(0.15)));
    }
}
