//! Entries go into streams with consumer groups, and no group finishes them.

use crate::facts::{CommandUse, Count, Growth, Missing, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "stream-unacknowledged",
    page: page!("rules/keyspace/stream-unacknowledged.md"),
    check: Check::Server(check),
};

/// Entries per second from which somebody should be done with one in the meantime (judgement).
const STEADY: f64 = 10.0;
/// A shorter look may fall between two acknowledgements: a second, less the play of two clocks (judgement).
const LONG_ENOUGH: f64 = 0.95;

fn check(server: &Witness) -> Checked {
    let recent = server.recent_commands()?;
    let seconds = server.interval()?;
    if seconds < LONG_ENOUGH {
        return Err(Missing::new("commandstats", "it needs two looks at least 1 s apart"));
    }
    let added = Growth { by: calls(&recent, "xadd"), seconds };
    server.note("INFO", &format!("cmdstat_xadd calls in {seconds:.1} s"), format!("+{}", Count(added.by)));
    if added.rate().0 < STEADY || calls(&recent, "xack") + calls(&recent, "xackdel") > 0 {
        return Ok(None);
    }
    let ever = server.commands()?;
    let (reads, acks) = (calls(&ever, "xreadgroup"), calls(&ever, "xack") + calls(&ever, "xackdel"));
    server.note("INFO", "cmdstat_xreadgroup calls", Count(reads));
    server.note("INFO", "cmdstat_xack and cmdstat_xackdel calls", Count(acks));
    if reads == 0 {
        return Ok(None);
    }
    // Consumers that never acknowledged may read with NOACK; those that stopped did not.
    let severity = if acks > 0 { Severity::Warning } else { Severity::Notice };
    let says = format!(
        "{} stream entries are added; 0 were acknowledged in {seconds:.1} s, {} since the counters were last reset",
        added.rate(),
        Count(acks)
    );
    Ok(Some(
        Alarm::new(severity, says)
            .fix(Risk::Safe, "find the group: XINFO GROUPS <stream> (lag, pending), then XPENDING <stream> <group>")
            .fix(Risk::Review, "mend its consumers; XAUTOCLAIM gives them what the dead ones left"),
    ))
}

fn calls(of: &[CommandUse], name: &str) -> u64 {
    of.iter().filter(|command| command.name == name).map(|command| command.calls).sum()
}
