//! A text is compared as if it were a number.

use crate::lint::Rule;
use crate::lint::tree::Kind;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule =
    Rule { id: "text-compared-with-number", page: page!("rules/lua/text-compared-with-number.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let pairs = script.places.iter().filter_map(|place| match &place.node.kind {
        Kind::Binary(op, a, b) if op.is_order() || op.is_equality() => Some((place, *op, a, b)),
        _ => None,
    });
    let (mut mixed, mut texts) = (Vec::new(), Vec::new());
    for (place, op, a, b) in pairs {
        if script.is_text(a) && script.is_number(b) || script.is_number(a) && script.is_text(b) {
            mixed.push(place.node.span);
        } else if op.is_order() && script.is_text(a) && script.is_text(b) {
            texts.push(place.node.span);
        }
    }
    let fix = |alarm: Alarm| Some(alarm.fix(Risk::Safe, "tonumber(x) on both sides"));
    if script.point_at(mixed).is_some() {
        return fix(Alarm::new(Severity::Critical, "a text is compared with a number: < and > fail, == never holds"));
    }
    script.point_at(texts)?;
    fix(Alarm::new(Severity::Warning, "two texts are compared by their letters, and '10' comes before '9'"))
}
