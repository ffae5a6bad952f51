//! Sentinels that are gone, too few, or of two minds.

use std::collections::BTreeSet;

use crate::facts::{DeploymentWitness, View};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "sentinels-disagree",
    page: page!("rules/deployment/sentinels-disagree.md"),
    check: Check::Deployment(check),
};

/// With two, the loss of one leaves no majority (Sentinel documentation: at least three).
const ENOUGH: usize = 3;

fn check(witness: &DeploymentWitness) -> Checked {
    let sentinels = &witness.deployment.sentinels;
    if sentinels.is_empty() {
        return Ok(None);
    }
    for sentinel in sentinels {
        let said = sentinel.view.as_ref().map_or_else(Clone::clone, |view| {
            let objection = view.objection.as_ref().map(|why| format!("; {why}")).unwrap_or_default();
            format!("primary {}, {}, quorum {}{objection}", view.primary, view.flags, view.quorum)
        });
        witness.note(&sentinel.address.to_string(), "says", said);
    }
    let views: Vec<&View> = sentinels.iter().filter_map(|sentinel| sentinel.view.as_ref().ok()).collect();
    let primaries: BTreeSet<String> = views.iter().map(|view| view.primary.to_string()).collect();
    let objections = views.iter().filter(|view| view.objection.is_some()).count();
    let silent = sentinels.len() - views.len();
    let (severity, says) = if primaries.len() > 1 {
        let named = primaries.into_iter().collect::<Vec<_>>().join(" and ");
        (Severity::Critical, format!("Sentinels name different primaries: {named}"))
    } else if objections > 0 {
        let (objections, all) = (objections, sentinels.len());
        (Severity::Critical, format!("{objections} of {all} Sentinels see no quorum or no majority for a failover"))
    } else if silent > 0 {
        (Severity::Warning, format!("{silent} of {} Sentinels did not answer", sentinels.len()))
    } else if sentinels.len() < ENOUGH {
        (Severity::Warning, format!("only {} Sentinels watch the primary", sentinels.len()))
    } else {
        return Ok(None);
    };
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Safe, "ask each: SENTINEL MASTER NAME, and SENTINEL CKQUORUM NAME")
            .fix(Risk::Review, "start the missing ones, until at least three run on separate hosts")
            .fix(Risk::Review, "on one that holds a stale view: SENTINEL RESET NAME, one Sentinel at a time"),
    ))
}
