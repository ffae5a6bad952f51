//! An empty list becomes `{}` in JSON.

use crate::lint::Rule;
use crate::lint::script::Callee;
use crate::lint::tree::{Kind, Node, Source, Unary};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "empty-array-encoded", page: page!("rules/lua/empty-array-encoded.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let lists = script.calls("cjson.encode").filter_map(|(place, arguments)| {
        let value = arguments.first()?;
        may_be_empty(script, value).then_some(place.node.span)
    });
    script.point_at(lists)?;
    let alarm = Alarm::new(Severity::Warning, "an empty table is encoded as {}, where readers expect []");
    Some(alarm.fix(Risk::Safe, "if #list == 0 write '[]' yourself, and encode otherwise"))
}

fn may_be_empty(script: &Witness, value: &Node) -> bool {
    let decoded = |node: &Node| matches!(&node.kind, Kind::Call(callee, _) if script.callee(callee) == Callee::Path("cjson.decode".into()));
    let empty = |node: &Node| matches!(&node.kind, Kind::Table(items) if items.is_empty());
    let Kind::Local(id) = value.kind else { return decoded(value) || empty(value) };
    let Some(local) = script.local(id) else { return false };
    let measured = script.reads(id).any(|place| {
        script.parent(place).is_some_and(|parent| match &parent.node.kind {
            // The length that only tells the next place is no test.
            Kind::Unary(Unary::Length, _) => script.parent(parent).is_some_and(
                |outer| matches!(&outer.node.kind, Kind::Binary(op, ..) if op.is_order() || op.is_equality()),
            ),
            Kind::Call(callee, _) => script.callee(callee) == Callee::Path("next".into()),
            _ => false,
        })
    });
    let list = local.stored.iter().all(|(key, _)| key.as_ref().is_none_or(|key| key.text().is_none()));
    let is = |test: &dyn Fn(&Node) -> bool| {
        local.sources.iter().any(|source| matches!(source, Source::Value(node) if test(node)))
    };
    !measured && (is(&decoded) || is(&empty) && list)
}
