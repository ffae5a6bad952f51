//! It calls a command that another one has replaced.

use crate::decisions::structures::DEPRECATED;
use crate::lint::Rule;
use crate::lint::script::Command;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "deprecated-command", page: page!("rules/lua/deprecated-command.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let replacement = |command: &Command| {
        DEPRECATED.iter().find(|(name, _, since)| command.is(&[name]) && !script.runs_before(*since, (0, 0)))
    };
    let old: Vec<_> = script.commands.iter().filter_map(|command| Some((command, replacement(command)?))).collect();
    script.point_at(old.iter().map(|(command, _)| command.node.span))?;
    let (_, (name, _, (major, minor))) = old.first()?;
    let mut alarm = Alarm::new(Severity::Notice, format!("{name} is deprecated since Redis {major}.{minor}"));
    for (n, (_, (name, by, _))) in old.iter().enumerate() {
        if old.iter().take(n).all(|(_, (before, ..))| before != name) {
            alarm = alarm.fix(Risk::Safe, format!("{by} in place of {name}"));
        }
    }
    Some(alarm)
}
