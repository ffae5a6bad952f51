//! A limiter counts entries, and never takes old ones out.

use crate::lint::Rule;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "limiter-never-trims", page: page!("rules/lua/limiter-never-trims.md"), check };

const TRIMS: [&str; 8] =
    ["ZREMRANGEBYSCORE", "ZREMRANGEBYRANK", "ZREMRANGEBYLEX", "ZPOPMIN", "ZPOPMAX", "ZREM", "ZCOUNT", "DEL"];

fn check(script: &Witness) -> Option<Alarm> {
    if script.calls_any(&TRIMS) {
        return None;
    }
    let counts = script
        .named(&["ZCARD"])
        .filter(|count| count.compared && script.named(&["ZADD"]).any(|add| script.same_key(count, add)));
    script.point_at(counts.map(|command| command.node.span))?;
    let alarm =
        Alarm::new(Severity::Critical, "it counts the entries of a window, and never removes those that left it");
    Some(alarm.fix(Risk::Review, "ZREMRANGEBYSCORE key 0 (now - window) before ZCARD"))
}
