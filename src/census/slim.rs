//! An element in four bytes: a few are kept of each of hundreds of keys, in thousands of families.

use crate::facts::Element;

/// A length, or a whole number as sign, exponent and 24 bits: what a number costs depends on its magnitude only, and what is
/// cut off changes that for one in millions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slim(u32);

const NUMBER: u32 = 1 << 31;
const NEGATIVE: u32 = 1 << 30;
/// Bits of a number that are kept, and where its exponent stands.
const KEPT: u32 = 24;

impl From<Element> for Slim {
    fn from(element: Element) -> Self {
        match element {
            Element::Text(len) => Self(u32::try_from(len).unwrap_or(u32::MAX).min(NUMBER - 1)),
            Element::Number(value) => {
                let size = value.unsigned_abs();
                let cut = (u64::BITS - size.leading_zeros()).saturating_sub(KEPT);
                let sign = if value < 0 { NEGATIVE } else { 0 };
                Self(NUMBER | sign | cut << KEPT | (size >> cut) as u32)
            }
        }
    }
}

impl From<Slim> for Element {
    fn from(Slim(bits): Slim) -> Self {
        if bits & NUMBER == 0 {
            return Self::Text(u64::from(bits));
        }
        let cut = (bits & (NEGATIVE - 1)) >> KEPT;
        let size = (i64::from(bits) & ((1 << KEPT) - 1)) << cut;
        Self::Number(if bits & NEGATIVE == 0 { size } else { size.wrapping_neg() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slim_element_costs_what_it_did() {
        let there_and_back = |element| Element::from(Slim::from(element));
        for element in [0, 1, 255, 262_144].map(Element::Text) {
            assert_eq!(there_and_back(element), element);
        }
        for element in [0, 7, -12, 16_777_215, -16_777_215].map(Element::Number) {
            assert_eq!(there_and_back(element), element);
        }
        for value in [1_732_838_400_123, -1_732_838_400_123, i64::MAX, i64::MIN] {
            let Element::Number(back) = there_and_back(Element::Number(value)) else { panic!("no number") };
            assert_eq!(Element::Number(back).len(), Element::Number(value).len());
            assert!((value as f64 / back as f64 - 1.0).abs() < 1e-6, "{value} came back as {back}");
        }
    }
}
