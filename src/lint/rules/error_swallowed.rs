//! An error is caught, and nobody looks at it.

use crate::lint::Rule;
use crate::lint::places::Role;
use crate::lint::script::Callee;
use crate::lint::tree::{Kind, Op, Unary};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "error-swallowed", page: page!("rules/lua/error-swallowed.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let caught = script.commands.iter().filter(|command| command.protected || command.wrapped);
    let unseen = caught.filter(|command| {
        let Some(place) = script.place(command.place) else { return false };
        match place.role {
            Role::Dropped => true,
            Role::Assigned => script.holder(&command.node).is_some_and(|id| !is_looked_at(script, id, command.wrapped)),
            _ => false,
        }
    });
    script.point_at(unseen.map(|command| command.node.span))?;
    let alarm = Alarm::new(Severity::Warning, "the error of a command is caught, and nobody looks at it");
    Some(alarm.fix(Risk::Review, "redis.call where an error should end the script; else test reply.err and return it"))
}

fn is_looked_at(script: &Witness, id: usize, wrapped: bool) -> bool {
    script.reads(id).any(|place| match place.role {
        Role::Returned => true,
        Role::Condition => wrapped,
        _ => script.parent(place).is_some_and(|parent| match &parent.node.kind {
            Kind::Index(_, key) => key.text() == Some("err"),
            Kind::Call(callee, _) => script.callee(callee) != Callee::Unknown || wrapped,
            Kind::Unary(Unary::Not, _) => wrapped,
            Kind::Binary(op, ..) => wrapped && matches!(op, Op::And | Op::Or | Op::Equal | Op::NotEqual),
            _ => false,
        }),
    })
}
