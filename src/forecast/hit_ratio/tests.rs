//! The models against numbers that were computed or measured elsewhere.

use super::*;

fn cache(items: f64, eviction: Eviction) -> Cache {
    Cache { items, samples: 10_000, eviction, ttl: None, requests_per_second: 20_000.0 }
}

fn close(got: f64, wanted: f64, within: f64) {
    assert!((got - wanted).abs() <= within, "{got} is not {wanted} ± {within}");
}

#[test]
fn che_and_random_as_computed_item_by_item() {
    let two_million = Popularity::zipf(2_000_000, 0.9);
    let lru = predict(&two_million, &cache(200_000.0, Eviction::Lru));
    close(lru.hit_ratio, 0.6443, 4e-4);
    close(lru.eviction_age_seconds.unwrap() * 20_000.0, 447_795.0, 900.0);
    close(predict(&two_million, &cache(200_000.0, Eviction::Random)).hit_ratio, 0.6068, 4e-4);
    close(two_million.head(200_000.0), 0.7359, 4e-4);
    for (alpha, hit_ratio, age) in [(0.7, 0.3507, 26_493.0), (0.9, 0.6161, 41_491.0), (1.1, 0.8591, 103_464.0)] {
        let popularity = Popularity::zipf(200_000, alpha);
        let (exact, found) = fill(&popularity, 20_000.0, lru_of);
        close(exact, hit_ratio, 4e-4);
        close(found / age, 1.0, 2e-3);
    }
}

fn lru_of(bin: &Bin, age: f64) -> f64 {
    super::lru(bin.share, age, f64::INFINITY)
}

#[test]
fn a_ttl_alone_and_with_lru() {
    let popularity = Popularity::zipf(2_000_000, 0.9);
    let short = Cache { ttl: Some(20.0), ..cache(400_000.0, Eviction::Lru) };
    let short = predict(&popularity, &short);
    close(short.hit_ratio, 0.5844, 4e-4);
    close(short.resident_items, 166_245.0, 200.0);
    assert_eq!(short.bound_by, Bound::Ttl);
    let ttl = 300.0 * 20_000.0;
    let (hit_ratio, age) = fill(&popularity, 400_000.0, |bin, age| super::lru(bin.share, age, ttl));
    close(hit_ratio, 0.7316, 4e-4);
    close(age / 20_000.0, 55.6, 0.2);
    // Measured on Redis 7.0.15, where expired items take room.
    let churn = Cache { ttl: Some(60.0), samples: 5, ..cache(400_000.0, Eviction::Lru) };
    close(predict(&popularity, &churn).hit_ratio, 0.6821, 0.007);
    // The same where 10,000 of 100,000 items fit, with ages of 5 s.
    let popularity = Popularity::zipf(100_000, 0.9);
    for (ttl, rate, hit_ratio) in [(9.0, 3_180.0, 0.5612), (18.0, 3_362.0, 0.5859)] {
        let cache = Cache { ttl: Some(ttl), samples: 5, requests_per_second: rate, ..cache(10_000.0, Eviction::Lru) };
        close(predict(&popularity, &cache).hit_ratio, hit_ratio, 0.01);
    }
}

#[test]
fn one_item_between_two_ends() {
    // A read each 50 s, an age of 55 s, a TTL of 60 s: 1.19 hits for each load.
    let present = super::lru(0.02, 55.0, 60.0);
    close(present / (1.0 - present), 1.19, 0.01);
}

/// Measured on Redis 7.0.15 with two million items, Zipf 0.9, 20,000 requests a second.
#[test]
fn samples_move_lru_towards_random() {
    let popularity = Popularity::zipf(2_000_000, 0.9);
    let measured = [
        (3, 200_000.0, 0.6381),
        (5, 50_000.0, 0.4882),
        (5, 100_000.0, 0.5610),
        (5, 200_000.0, 0.6421),
        (5, 400_000.0, 0.7346),
        (5, 800_000.0, 0.8397),
        (10, 100_000.0, 0.5621),
        (10, 200_000.0, 0.6435),
        (10, 400_000.0, 0.7363),
    ];
    for (samples, items, hit_ratio) in measured {
        let cache = Cache { samples, ..cache(items, Eviction::Lru) };
        close(predict(&popularity, &cache).hit_ratio, hit_ratio, 0.0016);
    }
}

/// The same with 140,000 requests a second, where items are evicted within a second of their last read.
#[test]
fn a_clock_of_whole_seconds_shows_in_short_ages() {
    let popularity = Popularity::zipf(2_000_000, 0.9);
    let fast = Cache { samples: 5, requests_per_second: 140_000.0, ..cache(50_000.0, Eviction::Lru) };
    let fast = predict(&popularity, &fast);
    close(fast.eviction_age_seconds.unwrap(), 0.61, 0.02);
    close(fast.hit_ratio, 0.4700, 0.005);
}

#[test]
fn what_fits_is_hit_and_what_cannot_is_not() {
    let popularity = Popularity::zipf(1_000, 0.9);
    let all = predict(&popularity, &cache(1_000.0, Eviction::Lru));
    assert_eq!((all.bound_by, all.eviction_age_seconds), (Bound::Nothing, None));
    close(all.hit_ratio, 1.0, 1e-9);
    for items in [0.0, 0.4, -1.0, f64::NAN] {
        assert_eq!(predict(&popularity, &cache(items, Eviction::Lru)).hit_ratio, 0.0);
    }
}

#[test]
fn a_full_cache_that_refuses_keeps_what_came_first() {
    let popularity = Popularity::zipf(100_000, 0.9);
    let (none, lru) = (cache(10_000.0, Eviction::None), cache(10_000.0, Eviction::Lru));
    close(predict(&popularity, &none).hit_ratio, predict(&popularity, &lru).hit_ratio, 0.02);
}

#[test]
fn more_memory_never_hits_less() {
    let popularity = Popularity::zipf(50_000, 0.8);
    for eviction in [Eviction::Lru, Eviction::Random, Eviction::LFU, Eviction::None] {
        for ttl in [None, Some(30.0)] {
            let mut last = 0.0;
            for items in [500.0, 2_000.0, 8_000.0, 32_000.0, 50_000.0] {
                let now = predict(&popularity, &Cache { ttl, ..cache(items, eviction) }).hit_ratio;
                assert!(now >= last - 2e-3, "{eviction:?} {ttl:?} {items}: {now} after {last}");
                last = now;
            }
        }
    }
}
