//! A command that no script may call.

use crate::lint::Rule;
use crate::lint::commands;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "refused-in-script", page: page!("rules/lua/refused-in-script.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let refused = script.commands.iter().filter(|command| {
        command.name.as_deref().and_then(commands::find).is_some_and(|known| !known.is_for_scripts())
    });
    let refused: Vec<_> = refused.collect();
    script.point_at(refused.iter().map(|command| command.node.span))?;
    let word = refused.first().map(|command| command.word()).unwrap_or_default();
    let alarm = Alarm::new(Severity::Critical, format!("{word} is refused inside of a script"));
    Some(
        alarm.fix(
            Risk::Review,
            "let the client call it; a script is a transaction already, and calls functions of its own",
        ),
    )
}
