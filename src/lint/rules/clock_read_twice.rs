//! It reads the clock again and expects it to have moved.

use crate::lint::Rule;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "clock-read-twice", page: page!("rules/lua/clock-read-twice.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let reads: Vec<_> =
        script.named(&["TIME"]).filter_map(|command| Some((command, script.place(command.place)?))).collect();
    let looped = reads.iter().filter(|(_, place)| !place.loops.is_empty()).map(|(command, _)| command.node.span);
    let again = reads.iter().filter(|(_, place)| place.branches == 0).skip(1).map(|(command, _)| command.node.span);
    script.point_at(looped.chain(again))?;
    let alarm = Alarm::new(
        Severity::Warning,
        "TIME is read more than once, and stands still inside of a script from Redis 7.2 on",
    );
    Some(alarm.fix(Risk::Safe, "read it once at the top, and measure durations outside"))
}
