//! It only reads, and does not say so.

use crate::lint::Rule;
use crate::lint::tree::Span;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "reads-only-unsaid", page: page!("rules/lua/reads-only-unsaid.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let header = script.header.as_ref()?;
    let reads = script.commands.iter().all(|command| command.name.is_some() && !command.writes());
    if !reads
        || script.commands.is_empty()
        || header.has("no-writes")
        || header.engine != "lua"
        || !header.strange.is_empty()
    {
        return None;
    }
    let first = Span { start: 0, end: script.text.lines().next().unwrap_or("").len(), line: 1 };
    script.point_at([first])?;
    let alarm = Alarm::new(Severity::Notice, "it only reads, and its flags do not say so");
    Some(alarm.fix(Risk::Safe, "#!lua flags=no-writes: then replicas run it, and it runs while memory is full"))
}
