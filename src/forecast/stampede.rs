//! How often one hot key is computed again when it expires, under each protection.

use serde::Serialize;

/// Euler's constant: the mean of a Gumbel distribution, which the earliest of many readers follows.
const EULER: f64 = 0.577_215_664_9;

/// Loads by readers who all find the key expired: as many as come while the first load is under way.
pub fn unprotected(reads_per_second: f64, load_seconds: f64) -> f64 {
    (reads_per_second * load_seconds).max(1.0)
}

/// One load in each instance of an application that merges the loads of its own readers.
pub fn coalesced(instances: f64, reads_per_second: f64, load_seconds: f64) -> f64 {
    unprotected(reads_per_second, load_seconds).min(instances.max(1.0))
}

/// With a lock or a lease: one, and a second where it ends before the load does.
pub fn leased(lease_seconds: f64, load_seconds: f64) -> f64 {
    if lease_seconds >= load_seconds { 1.0 } else { (load_seconds / lease_seconds).ceil() }
}

/// Probabilistic early recomputation: a reader loads when `now - beta * load * ln(random)` is past the expiry (Vattani,
/// Chierichetti and Lowenstein, VLDB 2015).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct XFetch {
    pub beta: f64,
    /// For each refresh, whatever the traffic is.
    pub loads: f64,
    /// How long before the expiry the first load begins, on the average: the TTL is shorter by this.
    pub early_seconds: f64,
    /// How likely it is that the key expires before the first load is done.
    pub late_probability: f64,
}

/// The loads of readers that come at random at a rate, each of whom decides by themselves.
pub fn xfetch(reads_per_second: f64, load_seconds: f64, beta: f64) -> XFetch {
    let spread = beta * load_seconds;
    let readers = reads_per_second * spread;
    XFetch {
        beta,
        loads: (1.0 / beta).exp(),
        early_seconds: (spread * (readers.ln() + EULER)).max(0.0),
        late_probability: (-readers * (-1.0 / beta).exp()).exp(),
    }
}

/// The share of writes after which a reader who was slower puts the old value back, with cache-aside and DEL: `window` is
/// the time from a reader's look into the database to its SET.
pub fn stale_sets(reads_per_second: f64, absent: f64, window_seconds: f64) -> f64 {
    -(-reads_per_second * absent * window_seconds).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, wanted: f64, within: f64) {
        assert!((got - wanted).abs() <= within, "{got} is not {wanted} ± {within}");
    }

    #[test]
    fn xfetch_as_simulated_elsewhere() {
        for (reads, beta, loads, early) in [
            (10.0, 1.0, 2.71, 2.87),
            (100.0, 1.0, 2.66, 5.24),
            (1_000.0, 1.0, 2.72, 7.51),
            (10_000.0, 1.0, 2.68, 9.80),
            (1_000.0, 2.0, 1.66, 16.38),
            (1_000.0, 4.0, 1.26, 35.41),
        ] {
            let fetch = xfetch(reads, 1.0, beta);
            close(fetch.loads, loads, 0.07);
            close(fetch.early_seconds, early, 0.1);
        }
        assert!(xfetch(100.0, 1.0, 1.0).late_probability < 1e-9);
    }

    /// Readers one after another, each of whom may start a load that takes a second.
    #[test]
    fn xfetch_as_simulated_here() {
        let (mut random, rounds) = (fastrand::Rng::with_seed(7), 2_000);
        let (mut loads, mut early, mut late) = (0, 0.0, 0);
        for _ in 0..rounds {
            // Expiry is at 0; the first load that is done ends the round.
            let (mut now, mut done) = (-40.0_f64, f64::INFINITY);
            while now < done {
                now -= random.f64().ln() / 10.0;
                if now - random.f64().ln() >= 0.0 || now >= 0.0 {
                    if done.is_infinite() {
                        (done, early) = (now + 1.0, early - now);
                        late += i32::from(done > 0.0);
                    }
                    loads += i32::from(now < done);
                }
            }
        }
        let fetch = xfetch(10.0, 1.0, 1.0);
        let mean = |sum: f64| sum / f64::from(rounds);
        close(mean(early), fetch.early_seconds, 0.1);
        close(mean(f64::from(late)), fetch.late_probability, 0.08);
        // Reads after the expiry of a late round all load, so a little more.
        close(mean(f64::from(loads)), fetch.loads, 0.5);
    }

    #[test]
    fn other_protections() {
        close(unprotected(1_000.0, 1.0), 1_000.0, 0.0);
        close(unprotected(0.1, 1.0), 1.0, 0.0);
        close(coalesced(8.0, 1_000.0, 1.0), 8.0, 0.0);
        close(leased(10.0, 1.0), 1.0, 0.0);
        close(leased(1.0, 1.5), 2.0, 0.0);
        close(stale_sets(100.0, 0.05, 0.02), 0.095, 0.001);
    }
}
