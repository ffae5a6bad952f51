//! A loop waits for a key to expire.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::script::Command;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "expiry-awaited", page: page!("rules/lua/expiry-awaited.md"), check };

const ASKS: [&str; 5] = ["EXISTS", "TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME"];

fn check(script: &Witness) -> Option<Alarm> {
    let inner = |command: &Command| script.place(command.place)?.loops.last().copied();
    let fixed = |command: &Command| {
        let roots = command.keys.iter().flat_map(|(_, roots)| roots);
        roots.clone().count() > 0 && roots.into_iter().all(|root| matches!(root, Root::Key(Some(_)) | Root::Text(_)))
    };
    let waits = script.named(&ASKS).filter(|command| {
        let Some(at) = inner(command) else { return false };
        let waiting = script.loops.get(at).is_some_and(|inner| inner.condition.is_some());
        // What the loop itself changes may be gone by the next turn.
        let changes = |other: &Command| other.writes() && inner(other) == Some(at) && script.same_key(command, other);
        waiting && fixed(command) && !script.commands.iter().any(changes)
    });
    script.point_at(waits.map(|command| command.node.span))?;
    let alarm =
        Alarm::new(Severity::Warning, "a loop asks for the life of a key, and no key expires while a script runs");
    Some(alarm.fix(Risk::Review, "ask once, answer with PTTL, and let the caller come again after so long"))
}
