//! A command that waits does not wait inside of a script.

use crate::lint::Rule;
use crate::lint::commands;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "blocking-in-script", page: page!("rules/lua/blocking-in-script.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let waits = script.commands.iter().filter(|command| {
        let blocks = command.name.as_deref().and_then(commands::find).is_some_and(commands::Known::blocks);
        blocks && (!command.is(&["XREAD", "XREADGROUP"]) || command.has("BLOCK"))
    });
    let waits: Vec<_> = waits.collect();
    script.point_at(waits.iter().map(|command| command.node.span))?;
    let word = waits.first().map(|command| command.word()).unwrap_or_default();
    let alarm = match script.runs_before((7, 2), (0, 0)) {
        true => Alarm::new(Severity::Critical, format!("before Redis 7.2 {word} is refused inside of a script")),
        false => Alarm::new(
            Severity::Warning,
            format!("{word} does not wait inside of a script: it answers at once, or is refused"),
        ),
    };
    Some(alarm.fix(Risk::Review, "call the form that does not wait (LPOP, LMOVE, ZPOPMIN), and let the client wait"))
}
