//! Text becomes code while the script runs.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::tree::Node;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "code-from-text", page: page!("rules/lua/code-from-text.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let calls: Vec<_> = script.calls("loadstring").chain(script.calls("load")).collect();
    script.point_at(calls.iter().map(|(place, _)| place.node.span))?;
    let written = |arguments: &[Node]| {
        arguments.first().is_some_and(|code| script.roots(code).iter().all(|root| matches!(root, Root::Text(_))))
    };
    let alarm = match calls.iter().all(|(_, arguments)| written(arguments)) {
        true => Alarm::new(Severity::Warning, "it compiles code from text"),
        false => Alarm::new(Severity::Critical, "it compiles code from text that comes from outside"),
    };
    Some(alarm.fix(Risk::Review, "write the code into the script, and choose by a table of functions"))
}
