//! The first line is one that a server refuses.

use crate::lint::Rule;
use crate::lint::header::FLAGS;
use crate::lint::tree::Span;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "header-not-understood", page: page!("rules/lua/header-not-understood.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let header = script.header.as_ref()?;
    let first = Span { start: 0, end: script.text.lines().next().unwrap_or("").len(), line: 1 };
    let library = script.calls("redis.register_function").next().is_some();
    let strange = header.strange.iter().any(|word| !(library && word.starts_with("name=")));
    let says = match header.engine != "lua" || strange {
        true => "the first line is not one that a server understands",
        false if script.runs_before((7, 0), (0, 0)) => "the first line came with Redis 7.0, and this server is older",
        false => return None,
    };
    script.point_at([first])?;
    let alarm = Alarm::new(Severity::Critical, says);
    Some(
        alarm.fix(
            Risk::Safe,
            format!("#!lua flags= with {}, by commas and no spaces; or no such line", FLAGS.join(", ")),
        ),
    )
}
