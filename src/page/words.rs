//! From a plain need to a page: what words mean the same, and which page they lead to.

use std::collections::{BTreeMap, BTreeSet};

/// Something that people look for in words.
pub trait Sought {
    fn id(&self) -> &'static str;
    fn title(&self) -> &'static str;
    /// What people call it.
    fn phrases(&self) -> Vec<&'static str>;
}

/// What was made of a need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    One {
        found: T,
        /// Words of the need that no page knows.
        ignored: Vec<String>,
    },
    /// They fit equally well, or one by half.
    Several(Vec<T>),
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

/// What a need means: by its name, by one of the phrases on its page, or by the words of both that are rare.
pub fn seek<T: Sought + Copy>(need: &str, among: &[T]) -> Found<T> {
    let name = need.trim().to_lowercase().replace(['_', ' '], "-");
    if let Some(found) = among.iter().find(|one| one.id() == name) {
        return Found::One { found: *found, ignored: Vec::new() };
    }
    let wanted = words(need);
    if wanted.is_empty() {
        return Found::Unknown;
    }
    let stems: BTreeSet<&str> = wanted.keys().map(String::as_str).collect();
    let phrased: Vec<T> = among.iter().copied().filter(|one| is_phrase(one, &stems)).collect();
    if !phrased.is_empty() {
        return decide(phrased, Vec::new());
    }
    let known: Vec<(T, BTreeSet<String>)> = among.iter().map(|one| (*one, vocabulary(one))).collect();
    let bearers = |stem: &str| known.iter().filter(|(_, words)| words.contains(stem)).count();
    let weights: BTreeMap<&str, f64> = stems.iter().map(|stem| (*stem, weight(bearers(stem), known.len()))).collect();
    let score = |words: &BTreeSet<String>| -> f64 {
        weights.iter().filter(|(stem, _)| words.contains(**stem)).map(|(_, weight)| weight).sum()
    };
    let best = known.iter().map(|(_, words)| score(words)).fold(0.0, f64::max);
    if best <= 0.0 {
        return Found::Unknown;
    }
    let fit: Vec<T> = known.iter().filter(|(_, words)| score(words) > best - 1e-9).map(|(one, _)| *one).collect();
    // Of those that fit equally well, one whose name was said in full is meant.
    let named: Vec<T> = fit.iter().copied().filter(|one| is_named(one, &stems)).collect();
    let fit = if named.is_empty() { fit } else { named };
    let ignored: Vec<String> =
        wanted.iter().filter(|(stem, _)| bearers(stem) == 0).map(|(_, word)| word.clone()).collect();
    // Half of it understood is half a guess.
    let guess = ignored.len() * 2 > wanted.len();
    match decide(fit, ignored) {
        Found::One { found, .. } if guess => Found::Several(vec![found]),
        other => other,
    }
}

fn decide<T: Copy>(mut fit: Vec<T>, ignored: Vec<String>) -> Found<T> {
    match fit.as_slice() {
        [found] => Found::One { found: *found, ignored },
        _ => {
            fit.truncate(MOST);
            Found::Several(fit)
        }
    }
}

/// A rare word tells more than one that many pages have.
fn weight(bearers: usize, of: usize) -> f64 {
    if bearers == 0 { 0.0 } else { 0.1 + (of as f64 / bearers as f64).ln() }
}

fn is_phrase(one: &impl Sought, stems: &BTreeSet<&str>) -> bool {
    let same = |phrase: &str| words(phrase).keys().map(String::as_str).eq(stems.iter().copied());
    same(one.id()) || one.phrases().into_iter().any(same)
}

fn is_named(one: &impl Sought, stems: &BTreeSet<&str>) -> bool {
    words(one.id()).keys().all(|stem| stems.contains(stem.as_str()))
}

fn vocabulary(one: &impl Sought) -> BTreeSet<String> {
    let texts = [one.id(), one.title()].into_iter().chain(one.phrases());
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
