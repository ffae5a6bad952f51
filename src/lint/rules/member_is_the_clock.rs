//! Two calls at the same moment count as one.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "member-is-the-clock", page: page!("rules/lua/member-is-the-clock.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let same = script.named(&["ZADD"]).filter(|add| {
        let [.., score, member] = add.arguments.as_slice() else { return false };
        let varies = script.roots(score).iter().any(|root| !matches!(root, Root::Number(_) | Root::Text(_)));
        varies && script.slice(score.span) == script.slice(member.span)
    });
    script.point_at(same.map(|command| command.node.span))?;
    let alarm =
        Alarm::new(Severity::Warning, "the member is its own score, so two calls at the same moment are one entry");
    Some(alarm.fix(Risk::Review, "add what tells calls apart to the member: an id in ARGV, or a counter"))
}
