//! A command that no server has.

use crate::lint::Rule;
use crate::lint::commands;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "unknown-command", page: page!("rules/lua/unknown-command.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let unknown = script.commands.iter().filter_map(|command| {
        let name = command.name.as_deref()?;
        // Modules put a dot into theirs.
        (commands::find(name).is_none() && !name.contains('.'))
            .then(|| command.said.as_ref().map_or(command.node.span, |said| said.span))
    });
    script.point_at(unknown)?;
    let alarm = Alarm::new(Severity::Critical, "no Redis up to 8.6 and no Valkey up to 9.1 has a command of this name");
    Some(alarm.fix(Risk::Safe, "correct the name; a subcommand is an argument of its own: 'OBJECT', 'ENCODING'"))
}
