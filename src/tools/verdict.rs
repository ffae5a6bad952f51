//! What rules found, on paper: the same for every tool.

use std::collections::BTreeSet;

use crate::print::{Document, Mark};
use crate::rules::{Finding, Severity, Verdict};

pub fn findings(document: &mut Document, verdict: &Verdict, nodes: usize) {
    let plural = [(Severity::Critical, "critical"), (Severity::Warning, "warnings"), (Severity::Notice, "notices")];
    let counts: Vec<String> = plural
        .into_iter()
        .map(|(severity, plural)| match verdict.count(severity) {
            1 => format!("1 {severity}"),
            count => format!("{count} {plural}"),
        })
        .filter(|count| !count.starts_with("0 "))
        .collect();
    if counts.is_empty() {
        document.heading("Findings: none");
        return;
    }
    document.heading(format!("Findings: {}", counts.join(", ")));
    let mut shown: Vec<&str> = Vec::new();
    for finding in &verdict.findings {
        // What one rule says of several nodes stands together, under the worst of them.
        if shown.contains(&finding.rule) {
            continue;
        }
        shown.push(finding.rule);
        let mark = match finding.severity {
            Severity::Critical => Mark::Critical,
            Severity::Warning => Mark::Warning,
            Severity::Notice => Mark::Notice,
        };
        let same: Vec<&Finding> = verdict.findings.iter().filter(|other| other.rule == finding.rule).collect();
        document.entry(mark, finding.severity.to_string(), &finding.says, details(finding, &same, nodes));
    }
}

fn details(finding: &Finding, same: &[&Finding], nodes: usize) -> Vec<(String, String)> {
    let evidence: Vec<String> = finding.evidence.iter().map(ToString::to_string).collect();
    let fixes = finding.fixes.iter().map(|fix| (format!("fix, {}", fix.risk), fix.step.clone()));
    let mut lines = vec![
        ("rule".to_owned(), format!("{} ({})", finding.rule, finding.page)),
        ("evidence".to_owned(), evidence.join("; ")),
    ];
    if let (Some(node), true) = (&finding.node, nodes > 1) {
        lines.insert(0, ("node".to_owned(), node.to_string()));
    }
    lines.extend(others(finding, same));
    lines.extend(fixes);
    lines.push(("verify".to_owned(), finding.verify.clone()));
    lines.push(("could break".to_owned(), finding.could_break.clone()));
    lines
}

/// Where else the same rule fired: nodes of which it says the same stand in one line.
fn others(finding: &Finding, same: &[&Finding]) -> Vec<(String, String)> {
    let mut lines: Vec<(&Finding, Vec<String>)> = Vec::new();
    for other in same.iter().skip(1) {
        let node = other.node.as_ref().map(ToString::to_string).unwrap_or_default();
        match lines.iter_mut().find(|(first, _)| first.says == other.says) {
            Some((_, nodes)) => nodes.push(node),
            None => lines.push((*other, vec![node])),
        }
    }
    let line = |(other, nodes): (&Finding, Vec<String>)| {
        let nodes = nodes.join(", ");
        let says =
            if other.says == finding.says { "the same".into() } else { format!("{}: {}", other.severity, other.says) };
        ("also".to_owned(), format!("{nodes}: {says}"))
    };
    lines.into_iter().map(line).collect()
}

/// Rules that lack the same fact for the same reason share a line.
pub fn not_checked(document: &mut Document, verdict: &Verdict) {
    if verdict.not_checked.is_empty() {
        return;
    }
    document.heading(format!("Not checked: {}", verdict.not_checked.len()));
    let mut gaps: Vec<(&str, BTreeSet<&str>, Vec<&str>)> = Vec::new();
    for unchecked in &verdict.not_checked {
        let (fact, why) = (unchecked.missing.fact.as_str(), unchecked.missing.why.as_str());
        match gaps.iter_mut().find(|(known, ..)| *known == why) {
            Some((_, facts, rules)) => {
                facts.insert(fact);
                if !rules.contains(&unchecked.rule) {
                    rules.push(unchecked.rule);
                }
            }
            None => gaps.push((why, BTreeSet::from([fact]), vec![unchecked.rule])),
        }
    }
    for (why, facts, rules) in gaps {
        // Of many facts that are missing for one reason, the reason is what matters.
        let fact =
            if facts.len() == 1 { facts.into_iter().map(|fact| format!("{fact}: ")).collect() } else { String::new() };
        document.entry(Mark::Unknown, "unchecked", format!("{}: {fact}{why}", rules.join(", ")), Vec::new());
    }
}
