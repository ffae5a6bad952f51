//! LFU as Redis approximates it: a logarithmic counter of eight bits that time takes from.

use super::popularity::{Bin, Popularity};

/// A new key starts here (LFU_INIT_VAL, evict.c).
const START: usize = 5;
const STATES: usize = 256;
/// Candidates are kept between evictions (EVPOOL_SIZE in evict.c), so the lowest of more than `samples` goes, but they keep
/// the counter that they had when they were drawn. Measured with the grid of `make forecast` on four servers: 1.0 fits best
/// where the least item that fits is asked for twice a minute, 1.6 where it is ten times; this is a compromise, at
/// most 2.4 points off there.
const POOL: f64 = 1.2;
/// So many bins share one chain of counters, which takes 256 steps.
const MERGED: usize = 5;
const ROUNDS: usize = 160;
/// A hundredth of a percentage point.
const SETTLED: f64 = 1e-4;
/// How much of what a round found is taken over; with more, the next one swings back.
const DAMPING: f64 = 0.3;
/// So that no state lasts for ever: once in 2,000 years.
const HARDLY: f64 = 1e-9;

pub(super) struct Rules {
    pub log_factor: f64,
    /// Minutes; 0 never takes from a counter.
    pub decay: f64,
    pub samples: u32,
}

/// The hit ratio, from a Markov chain for each bin: absent, or present with a counter. A read raises the counter with
/// probability `1/((c-5)*f+1)`, idle time lowers it, and eviction takes the lowest. What is evicted from where follows
/// from the counters of all items, and they from it: both are found by turns. Times are in minutes.
pub(super) fn hit_ratio(popularity: &Popularity, rules: &Rules, room: f64, ttl: f64, per_minute: f64) -> f64 {
    let bins: Vec<Bin> = popularity.bins().chunks(MERGED).map(merged).collect();
    let mut shape = vec![1.0; STATES];
    // The rate of evictions for each item that is held; at first, once around for each read of a middling item.
    let mut pressure = per_minute / room;
    let mut hits = 0.0;
    for _ in 0..ROUNDS {
        let hazards: Vec<f64> = shape.iter().map(|part| part * pressure + 1.0 / ttl + HARDLY).collect();
        let mut held = Held { items: 0.0, hits: 0.0, counters: vec![0.0; STATES] };
        for bin in &bins {
            held.add(bin, &stays(bin.share * per_minute, rules, &hazards), per_minute);
        }
        let settled = (held.hits - hits).abs() < SETTLED && (held.items / room - 1.0).abs() < SETTLED;
        hits = held.hits;
        if settled {
            break;
        }
        // The right pressure holds just what fits.
        pressure *= (held.items / room).powf(1.5).clamp(0.5, 2.0);
        for (now, wanted) in shape.iter_mut().zip(shape_of(&held, rules.samples)) {
            *now += DAMPING * (wanted - *now);
        }
    }
    hits
}

fn merged(bins: &[Bin]) -> Bin {
    let items: f64 = bins.iter().map(|bin| bin.items).sum();
    Bin { items, share: bins.iter().map(|bin| bin.items * bin.share).sum::<f64>() / items }
}

struct Held {
    items: f64,
    hits: f64,
    /// Items by counter.
    counters: Vec<f64>,
}

impl Held {
    /// `stays` is how long an item has each counter in one life.
    fn add(&mut self, bin: &Bin, stays: &[f64], per_minute: f64) {
        let rate = bin.share * per_minute;
        let loads = rate / (1.0 + rate * stays.iter().sum::<f64>());
        let mut present = 0.0;
        for (all, stay) in self.counters.iter_mut().zip(stays) {
            *all += loads * stay * bin.items;
            present += loads * stay;
        }
        self.items += present * bin.items;
        self.hits += present * bin.items * bin.share;
    }
}

/// The mean time that an item of this rate has each counter, from its load to its end: the balance of what flows into and
/// out of each counter, a tridiagonal system.
fn stays(rate: f64, rules: &Rules, hazards: &[f64]) -> Vec<f64> {
    let up = |counter: usize| match counter {
        255.. => 0.0,
        c => rate / (c.saturating_sub(START) as f64 * rules.log_factor.max(0.0) + 1.0),
    };
    let falls = decay(rate, rules.decay);
    let down = |counter: usize| if counter == 0 { 0.0 } else { falls };
    // Forward: what of each counter's flow comes from above.
    let mut solved: Vec<(f64, f64)> = Vec::with_capacity(STATES);
    let (mut factor, mut value, mut from_below) = (0.0, 0.0, 0.0);
    for (counter, hazard) in hazards.iter().enumerate() {
        let flow = up(counter) + down(counter) + hazard;
        let source = if counter == START { 1.0 } else { 0.0 };
        let pivot = flow - from_below * factor;
        value = (source + from_below * value) / pivot;
        factor = down(counter + 1) / pivot;
        from_below = up(counter);
        solved.push((factor, value));
    }
    let mut above = 0.0;
    let mut stays: Vec<f64> = solved
        .iter()
        .rev()
        .map(|(factor, value)| {
            above = value + factor * above;
            above
        })
        .collect();
    stays.reverse();
    stays
}

/// How often time takes one from a counter, each minute. A read after g minutes takes `g/D` in whole numbers, with the
/// minute in which the read before fell as the start, and starts anew (LFUDecrAndReturn, evict.c): with D = 1 that is one
/// for each minute, with more an item that is read often enough loses nothing.
fn decay(rate: f64, minutes: f64) -> f64 {
    if minutes <= 0.0 {
        return 0.0;
    }
    if rate < 1e-6 {
        return 1.0 / minutes;
    }
    // With D = 1 the two powers cancel, also where they would not fit a number.
    rate * ((-rate * (minutes - 1.0)).exp() * -(-rate).exp_m1() / rate) / -(-rate * minutes).exp_m1()
}

/// How much likelier than by chance each counter is evicted: the lowest of several candidates goes.
fn shape_of(held: &Held, samples: u32) -> Vec<f64> {
    let candidates = f64::from(samples.max(1)) * POOL;
    let mut below = 0.0;
    let mut shape = Vec::with_capacity(STATES);
    for count in &held.counters {
        let (from, part) = (below / held.items, count / held.items);
        below += count;
        let taken = |quantile: f64| (1.0 - quantile).max(0.0).powf(candidates);
        shape.push(if part > 1e-12 {
            (taken(from) - taken(from + part)) / part
        } else {
            candidates * taken(from) / (1.0 - from).max(1e-9)
        });
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Rules = Rules { log_factor: 10.0, decay: 1.0, samples: 5 };

    /// Measured on Redis 7.0.15, two million items, Zipf 0.9, 20,000 requests a second, after ten minutes.
    #[test]
    fn measured_hit_ratios() {
        let popularity = Popularity::zipf(2_000_000, 0.9);
        let measured = [
            (50_000.0, 5, 1.0, 10.0, 0.5495),
            (100_000.0, 5, 1.0, 10.0, 0.6049),
            (200_000.0, 5, 1.0, 10.0, 0.6705),
            (400_000.0, 5, 1.0, 10.0, 0.7477),
            (800_000.0, 5, 1.0, 10.0, 0.8404),
            (200_000.0, 10, 1.0, 10.0, 0.6732),
            (200_000.0, 5, 10.0, 10.0, 0.6890),
            (400_000.0, 5, 10.0, 10.0, 0.7630),
            (400_000.0, 5, 10.0, 1.0, 0.7724),
            (400_000.0, 5, 0.0, 10.0, 0.7621),
        ];
        let mut far = Vec::new();
        for (room, samples, decay, log_factor, wanted) in measured {
            let got = hit_ratio(&popularity, &Rules { log_factor, decay, samples }, room, f64::INFINITY, 1_200_000.0);
            // Slow counters were still on their way after those ten minutes.
            let within = if decay == 1.0 { 0.015 } else { 0.025 };
            if (got - wanted).abs() > within {
                far.push(format!("{room} items, D {decay} f {log_factor} s {samples}: {got:.4}, measured {wanted}"));
            }
        }
        assert!(far.is_empty(), "{far:#?}");
    }

    #[test]
    fn the_counter_rests_where_rises_and_falls_meet() {
        // 600 reads a minute, nothing evicted: k = (600 - 1)/10 above the start.
        let stays = stays(600.0, &DEFAULT, &[HARDLY; STATES]);
        let all: f64 = stays.iter().sum();
        let mean: f64 = stays.iter().enumerate().map(|(counter, stay)| counter as f64 * stay / all).sum();
        assert!((mean - 5.0 - 59.9).abs() < 1.0, "{mean}");
    }

    #[test]
    fn decay_by_the_minute_and_slower() {
        for rate in [0.0, 1e-9, 0.3, 5.0, 1e5] {
            assert!((decay(rate, 1.0) - 1.0).abs() < 1e-9, "{rate}");
        }
        assert!((decay(1e-9, 10.0) - 0.1).abs() < 1e-6);
        assert!(decay(3.0, 10.0) < 1e-10);
        assert_eq!(decay(3.0, 0.0), 0.0);
    }
}
