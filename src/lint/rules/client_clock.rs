//! The time comes from the caller, although the server has a clock.

use crate::lint::Rule;
use crate::lint::origin::Root;
use crate::lint::tree::{Kind, Node, Source};
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "client-clock", page: page!("rules/lua/client-clock.md"), check };

const NAMES: [&str; 12] = [
    "now",
    "nowms",
    "nowus",
    "time",
    "timestamp",
    "ts",
    "clock",
    "currenttime",
    "currenttimestamp",
    "currentms",
    "nowsec",
    "currenttimems",
];

fn check(script: &Witness) -> Option<Alarm> {
    let from_caller = |node: &Node| match &node.kind {
        Kind::Call(_, arguments) => arguments.first().is_some_and(|node| is_argument(script, node)),
        _ => is_argument(script, node),
    };
    let named =
        script.tree.locals.iter().filter(|local| NAMES.contains(&local.name.replace('_', "").to_lowercase().as_str()));
    let clocks = named.flat_map(|local| &local.sources).filter_map(|source| match source {
        Source::Value(node) if from_caller(node) => Some(node.span),
        _ => None,
    });
    // A limiter counts entries; its scores are moments.
    let limits = script.calls_any(&["ZCARD"]) && script.calls_any(&["EXPIRE", "PEXPIRE"]);
    let scores = script.named(&["ZADD"]).filter_map(|add| add.arguments.iter().rev().nth(1)).filter(|_| limits);
    let scores = scores.filter(|node| from_caller(node)).map(|node| node.span);
    script.point_at(clocks.chain(scores))?;
    let alarm = Alarm::new(Severity::Warning, "the time comes from the caller, and the clocks of callers differ");
    Some(
        alarm.fix(Risk::Review, "local t = redis.call('TIME'): one clock for all callers, in seconds and microseconds"),
    )
}

fn is_argument(script: &Witness, node: &Node) -> bool {
    script.roots(node).iter().any(|root| matches!(root, Root::Argument(_)))
}
