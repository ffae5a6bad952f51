//! It reads a key or an argument that the call does not pass.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::places::{Place, Role};
use crate::lint::tree::{Kind, Op, Unary};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "index-beyond-call", page: page!("rules/lua/index-beyond-call.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let (mut never, mut beyond) = (Vec::new(), Vec::new());
    for place in &script.places {
        let Kind::Index(base, _) = &place.node.kind else { continue };
        let roots = script.roots(&place.node);
        let (n, passed) = match (base.path().as_deref(), roots.as_slice()) {
            (Some("KEYS"), [Root::Key(Some(n))]) => (*n, script.about.keys),
            (Some("ARGV"), [Root::Argument(Some(n))]) => (*n, script.about.args),
            _ => continue,
        };
        if n == 0 {
            never.push(place.node.span);
        } else if passed.is_some_and(|passed| n > passed) && !is_optional(script, place) {
            beyond.push(place.node.span);
        }
    }
    if script.point_at(never).is_some() {
        let alarm = Alarm::new(Severity::Critical, "KEYS and ARGV start at 1, and their place 0 is nil");
        return Some(alarm.fix(Risk::Safe, "count from 1"));
    }
    script.point_at(beyond)?;
    let passed = |count: Option<usize>, word| {
        count.map_or(format!("an unknown number of {word}s"), |count| match count {
            1 => format!("1 {word}"),
            count => format!("{count} {word}s"),
        })
    };
    let says = format!(
        "the call passes {} and {}, and the script reads further",
        passed(script.about.keys, "key"),
        passed(script.about.args, "argument")
    );
    Some(
        Alarm::new(Severity::Critical, says)
            .fix(Risk::Review, "pass all that the script reads, or give a default: ARGV[3] or '0'"),
    )
}

/// Whether the script is prepared for nil.
fn is_optional(script: &Witness, place: &Place) -> bool {
    let tested = |place: &Place| {
        place.role == Role::Condition
            || script.parent(place).is_some_and(|parent| match &parent.node.kind {
                Kind::Binary(op, a, b) => {
                    matches!(op, Op::Or | Op::And) || matches!(a.kind, Kind::Nil) || matches!(b.kind, Kind::Nil)
                }
                Kind::Unary(Unary::Not, _) => true,
                // tonumber(ARGV[3]) or 0
                Kind::Call(..) => {
                    script.parent(parent).is_some_and(|outer| matches!(outer.node.kind, Kind::Binary(Op::Or, ..)))
                }
                _ => false,
            })
    };
    tested(place) || script.holder(&place.node).is_some_and(|id| script.reads(id).any(tested))
}
