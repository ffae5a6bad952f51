//! What a script takes and answers: its keys, its arguments with unit and range, the parts of its reply.

/// A key of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    /// A key as one might call it; what stands in braces decides on its slot in a cluster.
    pub example: &'static str,
    /// What Redis keeps there: `hash`.
    pub kind: &'static str,
    pub about: &'static str,
    /// The last one of some scripts: one or more of them.
    pub many: bool,
}

/// An argument of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    pub name: &'static str,
    pub unit: &'static str,
    pub range: Range,
    pub example: &'static str,
    pub about: &'static str,
}

/// A part of the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    pub name: &'static str,
    pub unit: &'static str,
    pub about: &'static str,
}

/// What an argument may be. A script refuses everything else by the argument's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Range {
    /// Both ends included.
    Integer {
        low: i64,
        high: i64,
    },
    /// Anything of so many bytes.
    Bytes {
        low: usize,
        high: usize,
    },
    Words(Vec<&'static str>),
}

impl Parameter {
    pub(super) fn read(row: &[&'static str]) -> Option<Self> {
        let [name, example, kind, about] = *row else { return None };
        let name = plain(name);
        Some(Self {
            name: name.trim_end_matches("..."),
            example: plain(example),
            kind,
            about,
            many: name.ends_with("..."),
        })
    }
}

impl Argument {
    pub(super) fn read(row: &[&'static str]) -> Option<Self> {
        let [name, unit, range, example, about] = *row else { return None };
        Some(Self { name: plain(name), unit, range: Range::read(unit, range)?, example: plain(example), about })
    }
}

impl Part {
    pub(super) fn read(row: &[&'static str]) -> Option<Self> {
        let [name, unit, about] = *row else { return None };
        Some(Self { name, unit, about })
    }
}

impl Range {
    /// The unit tells what the range counts.
    fn read(unit: &str, text: &'static str) -> Option<Self> {
        if unit == "word" {
            return Some(Self::Words(text.split(", ").collect()));
        }
        let (low, high) = text.split_once("..")?;
        match unit {
            "bytes" => Some(Self::Bytes { low: low.parse().ok()?, high: high.parse().ok()? }),
            _ => Some(Self::Integer { low: low.parse().ok()?, high: high.parse().ok()? }),
        }
    }
}

/// A cell without the marks of code.
pub(super) fn plain(cell: &'static str) -> &'static str {
    cell.trim_matches('`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_by_its_unit() {
        assert_eq!(Range::read("ms", "1..60000"), Some(Range::Integer { low: 1, high: 60_000 }));
        assert_eq!(Range::read("number", "-5..5"), Some(Range::Integer { low: -5, high: 5 }));
        assert_eq!(Range::read("bytes", "0..200"), Some(Range::Bytes { low: 0, high: 200 }));
        assert_eq!(Range::read("word", "in, at"), Some(Range::Words(vec!["in", "at"])));
        assert_eq!(Range::read("ms", "many"), None);
    }
}
