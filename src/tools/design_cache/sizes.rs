//! The mean of sizes of which only two are known.

use crate::facts::Bytes;

/// The 99th percentile of a normal distribution, in standard deviations.
const P99: f64 = 2.326;

/// The mean of a spread, and how it comes about: even between two ends, or log-normal around a median, as sizes of cached
/// values are.
pub fn mean(low: f64, high: f64, ends: bool) -> (f64, String) {
    if ends {
        let even = f64::midpoint(low, high);
        return (even, format!("({} + {}) / 2: taken as even between the two", Bytes(low as u64), Bytes(high as u64)));
    }
    let deviation = (high / low.max(1.0)).ln() / P99;
    let mean = low * (deviation * deviation / 2.0).exp();
    let says =
        format!("median x exp(s^2 / 2) with s = ln(p99 / median) / {P99} = {deviation:.2}: taken as log-normal",);
    (mean, says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heavy_tail_lifts_the_mean() {
        assert_eq!(mean(1_000.0, 3_000.0, true).0, 2_000.0);
        // e^(1/2) for a standard deviation of 1.
        let (one, says) = mean(1_000.0, 1_000.0 * P99.exp(), false);
        assert!((one / 1_000.0 - 0.5_f64.exp()).abs() < 1e-9, "{one}");
        assert!(says.contains("s = ln(p99 / median) / 2.326 = 1.00"), "{says}");
    }
}
