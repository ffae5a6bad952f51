//! The seconds in which most keys of a group end: Misra and Gries' summary, which merges.

/// Seconds that are kept: one that holds more than a ninth of the keys is never missed.
const KEPT: usize = 8;

/// Seconds from the start of the reading, with keys. Counts read low by at most `lost`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seconds {
    kept: [(u64, f64); KEPT],
    /// By how much any count may be too low.
    pub lost: f64,
}

impl Seconds {
    pub fn count(&mut self, second: u64, keys: f64) {
        if let Some((_, count)) = self.kept.iter_mut().find(|(kept, count)| *kept == second && *count > 0.0) {
            *count += keys;
        } else if let Some(free) = self.kept.iter_mut().find(|(_, count)| *count <= 0.0) {
            *free = (second, keys);
        } else {
            let least = self.kept.iter().fold(keys, |least, (_, count)| least.min(*count));
            self.kept.iter_mut().for_each(|(_, count)| *count -= least);
            self.lost += least;
            if keys > least {
                self.count(second, keys - least);
            }
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.lost += other.lost;
        other.kept.iter().filter(|(_, count)| *count > 0.0).for_each(|(second, count)| self.count(*second, *count));
    }

    pub fn scale(&mut self, factor: f64) {
        self.lost *= factor;
        self.kept.iter_mut().for_each(|(_, count)| *count *= factor);
    }

    /// The second in which most keys end, and at least how many do.
    pub fn fullest(&self) -> Option<(u64, f64)> {
        self.kept.iter().copied().filter(|(_, count)| *count > 0.0).max_by(|a, b| a.1.total_cmp(&b.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cliff_among_scattered_ends_is_found_whatever_the_order() {
        let ends: Vec<u64> = (0..9_000).map(|n| if n % 3 == 0 { 777 } else { 10_000 + n * 7 }).collect();
        let mut forward = Seconds::default();
        ends.iter().for_each(|end| forward.count(*end, 1.0));
        let (mut left, mut right) = (Seconds::default(), Seconds::default());
        ends.iter()
            .rev()
            .enumerate()
            .for_each(|(n, end)| if n % 2 == 0 { &mut left } else { &mut right }.count(*end, 1.0));
        left.merge(right);
        for seconds in [forward, left] {
            let (second, keys) = seconds.fullest().unwrap();
            assert_eq!(second, 777);
            assert!(keys <= 3_000.0 && keys + seconds.lost >= 3_000.0, "{keys} {}", seconds.lost);
        }
    }
}
