//! From a plain need to a script: the words on the pages decide, and where they do not, all who come into question are told.

use super::{Script, all};
use crate::page::words::{Found, Sought, seek};

/// What was made of a need.
pub type Choice = Found<&'static Script>;

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

impl Sought for &'static Script {
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
        self.words()
    }
}

/// The script for a need: by its name, by one of the phrases on its page, or by the words of both that are rare.
pub fn choose(need: &str) -> Choice {
    let scripts: Vec<&'static Script> = all().map(|(_, script)| script).collect();
    seek(need, &scripts)
}
