//! Answers a rule's questions about a script and keeps what the rule pointed at.

use std::cell::RefCell;
use std::ops::Deref;

use crate::facts::Foreign;

use super::script::Script;
use super::tree::Span;
use super::{Call, Quote};

/// How much of an expression is repeated, and how many of them.
const QUOTE: usize = 80;
const QUOTES: usize = 8;

#[derive(Debug)]
pub struct Witness<'a> {
    script: &'a Script,
    pub about: &'a Call,
    noted: RefCell<Vec<Span>>,
}

impl Deref for Witness<'_> {
    type Target = Script;

    fn deref(&self) -> &Script {
        self.script
    }
}

impl<'a> Witness<'a> {
    pub fn new(script: &'a Script, about: &'a Call) -> Self {
        Self { script, about, noted: RefCell::default() }
    }

    /// Keeps these places as evidence; `None` when there is none, so that a rule ends by `?`.
    pub fn point_at(&self, spans: impl IntoIterator<Item = Span>) -> Option<()> {
        let mut noted = self.noted.borrow_mut();
        noted.extend(spans);
        (!noted.is_empty()).then_some(())
    }

    /// Whether the script will run on such a version for sure.
    pub fn runs_on(&self, redis: (u16, u16), valkey: (u16, u16)) -> bool {
        self.about.engine.as_ref().is_some_and(|engine| engine.at_least(redis, valkey))
    }

    /// Whether it will run on an older one for sure.
    pub fn runs_before(&self, redis: (u16, u16), valkey: (u16, u16)) -> bool {
        self.about.engine.as_ref().is_some_and(|engine| !engine.at_least(redis, valkey))
    }

    pub fn into_quotes(self) -> Vec<Quote> {
        let mut spans = self.noted.into_inner();
        spans.sort_by_key(|span| (span.start, span.end));
        spans.dedup();
        let quote =
            |span: Span| Quote { line: span.line.max(1), text: Foreign::bounded_name(self.script.slice(span), QUOTE) };
        spans.into_iter().take(QUOTES).map(quote).collect()
    }
}
