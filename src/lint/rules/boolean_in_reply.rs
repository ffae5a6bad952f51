//! True and false reach the client as 1 and nil.

use crate::lint::Rule;
use crate::lint::places::Role;
use crate::lint::tree::{Kind, Unary};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "boolean-in-reply", page: page!("rules/lua/boolean-in-reply.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let returned = script.places.iter().filter(|place| place.role == Role::Returned && place.function.is_none());
    let (no, yes): (Vec<_>, Vec<_>) = returned
        .filter(|place| match &place.node.kind {
            Kind::Bool(_) | Kind::Unary(Unary::Not, _) => true,
            Kind::Binary(op, ..) => op.is_order() || op.is_equality(),
            _ => false,
        })
        .partition(|place| matches!(place.node.kind, Kind::Bool(false)));
    // False alone is the way to answer with nil; beside true it is meant as 0.
    if yes.is_empty() {
        return None;
    }
    script.point_at(yes.iter().chain(&no).map(|place| place.node.span))?;
    let alarm = Alarm::new(Severity::Notice, "it returns a boolean: true arrives as 1, false as nil and not as 0");
    Some(alarm.fix(Risk::Review, "return 1 or 0"))
}
