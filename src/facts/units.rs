//! Numbers that know their unit and print it.

use std::fmt;

use serde::{Serialize, Serializer};

/// A count of bytes, printed in binary units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Bytes(pub u64);

impl Bytes {
    pub const fn kib(n: u64) -> Self {
        Self(n << 10)
    }
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }
    pub const fn gib(n: u64) -> Self {
        Self(n << 30)
    }
    /// This many bytes as a share of `whole`; nothing is a share of nothing.
    pub fn of(self, whole: Self) -> Share {
        Share::of(self.0, whole.0)
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        let mut value = self.0 as f64 / 1024.0;
        let mut unit = UNITS[0];
        for next in &UNITS[1..] {
            // 1023.95 would print as 1024.0.
            if value < 1023.95 {
                break;
            }
            value /= 1024.0;
            unit = next;
        }
        write!(f, "{value:.1} {unit}")
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.0)
    }
}

/// A part of a whole: 0.8 prints as `80 %`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize)]
pub struct Share(pub f64);

impl Share {
    pub fn of(part: u64, whole: u64) -> Self {
        if whole == 0 { Self(0.0) } else { Self(part as f64 / whole as f64) }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0 * 100.0;
        // Small shares keep a digit, so that 0.4 % is not printed as nothing.
        if percent > 0.0 && percent < 9.95 { write!(f, "{percent:.1} %") } else { write!(f, "{percent:.0} %") }
    }
}

/// A duration in microseconds, as Redis reports most of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
pub struct Micros(pub u64);

impl Micros {
    pub const fn ms(n: u64) -> Self {
        Self(n * 1_000)
    }
}

impl fmt::Display for Micros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0 as f64;
        match self.0 {
            0..1_000 => write!(f, "{} µs", self.0),
            1_000..1_000_000 => write!(f, "{:.1} ms", us / 1e3),
            _ => write!(f, "{:.1} s", us / 1e6),
        }
    }
}

/// A long span, printed in the largest unit that fits: `3.2 days`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Seconds(pub u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0 as f64;
        match self.0 {
            0..120 => write!(f, "{} s", self.0),
            120..7_200 => write!(f, "{:.0} min", s / 60.0),
            7_200..172_800 => write!(f, "{:.1} h", s / 3_600.0),
            _ => write!(f, "{:.1} days", s / 86_400.0),
        }
    }
}

/// A whole number with its thousands set apart: `1,204,000`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Count(pub u64);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (i, digit) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// Events per second; small rates keep a digit.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize)]
pub struct PerSecond(pub f64);

impl fmt::Display for PerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0.0 && self.0 < 9.95 {
            write!(f, "{:.1}/s", self.0)
        } else {
            write!(f, "{}/s", Count(self.0.round().max(0.0) as u64))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_with_the_unit_a_reader_expects() {
        let printed = [
            Bytes(1023).to_string(),
            Bytes(1024).to_string(),
            Bytes(9_663_676_416).to_string(),
            Bytes(1_048_575).to_string(),
            Share(0.004).to_string(),
            Share(0.83).to_string(),
            Share(1.0).to_string(),
            Micros(999).to_string(),
            Micros(230_500).to_string(),
            Micros(1_500_000).to_string(),
            Seconds(90).to_string(),
            Seconds(86_400 * 3).to_string(),
            Count(1_204_000).to_string(),
            Count(12).to_string(),
            PerSecond(0.25).to_string(),
            PerSecond(12_345.6).to_string(),
        ];
        let expected = [
            "1023 B",
            "1.0 KiB",
            "9.0 GiB",
            "1.0 MiB",
            "0.4 %",
            "83 %",
            "100 %",
            "999 µs",
            "230.5 ms",
            "1.5 s",
            "90 s",
            "3.0 days",
            "1,204,000",
            "12",
            "0.2/s",
            "12,346/s",
        ];
        assert_eq!(printed, expected);
    }

    #[test]
    fn a_share_of_nothing_is_nothing() {
        assert_eq!(Share::of(5, 0), Share(0.0));
    }
}
