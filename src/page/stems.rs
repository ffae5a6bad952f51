//! What stays of a text for comparing: words in their plain form, several that mean the same as one, and no fillers.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Words that name no need.
#[rustfmt::skip]
const FILLERS: &[&str] = &[
    "a", "about", "across", "after", "again", "all", "already", "also", "always", "am", "an", "and", "any", "are", "as", "at",
    "atomic", "atomically", "be", "been", "before", "but", "by", "can", "come", "comes", "could", "did", "do", "does", "doesn",
    "don", "dont", "each", "else", "even", "ever", "every", "for", "from", "get", "give", "go", "has", "have", "he", "her", "his",
    "how", "i", "if", "in", "into", "is", "it", "its", "just", "let", "long", "longer", "lua", "make", "many", "may", "me", "more",
    "much", "must", "my", "need", "new", "next", "no", "not", "now", "of", "off", "on", "one", "only", "or", "other", "our", "out",
    "per", "please", "redis", "same", "script", "several", "she", "should", "since", "so", "some", "still", "sure", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "three", "through", "to", "too", "two", "until", "up",
    "us", "use", "using", "valkey", "ve", "via", "want", "was", "we", "were", "what", "when", "where", "which", "while", "who",
    "whose", "why", "will", "with", "without", "would", "yet", "you", "your",
];
/// How long something takes says nothing of what it is.
#[rustfmt::skip]
const UNITS: &[&str] = &[
    "day", "days", "h", "hour", "hourly", "hours", "min", "mins", "minute", "minutes", "month", "months", "ms", "s", "sec", "second",
    "seconds", "secs", "week", "weeks", "year", "years",
];
/// So much in each of them is a rate.
const PER: &[&str] = &["per", "a", "an", "each", "every"];
/// Several ways to say one thing. A longer one stands before a shorter one with the same start.
const ALIKE: &[(&str, &str)] = &[
    ("at the same time", "concurrent"),
    ("at a time", "concurrent"),
    ("at once", "concurrent"),
    ("in parallel", "concurrent"),
    ("parallel", "concurrent"),
    ("simultaneous", "concurrent"),
    ("simultaneously", "concurrent"),
    ("concurrently", "concurrent"),
    ("at most", "limit"),
    ("no more than", "limit"),
    ("not more than", "limit"),
    ("max", "limit"),
    ("maximum", "limit"),
    ("restrict", "limit"),
    ("throttle", "limit"),
    ("never above", "cap"),
    ("not above", "cap"),
    ("capped", "cap"),
    ("a single", "single"),
    ("only one", "single"),
    ("just one", "single"),
    ("exactly one", "single"),
    ("dedupe", "once"),
    ("deduplicate", "once"),
    ("deduplication", "once"),
    ("double", "once"),
    ("duplicate", "once"),
    ("repeated", "once"),
    ("twice", "once"),
    ("lose", "lost"),
    ("remove", "delete"),
    ("task", "job"),
];

/// The same as stems.
static SAID: LazyLock<Vec<(Vec<String>, String)>> = LazyLock::new(|| {
    let row = |(said, meant): &(&str, &str)| (said.split(' ').map(stem).collect(), stem(meant));
    ALIKE.iter().map(row).collect()
});

/// The words of a text, without what stands between them.
pub fn tokens(text: &str) -> Vec<String> {
    // What stands after a stroke is a unit: 5/s.
    let text = text.to_lowercase().replace('/', " per ");
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The stems of a text, each with what it came from.
pub fn stems(text: &str) -> BTreeMap<String, String> {
    let tokens = tokens(text);
    let plain: Vec<String> = tokens.iter().map(|word| stem(word)).collect();
    let mut stems = BTreeMap::new();
    let mut before = "";
    let mut at = 0;
    while let (Some(word), Some(rest)) = (tokens.get(at), plain.get(at..)) {
        if let Some((said, meant)) = SAID.iter().find(|(said, _)| rest.starts_with(said)) {
            let words = tokens.get(at..at + said.len()).unwrap_or_default();
            stems.insert(meant.clone(), words.join(" "));
            at += said.len();
            before = "";
            continue;
        }
        if UNITS.contains(&word.as_str()) {
            if PER.contains(&before) {
                stems.insert(stem("rate"), word.clone());
            }
        } else if !FILLERS.contains(&word.as_str()) && word.chars().nth(1).is_some() && !is_number(word) {
            stems.extend(rest.first().map(|plain| (plain.clone(), word.clone())));
        }
        before = word;
        at += 1;
    }
    stems
}

/// `100`, `10k`, `5min`, `95th`.
fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
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

    #[test]
    fn what_means_the_same_is_one_word_and_a_rate_is_one() {
        let of = |text: &str| stems(text).into_keys().collect::<Vec<_>>();
        assert_eq!(of("at most 100 requests per minute"), of("limit requests 5/s"));
        assert_eq!(of("no duplicated tasks at the same time"), of("a job only once, concurrently"));
        assert_eq!(of("the last 5 minutes"), of("last"));
        assert_eq!(stems("at most 3").get("limit").map(String::as_str), Some("at most"));
    }
}
