//! A key whose name the script puts together is not in KEYS.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "key-put-together", page: page!("rules/lua/key-put-together.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let keys = script.commands.iter().flat_map(|command| &command.keys);
    let built = keys.filter(|(_, roots)| roots.iter().any(|root| matches!(root, Root::Built(_))));
    script.point_at(built.map(|(node, _)| node.span))?;
    let severity = if script.about.cluster { Severity::Critical } else { Severity::Warning };
    let alarm = Alarm::new(severity, "it puts the name of a key together, and the server does not know of it");
    Some(alarm.fix(Risk::Review, "let the caller put the name together and pass it in KEYS, with a hash tag it shares"))
}
