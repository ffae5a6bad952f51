//! It reads a collection as a whole, however large it is.

use crate::lint::Rule;
use crate::lint::script::Command;
use crate::lint::witness::Witness;
use crate::page;
use crate::rules::{Alarm, Risk, Severity};

pub const RULE: Rule = Rule { id: "unbounded-read", page: page!("rules/lua/unbounded-read.md"), check };

const WHOLE: [&str; 10] =
    ["SMEMBERS", "HGETALL", "HKEYS", "HVALS", "SUNION", "SINTER", "SDIFF", "ZUNION", "ZINTER", "ZDIFF"];
const RANGES: [&str; 4] = ["LRANGE", "ZRANGE", "ZREVRANGE", "XRANGE"];
const BY_SCORE: [&str; 4] = ["ZRANGEBYSCORE", "ZREVRANGEBYSCORE", "ZRANGEBYLEX", "SORT"];

fn check(script: &Witness) -> Option<Alarm> {
    let trimmed = |read: &Command| script.named(&["HDEL", "LTRIM"]).any(|trim| script.same_key(trim, read));
    let reads = script.commands.iter().filter(|command| is_unbounded(command) && !trimmed(command));
    let reads: Vec<_> = reads.collect();
    script.point_at(reads.iter().map(|command| command.node.span))?;
    // A hash is an object more often than a collection.
    let objects = reads.iter().all(|command| command.is(&["HGETALL", "HKEYS", "HVALS"]));
    let severity = if objects { Severity::Notice } else { Severity::Warning };
    let word = reads.first().map(|command| command.word()).unwrap_or_default();
    let alarm = Alarm::new(severity, format!("{word} reads a whole collection, and its size is up to the data"));
    Some(alarm.fix(Risk::Review, "read a bounded part (LIMIT, COUNT, a range), and the rest in the next call"))
}

/// Whether a command reads all there is.
pub fn is_unbounded(command: &Command) -> bool {
    let bounded = command.has("LIMIT") || command.has("COUNT");
    let from_to = |from: &str, to: &str| {
        let at = |at: usize, word: &str| {
            command.arguments.get(at).is_some_and(|node| {
                node.text() == Some(word) || node.number().is_some_and(|number| number.to_string() == word)
            })
        };
        at(1, from) && at(2, to)
    };
    let whole_range = from_to("0", "-1") || from_to("-", "+") || command.has("BYSCORE") || command.has("BYLEX");
    command.is(&WHOLE) || !bounded && (command.is(&BY_SCORE) || command.is(&RANGES) && whole_range)
}
