//! From a plain need to a page: what words mean the same, and which page they lead to.

use std::collections::{BTreeMap, BTreeSet};

use super::stems::{stems, tokens};

/// Something that people look for in words.
pub trait Sought {
    fn id(&self) -> &'static str;
    fn title(&self) -> &'static str;
    /// What people call it.
    fn phrases(&self) -> Vec<&'static str>;
    /// What it does, in a paragraph.
    fn summary(&self) -> String;
}

/// What was made of a need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    One {
        found: T,
        /// Words of the need that no page knows.
        ignored: Vec<String>,
    },
    /// They fit about equally well, or one by half.
    Several(Vec<T>),
    Unknown,
}

/// More candidates than this tell nothing apart.
const MOST: usize = 12;
/// A word counts in full inside of a phrase that the need holds whole; elsewhere among the names of a page, and in its
/// first paragraph, by so much. These two and the next two are judgement, held against the tables of everyday needs in
/// `tests/lua_tool/needs.rs` and `tests/structures/said.rs`.
const LOOSE: f64 = 0.5;
const IN_PROSE: f64 = 0.3;
/// Who comes this near to the best comes into question too: where a phrase was said, and where only words were.
const NEAR_A_PHRASE: f64 = 0.75;
const NEAR_WORDS: f64 = 0.5;

/// The words that lead to one page.
struct Known<T> {
    one: T,
    phrases: Vec<BTreeSet<String>>,
    names: BTreeSet<String>,
    prose: BTreeSet<String>,
}

/// How well a page fits.
struct Fit<T> {
    one: T,
    score: f64,
    /// A phrase of the page is in the need.
    phrased: bool,
    /// How many words of the need are among the names of the page.
    named: usize,
}

/// What a need means: by its name, by a phrase of a page in it, or by the words of pages, of which rare ones tell more. One
/// is meant only if a phrase or two words say so, and no other comes near.
pub fn seek<T: Sought + Copy>(need: &str, among: &[T]) -> Found<T> {
    let name = need.trim().to_lowercase().replace(['_', ' '], "-");
    if let Some(found) = among.iter().find(|one| one.id() == name) {
        return Found::One { found: *found, ignored: Vec::new() };
    }
    let wanted = stems(need);
    if wanted.is_empty() {
        return Found::Unknown;
    }
    let said: BTreeSet<String> = wanted.keys().cloned().collect();
    let known: Vec<Known<T>> = among.iter().map(|one| Known::of(*one)).collect();
    let verbatim = tokens(need);
    let whole = |one: &Known<T>| {
        one.phrases.contains(&said) || one.one.phrases().into_iter().any(|phrase| tokens(phrase) == verbatim)
    };
    let exact: Vec<T> = known.iter().filter(|one| whole(one)).map(|one| one.one).collect();
    if !exact.is_empty() {
        return decide(exact, Vec::new());
    }
    let bearers = |stem: &str| known.iter().filter(|one| one.bears(stem)).count();
    let weights: BTreeMap<&str, f64> =
        said.iter().map(|stem| (stem.as_str(), weight(bearers(stem), known.len()))).collect();
    let mut fits: Vec<Fit<T>> = known.iter().map(|one| one.fit(&said, &weights)).collect();
    fits.sort_by(|a, b| b.score.total_cmp(&a.score));
    let Some(best) = fits.first().filter(|best| best.score > 0.0) else { return Found::Unknown };
    let least = best.score * if best.phrased { NEAR_A_PHRASE } else { NEAR_WORDS } - 1e-9;
    let ignored: Vec<String> =
        wanted.iter().filter(|(stem, _)| bearers(stem) == 0).map(|(_, word)| word.clone()).collect();
    // Half of it understood is half a guess, and so is one word.
    let guess = ignored.len() * 2 > wanted.len() || !best.phrased && best.named < 2;
    match decide(fits.iter().take_while(|fit| fit.score >= least).map(|fit| fit.one).collect(), ignored) {
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

impl<T: Sought> Known<T> {
    fn of(one: T) -> Self {
        let phrases: Vec<&str> = [one.id()].into_iter().chain(one.phrases()).collect();
        let of = |text: &str| stems(text).into_keys();
        Self {
            // Several words of which fillers leave one are no phrase: "already queued" is not what a queue is.
            phrases: phrases
                .iter()
                .map(|phrase| (of(phrase).collect::<BTreeSet<_>>(), tokens(phrase).len()))
                .filter(|(stems, words)| stems.len() > 1 || stems.len() == *words)
                .map(|(stems, _)| stems)
                .collect(),
            names: phrases.iter().copied().chain([one.title()]).flat_map(of).collect(),
            prose: of(&one.summary()).collect(),
            one,
        }
    }

    fn bears(&self, stem: &str) -> bool {
        self.names.contains(stem) || self.prose.contains(stem)
    }

    fn fit(&self, said: &BTreeSet<String>, weights: &BTreeMap<&str, f64>) -> Fit<T>
    where
        T: Copy,
    {
        let inside: BTreeSet<&String> = self.phrases.iter().filter(|phrase| phrase.is_subset(said)).flatten().collect();
        let share = |stem: &String| match () {
            () if inside.contains(stem) => 1.0,
            () if self.names.contains(stem) => LOOSE,
            () if self.prose.contains(stem) => IN_PROSE,
            () => 0.0,
        };
        Fit {
            one: self.one,
            score: said.iter().map(|stem| share(stem) * weights.get(stem.as_str()).unwrap_or(&0.0)).sum(),
            phrased: !inside.is_empty(),
            named: said.intersection(&self.names).count(),
        }
    }
}
