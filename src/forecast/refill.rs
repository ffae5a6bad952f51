//! What the origin has to bear when many items are missing at once: after a mass expiry, and with an empty cache.

use serde::Serialize;

use super::popularity::Popularity;

/// Keys that were written together and expire together, unless their TTLs are spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Expiry {
    pub keys: f64,
    /// The share of them that is asked for again within one TTL.
    pub asked_again: f64,
    pub ttl_seconds: f64,
    /// What the origin bears on top of its present load.
    pub spare_per_second: f64,
    /// For how long the origin can queue: its load is counted in windows of this length.
    pub window_seconds: f64,
}

/// By how much to spread TTLs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "jitter", rename_all = "kebab-case")]
pub enum Jitter {
    /// The origin bears them all in one window.
    NotNeeded,
    /// `TTL = ttl - random(0, seconds)`: never beyond the TTL, which bounds how old data may be.
    Seconds { seconds: f64, peak_per_second: f64 },
    /// The origin cannot bear these loads in one TTL however they are spread; with at least this TTL it could.
    Impossible { least_ttl_seconds: f64 },
}

/// The most loads that the origin sees in one window when `keys` expire evenly over `jitter` seconds: the mean of a window,
/// and the highest of as many Poisson counts as there are windows.
pub fn peak(keys: f64, jitter_seconds: f64, window_seconds: f64) -> f64 {
    if jitter_seconds <= window_seconds {
        return keys;
    }
    let mean = keys * window_seconds / jitter_seconds;
    (mean + (2.0 * mean * (jitter_seconds / window_seconds).ln()).sqrt()).min(keys)
}

/// The smallest jitter that keeps the peak under what the origin can spare.
pub fn jitter(expiry: &Expiry) -> Jitter {
    let (loads, window) = (expiry.keys * expiry.asked_again, expiry.window_seconds);
    let bears = expiry.spare_per_second * window;
    if loads <= bears {
        return Jitter::NotNeeded;
    }
    let mut seconds = (loads / expiry.spare_per_second).max(window);
    while peak(loads, seconds, window) > bears {
        seconds *= 1.01;
        // An origin that can spare nothing.
        if !seconds.is_finite() {
            break;
        }
    }
    if seconds <= expiry.ttl_seconds {
        Jitter::Seconds { seconds, peak_per_second: peak(loads, seconds, window) / window }
    } else {
        Jitter::Impossible { least_ttl_seconds: seconds }
    }
}

/// Loads in so many seconds from an empty cache on, with an origin that bears them: each item that is asked for, once.
pub fn from_empty(popularity: &Popularity, requests_per_second: f64, seconds: f64) -> f64 {
    asked_for(popularity, requests_per_second * seconds)
}

/// How many different items so many requests ask for.
fn asked_for(popularity: &Popularity, requests: f64) -> f64 {
    popularity.bins().iter().map(|bin| -bin.items * (-bin.share * requests).exp_m1()).sum()
}

/// The most loads that the origin sees in one second when all of `held` items end evenly within `jitter` seconds, on top of
/// its `steady` load. However short that is, it is not asked for more than an empty cache would.
pub fn after_expiry(popularity: &Popularity, held: f64, steady: f64, requests_per_second: f64, jitter: f64) -> f64 {
    let empty = from_empty(popularity, requests_per_second, 1.0);
    if jitter <= 1.0 {
        return empty;
    }
    let again = asked_for(popularity, requests_per_second * jitter).min(held);
    (steady + peak(again, jitter, 1.0)).min(empty)
}

/// From an empty cache to one that answers as it will.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WarmUp {
    /// Until it has 95 % of its hit ratio; none if the origin never gets it there.
    pub seconds: Option<f64>,
    /// Loads a second that are asked of the origin at first.
    pub demand_per_second: f64,
    /// For how long the origin is asked for more than it bears.
    pub overload_seconds: Option<f64>,
}

/// How a cache gets from empty to `hit_ratio`, in the long run, with an origin that bears so many loads a second. What the
/// origin does not bear is not loaded, and asked for again.
pub fn warm_up(popularity: &Popularity, hit_ratio: f64, requests_per_second: f64, origin_per_second: f64) -> WarmUp {
    let steady = requests_per_second * (1.0 - hit_ratio);
    let mut warm = WarmUp { seconds: None, demand_per_second: requests_per_second, overload_seconds: Some(0.0) };
    if origin_per_second <= steady {
        warm.overload_seconds = None;
        return warm;
    }
    // In requests that had their effect: an item is there when one of them was for it.
    let (mut effective, mut seconds, mut overload) = (0.0_f64, 0.0, 0.0);
    loop {
        let missed: f64 =
            popularity.bins().iter().map(|bin| bin.items * bin.share * (-bin.share * effective).exp()).sum();
        // Eviction keeps it from more than the hit ratio.
        let missed = missed.max(1.0 - hit_ratio);
        if 1.0 - missed >= 0.95 * hit_ratio || effective > 1e18 {
            break;
        }
        let demand = requests_per_second * missed;
        let loaded = (origin_per_second / demand).min(1.0);
        let step = (effective * 0.02).max(1.0);
        let took = step / (requests_per_second * loaded);
        seconds += took;
        if loaded < 1.0 {
            overload += took;
        }
        effective += step;
    }
    warm.seconds = Some(seconds);
    warm.overload_seconds = Some(overload);
    warm
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiry(keys: f64, ttl_seconds: f64, spare_per_second: f64) -> Expiry {
        Expiry { keys, asked_again: 1.0, ttl_seconds, spare_per_second, window_seconds: 1.0 }
    }

    #[test]
    fn the_smallest_jitter_that_the_origin_bears() {
        for (keys, ttl, spare, wanted) in [
            (100_000.0, 3_600.0, 500.0, 232.0),
            (1_000_000.0, 3_600.0, 2_000.0, 541.0),
            (10_000.0, 300.0, 100.0, 137.0),
            (1_000_000.0, 86_400.0, 200.0, 6_739.0),
            (50_000.0, 600.0, 200.0, 321.0),
        ] {
            let Jitter::Seconds { seconds, peak_per_second } = jitter(&expiry(keys, ttl, spare)) else {
                panic!("{keys} {ttl} {spare}")
            };
            assert!((seconds - wanted).abs() < 1.0, "{seconds}, not {wanted}");
            assert!(peak_per_second <= spare);
            // No smaller one does.
            assert!(peak(keys, seconds / 1.02, 1.0) > spare);
        }
    }

    #[test]
    fn keys_that_are_really_spread_stay_under_the_peak() {
        let mut random = fastrand::Rng::with_seed(1);
        let Jitter::Seconds { seconds, .. } = jitter(&expiry(100_000.0, 3_600.0, 500.0)) else { panic!() };
        let most = |random: &mut fastrand::Rng, seconds: f64| {
            let mut windows = vec![0; seconds as usize + 1];
            (0..100_000).for_each(|_| windows[(random.f64() * seconds) as usize] += 1);
            *windows.iter().max().unwrap()
        };
        let spread: Vec<i32> = (0..20).map(|_| most(&mut random, seconds)).collect();
        assert!(spread.iter().filter(|peak| **peak <= 510).count() >= 18, "{spread:?}");
        assert!(most(&mut random, 200.0) > 520);
    }

    #[test]
    fn no_jitter_where_none_is_needed_and_none_where_none_can_help() {
        assert_eq!(jitter(&expiry(100.0, 60.0, 500.0)), Jitter::NotNeeded);
        let Jitter::Impossible { least_ttl_seconds } = jitter(&expiry(100_000.0, 60.0, 500.0)) else { panic!() };
        assert!((least_ttl_seconds - 232.0).abs() < 1.0);
        assert!(matches!(jitter(&expiry(100_000.0, 60.0, 0.0)), Jitter::Impossible { .. }));
    }

    #[test]
    fn what_ends_is_loaded_once_and_no_faster_than_from_empty() {
        let popularity = Popularity::zipf(1_000, 0.0);
        // A thousand items, all alike: the share that a second of requests asks for.
        assert!((from_empty(&popularity, 1_000.0, 1.0) - 632.1).abs() < 0.1);
        assert_eq!(after_expiry(&popularity, 1_000.0, 0.0, 1_000.0, 0.0), from_empty(&popularity, 1_000.0, 1.0));
        let spread = after_expiry(&popularity, 1_000.0, 10.0, 1_000.0, 20.0);
        assert!((60.0..100.0).contains(&spread), "{spread}");
        assert!(after_expiry(&popularity, 1_000.0, 600.0, 1_000.0, 2.0) <= 633.0);
    }

    #[test]
    fn a_cold_cache_warms_up_as_fast_as_the_origin_lets_it() {
        let popularity = Popularity::zipf(100_000, 0.9);
        let free = warm_up(&popularity, 0.6, 1_000.0, 10_000.0);
        assert_eq!((free.demand_per_second, free.overload_seconds), (1_000.0, Some(0.0)));
        let slow = warm_up(&popularity, 0.6, 1_000.0, 500.0);
        assert!(slow.seconds > free.seconds && slow.overload_seconds > Some(0.0), "{slow:?} {free:?}");
        // Less than the misses of a warm cache.
        assert_eq!(warm_up(&popularity, 0.6, 1_000.0, 300.0).seconds, None);
    }
}
