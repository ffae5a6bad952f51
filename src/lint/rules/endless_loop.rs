//! A loop that nothing ends stops the whole server.

use crate::lint::Rule;
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "endless-loop", page: page!("rules/lua/endless-loop.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let endless = script.loops.iter().filter(|inner| {
        let always = inner.condition.as_ref().is_some_and(|condition| match &condition.kind {
            Kind::Bool(value) => *value != inner.is_repeat,
            Kind::Nil => inner.is_repeat,
            Kind::Number(_) | Kind::Text(_) => !inner.is_repeat,
            _ => false,
        });
        always && !inner.exits
    });
    script.point_at(endless.map(|inner| inner.span))?;
    let alarm = Alarm::new(Severity::Critical, "a loop has no end, and the server serves nobody else meanwhile");
    Some(alarm.fix(Risk::Review, "loop over a counted range (for i = 1, limit do), or leave by break"))
}
