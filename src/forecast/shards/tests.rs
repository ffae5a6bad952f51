//! The sampled curve against every distance of the same stream.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::*;
use crate::forecast::{Draws, Popularity};

fn hash(key: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

fn stream(items: u64, alpha: f64, count: usize, seed: u64) -> Vec<u64> {
    let (draws, mut random) = (Draws::of(&Popularity::zipf(items, alpha)), fastrand::Rng::with_seed(seed));
    (0..count).map(|_| draws.item(random.f64())).collect()
}

fn size_of(key: u64) -> u64 {
    50 + hash(key) % 1_000
}

/// LRU with every key: the share of reads that a cache of each size misses.
fn exact(stream: &[u64], sizes: &[f64], cost: fn(u64) -> u64) -> Vec<f64> {
    let mut order = Order::new(stream.len() + 1);
    let mut places: HashMap<u64, Place> = HashMap::new();
    let mut hits = vec![0.0; sizes.len()];
    for key in stream {
        let bytes = cost(*key);
        if let Some(place) = places.get(key) {
            let needed = (order.after(place.at).1 + bytes) as f64;
            sizes.iter().zip(&mut hits).filter(|(size, _)| needed <= **size).for_each(|(_, hits)| *hits += 1.0);
            order.leave(*place);
        }
        places.insert(*key, Place { at: order.enter(bytes), bytes });
    }
    hits.iter().map(|hits| 1.0 - hits / stream.len() as f64).collect()
}

fn worst(sampled: &[Missed], exact: &[f64]) -> f64 {
    sampled.iter().zip(exact).map(|(point, exact)| (point.miss_ratio - exact).abs()).fold(0.0, f64::max)
}

#[test]
fn a_hundredth_of_the_keys_gives_the_curve_within_two_points() {
    for (alpha, seed) in [(0.6, 1), (0.8, 2), (1.0, 3)] {
        let stream = stream(1_000_000, alpha, 700_000, seed);
        let keys = stream.iter().collect::<BTreeSet<_>>().len();
        let mut shards = Shards::new(keys / 100);
        stream.iter().for_each(|key| shards.read(hash(*key), size_of(*key)));
        assert!(shards.followed.len() <= keys / 100 && shards.order.sums.len() <= keys / 100 * PLACES + 1);
        assert!((shards.distinct() / keys as f64 - 1.0).abs() < 0.05, "{} of {keys}", shards.distinct());
        let sizes: Vec<f64> = (0..12).map(|step| 500.0 * 2_f64.powf(f64::from(step) * 0.8)).collect();
        let far = worst(&shards.by_keys(&sizes), &exact(&stream, &sizes, |_| 1));
        assert!(far < 0.02, "{alpha}: {far}");
        // The same sizes in bytes.
        let bytes: Vec<f64> = sizes.iter().map(|size| size * shards.mean_bytes_in(*size)).collect();
        let far = worst(&shards.by_keys(&sizes), &exact(&stream, &bytes, size_of));
        assert!(far < 0.02, "{alpha}: {far}");
    }
}

#[test]
fn what_is_read_often_may_be_smaller_than_most() {
    let size_of = |key: u64| if key < 5_000 { 100 } else { 1_000 };
    let stream = stream(100_000, 1.0, 400_000, 7);
    let mut shards = Shards::new(2_000);
    stream.iter().for_each(|key| shards.read(hash(*key), size_of(*key)));
    assert!(shards.mean_bytes() > 900.0, "{}", shards.mean_bytes());
    let sizes: Vec<f64> = [1_000.0, 4_000.0, 16_000.0].into();
    let bytes: Vec<f64> = sizes.iter().map(|size| size * shards.mean_bytes_in(*size)).collect();
    let far = worst(&shards.by_keys(&sizes), &exact(&stream, &bytes, size_of));
    assert!(far < 0.02, "{far}");
    let by_most: Vec<f64> = sizes.iter().map(|size| size * shards.mean_bytes()).collect();
    assert!(
        worst(&shards.by_keys(&sizes), &exact(&stream, &by_most, size_of)) > 0.03,
        "the mean of all tells too little"
    );
    assert_eq!(shards.mean_bytes_in(1e9), shards.mean_bytes());
}

#[test]
fn all_keys_of_a_small_stream_are_followed() {
    let stream = stream(2_000, 0.8, 20_000, 4);
    let mut shards = Shards::new(4_000);
    stream.iter().for_each(|key| shards.read(hash(*key), 1));
    let sizes = [64.0, 256.0, 1_024.0, 4_096.0];
    assert!(worst(&shards.by_keys(&sizes), &exact(&stream, &sizes, |_| 1)) < 0.005);
    assert_eq!((shards.rate(), shards.reads()), (1.0, 20_000));
}

#[test]
fn writes_renew_and_deletes_forget() {
    let mut shards = Shards::new(100);
    shards.write(1, 10);
    shards.read(1, 10);
    assert_eq!(shards.by_keys(&[2.0])[0].miss_ratio, 0.0);
    shards.delete(1);
    shards.read(1, 10);
    assert_eq!(shards.by_keys(&[2.0])[0].miss_ratio, 0.5);
    assert_eq!(Shards::new(0).by_keys(&[1.0])[0].miss_ratio, 1.0);
}
