//! From a plain need to a script: the words on the pages decide, and where they do not, all who come into question are told.

use std::collections::{BTreeMap, BTreeSet};

use super::{Script, all, find};

/// What was made of a need.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    One {
        script: &'static Script,
        /// Words of the need that no page knows.
        ignored: Vec<String>,
    },
    /// They fit equally well.
    Several(Vec<&'static Script>),
    Unknown,
}

/// More candidates than this tell nothing apart.
const MOST: usize = 12;
/// Words that name no need.
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "a", "about", "across", "all", "an", "and", "any", "are", "as", "at", "atomic", "atomically", "be", "by", "can", "do", "each",
    "every", "for", "from", "get", "give", "have", "how", "i", "if", "in", "into", "is", "it", "its", "lua", "make", "me", "my", "need",
    "of", "on", "or", "our", "per", "please", "redis", "script", "so", "some", "that", "the", "their", "then", "this",
    "to", "use", "using", "valkey", "want", "we", "what", "when", "which", "who", "with", "without", "you",
];

impl Script {
    /// What people call it, in their words.
    pub fn words(&self) -> Vec<&'static str> {
        self.need("words").flat_map(|words| words.split(", ")).collect()
    }

    /// The scripts that its session calls, and those whose sessions call it: they work on the same keys.
    pub fn siblings(&self) -> Vec<&'static Script> {
        all()
            .map(|(_, other)| other)
            .filter(|other| other.id != self.id && (self.mentions(other) || other.mentions(self)))
            .collect()
    }

    fn mentions(&self, other: &Script) -> bool {
        self.page.section("Session").contains(&format!("\n> {} ", other.id))
    }
}

/// The script for a need: by its name, by one of the phrases on its page, or by the words of both that are rare.
pub fn choose(need: &str) -> Choice {
    if let Some(script) = find(&need.trim().to_lowercase().replace(['_', ' '], "-")) {
        return Choice::One { script, ignored: Vec::new() };
    }
    let wanted = words(need);
    if wanted.is_empty() {
        return Choice::Unknown;
    }
    let stems: BTreeSet<&str> = wanted.keys().map(String::as_str).collect();
    let phrased: Vec<&Script> = all().map(|(_, script)| script).filter(|script| is_phrase(script, &stems)).collect();
    if !phrased.is_empty() {
        return decide(phrased, Vec::new());
    }
    let known: Vec<(&Script, BTreeSet<String>)> = all().map(|(_, script)| (script, vocabulary(script))).collect();
    let bearers = |stem: &str| known.iter().filter(|(_, words)| words.contains(stem)).count();
    let weights: BTreeMap<&str, f64> = stems.iter().map(|stem| (*stem, weight(bearers(stem), known.len()))).collect();
    let score = |words: &BTreeSet<String>| -> f64 {
        weights.iter().filter(|(stem, _)| words.contains(**stem)).map(|(_, weight)| weight).sum()
    };
    let best = known.iter().map(|(_, words)| score(words)).fold(0.0, f64::max);
    if best <= 0.0 {
        return Choice::Unknown;
    }
    let fit = known.iter().filter(|(_, words)| score(words) > best - 1e-9).map(|(script, _)| *script).collect();
    let ignored: Vec<String> =
        wanted.iter().filter(|(stem, _)| bearers(stem) == 0).map(|(_, word)| word.clone()).collect();
    // Half of it understood is half a guess.
    let guess = ignored.len() * 2 > wanted.len();
    match decide(fit, ignored) {
        Choice::One { script, .. } if guess => Choice::Several(vec![script]),
        choice => choice,
    }
}

fn decide(mut fit: Vec<&'static Script>, ignored: Vec<String>) -> Choice {
    match fit.as_slice() {
        [script] => Choice::One { script, ignored },
        _ => {
            fit.truncate(MOST);
            Choice::Several(fit)
        }
    }
}

/// A rare word tells more than one that many pages have.
fn weight(bearers: usize, of: usize) -> f64 {
    if bearers == 0 { 0.0 } else { 0.1 + (of as f64 / bearers as f64).ln() }
}

fn is_phrase(script: &Script, stems: &BTreeSet<&str>) -> bool {
    let same = |phrase: &str| words(phrase).keys().map(String::as_str).eq(stems.iter().copied());
    same(script.id) || script.words().into_iter().any(same)
}

fn vocabulary(script: &Script) -> BTreeSet<String> {
    let texts = [script.id, script.page.title()].into_iter().chain(script.words());
    texts.flat_map(|text| words(text).into_keys()).collect()
}

/// The stems of a text, each with the word it came from.
fn words(text: &str) -> BTreeMap<String, String> {
    let text = text.to_lowercase();
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty() && !FILLERS.contains(word));
    words.map(|word| (stem(word), word.to_owned())).collect()
}

/// `limiters`, `limiting` and `limit` are one word.
fn stem(word: &str) -> String {
    let mut stem = word;
    for (ending, least) in [("ies", 5), ("s", 4), ("ing", 6), ("er", 6), ("ed", 5), ("e", 4), ("y", 4)] {
        if stem.len() >= least && !stem.ends_with("ss") {
            stem = stem.strip_suffix(ending).unwrap_or(stem);
        }
    }
    let mut letters = stem.chars().rev();
    // `dropping` and `drop`, but `full` and `pass`.
    match (letters.next(), letters.next()) {
        (Some(last), Some(before)) if last == before && stem.len() < word.len() && !matches!(last, 'l' | 's') => {
            stem.get(..stem.len() - last.len_utf8()).unwrap_or(stem).to_owned()
        }
        _ => stem.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_are_one() {
        for (a, b) in [
            ("limiters", "limit"),
            ("limiting", "limit"),
            ("caches", "caching"),
            ("dropping", "drop"),
            ("retries", "retry"),
            ("queues", "queue"),
            ("locked", "lock"),
        ] {
            assert_eq!(stem(a), stem(b), "{a} {b}");
        }
    }
}
