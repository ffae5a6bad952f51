//! A key whose name is in the script or in the data is not in KEYS.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "undeclared-key", page: page!("rules/lua/undeclared-key.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let undeclared = |root: &Root| matches!(root, Root::Text(_) | Root::Reply(_) | Root::Part(_));
    let keys = script.commands.iter().flat_map(|command| &command.keys);
    script.point_at(keys.filter(|(_, roots)| roots.iter().any(undeclared)).map(|(node, _)| node.span))?;
    let severity = if script.about.cluster { Severity::Critical } else { Severity::Warning };
    let alarm = Alarm::new(severity, "it touches a key that its caller did not declare in KEYS");
    Some(alarm.fix(Risk::Review, "pass the name in KEYS; names that are found in data are read by the caller first"))
}
