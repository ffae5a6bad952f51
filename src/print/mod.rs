//! One document, printed for a terminal or as Markdown. No tool formats text by itself.

mod markdown;
mod terminal;

pub use markdown::{bounded, markdown};
pub use terminal::terminal;

use crate::facts::foreign::{CLOSE, OPEN};

/// Rewrites what stands between a stranger's marks.
fn spans(text: &str, rewrite: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, (inside, after))) =
        rest.split_once(OPEN).and_then(|(before, rest)| Some((before, rest.split_once(CLOSE)?)))
    {
        out.push_str(before);
        out.push(OPEN);
        out.push_str(&rewrite(inside));
        out.push(CLOSE);
        rest = after;
    }
    out + rest
}

/// How a line should strike the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Critical,
    Warning,
    Notice,
    Good,
    Unknown,
}

/// A piece of a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    Heading(String),
    Text(String),
    /// Ours to the last byte, to be copied: never wrapped, and no markup in it counts.
    Code {
        language: &'static str,
        text: String,
    },
    /// Names and values, one under the other.
    Pairs(Vec<(String, String)>),
    Table {
        head: Vec<String>,
        rows: Vec<Vec<String>>,
    },
    /// Names with a share of the whole each, drawn as bars where that helps.
    Bars(Vec<(String, f64, String)>),
    /// Things that each have a verdict: findings, stop conditions.
    Entry {
        mark: Mark,
        /// The verdict in a word: `critical`, `met`.
        word: String,
        title: String,
        lines: Vec<(String, String)>,
    },
}

/// A report, ready for any printer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    pub title: String,
    pub blocks: Vec<Block>,
}

impl Document {
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), blocks: Vec::new() }
    }

    pub fn heading(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Heading(text.into()));
    }

    pub fn text(&mut self, text: impl Into<String>) {
        self.blocks.push(Block::Text(text.into()));
    }

    pub fn code(&mut self, language: &'static str, text: impl Into<String>) {
        self.blocks.push(Block::Code { language, text: text.into() });
    }

    pub fn pairs(&mut self, pairs: Vec<(String, String)>) {
        self.blocks.push(Block::Pairs(pairs));
    }

    pub fn table(&mut self, head: &[&str], rows: Vec<Vec<String>>) {
        self.blocks.push(Block::Table { head: head.iter().map(|cell| (*cell).to_owned()).collect(), rows });
    }

    pub fn bars(&mut self, rows: Vec<(String, f64, String)>) {
        self.blocks.push(Block::Bars(rows));
    }

    /// Another document behind this one, under its title.
    pub fn append(&mut self, other: Self) {
        self.heading(other.title);
        self.blocks.extend(other.blocks);
    }

    pub fn entry(
        &mut self,
        mark: Mark,
        word: impl Into<String>,
        title: impl Into<String>,
        lines: Vec<(String, String)>,
    ) {
        self.blocks.push(Block::Entry { mark, word: word.into(), title: title.into(), lines });
    }
}
