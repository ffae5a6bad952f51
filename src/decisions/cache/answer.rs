//! An answer of a cache table: its name, and its words in a section of the question's page.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::page::Page;

/// Two answers are the same when they are the same section of the same page.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// The heading of its section.
    pub id: &'static str,
    pub page: Page,
}

impl Answer {
    /// What it is: the first paragraph of its section.
    pub fn is(&self) -> String {
        let lines = self.page.section(self.id).lines();
        lines.take_while(|line| !line.trim().is_empty()).map(str::trim).collect::<Vec<_>>().join(" ")
    }

    /// Its points under a name: `Do`, `Mind`.
    pub fn points(&self, name: &str) -> Vec<String> {
        let mut points: Vec<String> = Vec::new();
        let mut inside = false;
        for line in self.page.section(self.id).lines() {
            if let Some(point) = line.strip_prefix("- ") {
                let mine = point.split_once(": ").filter(|(word, _)| *word == name);
                inside = mine.is_some();
                points.extend(mine.map(|(_, rest)| rest.to_owned()));
            } else if let (true, Some(last), text) = (inside, points.last_mut(), line.trim()) {
                if text.is_empty() {
                    inside = false;
                } else {
                    last.push(' ');
                    last.push_str(text);
                }
            }
        }
        points
    }
}

impl PartialEq for Answer {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.page.path == other.page.path
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.id)
    }
}
