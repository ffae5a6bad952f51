//! Each call starts the window anew.

use crate::lint::Rule;
use crate::lint::script::Command;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "window-never-ends", page: page!("rules/lua/window-never-ends.md"), check };

fn check(script: &Witness) -> Option<Alarm> {
    let always = |command: &Command| script.place(command.place).is_some_and(|place| place.branches == 0);
    let renewed = script.named(&["EXPIRE", "PEXPIRE"]).filter(|expire| {
        let options = ["NX", "XX", "GT", "LT"].iter().any(|option| expire.has(option));
        let counts = |incr: &&Command| always(incr) && script.same_key(incr, expire) && incr.compared;
        always(expire) && !options && script.named(&["INCR", "INCRBY"]).any(|incr| counts(&incr))
    });
    script.point_at(renewed.map(|command| command.node.span))?;
    let alarm = Alarm::new(
        Severity::Warning,
        "every call renews the expiry of a counter, and under steady calls the window never ends",
    );
    Some(alarm.fix(Risk::Review, "set the expiry with the first count only: if count == 1 then EXPIRE"))
}
