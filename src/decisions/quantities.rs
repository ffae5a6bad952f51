//! Numbers in a sentence, with their units and the words around them.

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things, which the words around it name.
    Things,
    Bytes,
    Seconds,
    PerSecond,
    /// From 0 to 1, written in percent.
    Share,
}

/// A number as it was written, in the base unit of its kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    pub value: f64,
    pub unit: Unit,
    /// The words of the same clause, in lower case.
    pub clause: Vec<String>,
    /// As it was written.
    pub text: String,
}

impl Quantity {
    /// Whether a word of the clause begins with one of these.
    pub fn about(&self, stems: &[&str]) -> bool {
        self.clause.iter().any(|word| begins(word, stems))
    }

    /// The words of the clause before it, and those after it.
    pub fn around(&self) -> (&[String], &[String]) {
        let own: Vec<&str> = self.text.split(' ').collect();
        let at = self.clause.windows(own.len()).position(|words| words == own.as_slice());
        let at = at.unwrap_or(self.clause.len());
        (self.clause.get(..at).unwrap_or_default(), self.clause.get(at + own.len()..).unwrap_or_default())
    }
}

/// Whether the word begins with one of these.
pub fn begins(word: &str, stems: &[&str]) -> bool {
    stems.iter().any(|stem| word.starts_with(stem))
}

/// The first number that is wanted, out of those that were found: none is taken twice.
pub fn take(found: &mut Vec<Quantity>, wants: impl Fn(&Quantity) -> bool) -> Option<Quantity> {
    let at = found.iter().position(wants)?;
    Some(found.remove(at))
}

/// KB is 1,024 bytes, as in redis.conf.
const BYTES: &[(&str, f64)] = &[
    ("b", 1.0),
    ("byte", 1.0),
    ("bytes", 1.0),
    ("kb", 1024.0),
    ("kib", 1024.0),
    ("mb", 1_048_576.0),
    ("mib", 1_048_576.0),
    ("gb", 1_073_741_824.0),
    ("gib", 1_073_741_824.0),
    ("tb", 1_099_511_627_776.0),
];
const TIMES: &[(&str, f64)] = &[
    ("us", 1e-6),
    ("ms", 1e-3),
    ("millisecond", 1e-3),
    ("milliseconds", 1e-3),
    ("s", 1.0),
    ("sec", 1.0),
    ("second", 1.0),
    ("seconds", 1.0),
    ("min", 60.0),
    ("minute", 60.0),
    ("minutes", 60.0),
    ("h", 3600.0),
    ("hour", 3600.0),
    ("hours", 3600.0),
    ("day", 86_400.0),
    ("days", 86_400.0),
    ("week", 604_800.0),
    ("weeks", 604_800.0),
];
const MULTIPLES: &[(&str, f64)] = &[
    ("k", 1e3),
    ("thousand", 1e3),
    ("m", 1e6),
    ("mio", 1e6),
    ("million", 1e6),
    ("millions", 1e6),
    ("bn", 1e9),
    ("billion", 1e9),
];
const RATES: &[&str] = &["rps", "qps", "tps"];
/// Words that end a clause, beside commas and their like.
const BREAKS: &[&str] = &["and", "but", "with", "while", "where", "which"];

fn of(table: &[(&str, f64)], word: &str) -> Option<f64> {
    table.iter().find(|(name, _)| *name == word).map(|(_, factor)| *factor)
}

/// Every number of the text, in its order.
pub fn quantities(text: &str) -> Vec<Quantity> {
    let mut found = Vec::new();
    for clause in clauses(text) {
        let mut at = 0;
        while at < clause.len() {
            match number_at(&clause, at) {
                Some((quantity, after)) => {
                    found.push(quantity);
                    at = after;
                }
                None => at += 1,
            }
        }
    }
    found
}

/// The words between the numbers: what a text is about.
pub fn words_between(text: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    for clause in clauses(text) {
        let mut at = 0;
        while let Some(word) = clause.get(at) {
            match number_at(&clause, at) {
                Some((_, after)) => at = after,
                None => {
                    kept.push(word.clone());
                    at += 1;
                }
            }
        }
    }
    kept.join(" ")
}

/// Words in lower case, clause by clause; `5k/s` is `5`, `k`, `/`, `s`.
fn clauses(text: &str) -> Vec<Vec<String>> {
    let mut clauses = vec![Vec::new()];
    let lower = text.to_lowercase();
    for word in lower.split_whitespace() {
        // A comma or a point inside of a number belongs to it.
        let ends = word.ends_with([',', ';', '.', ':', '!', '?']);
        let bare = word.trim_end_matches([',', ';', '.', ':', '!', '?', ')']).trim_start_matches('(');
        let mut pieces = pieces(bare);
        if pieces.len() == 1 && pieces.first().is_some_and(|piece| BREAKS.contains(&piece.as_str())) {
            clauses.push(Vec::new());
        } else if let Some(last) = clauses.last_mut() {
            last.append(&mut pieces);
        }
        if ends {
            clauses.push(Vec::new());
        }
    }
    clauses.retain(|clause| !clause.is_empty());
    clauses
}

fn pieces(word: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut kind = None;
    for letter in word.chars() {
        let of = match letter {
            '0'..='9' | '.' | ',' | '_' => 'n',
            '/' => '/',
            letter if letter.is_alphabetic() || letter == '-' || letter == '\'' => 'w',
            _ => ' ',
        };
        // Digits inside of a word (`utf8`) belong to it.
        let same = kind == Some(of) || (kind == Some('w') && of == 'n');
        match (same, pieces.last_mut()) {
            (true, Some(last)) => last.push(letter),
            _ => {
                pieces.push(letter.to_string());
                kind = Some(of);
            }
        }
    }
    pieces
}

fn number_at(clause: &[String], at: usize) -> Option<(Quantity, usize)> {
    let word = |n: usize| clause.get(n).map(String::as_str);
    let mut value: f64 =
        word(at).filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))?.replace([',', '_'], "").parse().ok()?;
    let mut next = at + 1;
    let mut unit = Unit::Things;
    if let Some(factor) = word(next).and_then(|word| of(MULTIPLES, word)) {
        value *= factor;
        next += 1;
    }
    if let Some(factor) = word(next).and_then(|word| of(BYTES, word)) {
        (value, unit, next) = (value * factor, Unit::Bytes, next + 1);
    } else if let Some(factor) = word(next).and_then(|word| of(TIMES, word)) {
        (value, unit, next) = (value * factor, Unit::Seconds, next + 1);
    }
    if unit == Unit::Things && word(next).is_some_and(|word| ["%", "percent"].contains(&word)) {
        (value, unit, next) = (value / 100.0, Unit::Share, next + 1);
    }
    if unit == Unit::Things {
        // `5000 /s`, `5000 reads/s`, `5000 reads per second`, `5000 reads a second`, `5000 rps`.
        let per = (next..clause.len().min(next + 4)).find(|n| matches!(word(*n), Some("/" | "per" | "a" | "each")));
        let period = per.and_then(|per| word(per + 1)).and_then(|word| of(TIMES, word));
        if let (Some(per), Some(seconds)) = (per, period) {
            (value, unit, next) = (value / seconds, Unit::PerSecond, per + 2);
        } else if word(next).is_some_and(|word| RATES.contains(&word)) {
            (unit, next) = (Unit::PerSecond, next + 1);
        }
    }
    let text = clause.get(at..next).unwrap_or_default().join(" ").replace(" / ", "/");
    Some((Quantity { value, unit, clause: clause.to_vec(), text }, next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(f64, Unit)> {
        quantities(text).into_iter().map(|quantity| (quantity.value, quantity.unit)).collect()
    }

    #[test]
    fn numbers_are_read_with_their_units() {
        use Unit::{Bytes, PerSecond, Seconds, Share, Things};
        for (text, expected) in [
            ("2 million user profiles of 2 KB", vec![(2e6, Things), (2048.0, Bytes)]),
            ("5000 reads/s and 50 writes per second", vec![(5000.0, PerSecond), (50.0, PerSecond)]),
            ("1,500 rps, stale for 60s at most", vec![(1500.0, PerSecond), (60.0, Seconds)]),
            ("10k products; the query takes 50ms", vec![(1e4, Things), (0.05, Seconds)]),
            ("600 orders a minute", vec![(10.0, PerSecond)]),
            ("1.5gb of memory", vec![(1.5 * 1_073_741_824.0, Bytes)]),
            ("utf8 text, no numbers.", vec![]),
            ("5k/s", vec![(5e3, PerSecond)]),
            ("90% of reads, 5 percent of users", vec![(0.9, Share), (0.05, Share)]),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_number_knows_its_clause() {
        let found = quantities("40 pods read 2M items, Postgres takes 30 ms");
        assert!(found[0].about(&["pod"]) && !found[0].about(&["postgres"]));
        assert!(found[2].about(&["postgres"]));
        assert_eq!(found[2].text, "30 ms");
        let words = |words: &[String]| words.join(" ");
        let (before, after) = found[1].around();
        assert_eq!((words(before), words(after)), ("40 pods read".to_owned(), "items".to_owned()));
    }
}
