//! An argument serves as the name of a key.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "argument-as-key", page: page!("rules/lua/argument-as-key.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let from_outside = |root: &Root| matches!(root, Root::Argument(_) | Root::AllArguments);
    let keys = script.commands.iter().flat_map(|command| &command.keys);
    script.point_at(keys.filter(|(_, roots)| roots.iter().any(from_outside)).map(|(node, _)| node.span))?;
    let severity = if script.about.cluster { Severity::Critical } else { Severity::Warning };
    let alarm = Alarm::new(severity, "a name of a key comes in ARGV, where the server does not look for keys");
    Some(alarm.fix(Risk::Review, "pass it in KEYS, and count it in numkeys"))
}
