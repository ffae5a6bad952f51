//! Whether the intervals of a sample hold what they promise: two hundred seeded samples of keys whose truth is known.

use std::collections::BTreeMap;

use godmode_redis::census::{Census, Ledger, Reading, Rules, layout};
use godmode_redis::facts::{Batch, Encoding, Expiry, Fields, KeyFacts, KeyType, Place, Server};

use super::corpus::Dice;

const SAMPLES: u64 = 200;
/// Keys of one draw, as the stream takes them.
const RUN: usize = 50;

fn server() -> Server {
    let mut server = Server::unseen("a test");
    server.info = Ok(Fields::parse("redis_version:7.2.4\nmem_allocator:jemalloc-5.3.0"));
    server
}

fn key(name: String, claimed: u64) -> KeyFacts {
    KeyFacts {
        name: name.into_bytes(),
        claimed: Some(claimed),
        key_type: Some(KeyType::String),
        encoding: Some(Encoding::Raw),
        expiry: Some(Expiry::Never),
        close: true,
        ..KeyFacts::default()
    }
}

fn census() -> Census {
    let layouts = layout(&server()).into_iter().collect();
    Census::new(Rules { layouts, close_one_in: 1, close_from: 16 << 10, by_slot: false, only: None })
}

fn batch(keys: Vec<KeyFacts>, draw: Option<u32>) -> Batch {
    Batch { place: Place::default(), seen: keys.len() as u64, draw, keys, ..Batch::default() }
}

/// Keys in the order of a table: by hash, which has nothing to do with their names.
fn in_hash_order(mut keys: Vec<KeyFacts>) -> Vec<KeyFacts> {
    keys.sort_by_key(|key| KeyFacts::ticket(&key.name).rotate_left(17));
    keys
}

/// Draws 200 samples and counts how often the truth about each family lies inside, by keys and by bytes.
fn inside(keys: &[KeyFacts], draws: usize) -> BTreeMap<String, (u64, u64)> {
    inside_of(keys, draws, |_| true)
}

/// The same where only some names are wanted.
fn inside_of(keys: &[KeyFacts], draws: usize, wanted: fn(&KeyFacts) -> bool) -> BTreeMap<String, (u64, u64)> {
    let batch = |keys: Vec<KeyFacts>, draw| {
        let mut batch = batch(keys, draw);
        batch.keys.retain(wanted);
        batch
    };
    let mut whole = census();
    keys.chunks(1_000).for_each(|page| whole.take(&batch(page.to_vec(), None)));
    let truth = whole.settle(keys.len() as f64, Reading::Whole);
    let mut held: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for seed in 1..=SAMPLES {
        let mut dice = Dice::new(seed * 7_919);
        (0..10).for_each(|_| {
            dice.roll();
        });
        let mut sample = census();
        for draw in 0..draws {
            let from = dice.below(keys.len() as u64) as usize;
            let some = keys.iter().cycle().skip(from).take(RUN).cloned().collect();
            sample.take(&batch(some, Some(draw as u32)));
        }
        let mut account = sample.settle(keys.len() as f64, Reading::Sample);
        // The server would tell what it uses in all; here it is what the keys take.
        let books = Ledger {
            used_memory: truth.all.tally.bytes(),
            keys: account.all.tally.bytes(),
            whole: true,
            ..Ledger::default()
        };
        account.allow_for(&books);
        let all = [&truth.all].into_iter().chain(&truth.families);
        for group in all {
            let name = group.pattern.to_string();
            let estimate = if name == "*" {
                Some(&account.all)
            } else {
                account.families.iter().find(|family| family.pattern == group.pattern)
            };
            let tally = held.entry(name).or_default();
            if let Some(estimate) = estimate {
                // Sums of floating point differ in their last digits.
                let near = |interval: godmode_redis::census::Interval, truth: f64| {
                    interval.plus(-truth * 1e-9, truth * 1e-9).holds(truth)
                };
                tally.0 += u64::from(near(estimate.keys, group.tally.keys));
                tally.1 += u64::from(near(estimate.bytes, group.tally.bytes()));
            }
        }
    }
    held
}

fn assert_held(held: &BTreeMap<String, (u64, u64)>) {
    let enough = SAMPLES * 95 / 100;
    for (family, (keys, bytes)) in held {
        assert!(*keys >= enough && *bytes >= enough, "{family}: keys {keys}, bytes {bytes} of {SAMPLES}; {held:?}");
    }
}

#[test]
fn intervals_hold_the_truth_over_families_of_all_sizes() {
    let mut dice = Dice::new(3);
    let mut keys = Vec::new();
    for family in 0..12u64 {
        for n in 0..(40_000 >> family).max(400) {
            keys.push(key(format!("f{family}:item:{n}"), 60 + dice.below(40 * (family + 1))));
        }
    }
    assert_held(&inside(&in_hash_order(keys), 60));
}

#[test]
fn intervals_hold_the_truth_over_sizes_that_follow_zipf_and_five_giants() {
    let mut dice = Dice::new(5);
    let mut keys: Vec<KeyFacts> = (0..100_000u64)
        .map(|n| {
            // A rank drawn evenly, a size that falls with it: a few are large, most are small.
            let size = 60 + 2_000_000 / (1 + dice.below(100_000));
            key(format!("{}:doc:{n}", if n % 3 == 0 { "wiki" } else { "news" }), size)
        })
        .collect();
    keys.extend((0..5).map(|n| key(format!("giant:doc:{n}"), 20_000_000 + n)));
    let held = inside(&in_hash_order(keys), 60);
    // Nobody sees five keys of a hundred thousand in a small sample: the gap in the books announces them.
    let seen: BTreeMap<_, _> = held.into_iter().filter(|(name, _)| !name.contains("giant")).collect();
    assert_held(&seen);
}

#[test]
fn intervals_hold_the_truth_where_only_some_names_are_wanted() {
    let mut dice = Dice::new(11);
    let mut keys = Vec::new();
    for (family, many) in [("wanted:a", 30_000), ("wanted:b", 3_000), ("other:c", 60_000)] {
        keys.extend((0..many).map(|n| key(format!("{family}:{n}"), 60 + dice.below(200))));
    }
    let held = inside_of(&in_hash_order(keys), 60, |key| key.name.starts_with(b"wanted"));
    assert!(held.len() == 3 && held.contains_key("*"), "{held:?}");
    assert_held(&held);
}
