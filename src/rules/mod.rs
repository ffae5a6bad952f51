//! What is wrong: rules, grouped by topic, and the judge who applies them.

mod clients;
mod configuration;
mod deployment;
mod finding;
mod keys;
mod keyspace;
mod latency;
mod memory;
mod persistence;
pub mod remedy;
mod replication;
mod savings;
mod security;

use serde::Serialize;

use crate::census::KeyWitness;
use crate::facts::{Bytes, Deployment, DeploymentWitness, Evidence, Foreign, Missing, Server, Witness};
use crate::page::Page;
use remedy::Service;

pub use savings::{Saving, Savings};

pub use finding::{Alarm, Finding, Fix, Risk, Severity, Unchecked};

/// Fired, clear, or could not look. A missing fact passed on by `?` becomes "not checked", never "fine".
pub type Checked = Result<Option<Alarm>, Missing>;

/// One way for a server to go wrong.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Named for the problem, not for the fix.
    pub id: &'static str,
    pub page: Page,
    pub check: Check,
}

/// What a rule looks at: each server by itself, or the deployment as a whole.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    Server(fn(&Witness) -> Checked),
    Deployment(fn(&DeploymentWitness) -> Checked),
    /// The keys of a deployment, where an audit read them.
    Keys(fn(&KeyWitness) -> Checked),
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
    keys::TOPIC,
    security::TOPIC,
    configuration::TOPIC,
    deployment::TOPIC,
];

/// All rules with their topics, in reading order.
pub fn all() -> impl Iterator<Item = (&'static Topic, &'static Rule)> {
    TOPICS.iter().flat_map(|topic| topic.rules.iter().map(move |rule| (topic, rule)))
}

/// What the rules made of a deployment: findings worst first, what could not be checked, how many checks were clear.
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

    /// What others found, worst first.
    pub fn join(mut self, other: Self) -> Self {
        self.findings.extend(other.findings);
        self.findings.sort_by_key(|finding| finding.severity);
        self.not_checked.extend(other.not_checked);
        self.clear += other.clear;
        self
    }

    fn look_at_each(&mut self, topic: &Topic, rule: &Rule, check: fn(&Witness) -> Checked, deployment: &Deployment) {
        for (node, server) in deployment.seen() {
            let (checked, evidence) = ask(check, server);
            let checked = in_the_ways_of_its_service(server, checked);
            self.take(topic, rule, Some(&node.address), checked, evidence);
        }
    }

    fn take(&mut self, topic: &Topic, rule: &Rule, node: Option<&Foreign>, checked: Checked, evidence: Vec<Evidence>) {
        match checked {
            Ok(None) => self.clear += 1,
            Ok(Some(alarm)) => self.findings.push(Finding {
                rule: rule.id,
                topic: topic.id,
                title: rule.page.title(),
                node: node.cloned(),
                severity: alarm.severity,
                says: alarm.says,
                evidence,
                fixes: alarm.fixes,
                savings: alarm.savings,
                verify: rule.page.sentence("Verify"),
                could_break: rule.page.sentence("Could break"),
                page: uri(rule.page.path),
            }),
            Err(missing) => {
                self.not_checked.push(Unchecked { rule: rule.id, node: node.cloned(), missing });
            }
        }
    }
}

/// Applies the rules about the memory of each node that one look can answer.
pub fn judge_memory(deployment: &Deployment) -> Verdict {
    let mut verdict = Verdict::default();
    for rule in memory::AT_ONE_LOOK {
        if let Check::Server(check) = rule.check {
            verdict.look_at_each(&memory::TOPIC, rule, check, deployment);
        }
    }
    verdict
}

/// Applies the rules about keys, and adds up what their fixes would save, no byte twice.
pub fn judge_keys(witness: &KeyWitness) -> (Verdict, Bytes) {
    let mut verdict = Verdict::default();
    let mut savings = Savings::default();
    for (topic, rule) in all() {
        let Check::Keys(check) = rule.check else { continue };
        let witness = witness.fresh();
        let checked = match check(&witness) {
            Ok(None) => witness.stands_for_all().map(|()| None),
            checked => checked,
        };
        if let Ok(Some(alarm)) = &checked {
            savings.add(&alarm.savings);
        }
        let checked = witness.server().map_or(checked.clone(), |server| in_the_ways_of_its_service(server, checked));
        verdict.take(topic, rule, None, checked, witness.into_evidence());
    }
    verdict.findings.sort_by_key(|finding| finding.severity);
    (verdict, savings.total())
}

/// Applies the rules of the named topics, or every rule when none is named, to each node and to the whole.
pub fn judge(deployment: &Deployment, topics: &[String]) -> Verdict {
    let mut verdict = Verdict::default();
    let wanted = |topic: &Topic| topics.is_empty() || topics.iter().any(|id| id == topic.id);
    for (topic, rule) in all().filter(|(topic, _)| wanted(topic)) {
        match rule.check {
            Check::Keys(_) => {}
            Check::Deployment(check) => {
                let witness = DeploymentWitness::new(deployment);
                let checked = check(&witness);
                verdict.take(topic, rule, None, checked, witness.into_evidence());
            }
            Check::Server(check) => verdict.look_at_each(topic, rule, check, deployment),
        }
    }
    // Stable: within a severity the topics keep their order.
    verdict.findings.sort_by_key(|finding| finding.severity);
    verdict
}

fn ask(check: fn(&Witness) -> Checked, server: &Server) -> (Checked, Vec<Evidence>) {
    let witness = Witness::new(server);
    let checked = check(&witness);
    (checked, witness.into_evidence())
}

/// A rule knows Redis; what a managed service makes of its advice is said here, for all rules at once.
fn in_the_ways_of_its_service(server: &Server, checked: Checked) -> Checked {
    let Some(service) = Service::of(&server.hosting()) else { return checked };
    match checked {
        Ok(Some(alarm)) => Ok(Some(Alarm { fixes: service.fixes(server, alarm.fixes), ..alarm })),
        Err(missing) => Err(service.explained(server, missing)),
        clear => clear,
    }
}

/// The address of a page for an agent: `godmode-redis://rules/memory/maxmemory-unset`.
pub fn uri(path: &str) -> String {
    format!("godmode-redis://{}", path.strip_suffix(".md").unwrap_or(path))
}
