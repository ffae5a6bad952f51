//! A reply of 0 counts as true.

use std::sync::Arc;

use crate::lint::Rule;
use crate::lint::commands;
use crate::lint::origin::Root;
use crate::lint::places::{Place, Role};
use crate::lint::tree::{Kind, Op, Unary};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "zero-is-true", page: page!("rules/lua/zero-is-true.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let always = script.places.iter().filter(|place| {
        let roots = || script.roots(&place.node);
        let integer = |root: &Root| matches!(root, Root::Reply(name) if commands::INTEGER.contains(&name.as_str()));
        matches!(place.node.kind, Kind::Call(..) | Kind::Local(_))
            && decides(script, place)
            && !roots().is_empty()
            && roots().iter().all(integer)
    });
    script.point_at(always.map(|place| place.node.span))?;
    let alarm = Alarm::new(Severity::Critical, "a reply that is 0 or more stands as a condition, and 0 is true in Lua");
    Some(alarm.fix(Risk::Safe, "compare it: == 1, > 0"))
}

/// Whether the truth of a value decides something.
fn decides(script: &Witness, place: &Place) -> bool {
    let Some(parent) = script.parent(place) else { return place.role == Role::Condition };
    match &parent.node.kind {
        Kind::Unary(Unary::Not, _) => true,
        Kind::Binary(Op::And, a, _) if Arc::ptr_eq(a, &place.node) => true,
        Kind::Binary(Op::And | Op::Or, ..) => decides(script, parent),
        _ => false,
    }
}
