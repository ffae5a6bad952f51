//! What keys would cost otherwise: the shape of a specimen, another limit, name, layout or value, scaled to its family.

use super::account::Group;
use super::specimen::Specimen;
use crate::facts::{Encoding, KeyType};
use crate::footprint::{Cost, Element, Layout, Limits, Shape};

/// A score, where nothing is known of it: a time in seconds. Packed, a score takes from two bytes (a small count) to
/// twenty (a fraction), and this one six.
const SCORE: Element = Element::Number(1_700_000_000);
/// The name of a field is taken for half of what field and value take, and for no more than this.
const FIELD: u64 = 10;
/// An entry of a stream whose listpack does not tell: its name and value together.
const ENTRY: u64 = 48;
/// The name among them.
const ENTRY_NAME: u64 = 8;
/// A stream that claims nearly what a typical one does is taken for it.
const ALIKE: f64 = 0.05;
/// Digits of a number whose length is not known.
pub(super) const INT: u64 = 8;
/// Between two sizes of allocation, for small ones (Allocator: a quantum of 16, or a quarter of a doubling).
const CLASS: u64 = 16;

/// One key as the model sees it.
#[derive(Debug, Clone, Copy)]
pub struct Modelled {
    pub layout: Layout,
    pub limits: Limits,
    pub name_len: u64,
    pub shape: Shape,
    pub expires: bool,
}

impl Modelled {
    pub fn cost(&self) -> Cost {
        self.layout.key(self.name_len, &self.shape, self.expires, &self.limits)
    }

    pub fn bytes(&self) -> f64 {
        self.cost().bytes() as f64
    }
}

/// What a key holds, on average over the models that it may be: elements, and the bytes of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Held {
    pub elements: f64,
    /// Bytes by which it is found: a member, a field.
    pub name: f64,
    /// Bytes that go with it; of a string all of them.
    pub value: f64,
}

/// How the keys of a server are laid out now.
#[derive(Debug, Clone, Copy)]
pub struct Present {
    pub layout: Layout,
    pub limits: Limits,
}

impl Present {
    /// A string is what its length says, or its claim where that is not known.
    pub fn string(&self, one: &Specimen) -> Option<Modelled> {
        let shape = match (one.key_type, one.encoding, one.length) {
            (KeyType::String, Encoding::Int, _) => Shape::Int,
            (KeyType::String, _, Some(len)) => Shape::String { len },
            (KeyType::String, _, None) => {
                let claim = |len| self.shaped(one, Shape::String { len }).cost().claimed as f64;
                Shape::String { len: fit(one.claimed, claim) }
            }
            _ => return None,
        };
        Some(self.shaped(one, shape))
    }

    fn shaped(&self, one: &Specimen, shape: Shape) -> Modelled {
        let (name_len, limits) = (u64::from(one.name_len), self.limits_of(one));
        Modelled { layout: self.layout, limits, name_len, shape, expires: one.expires }
    }

    /// One of these, and which cannot be told: on average they cost what the key costs. Elements of a collection are
    /// taken for as long as makes the model claim what MEMORY USAGE claims. None where too little is known.
    pub(super) fn models(&self, one: &Specimen) -> Vec<Modelled> {
        if let Some(string) = self.string(one) {
            return vec![string];
        }
        let Some(length) = one.length else { return Vec::new() };
        let shape: &dyn Fn(u64) -> Shape = match (one.key_type, one.encoding) {
            (KeyType::List, _) => &|size| Shape::List { items: length, item: Element::Text(size) },
            (KeyType::Set, Encoding::Intset) => {
                let widths = [1, 1 << 20, 1 << 40].map(Element::Number);
                let all = widths.map(|member| self.shaped(one, Shape::Set { members: length, member }));
                let nearest = all.into_iter().min_by_key(|model| model.cost().claimed.abs_diff(one.claimed));
                return nearest.into_iter().collect();
            }
            (KeyType::Set, _) => &|size| Shape::Set { members: length, member: Element::Text(size) },
            (KeyType::Zset, _) => &|size| Shape::Zset { members: length, member: Element::Text(size), score: SCORE },
            (KeyType::Hash, encoding) => &move |size| {
                let (name, value) = split(size, FIELD);
                Shape::Hash { fields: length, name, value, field_expires: encoding == Encoding::Listpackex }
            },
            (KeyType::Stream, _) => &|size| {
                let (name, value) = split(size, ENTRY_NAME);
                Shape::Stream { entries: length, fields: 1, name, value, pending: 0 }
            },
            (KeyType::String | KeyType::Other, _) => return Vec::new(),
        };
        let models = |size: u64| -> Vec<Modelled> {
            sizes(one.encoding, size).map(|size| self.shaped(one, shape(size))).collect()
        };
        let claim = |size| mean(&models(size), |model| model.cost().claimed);
        // One node of a stream is claimed whole, whatever is in it.
        let typical = one.key_type == KeyType::Stream && (claim(ENTRY) / one.claimed as f64 - 1.0).abs() < ALIKE;
        models(if typical { ENTRY } else { fit(one.claimed, claim) })
    }

    /// The limits under which this key has the encoding that it has: one long element makes a table, and a limit that
    /// was lowered leaves listpacks behind.
    pub(super) fn limits_of(&self, one: &Specimen) -> Limits {
        let mut limits = self.limits;
        let Some(length) = one.length else { return limits };
        let below = |limit: u64| limit.min(length.saturating_sub(1));
        let above = |limit: u64| limit.max(length);
        match (one.key_type, one.encoding) {
            (KeyType::Hash, Encoding::Hashtable) => limits.hash_entries = below(limits.hash_entries),
            (KeyType::Hash, _) => limits.hash_entries = above(limits.hash_entries),
            (KeyType::Zset, Encoding::Skiplist) => limits.zset_entries = below(limits.zset_entries),
            (KeyType::Zset, _) => limits.zset_entries = above(limits.zset_entries),
            (KeyType::Set, Encoding::Hashtable) => {
                limits.set_listpack_entries = below(limits.set_listpack_entries);
                // Whole numbers among texts.
                limits.set_intset_entries = below(limits.set_intset_entries);
            }
            (KeyType::Set, Encoding::Intset) => limits.set_intset_entries = above(limits.set_intset_entries),
            (KeyType::Set, _) => limits.set_listpack_entries = above(limits.set_listpack_entries),
            _ => {}
        }
        limits
    }

    /// What it holds, as far as its length and its claim tell.
    pub fn held(&self, one: &Specimen) -> Option<Held> {
        let models = self.models(one);
        let parts: Vec<(u64, u64, u64)> = models.iter().filter_map(|model| parts(&model.shape, one)).collect();
        let mean = |of: fn(&(u64, u64, u64)) -> u64| parts.iter().map(of).sum::<u64>() as f64 / parts.len() as f64;
        (!parts.is_empty()).then(|| Held {
            elements: mean(|part| part.0),
            name: mean(|part| part.1),
            value: mean(|part| part.2),
        })
    }

    /// What a key would take after a change: what it takes, and the difference that the model sees.
    pub fn otherwise(&self, one: &Specimen, change: impl Fn(&mut Modelled)) -> f64 {
        let now = self.models(one);
        let mut then = now.clone();
        then.iter_mut().for_each(change);
        let bytes = |models: &[Modelled]| mean(models, |model| model.cost().bytes());
        (one.bytes + bytes(&then) - bytes(&now)).max(0.0)
    }
}

/// Elements of a shape, the bytes of a name, and of what goes with it.
fn parts(shape: &Shape, one: &Specimen) -> Option<(u64, u64, u64)> {
    Some(match *shape {
        Shape::Int => (1, 0, one.length.unwrap_or(INT)),
        Shape::String { len } => (1, 0, len),
        Shape::List { items, item } => (items, 0, item.len()),
        Shape::Set { members, member } | Shape::Zset { members, member, .. } => (members, member.len(), 0),
        Shape::Hash { fields, name, value, .. } => (fields, name.len(), value.len()),
        Shape::Stream { entries, name, value, .. } => (entries, 0, name.len() + value.len()),
        _ => return None,
    })
}

/// A name and a value of so many bytes together.
fn split(size: u64, longest: u64) -> (Element, Element) {
    let name = (size / 2).min(longest);
    (Element::Text(name), Element::Text(size - name))
}

/// Elements of a table are allocations of their own, which come in classes: those of one size jump where those of many
/// sizes grow, so that sizes all over a class stand for them.
fn sizes(encoding: Encoding, size: u64) -> impl Iterator<Item = u64> {
    let apart = matches!(encoding, Encoding::Hashtable | Encoding::Skiplist);
    // As far below as above, in steps of two.
    let (half, count) = if apart { (CLASS / 2 - 1, CLASS / 2) } else { (0, 1) };
    (0..count).map(move |n| (size + 2 * n).saturating_sub(half).max(1))
}

fn mean(models: &[Modelled], of: impl Fn(&Modelled) -> u64) -> f64 {
    models.iter().map(of).sum::<u64>() as f64 / models.len().max(1) as f64
}

/// The size in the middle of those for which the model claims so much.
fn fit(claimed: u64, claim: impl Fn(u64) -> f64) -> u64 {
    let first = |beyond: &dyn Fn(f64) -> bool| {
        let (mut low, mut high) = (0, claimed);
        while low < high {
            let middle = low.midpoint(high);
            if beyond(claim(middle)) { high = middle } else { low = middle + 1 }
        }
        low
    };
    let from = first(&|bytes| bytes >= claimed as f64);
    let to = first(&|bytes| bytes > claimed as f64).saturating_sub(1);
    from.midpoint(to)
}

impl Group {
    /// What the group would take if each of its specimens took so many bytes: in proportion, so that the present bytes
    /// of the specimens give the bytes that were counted. Giants are no specimens, and stay as they are.
    pub fn project(&self, specimens: &[&Specimen], bytes: impl Fn(&Specimen) -> f64) -> f64 {
        let now: f64 = specimens.iter().map(|one| one.bytes).sum();
        let then: f64 = specimens.iter().map(|one| bytes(one)).sum();
        let (counted, giants) = (self.tally.bytes(), self.tally.singled.bytes);
        if now > 0.0 { giants + (counted - giants) * then / now } else { counted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Engine, Expiry, KeyFacts, Kind, Version};
    use crate::footprint::Allocator;

    fn present(kind: Kind, version: Version) -> Present {
        let layout = Layout::new(&Engine { kind, version }, Allocator::Jemalloc { quantum: 8, by_page: false });
        Present { layout, limits: Limits::default() }
    }

    fn specimen(present: &Present, key_type: KeyType, length: u64, shape: &Shape) -> Specimen {
        let cost = present.layout.key(20, shape, false, &present.limits);
        let key = KeyFacts {
            name: vec![b'k'; 20],
            claimed: Some(cost.claimed),
            key_type: Some(key_type),
            encoding: Some(cost.encoding),
            expiry: Some(Expiry::Never),
            length: Some(length),
            ..KeyFacts::default()
        };
        let mut kept = super::super::specimen::Specimens::default();
        kept.take(&key, cost.bytes() as f64);
        kept.all().next().unwrap().clone()
    }

    #[test]
    fn a_collection_is_fitted_so_that_its_present_layout_costs_what_it_costs() {
        for (kind, version) in
            [(Kind::Redis, Version(7, 2, 4)), (Kind::Redis, Version(8, 6, 0)), (Kind::Valkey, Version(9, 1, 0))]
        {
            let present = present(kind, version);
            let (name, value) = (Element::Text(9), Element::Text(31));
            let shapes = [
                (KeyType::Hash, 600, Shape::Hash { fields: 600, name, value, field_expires: false }),
                (KeyType::Hash, 60, Shape::Hash { fields: 60, name, value, field_expires: false }),
                (KeyType::Zset, 200, Shape::Zset { members: 200, member: value, score: SCORE }),
                (KeyType::Set, 200, Shape::Set { members: 200, member: value }),
                (KeyType::List, 500, Shape::List { items: 500, item: value }),
                (KeyType::String, 300, Shape::String { len: 300 }),
            ];
            for (key_type, length, shape) in shapes {
                let one = specimen(&present, key_type, length, &shape);
                let models = present.models(&one);
                let off = mean(&models, |model| model.cost().bytes()) / one.bytes - 1.0;
                // The spread of lengths around the fitted one crosses size classes.
                assert!(off.abs() < 0.12, "{version} {shape:?}: {:?} is {off} off", models);
            }
        }
    }

    #[test]
    fn a_change_costs_what_the_changed_key_costs() {
        let present = present(Kind::Redis, Version(7, 2, 4));
        let (name, value) = (Element::Text(9), Element::Text(31));
        let shape = Shape::Hash { fields: 600, name, value, field_expires: false };
        let one = specimen(&present, KeyType::Hash, 600, &shape);
        let then = present.otherwise(&one, |key| key.limits.hash_entries = 1024);
        let truth =
            present.layout.key(20, &shape, false, &Limits { hash_entries: 1024, ..present.limits }).bytes() as f64;
        // A claim tells the size class of an element, and a class of eight bytes holds many lengths; in a listpack each
        // byte counts. `tests/savings.rs` measures what is left of it on a server.
        assert!((then / truth - 1.0).abs() < 0.16, "{then} for {truth}");
    }
}
