//! Families with their patterns, and how they lie inside each other.

use std::collections::BTreeMap;

use crate::facts::Foreign;

use super::class;
use super::name::{self, Part};
use super::shape::Shape;
use super::{Leaf, Lengths, Merge, glob};

/// More words than this beside a star that holds their like are identifiers that look like words (judgement).
const FEW: usize = 4;
/// Keys that a word may have to be such a one, or one in so many of the keys of the star.
const STRAY_KEYS: u64 = 2;
const STRAY_SHARE: u64 = 10_000;
/// Keys of a star beside which two keys of a half-variable word found no family of their own.
const ESTABLISHED: u64 = 100;

/// Keys whose names differ only in what varies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family<T> {
    /// A glob that SCAN MATCH takes. It is text without control characters, in the words of strangers.
    pub pattern: String,
    pub keys: u64,
    pub payload: T,
    lengths: Lengths,
    /// Where each level of the pattern begins, behind a separator.
    levels: Vec<usize>,
}

impl<T> Family<T> {
    /// The pattern as it is shown.
    pub fn shown(&self) -> Foreign {
        Foreign::name(&self.pattern)
    }

    /// Whether it keeps to `{service}:{entity}:{id}`: levels parted by `:` and nothing else, at least three of them, the
    /// first two plain words in small letters, none empty. What follows may be identifiers or words (`shop:cart:*:items`),
    /// and a hash tag may stand around any level.
    pub fn follows_convention(&self) -> bool {
        let levels: Vec<&str> = self.pattern.split(':').map(untagged).collect();
        let small = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.');
        let word = |level: &str| level.starts_with(|c: char| c.is_ascii_lowercase()) && level.chars().all(small);
        let later = |level: &&str| !level.is_empty() && level.chars().all(|c| small(c) || c == '*');
        levels.len() >= 3 && levels.iter().take(2).all(|level| word(level)) && levels.iter().skip(2).all(later)
    }

    /// The pattern up to where a level begins.
    fn above(&self, level: usize) -> Option<&str> {
        self.levels.get(level).and_then(|end| self.pattern.get(..*end))
    }

    /// The pattern with a star in one level, and what it has there.
    fn starred(&self, level: usize) -> Option<(String, &str)> {
        let start = if level == 0 { 0 } else { *self.levels.get(level - 1)? };
        // Without the separator in front of the next level, which is one byte.
        let end = self
            .levels
            .get(level)
            .map_or(self.pattern.len(), |next| next.saturating_sub(separator(&self.pattern, *next)));
        let word = self.pattern.get(start..end)?;
        Some((format!("{}*{}", self.pattern.get(..start)?, self.pattern.get(end..)?), word))
    }
}

/// The length of the separator that ends here, which may be escaped.
fn separator(pattern: &str, end: usize) -> usize {
    let escaped = end.checked_sub(2).and_then(|at| pattern.get(at..end)).is_some_and(|two| two.starts_with('\\'));
    if escaped { 2 } else { 1 }
}

fn untagged(level: &str) -> &str {
    level.strip_prefix('{').and_then(|level| level.strip_suffix('}')).unwrap_or(level)
}

/// What was given up for want of room: names of no family that was large enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rest<T> {
    pub keys: u64,
    pub payload: T,
}

/// All families, by pattern.
#[derive(Debug)]
pub struct Settled<T> {
    pub families: Vec<Family<T>>,
    pub overflow: Option<Rest<T>>,
}

/// Families that begin alike, or one family.
#[derive(Debug)]
pub struct Branch<T> {
    /// What they begin with and a star, or the pattern of the one.
    pub pattern: String,
    pub keys: u64,
    pub families: usize,
    pub payload: T,
    /// Empty for one family.
    pub below: Vec<Branch<T>>,
}

impl<T> Settled<T> {
    /// The same families with less, or something else, known of each.
    pub fn view<U>(&self, see: impl Fn(&Family<T>) -> U) -> Settled<U> {
        let family = |family: &Family<T>| Family {
            pattern: family.pattern.clone(),
            keys: family.keys,
            payload: see(family),
            lengths: family.lengths,
            levels: family.levels.clone(),
        };
        Settled { families: self.families.iter().map(family).collect(), overflow: None }
    }
}

impl<T: Merge + Clone> Settled<T> {
    /// The families rolled up by their levels: `app:*` holds `app:session:*`. A level with one entry is left out.
    pub fn tree(&self) -> Vec<Branch<T>> {
        branches(&self.families, 0)
    }
}

fn branches<T: Merge + Clone>(families: &[Family<T>], level: usize) -> Vec<Branch<T>> {
    let together = |a: &Family<T>, b: &Family<T>| a.above(level).is_some() && a.above(level) == b.above(level);
    families.chunk_by(together).flat_map(|alike| branch(alike, level)).collect()
}

fn branch<T: Merge + Clone>(alike: &[Family<T>], level: usize) -> Vec<Branch<T>> {
    let Some((first, others)) = alike.split_first() else { return Vec::new() };
    let (keys, pattern) = (alike.iter().map(|family| family.keys).sum(), first.pattern.clone());
    let mut payload = first.payload.clone();
    if others.is_empty() {
        return vec![Branch { pattern, keys, families: 1, payload, below: Vec::new() }];
    }
    let below = branches(alike, level + 1);
    if below.len() == 1 {
        return below;
    }
    others.iter().for_each(|family| payload.merge(family.payload.clone()));
    let pattern = format!("{}*", first.above(level).unwrap_or_default());
    vec![Branch { pattern, keys, families: alike.len(), payload, below }]
}

/// Families under construction: two shapes may end as the same pattern.
type ByPattern<T> = BTreeMap<String, Family<T>>;

pub(super) fn settle<T: Merge + Default>(shapes: Vec<Shape<T>>, rest: Option<Leaf<T>>, given_up: u64) -> Settled<T> {
    let mut families = ByPattern::new();
    for shape in shapes {
        let code = shape.code.clone();
        for (row, leaf) in shape.settled() {
            let (pattern, levels) = pattern(&code, &row);
            add(
                &mut families,
                Family { pattern, keys: leaf.keys, payload: leaf.payload, lengths: leaf.lengths, levels },
            );
        }
    }
    bring_home(&mut families);
    let Some(mut rest) = rest.map(|rest| Rest { keys: rest.keys, payload: rest.payload }) else {
        return Settled { families: families.into_values().collect(), overflow: None };
    };
    // Groups as small as some that were given up are there by chance.
    let (light, families): (Vec<_>, Vec<_>) = families.into_values().partition(|family| family.keys <= given_up);
    for family in light {
        rest.keys += family.keys;
        rest.payload.merge(family.payload);
    }
    Settled { families, overflow: Some(rest) }
}

fn add<T: Merge>(families: &mut ByPattern<T>, family: Family<T>) {
    match families.get_mut(&family.pattern) {
        Some(known) => {
            known.keys += family.keys;
            known.lengths.merge(family.lengths);
            // Of two readings the finer.
            if family.levels.len() > known.levels.len() {
                known.levels = family.levels;
            }
            known.payload.merge(family.payload);
        }
        None => {
            families.insert(family.pattern.clone(), family);
        }
    }
}

/// Writes a row as a glob.
fn pattern(shape: &[u8], row: &[u8]) -> (String, Vec<usize>) {
    let (mut pattern, mut levels, mut starred) = (String::new(), Vec::new(), false);
    let mut words = name::words(row);
    let parts: Vec<Part> = name::parts(shape).collect();
    for segment in parts.split_inclusive(|part| matches!(part, Part::Separator(_))) {
        let literal = |part: &Part| match part {
            Part::Identifier => None,
            Part::Separator(byte) | Part::Joint(byte) => Some(char::from(*byte).to_string()),
            Part::Word | Part::Number | Part::Version => {
                words.next().flatten().map(|word| String::from_utf8_lossy(word).into_owned())
            }
        };
        let literals: Vec<Option<String>> = segment.iter().map(literal).collect();
        let is_word = |part: &Part| matches!(part, Part::Word | Part::Number | Part::Version);
        let read = || segment.iter().zip(&literals).filter(|(part, _)| is_word(part));
        // Where each word varies beside identifiers, a joint is a letter of an alphabet that has it.
        let all_vary = read().next().is_some() && read().all(|(_, literal)| literal.is_none());
        for (part, literal) in segment.iter().zip(&literals) {
            let literal = literal.as_ref().filter(|_| !(all_vary && matches!(part, Part::Joint(_))));
            match literal {
                Some(literal) => glob::escape(literal, &mut pattern),
                None if !starred => pattern.push('*'),
                None => {}
            }
            starred = literal.is_none();
            if matches!(part, Part::Separator(_)) {
                levels.push(pattern.len());
            }
        }
    }
    (pattern, levels)
}

/// Some identifiers look like words: of six hexadecimal digits a few are letters only. They come home to the star beside
/// them, if there are too many for words or one is too odd.
fn bring_home<T: Merge>(families: &mut ByPattern<T>) {
    for level in 0..=name::DEEPEST {
        let mut strays = BTreeMap::<String, Vec<String>>::new();
        for family in families.values() {
            let Some((home, word)) = family.starred(level).filter(|(_, word)| *word != "*") else { continue };
            let Some(star) = families.get(&home).filter(|star| star.keys > family.keys) else { continue };
            if family.keys <= STRAY_KEYS.max(star.keys / STRAY_SHARE) {
                // Identifiers of one length hold any word of that length that is not plain.
                let usual = star.lengths.usual(star.keys);
                let fits = usual.is_some() && usual == family.lengths.usual(family.keys);
                let odd = varies(word) || class::is_odd(word) || fits && !class::is_plain(word);
                let odd = odd && star.keys >= ESTABLISHED;
                // What is odd comes home in any case, so it does not count as a word.
                strays.entry(if odd { format!("{home}\0") } else { home }).or_default().push(family.pattern.clone());
            }
        }
        for (home, patterns) in strays {
            let odd = home.strip_suffix('\0');
            if odd.is_none() && patterns.len() <= FEW {
                continue;
            }
            let home = odd.unwrap_or(&home);
            for stray in patterns {
                let (Some(stray), Some(star)) = (families.remove(&stray), families.get_mut(home)) else { continue };
                star.keys += stray.keys;
                star.payload.merge(stray.payload);
            }
        }
    }
}

/// Whether a star stands in this, other than an escaped one.
fn varies(word: &str) -> bool {
    let mut escaped = false;
    word.chars().any(|c| {
        let star = c == '*' && !escaped;
        escaped = c == '\\' && !escaped;
        star
    })
}
