//! A command gets something that is neither text nor number.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::tree::{Kind, Unary};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "argument-not-text", page: page!("rules/lua/argument-not-text.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let arguments = script.commands.iter().flat_map(|command| &command.arguments);
    let wrong = arguments.filter(|node| match &node.kind {
        Kind::Nil | Kind::Bool(_) | Kind::Function(_) | Kind::Unary(Unary::Not, _) | Kind::Table(_) => true,
        Kind::Binary(op, ..) => op.is_order() || op.is_equality(),
        Kind::Local(_) => script.roots(node).iter().all(|root| matches!(root, Root::Table | Root::Bool | Root::Nil)),
        _ => false,
    });
    script.point_at(wrong.map(|node| node.span))?;
    let alarm =
        Alarm::new(Severity::Critical, "a command gets an argument that is neither text nor number, and is refused");
    Some(alarm.fix(Risk::Safe, "write 1 or 0 for a boolean, cjson.encode a table or unpack it, and leave nil out"))
}
