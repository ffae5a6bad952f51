//! "90 % of the reads go to 5 % of the items": a skew in the words of people.

use super::reading::{MOST_SKEW, WRITES};
use crate::decisions::{Quantity, Unit};
use crate::forecast::Popularity;

/// What a few items have most of, and of what else two shares may be.
const ASKED: &[&str] = &["read", "request", "traffic", "access", "quer", "lookup", "hit", "view", "call"];
const RATIOS: &[&str] = &["ratio", "rate"];

/// So much of the items has so much of the reads.
pub struct Concentration {
    items: f64,
    reads: f64,
    pub text: String,
}

/// The first that a clause tells: the larger of two shares is that of the reads.
pub fn said(found: &[Quantity]) -> Option<Concentration> {
    let shares = |q: &&Quantity| q.unit == Unit::Share && q.about(ASKED) && !q.about(WRITES) && !q.about(RATIOS);
    let mut found = found.iter().filter(shares);
    let (one, other) = (found.next()?, found.next()?);
    let (items, reads) = if one.value < other.value { (one, other) } else { (other, one) };
    let told = one.clause == other.clause && items.value > 0.0 && reads.value < 1.0;
    told.then(|| Concentration {
        items: items.value,
        reads: reads.value,
        text: format!("\"{} ... {}\"", one.text, other.text),
    })
}

impl Concentration {
    /// The skew of the Zipf popularity of so many items that has it, to a hundredth.
    pub fn skew(&self, items: f64) -> f64 {
        let head = |alpha: f64| Popularity::zipf(items as u64, alpha).head(self.items * items);
        let (mut low, mut high) = (0.0, MOST_SKEW);
        for _ in 0..20 {
            let middle = f64::midpoint(low, high);
            (low, high) = if head(middle) < self.reads { (middle, high) } else { (low, middle) };
        }
        (high * 100.0).round() / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::quantities;

    #[test]
    fn the_skew_puts_so_much_on_so_few() {
        for (words, items) in [("90% of reads hit 5% of users", 5e6), ("20% of the keys get 80% of traffic", 1e5)] {
            let found = said(&quantities(words)).unwrap();
            let head = Popularity::zipf(items as u64, found.skew(items)).head(found.items * items);
            assert!((head - found.reads).abs() < 0.01, "{words}: {head}");
        }
        for words in ["90% reads / 10% writes", "hit ratio 90% to 95%", "80% of the reads"] {
            assert!(said(&quantities(words)).is_none(), "{words}");
        }
    }
}
