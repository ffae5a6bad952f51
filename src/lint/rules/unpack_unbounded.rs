//! A list of unknown length becomes arguments.

use super::unbounded_read;
use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::tree::{Kind, Node, Unary};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "unpack-unbounded", page: page!("rules/lua/unpack-unbounded.md"), check };

const LISTS: [&str; 9] =
    ["SMEMBERS", "HGETALL", "HKEYS", "HVALS", "LRANGE", "ZRANGE", "ZRANGEBYSCORE", "KEYS", "SUNION"];

fn check(script: &Witness) -> Option<Alarm> {
    let bounded = |name: &str| script.named(&[name]).all(|command| !unbounded_read::is_unbounded(command));
    let (mut data, mut caller) = (Vec::new(), Vec::new());
    for (place, arguments) in script.calls("unpack") {
        let [list] = arguments else { continue };
        for root in script.roots(list) {
            match root {
                Root::Reply(name) if LISTS.contains(&name.as_str()) && (name == "KEYS" || !bounded(&name)) => {
                    data.push(place.node.span)
                }
                Root::AllArguments | Root::AllKeys if !is_measured(script, script.slice(list.span)) => {
                    caller.push(place.node.span)
                }
                Root::Table if !is_measured(script, script.slice(list.span)) && is_filled(script, list, &bounded) => {
                    data.push(place.node.span)
                }
                _ => {}
            }
        }
    }
    if script.point_at(data).is_some() {
        let alarm = Alarm::new(Severity::Warning, "unpack of a list whose length is up to the data fails beyond 7999");
        return Some(
            alarm.fix(Risk::Review, "go through it in pieces: unpack(list, from, math.min(from + 4999, #list))"),
        );
    }
    script.point_at(caller)?;
    let alarm = Alarm::new(Severity::Notice, "unpack of all that the caller passes fails beyond 7999 values");
    Some(alarm.fix(Risk::Review, "go through it in pieces: unpack(list, from, math.min(from + 4999, #list))"))
}

/// Whether the script compares the length of a list with something.
fn is_measured(script: &Witness, list: &str) -> bool {
    // Whether there is anything at all says nothing of how much.
    let bound = |node: &Node| node.number().is_none_or(|number| number > 1.0);
    script.places.iter().any(|place| match &place.node.kind {
        Kind::Unary(Unary::Length, inner) if script.slice(inner.span) == list => {
            script.parent(place).is_some_and(|parent| match &parent.node.kind {
                Kind::Binary(op, a, b) => (op.is_order() || op.is_equality()) && bound(a) && bound(b),
                _ => false,
            })
        }
        _ => false,
    })
}

/// Whether it is filled from a list whose length is up to others.
fn is_filled(script: &Witness, list: &Node, bounded: &dyn Fn(&str) -> bool) -> bool {
    let Kind::Local(id) = list.kind else { return false };
    let Some(local) = script.local(id) else { return false };
    let values = local.stored.iter().filter(|(key, _)| key.as_ref().is_none_or(|key| key.text().is_none()));
    values.flat_map(|(_, value)| script.roots(value)).any(|root| match root {
        Root::Part(name) => LISTS.contains(&name.as_str()) && !bounded(&name),
        Root::Argument(None) => !is_measured(script, "ARGV"),
        Root::Key(None) => !is_measured(script, "KEYS"),
        _ => false,
    })
}
