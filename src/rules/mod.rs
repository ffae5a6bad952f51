//! What is wrong: rules, grouped by topic, and the judge who applies them.

mod clients;
mod configuration;
mod finding;
mod keyspace;
mod latency;
mod memory;
mod persistence;
mod replication;
mod security;

use serde::Serialize;

use crate::facts::{Missing, Server, Witness};
use crate::page::Page;

pub use finding::{Alarm, Finding, Fix, Risk, Severity, Unchecked};

/// Fired, clear, or could not look. A missing fact passed on by `?` becomes "not checked", never "fine".
pub type Checked = Result<Option<Alarm>, Missing>;

/// One way for a server to go wrong.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Named for the problem, not for the fix.
    pub id: &'static str,
    pub page: Page,
    pub check: fn(&Witness) -> Checked,
}

/// Rules about the same part of a server.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    pub id: &'static str,
    pub title: &'static str,
    pub rules: &'static [Rule],
}

/// Every rule there is.
pub const TOPICS: &[Topic] = &[
    memory::TOPIC,
    persistence::TOPIC,
    latency::TOPIC,
    clients::TOPIC,
    replication::TOPIC,
    keyspace::TOPIC,
    security::TOPIC,
    configuration::TOPIC,
];

/// All rules with their topics, in reading order.
pub fn all() -> impl Iterator<Item = (&'static Topic, &'static Rule)> {
    TOPICS.iter().flat_map(|topic| topic.rules.iter().map(move |rule| (topic, rule)))
}

/// What the rules made of a server: findings worst first, what could not be checked, how many were clear.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verdict {
    pub findings: Vec<Finding>,
    pub not_checked: Vec<Unchecked>,
    pub clear: usize,
}

impl Verdict {
    pub fn worst(&self) -> Option<Severity> {
        self.findings.first().map(|finding| finding.severity)
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }
}

/// Applies the rules of the named topics, or every rule when none is named, to one look at a server.
pub fn judge(server: &Server, topics: &[String]) -> Verdict {
    let mut verdict = Verdict::default();
    let wanted = |topic: &Topic| topics.is_empty() || topics.iter().any(|id| id == topic.id);
    for (topic, rule) in all().filter(|(topic, _)| wanted(topic)) {
        let witness = Witness::new(server);
        match (rule.check)(&witness) {
            Ok(None) => verdict.clear += 1,
            Ok(Some(alarm)) => verdict.findings.push(Finding {
                rule: rule.id,
                topic: topic.id,
                title: rule.page.title(),
                severity: alarm.severity,
                says: alarm.says,
                evidence: witness.into_evidence(),
                fixes: alarm.fixes,
                verify: rule.page.sentence("Verify"),
                could_break: rule.page.sentence("Could break"),
                page: uri(rule.page.path),
            }),
            Err(missing) => verdict.not_checked.push(Unchecked { rule: rule.id, missing }),
        }
    }
    // Stable: within a severity the topics keep their order.
    verdict.findings.sort_by_key(|finding| finding.severity);
    verdict
}

/// The address of a page for an agent: `godmode-redis://rules/memory/maxmemory-unset`.
pub fn uri(path: &str) -> String {
    format!("godmode-redis://{}", path.strip_suffix(".md").unwrap_or(path))
}
