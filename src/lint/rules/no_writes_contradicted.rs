//! It is declared to write nothing, and writes.

use crate::lint::Rule;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "no-writes-contradicted", page: page!("rules/lua/no-writes-contradicted.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    if !script.header.as_ref().is_some_and(|header| header.has("no-writes")) {
        return None;
    }
    let writes = script.commands.iter().filter(|command| command.writes());
    script.point_at(writes.map(|command| command.node.span))?;
    let alarm = Alarm::new(Severity::Critical, "it is declared no-writes, and calls a command that writes");
    Some(alarm.fix(Risk::Review, "drop the flag, or the write"))
}
