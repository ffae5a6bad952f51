//! Ages of keys on a server that is simulated, whose popularity is known, and the curve that is read from them.

mod server;

use super::sampled::Full;
use super::*;
use crate::forecast::hit_ratio::{Cache, Eviction, predict};
use server::Server;

const HELD: usize = 4_000;
const ITEMS: u64 = 32_000;
const SAMPLES: u32 = 5;
/// Seconds after which keys leave, about.
const AGE: f64 = 8.0;
const SHARES: [f64; 3] = [0.5, 1.0, 2.0];

/// Reads a second at which keys live for `AGE`.
fn rate(popularity: &Popularity) -> f64 {
    super::super::hit_ratio::fill(popularity, HELD as f64, |bin, age| -(-bin.share * age).exp_m1()).1 / AGE
}

/// What is seen of it: the counters over half a minute, then keys at every tenth of a second.
fn sample(popularity: &Popularity, count: usize, seed: u64) -> Sample {
    let rate = rate(popularity);
    let mut server = Server::new(popularity, HELD, SAMPLES, rate, seed);
    server.serve(AGE * 4.0);
    let hit_ratio = 1.0 - server.serve(30.0);
    let (mut idle_seconds, mut moments) = (Vec::new(), Vec::new());
    // Not evenly spread over a second.
    for _ in 0..10 {
        idle_seconds.extend(server.ages(count / 10));
        moments.extend(vec![server.now.fract(); count / 10]);
        server.serve(0.78);
    }
    Sample {
        idle_seconds,
        moments,
        keys: HELD as f64,
        requests_per_second: rate,
        hit_ratio,
        reads: rate * 30.0,
        policy: "allkeys-lru".into(),
        samples: SAMPLES,
        forking: false,
    }
}

/// What such a server misses with this share of the memory, to a fifth of a point.
fn truth(popularity: &Popularity, share: f64) -> f64 {
    let rate = rate(popularity);
    let mut server = Server::new(popularity, (HELD as f64 * share) as usize, SAMPLES, rate, 99);
    server.serve(AGE * 5.0 * share.max(1.0));
    server.serve(60_000.0 / rate)
}

fn lru(items: f64, rate: f64) -> Cache {
    Cache { items, samples: SAMPLES, eviction: Eviction::Lru, ttl: None, requests_per_second: rate }
}

#[test]
fn two_thousand_ages_tell_half_the_size_the_present_one_and_twice_the_size() {
    for alpha in [0.9, 1.0, 1.1, 1.2] {
        let popularity = Popularity::zipf(ITEMS, alpha);
        let truth = SHARES.map(|share| truth(&popularity, share));
        for seed in 1..=3 {
            let live = read(&sample(&popularity, 2_000, seed), &SHARES.map(|share| share * HELD as f64));
            assert_eq!((live.obstacles.len(), live.estimates.len()), (0, 3), "{:?}", live.obstacles);
            let fit = live.fit.unwrap();
            assert!(fit.alpha_low - 0.02 <= alpha && alpha <= fit.alpha_high + 0.02, "{alpha}: {fit:?}");
            let asked = live.asked.unwrap();
            assert_eq!(asked.largest, 3.0 * HELD as f64);
            for ((estimate, truth), within) in live.estimates.iter().zip(truth).zip([0.03, 0.03, 0.04]) {
                assert!((estimate.miss_ratio - truth).abs() <= within, "{alpha} {seed}: {estimate:?}, truth {truth}");
                let played = 1.0 - predict(&asked.popularity, &lru(estimate.items, rate(&popularity))).hit_ratio;
                assert!((played - truth).abs() <= within, "{alpha} {seed}: {played} played, truth {truth}");
                assert!((estimate.low..=estimate.high).contains(&truth), "{alpha} {seed}: {estimate:?}, {truth}");
            }
        }
    }
}

#[test]
fn the_interval_holds_the_truth_where_the_ages_leave_much_open() {
    let popularity = Popularity::zipf(ITEMS, 0.6);
    let truth = SHARES.map(|share| truth(&popularity, share));
    for (count, seed) in [(400, 4), (2_000, 5), (2_000, 6)] {
        let live = read(&sample(&popularity, count, seed), &SHARES.map(|share| share * HELD as f64));
        for (estimate, truth) in live.estimates.iter().zip(truth) {
            assert!((estimate.low..=estimate.high).contains(&truth), "{count}: {estimate:?}, truth {truth}");
        }
        let wide = live.estimates.last().unwrap();
        assert!(wide.high - wide.low > 0.06, "{count}: {wide:?}");
    }
}

#[test]
fn the_oldest_part_of_the_keys_leaves_at_a_steady_rate() {
    for (alpha, samples) in [(0.6, 3), (0.9, 5), (1.2, 10)] {
        let popularity = Popularity::zipf(ITEMS, alpha);
        // Ages of a minute, so that whole seconds do not show.
        let rate = rate(&popularity) / 8.0;
        let mut server = Server::new(&popularity, HELD, samples, rate, 7);
        server.serve(AGE * 32.0);
        let full = Full::of(&popularity, HELD as f64, samples, rate).unwrap();
        let seconds = [0.5, 0.75, 0.9, 1.0, 1.25].map(|part| part * AGE * 8.0);
        let (mut missed, mut younger) = (0.0, [0.0; 5]);
        for _ in 0..20 {
            missed += server.serve(10_000.0 / rate) / 20.0;
            for (sum, second) in younger.iter_mut().zip(seconds) {
                *sum += server.younger(second) / 20.0;
            }
        }
        assert!((missed - full.miss_ratio()).abs() < 0.005, "{alpha}: {missed}, {}", full.miss_ratio());
        for (seen, second) in younger.iter().zip(seconds) {
            let told = full.younger(second * rate) / HELD as f64;
            assert!((seen - told).abs() < 0.01, "{alpha}, {samples}, {second} s: {seen}, told {told}");
        }
    }
}

#[test]
fn a_popularity_of_another_kind_is_told_and_not_stretched() {
    // A hot tenth, and the rest alike: no Zipf.
    let weights: Vec<f64> = (0..8_000).map(|item| if item < 800 { 50.0 } else { 1.0 }).collect();
    let popularity = Popularity::from_weights(&weights);
    let shares = [0.25, 0.6, 1.0, 2.0];
    let live = read(&sample(&popularity, 2_000, 4), &shares.map(|share| share * HELD as f64));
    assert!(!live.fit.unwrap().holds(), "{:?}", live.fit);
    let sources: Vec<Source> = live.estimates.iter().map(|estimate| estimate.source).collect();
    assert_eq!(sources, [Source::Ages, Source::Ages, Source::Counted]);
    let asked = live.asked.unwrap();
    assert!((0.6..0.8).contains(&(asked.largest / HELD as f64)), "{}", asked.largest);
    for (estimate, share) in live.estimates.iter().zip(shares) {
        let truth = truth(&popularity, share);
        // The corner between the two parts lies at a fifth of the keys, and is rounded there.
        let within = if share > 0.5 { 0.03 } else { 0.1 };
        assert!((estimate.miss_ratio - truth).abs() < within, "{estimate:?}, truth {truth}");
        assert!((estimate.low..=estimate.high).contains(&truth), "{estimate:?}, truth {truth}");
        // And what is played says the same as the curve.
        if estimate.items < asked.largest {
            let played = 1.0 - predict(&asked.popularity, &lru(estimate.items, rate(&popularity))).hit_ratio;
            assert!((played - truth).abs() < within, "{played} played, truth {truth}");
        }
    }
}

#[test]
fn what_stands_in_the_way() {
    let good = sample(&Popularity::zipf(ITEMS, 0.9), 500, 5);
    let obstacles = |change: fn(&mut Sample)| {
        let mut changed = good.clone();
        change(&mut changed);
        let live = read(&changed, &[2_000.0]);
        assert_eq!(live.asked.is_none(), live.obstacles.iter().any(|obstacle| obstacle.forbids()));
        assert!(live.estimates.is_empty() || live.obstacles.iter().all(|obstacle| !obstacle.forbids()));
        live.obstacles
    };
    assert_eq!(obstacles(|_| {}), []);
    assert_eq!(obstacles(|sample| sample.policy = "allkeys-lfu".into()), [Obstacle::NoAges]);
    assert_eq!(obstacles(|sample| sample.policy = "allkeys-random".into()), [Obstacle::RandomEviction]);
    assert_eq!(obstacles(|sample| sample.forking = true), [Obstacle::Forking]);
    assert_eq!(obstacles(|sample| sample.requests_per_second = 0.0), [Obstacle::NoTraffic]);
    assert_eq!(obstacles(|sample| sample.idle_seconds.truncate(299)), [Obstacle::FewSamples { samples: 299 }]);
    assert_eq!(obstacles(|sample| sample.keys = 50.0), [Obstacle::FewSamples { samples: 50 }]);
    let short = obstacles(|sample| sample.idle_seconds.iter_mut().for_each(|age| *age = 1));
    assert_eq!(short, [Obstacle::ShortAge { seconds: 1.5 }]);
    assert!(read(&Sample { idle_seconds: Vec::new(), ..good }, &[1.0]).estimates.is_empty());
}
