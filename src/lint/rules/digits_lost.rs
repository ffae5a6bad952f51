//! A large number loses digits when it becomes text.

use crate::lint::Rule;
use crate::lint::script::Callee;
use crate::lint::tree::{Kind, Node, Op};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "digits-lost", page: page!("rules/lua/digits-lost.md"), check };

/// Lua 5.1 writes numbers by %.14g (LUAI_NUMFFORMAT in luaconf.h).
const DIGITS: f64 = 1e14;

fn check(script: &Witness) -> Option<Alarm> {
    let large = |node: &Node| script.largest(node).is_some_and(|number| number >= DIGITS);
    let turned = script.places.iter().flat_map(|place| match &place.node.kind {
        Kind::Binary(Op::Concat, a, b) => [a, b].into_iter().filter(|node| large(node)).collect(),
        Kind::Call(callee, arguments) => match script.callee(callee) {
            Callee::Path(path) if ["tostring", "cjson.encode", "table.concat"].contains(&path.as_str()) => {
                let inner = arguments.iter().flat_map(|node| std::iter::once(node).chain(node.children()));
                inner.filter(|node| large(node)).collect()
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    });
    script.point_at(turned.map(|node| node.span))?;
    let alarm =
        Alarm::new(Severity::Warning, "a number of more than 14 digits becomes text, and Lua writes 14 of them");
    Some(alarm.fix(Risk::Review, "string.format('%.0f', x), or pass the number to redis.call as it is"))
}
