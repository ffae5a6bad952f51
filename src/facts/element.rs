//! One element of a collection, as far as its size goes.

/// What it costs depends on its length, or on its size as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// So many bytes that do not read as a whole number.
    Text(u64),
    /// A whole number; of many, a typical great one.
    Number(i64),
}

impl Element {
    /// What a server would pack these bytes as: a number is one where it prints as it was written (`string2ll`, src/util.c).
    pub fn of(bytes: &[u8]) -> Self {
        let number = std::str::from_utf8(bytes).ok().and_then(|text| Some((text, text.parse::<i64>().ok()?)));
        match number {
            Some((text, value)) if value.to_string() == text => Self::Number(value),
            _ => Self::Text(bytes.len() as u64),
        }
    }

    /// Bytes as text.
    pub fn len(self) -> u64 {
        match self {
            Self::Text(len) => len,
            Self::Number(value) => {
                u64::from(value.unsigned_abs().checked_ilog10().unwrap_or(0)) + 1 + u64::from(value < 0)
            }
        }
    }

    /// An empty text.
    pub fn is_empty(self) -> bool {
        self == Self::Text(0)
    }
}

/// A field and its value, a member and its score, a member and nothing.
pub type Pair = (Element, Element);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_as_long_as_it_prints() {
        for value in [0, 9, 10, -1, -10, 99, i64::MAX, i64::MIN] {
            assert_eq!(Element::Number(value).len(), value.to_string().len() as u64, "{value}");
            assert_eq!(Element::of(value.to_string().as_bytes()), Element::Number(value));
        }
        assert!(Element::Text(0).is_empty() && !Element::Number(0).is_empty());
    }

    #[test]
    fn only_what_prints_as_it_was_written_is_a_number() {
        for text in ["", "-", "+1", "01", "-0", " 1", "1.5", "9223372036854775808", "é"] {
            assert_eq!(Element::of(text.as_bytes()), Element::Text(text.len() as u64), "{text:?}");
        }
    }
}
