//! Ages that a cache with a known popularity would show, and the curve that is read from them.

use super::super::hit_ratio::{Cache, Eviction, predict};
use super::*;

const READS: f64 = 1_000.0;

/// Keys of an LRU cache: each was last read as long ago as its popularity says, and is gone beyond the eviction age.
fn sample(popularity: &Popularity, keys: f64, count: usize, seed: u64) -> Sample {
    let (hit_ratio, age) = fill(popularity, keys, |bin, age| lru(bin.share, age, f64::INFINITY));
    let held: Vec<f64> = popularity.bins().iter().map(|bin| bin.items * lru(bin.share, age, f64::INFINITY)).collect();
    let mut random = fastrand::Rng::with_seed(seed);
    let draw = |random: &mut fastrand::Rng| {
        let mut left = random.f64() * keys;
        let place = held.iter().position(|part| {
            left -= part;
            left <= 0.0
        });
        let bin = popularity.bins()[place.unwrap_or(held.len() - 1)];
        let within = lru(bin.share, age, f64::INFINITY);
        (-(1.0 - random.f64() * within).ln() / bin.share / READS + random.f64()) as u32
    };
    let idle_seconds = (0..count).map(|_| draw(&mut random)).collect();
    Sample { idle_seconds, keys, requests_per_second: READS, hit_ratio, policy: "allkeys-lru".into(), forking: false }
}

fn truth(popularity: &Popularity, items: f64) -> f64 {
    let cache = Cache { items, samples: 1_000, eviction: Eviction::Lru, ttl: None, requests_per_second: READS };
    1.0 - predict(popularity, &cache).hit_ratio
}

#[test]
fn the_curve_of_a_known_cache() {
    for (alpha, seed) in [(0.7, 1), (0.9, 2), (1.1, 3)] {
        let popularity = Popularity::zipf(200_000, alpha);
        let live = read(&sample(&popularity, 20_000.0, 2_000, seed), &[5_000.0, 10_000.0, 20_000.0, 40_000.0]);
        assert!(live.obstacles.is_empty(), "{:?}", live.obstacles);
        let fit = live.fit.unwrap();
        assert!(fit.holds(), "{alpha}: {fit:?}");
        assert!(fit.alpha_low - 0.03 <= alpha && alpha <= fit.alpha_high + 0.03, "{alpha}: {fit:?}");
        assert_eq!(live.estimates.len(), 4);
        for estimate in live.estimates {
            let truth = truth(&popularity, estimate.items);
            let within = if estimate.items > 20_000.0 { 0.04 } else { 0.03 };
            assert!((estimate.miss_ratio - truth).abs() < within, "{alpha}: {estimate:?}, truth {truth}");
            assert!((estimate.low..=estimate.high).contains(&truth), "{alpha}: {estimate:?}, truth {truth}");
        }
    }
}

#[test]
fn a_popularity_of_another_kind_is_told_and_not_stretched() {
    // A hot tenth, and the rest alike: no Zipf.
    let weights: Vec<f64> = (0..40_000).map(|item| if item < 4_000 { 50.0 } else { 1.0 }).collect();
    let popularity = Popularity::from_weights(&weights);
    let live = read(&sample(&popularity, 20_000.0, 2_000, 4), &[3_000.0, 12_000.0, 40_000.0]);
    assert!(!live.fit.unwrap().holds(), "{:?}", live.fit);
    assert_eq!(live.estimates.len(), 2);
    for estimate in live.estimates {
        let truth = truth(&popularity, estimate.items);
        assert_eq!(estimate.source, Source::Ages);
        assert!((estimate.miss_ratio - truth).abs() < 0.08, "{estimate:?}, truth {truth}");
    }
}

#[test]
fn what_stands_in_the_way() {
    let good = sample(&Popularity::zipf(200_000, 0.9), 20_000.0, 500, 5);
    let obstacles = |change: fn(&mut Sample)| {
        let mut changed = good.clone();
        change(&mut changed);
        let live = read(&changed, &[10_000.0]);
        assert!(live.estimates.is_empty() || live.obstacles.iter().all(|obstacle| !obstacle.forbids()));
        live.obstacles
    };
    assert_eq!(obstacles(|_| {}), []);
    assert_eq!(obstacles(|sample| sample.policy = "allkeys-lfu".into()), [Obstacle::NoAges]);
    assert_eq!(obstacles(|sample| sample.policy = "allkeys-random".into()), [Obstacle::RandomEviction]);
    assert_eq!(obstacles(|sample| sample.forking = true), [Obstacle::Forking]);
    assert_eq!(obstacles(|sample| sample.requests_per_second = 0.0), [Obstacle::NoTraffic]);
    assert_eq!(obstacles(|sample| sample.idle_seconds.truncate(299)), [Obstacle::FewSamples { samples: 299 }]);
    let short = obstacles(|sample| sample.idle_seconds.iter_mut().for_each(|age| *age = 1));
    assert_eq!(short, [Obstacle::ShortAge { seconds: 1.5 }]);
    assert!(read(&Sample { idle_seconds: Vec::new(), ..good }, &[1.0]).estimates.is_empty());
}
