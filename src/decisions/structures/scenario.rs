//! A use of Redis as its page describes it: what it needs, what its keys are called, what would change the structure.

use std::fmt;

use serde::Serialize;

use super::case::{self, Case, Place};
use super::structure::{Since, Structure};
use crate::facts::Version;
use crate::page::words::{Found, Sought, seek};
use crate::page::{Page, session};

/// A use with its page. What it needs and how it is done stands there and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenario {
    pub id: &'static str,
    pub page: Page,
}

/// What becomes of the data when memory is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// It can be computed again.
    Rebuilt,
    /// It would go by itself sooner or later.
    Expires,
    /// Its loss is an error.
    Never,
}

impl Loss {
    /// The policies that suit it.
    pub const fn policies(self) -> &'static [&'static str] {
        match self {
            Self::Rebuilt => &["allkeys-lru", "allkeys-lfu", "volatile-lru", "volatile-lfu"],
            Self::Expires => &["volatile-lru", "volatile-lfu", "volatile-ttl", "noeviction"],
            Self::Never => &["noeviction"],
        }
    }

    fn read(text: &str) -> Option<Self> {
        [Self::Rebuilt, Self::Expires, Self::Never].into_iter().find(|loss| loss.word() == text)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Rebuilt => "rebuilt",
            Self::Expires => "expires",
            Self::Never => "never",
        }
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rebuilt => "it can be rebuilt: allkeys-lru, or allkeys-lfu where a few keys take most reads",
            Self::Expires => {
                "it expires anyway: volatile-lru takes only keys with a TTL; noeviction if an early end is an error"
            }
            Self::Never => "its loss is an error: noeviction, on a server without a cache beside it",
        })
    }
}

/// A key of the use: `| cache:{entity}:{id} | string | about |`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct KeyRow {
    pub pattern: &'static str,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub about: &'static str,
}

/// An example on the page: with these changes this structure is picked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    pub given: Vec<&'static str>,
    /// `None`: no structure will do.
    pub pick: Option<Structure>,
}

impl Scenario {
    /// The case that the page describes, at this place.
    pub fn case(&self, place: Place) -> Result<Case, String> {
        let wrong = |error: String| format!("{}: {error}", self.page.path);
        let mut case = Case::new(place);
        for need in self.row("needs").unwrap_or_default().split(", ") {
            case.needs.insert(need.parse().map_err(wrong)?);
        }
        for name in ["keys", "elements", "name", "value", "highest-id", "error"] {
            if let Some(value) = self.row(name) {
                case.change(&format!("{name}={value}")).map_err(wrong)?;
            }
        }
        if let Some(key) = self.keys().first() {
            // Braces stand for a part to fill in; the parts are of about the same length as their names.
            case.key_bytes = key.pattern.len() as u64;
        }
        Ok(case)
    }

    pub fn loss(&self) -> Option<Loss> {
        Loss::read(self.row("loss")?)
    }

    /// Since when the session on the page runs.
    pub fn since(&self) -> Option<Since> {
        Some(Since { redis: version(self.row("Redis")?)?, valkey: version(self.row("Valkey")?)? })
    }

    /// Which time to live suits, in words.
    pub fn ttl(&self) -> &'static str {
        self.row("ttl").unwrap_or_default()
    }

    /// Our scripts that do it in one step, by their names.
    pub fn scripts(&self) -> Vec<&'static str> {
        self.row("scripts").map(|names| names.split(", ").collect()).unwrap_or_default()
    }

    /// What the page says goes together with how many others: `keys` when a number of elements means keys.
    pub fn counts_keys(&self) -> bool {
        self.row("counts") == Some("keys")
    }

    pub fn keys(&self) -> Vec<KeyRow> {
        let row = |row: Vec<&'static str>| match row.as_slice() {
            [pattern, kind, about] => Some(KeyRow { pattern: pattern.trim_matches('`'), kind, about }),
            _ => None,
        };
        self.page.rows("Keys").into_iter().filter_map(row).collect()
    }

    /// The example on the page, ready to be replayed, or the line that cannot be read.
    pub fn session(&self) -> Result<Vec<session::Step>, String> {
        session::read(self.page.section("Commands"))
    }

    pub fn flips(&self) -> Vec<Flip> {
        self.page.section("Flips").lines().filter_map(flip).collect()
    }

    fn row(&self, name: &str) -> Option<&'static str> {
        let rows = self.page.rows("Needs").into_iter();
        rows.into_iter().find_map(|row| match row.as_slice() {
            [found, value] if *found == name => Some(*value),
            _ => None,
        })
    }
}

/// `given +rank -expire -> zset`
fn flip(line: &'static str) -> Option<Flip> {
    let (given, pick) = line.strip_prefix("given")?.split_once("->")?;
    let pick = match pick.trim() {
        "nothing" => None,
        name => Some(name.parse().ok()?),
    };
    Some(Flip { given: given.split_whitespace().collect(), pick })
}

fn version(text: &str) -> Option<Option<Version>> {
    if text == "none" { Some(None) } else { Some(Some(Version::parse(text))) }
}

impl Sought for &'static Scenario {
    fn id(&self) -> &'static str {
        self.id
    }

    fn title(&self) -> &'static str {
        self.page.title()
    }

    fn summary(&self) -> String {
        self.page.summary()
    }

    fn phrases(&self) -> Vec<&'static str> {
        self.row("words").unwrap_or_default().split(", ").collect()
    }
}

/// The use that is meant.
pub fn choose(words: &str) -> Found<&'static Scenario> {
    let all: Vec<&'static Scenario> = super::SCENARIOS.iter().collect();
    seek(words, &all)
}

/// The most there may be of anything: beyond it the arithmetic says nothing about a server.
pub const MOST_BYTES: u128 = 10_u128.pow(16);

/// What no case can have, before anything is computed with it.
pub fn check(case: &Case) -> Result<(), String> {
    let one = u128::from(case.name_bytes) + u128::from(case.value_bytes) + u128::from(case.key_bytes) + 64;
    let all = one * u128::from(case.keys) * u128::from(case.elements);
    if all > MOST_BYTES {
        return Err(format!(
            "{} keys of {} elements are more than 10 petabytes, which no deployment holds: check elements and element_bytes",
            case.keys, case.elements
        ));
    }
    if case.highest_id > case::MOST_IDS {
        return Err(format!("an id of {} is beyond 2^53: say the highest id that is in use", case.highest_id));
    }
    Ok(())
}
