//! How fast the data grows: from its size now and its size in an earlier look.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::facts::Bytes;

const DAY: f64 = 86_400.0;
const YEAR: f64 = 365.25 * DAY;
/// Loads have a week's rhythm: what grew from Monday to Friday may be gone on Sunday (judgement).
const SHORTEST: f64 = 7.0 * DAY;
/// More is no answer of ours.
const LARGEST: u64 = 64 << 20;

/// The size of the data, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look {
    pub used: Bytes,
    /// Unix seconds.
    pub at: f64,
}

/// The size of the data earlier: at a time, or so many days before now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Earlier {
    At(Look),
    DaysAgo(f64, Bytes),
}

impl Earlier {
    pub fn look(self, now: f64) -> Look {
        match self {
            Self::At(look) => look,
            Self::DaysAgo(days, used) => Look { used, at: now - days * DAY },
        }
    }
}

/// Growth in a year as a part of the size now, and the arithmetic.
pub fn of(earlier: Look, now: Look) -> Result<(f64, String)> {
    let span = now.at - earlier.at;
    ensure!(
        span >= SHORTEST,
        "the earlier look is {:.1} days old, and growth needs {} days at least: take an older one, or say it (growth_percent)",
        span / DAY,
        SHORTEST / DAY
    );
    ensure!(earlier.used.0 > 0 && now.used.0 > 0, "a look without data tells no growth: say it (growth_percent)");
    let by = now.used.0 as f64 - earlier.used.0 as f64;
    let year = by / now.used.0 as f64 * YEAR / span;
    let sign = if by < 0.0 { "-" } else { "" };
    let month = Bytes((by.abs() * YEAR / 12.0 / span) as u64);
    let says = format!(
        "({} - {}) in {:.0} days: {sign}{month} a month, {:.0} % of the data in a year if it goes on so",
        now.used,
        earlier.used,
        span / DAY,
        year * 100.0
    );
    // A year of shrinking leaves something.
    Ok((year.max(-0.9), says))
}

/// The look in a saved answer: of `topology --json --probe` or of `inspect --json`.
pub fn saved(path: &Path) -> Result<Look> {
    let shown = path.display();
    let size = fs::metadata(path).with_context(|| format!("{shown} cannot be read"))?.len();
    ensure!(size <= LARGEST, "{shown} has {} and is no answer of ours", Bytes(size));
    let text = fs::read_to_string(path).with_context(|| format!("{shown} cannot be read"))?;
    let answer: Value = serde_json::from_str(&text).with_context(|| format!("{shown} is not JSON"))?;
    match planned(&answer).or_else(|| inspected(&answer)) {
        Some(look) => Ok(look),
        None => bail!(
            "{shown} tells no time and size: save the answer of `godmode-redis topology --probe --json` or `inspect --json`"
        ),
    }
}

fn planned(answer: &Value) -> Option<Look> {
    let present = answer.pointer("/demand/present")?;
    Some(Look { used: Bytes(present.get("used")?.as_u64()?), at: present.get("at")?.as_f64()? })
}

fn inspected(answer: &Value) -> Option<Look> {
    let is_primary = |node: &&Value| node.get("role").is_some_and(|role| role == "primary");
    let look = |node: &Value| {
        let used = node.pointer("/overview/memory/used")?.as_u64()?;
        Some((used, node.pointer("/overview/clock")?.as_f64()?))
    };
    let looks: Vec<(u64, f64)> =
        answer.get("nodes")?.as_array()?.iter().filter(is_primary).map(look).collect::<Option<_>>()?;
    let at = looks.first()?.1;
    Some(Look { used: Bytes(looks.iter().map(|(used, _)| used).sum()), at })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(gib: u64, days: f64) -> Look {
        Look { used: Bytes::gib(gib), at: days * DAY }
    }

    #[test]
    fn growth_goes_on_in_bytes_and_a_short_span_tells_none() {
        let (year, says) = of(look(8, 0.0), look(10, 73.05)).unwrap();
        assert!((year - 1.0).abs() < 1e-9, "2 of 10 in a fifth of a year: {year}");
        assert!(says.contains("in 73 days") && says.contains("100 %"), "{says}");
        assert!(of(look(10, 0.0), look(8, 30.0)).unwrap().0 < 0.0);
        let error = of(look(8, 0.0), look(10, 6.9)).unwrap_err().to_string();
        assert!(error.contains("6.9 days old") && error.contains("growth_percent"), "{error}");
    }
}
