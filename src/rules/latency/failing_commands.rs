//! The application asks for what the server must refuse, again and again.

use crate::facts::{Count, Growth, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "failing-commands", page: page!("rules/latency/failing-commands.md"), check: Check::Server(check) };

/// Fewer in one look are typing errors (judgement).
const FEW: u64 = 10;
/// Errors per second that are not a person's typing (judgement).
const STEADY: f64 = 1.0;
/// One error for a hundred commands: part of the traffic, not an accident (judgement).
const PART: u64 = 100;
/// The rest is the long tail.
const NAMED: usize = 5;

fn check(server: &Witness) -> Checked {
    let errors = server.growth("total_error_replies")?;
    let not_ours = errors.by.saturating_sub(server.own_errors()?);
    if not_ours < FEW || (Growth { by: not_ours, ..errors }).rate().0 < STEADY {
        return Ok(None);
    }
    // Commands that are refused before they run (NOAUTH, OOM, MOVED) are not counted here.
    let commands = server.growth("total_commands_processed")?;
    if not_ours.saturating_mul(PART) < commands.by {
        return Ok(None);
    }
    let mut codes = server.recent_errors()?;
    codes.sort_by_key(|error| std::cmp::Reverse(error.count));
    let named: Vec<String> =
        codes.iter().take(NAMED).map(|error| format!("{} {}", error.code, Count(error.count))).collect();
    let named = if named.is_empty() { "of kinds it does not name".into() } else { named.join(", ") };
    server.note("INFO", &format!("errorstats in {:.1} s", errors.seconds), &named);
    let says = format!(
        "the server answers with errors at {}, while it runs commands at {}: {named}",
        errors.rate(),
        commands.rate()
    );
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(Risk::Safe, "find the command: failed_calls and rejected_calls in two calls of INFO commandstats")
            .fix(Risk::Review, "mend the caller; the table on the page of the rule says what each code means"),
    ))
}
