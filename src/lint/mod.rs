//! What is wrong with a script: a Lua parser, rules with pages, and what the script would touch.
//!
//! A critical finding fails, blocks the server or damages data whenever its line runs; a warning does so under a load, a
//! failover or an input that will come; a notice is worth knowing. A rule is quiet about what it cannot follow.

mod bounds;
mod commands;
mod effects;
mod header;
mod literal;
mod lower;
mod origin;
mod parse;
mod places;
mod rules;
mod script;
mod tree;
mod trouble;
mod values;
mod witness;

use std::fmt;

use serde::Serialize;

use crate::facts::{Engine, Foreign};
use crate::page::Page;
use crate::rules::{Alarm, Fix, Severity, uri};
use script::Script;
use witness::Witness;

pub use effects::Effects;
pub use trouble::SyntaxTrouble;

/// One way for a script to go wrong.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Named for the problem, not for the fix.
    pub id: &'static str,
    pub page: Page,
    check: fn(&Witness) -> Option<Alarm>,
}

/// What is known of the way a script is called.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// How many keys an example call passes.
    pub keys: Option<usize>,
    /// How many arguments.
    pub args: Option<usize>,
    /// Where it is to run; without it, on anything from Redis 6.2 on.
    pub engine: Option<Engine>,
    pub cluster: bool,
}

/// A place in the script that a rule speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Quote {
    pub line: usize,
    pub text: Foreign,
}

/// What one rule says of the script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub rule: &'static str,
    pub title: &'static str,
    pub severity: Severity,
    /// The first line it is about; 1 when it is about the whole.
    pub line: usize,
    pub says: String,
    pub evidence: Vec<Quote>,
    pub fixes: Vec<Fix>,
    pub verify: String,
    pub could_break: String,
    /// What no reading of the text can tell.
    pub cannot_see: String,
    pub page: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: line {}: {}", self.severity, self.line, self.says)?;
        self.fixes.iter().try_for_each(|fix| write!(f, "\n{fix}"))
    }
}

/// What the rules made of a script: findings worst first, how many checks were clear, and what the script would touch.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    pub clear: usize,
    pub effects: Effects,
}

/// Every rule there is, in reading order.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    rules::RULES.iter()
}

/// Reads a script and applies every rule. Nothing is run.
pub fn check(source: &[u8], about: &Call) -> Result<Verdict, SyntaxTrouble> {
    let script = Script::new(parse::parse(source)?)?;
    let mut verdict = Verdict { findings: Vec::new(), clear: 0, effects: Effects::of(&script) };
    for rule in rules() {
        let witness = Witness::new(&script, about);
        match (rule.check)(&witness) {
            Some(alarm) => verdict.findings.push(finding(rule, alarm, witness.into_quotes())),
            None => verdict.clear += 1,
        }
    }
    verdict.findings.sort_by_key(|finding| (finding.severity, finding.line));
    Ok(verdict)
}

fn finding(rule: &Rule, alarm: Alarm, evidence: Vec<Quote>) -> Finding {
    Finding {
        rule: rule.id,
        title: rule.page.title(),
        severity: alarm.severity,
        line: evidence.first().map_or(1, |quote| quote.line),
        says: alarm.says,
        evidence,
        fixes: alarm.fixes,
        verify: rule.page.sentence("Verify"),
        could_break: rule.page.sentence("Could break"),
        cannot_see: rule.page.sentence("Cannot see"),
        page: uri(rule.page.path),
    }
}
