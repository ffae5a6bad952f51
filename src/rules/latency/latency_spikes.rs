//! The server's own latency monitor recorded stalls in the last day.

use super::{DAY, NOTICED, TIMEOUT};
use crate::facts::{LatencyEvent, Micros, Missing, Seconds, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "latency-spikes", page: page!("rules/latency/latency-spikes.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    let events = server.latency_events()?;
    if events.is_empty() && server.number("latency-monitor-threshold")? == 0 {
        return Err(Missing::new("LATENCY LATEST", "latency-monitor-threshold is 0, so no spike is recorded"));
    }
    let mut spikes: Vec<&LatencyEvent> = events.iter().filter(|event| Micros::ms(event.worst_ms) > NOTICED).collect();
    if spikes.is_empty() {
        return Ok(None);
    }
    let now = server.now()?;
    spikes.retain(|event| event.at + DAY >= now);
    for event in &spikes {
        server.note(
            "LATENCY LATEST",
            &event.event.to_string(),
            format!("{} ms, at worst {} ms", event.latest_ms, event.worst_ms),
        );
    }
    // The latest spike has a date, the worst one has none: it may be as old as the server.
    let Some(event) = spikes.iter().max_by_key(|event| (event.latest_ms, event.worst_ms)) else {
        return Ok(None);
    };
    let severity = match Micros::ms(event.latest_ms) {
        latest if latest > TIMEOUT => Severity::Critical,
        latest if latest > NOTICED => Severity::Warning,
        _ => Severity::Notice,
    };
    let says = format!(
        "{} stalled the server for {}, {} ago; its worst on record is {}",
        event.event,
        Micros::ms(event.latest_ms),
        Seconds(now.saturating_sub(event.at)),
        Micros::ms(event.worst_ms)
    );
    Ok(Some(
        Alarm::new(severity, says)
            .fix(
                Risk::Safe,
                format!("LATENCY HISTORY {} dates its spikes, LATENCY DOCTOR comments on them", event.event),
            )
            .fix(Risk::Review, "the remedy for this event, in the table on the page of the rule"),
    ))
}
