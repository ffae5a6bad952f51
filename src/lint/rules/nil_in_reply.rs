//! A list in a reply ends at its first nil.

use crate::lint::Rule;
use crate::lint::commands;
use crate::lint::origin::Root;
use crate::lint::places::Role;
use crate::lint::script::Callee;
use crate::lint::tree::{Kind, Node, Op, Source, Unary};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "nil-in-reply", page: page!("rules/lua/nil-in-reply.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let returned = script.places.iter().filter(|place| place.role == Role::Returned);
    let holes = returned.flat_map(|place| match &place.node.kind {
        Kind::Table(items) => items
            .iter()
            .filter(|item| {
                item.key.is_none()
                    && (matches!(item.value.kind, Kind::Nil) || place.branches == 0 && may_be_nil(script, &item.value))
            })
            .map(|item| item.value.span)
            .collect(),
        _ => Vec::new(),
    });
    script.point_at(holes)?;
    let alarm = Alarm::new(Severity::Warning, "a list in the reply can hold nil, and all that follows it is lost");
    Some(alarm.fix(Risk::Safe, "put false (a nil reply), 0 or '' in its place: tonumber(x) or 0"))
}

fn may_be_nil(script: &Witness, node: &Node) -> bool {
    let number_of_miss = |node: &Node| match &node.kind {
        Kind::Call(callee, arguments) if script.callee(callee) == Callee::Path("tonumber".into()) => {
            arguments.first().is_some_and(|inner| {
                let miss = |root: &Root| match root {
                    Root::Reply(name) => commands::TEXT.contains(&name.as_str()),
                    Root::Part(name) => commands::PLACES.contains(&name.as_str()),
                    _ => false,
                };
                let roots = script.roots(inner);
                !roots.is_empty() && roots.iter().all(miss) && !is_sibling_tested(script, inner)
            })
        }
        _ => false,
    };
    match &node.kind {
        Kind::Local(id) => {
            let tested = script.reads(*id).any(|place| {
                place.role == Role::Condition
                    || script.parent(place).is_some_and(|parent| match &parent.node.kind {
                        Kind::Unary(Unary::Not, _) => true,
                        Kind::Binary(op, ..) => op.is_equality() || matches!(op, Op::And | Op::Or),
                        _ => false,
                    })
            });
            let Some(local) = script.local(*id) else { return false };
            !tested && matches!(local.sources.as_slice(), [Source::Value(value)] if number_of_miss(value))
        }
        _ => number_of_miss(node),
    }
}

/// Whether another part of the same reply was tested: then the script knows that the thing is there.
fn is_sibling_tested(script: &Witness, node: &Node) -> bool {
    let Kind::Index(base, _) = &node.kind else { return false };
    let Kind::Local(id) = base.kind else { return false };
    script.reads(id).filter_map(|place| script.parent(place)).any(|part| {
        part.role == Role::Condition
            || script.parent(part).is_some_and(|outer| match &outer.node.kind {
                Kind::Unary(Unary::Not, _) => true,
                Kind::Binary(op, ..) => op.is_equality(),
                _ => false,
            })
    })
}
