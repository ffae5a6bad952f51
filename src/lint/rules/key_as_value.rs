//! A place in KEYS holds something that is no key.

use crate::lint::Rule;
use crate::lint::commands;
use crate::lint::origin::Root;
use crate::lint::script::Callee;
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "key-as-value", page: page!("rules/lua/key-as-value.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    if script.commands.iter().any(|command| command.name.as_deref().is_none_or(|name| commands::find(name).is_none())) {
        return None;
    }
    let mut names = Vec::new();
    for (_, roots) in script.commands.iter().flat_map(|command| &command.keys) {
        collect(roots, &mut names);
    }
    if names.contains(&None) {
        return None;
    }
    let values = script.places.iter().filter(|place| {
        let used = script.parent(place).is_some_and(|parent| match &parent.node.kind {
            Kind::Call(callee, _) => !matches!(script.callee(callee), Callee::Own(_) | Callee::Unknown),
            Kind::Binary(op, ..) => op.is_arithmetic() || op.is_order(),
            _ => false,
        });
        let direct = matches!(&place.node.kind, Kind::Index(base, _) if base.path().as_deref() == Some("KEYS"));
        let roots = script.roots(&place.node);
        direct && used && matches!(roots.as_slice(), [Root::Key(Some(n))] if !names.contains(&Some(*n)))
    });
    script.point_at(values.map(|place| place.node.span))?;
    let alarm = Alarm::new(Severity::Warning, "a place in KEYS is used as a value, and never as a key");
    Some(alarm.fix(Risk::Review, "pass it in ARGV, and lower numkeys"))
}

/// The places in KEYS that names are made of.
fn collect(roots: &[Root], names: &mut Vec<Option<usize>>) {
    for root in roots {
        match root {
            Root::Key(n) => names.push(*n),
            Root::AllKeys | Root::Unknown => names.push(None),
            Root::Built(parts) => collect(parts, names),
            _ => {}
        }
    }
}
