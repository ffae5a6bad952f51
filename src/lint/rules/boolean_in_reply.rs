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
    let booleans = returned.filter(|place| match &place.node.kind {
        Kind::Bool(_) | Kind::Unary(Unary::Not, _) => true,
        Kind::Binary(op, ..) => op.is_order() || op.is_equality(),
        _ => false,
    });
    script.point_at(booleans.map(|place| place.node.span))?;
    let alarm = Alarm::new(Severity::Notice, "it returns a boolean: true arrives as 1, false as nil and not as 0");
    Some(alarm.fix(Risk::Review, "return 1 or 0"))
}
