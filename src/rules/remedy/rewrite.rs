//! Turns a step that a service would refuse into the one that it offers.

use super::Service;

/// A command that this server hides, and where its answer is seen.
type Hidden = (&'static str, &'static str);

/// The step as it can be carried out on the service; `None` when there it needs none.
pub fn step(service: &Service, hidden: &[&Hidden], step: &str) -> Option<String> {
    let Some(refused) = first_refused(service, hidden, step) else { return Some(step.to_owned()) };
    let way = refused.way?;
    // What stood before the command says what for; what came after it was said of the command.
    Some(match refused.purpose {
        "" => way,
        purpose => format!("{purpose}: {way}"),
    })
}

/// A command in a step that the service does not run.
struct Refused<'a> {
    at: usize,
    purpose: &'a str,
    way: Option<String>,
}

fn first_refused<'a>(service: &Service, hidden: &[&Hidden], step: &'a str) -> Option<Refused<'a>> {
    let instead = service.instead.iter().filter(|(key, _)| key.starts_with(|c: char| c.is_ascii_uppercase()));
    let instead = instead.filter_map(|(key, way)| {
        let at = step.find(key)?;
        // A step that reads a path goes on to the machine, where the user of a service cannot follow.
        let purpose = if *key == "CONFIG GET" { "" } else { purpose(step.get(..at)?) };
        Some(Refused { at, purpose, way: (!way.is_empty()).then(|| (*way).to_owned()) })
    });
    let hidden = hidden.iter().filter_map(|(command, seen)| {
        let at = command_at(step, command)?;
        Some(Refused { at, purpose: purpose(step.get(..at)?), way: Some((*seen).to_owned()) })
    });
    // Of a container and its subcommand at the same place the table of ways is asked first.
    config_set(service, step).into_iter().chain(instead).chain(hidden).min_by_key(|refused| refused.at)
}

/// Where a step names a command. A container counts with a subcommand only: `CONFIG GET`, but not `in CONFIG, which`.
fn command_at(step: &str, command: &str) -> Option<usize> {
    let words = command.replace('|', " ").to_uppercase();
    let names_one = |at: usize| {
        let rest = step.get(at + words.len()..).and_then(|rest| rest.strip_prefix(' '));
        command.contains('|') || rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    step.match_indices(&words).map(|(at, _)| at).find(|at| names_one(*at))
}

/// What a step says before its command, when it says what the command is for: `free the big ones: `, `raise it (`.
fn purpose(before: &str) -> &str {
    let before = before.trim_end();
    before.strip_suffix([':', '(', ',']).unwrap_or("").trim_end()
}

const CONFIG_SET: &str = "CONFIG SET ";

fn config_set<'a>(service: &Service, step: &'a str) -> Option<Refused<'a>> {
    let at = step.find(CONFIG_SET)?;
    let (before, rest) = (step.get(..at)?, step.get(at + CONFIG_SET.len()..)?);
    let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '-')).unwrap_or(rest.len());
    let (name, rest) = rest.split_at(end);
    if service.allows.contains(&name) {
        return None;
    }
    if let Some((_, way)) = service.instead.iter().find(|(key, _)| *key == name) {
        // A way of its own says what it does: what is in brackets here was an aside to another way.
        let purpose = if before.ends_with('(') { "" } else { purpose(before) };
        return Some(Refused { at, purpose, way: (!way.is_empty()).then(|| (*way).to_owned()) });
    }
    let way = if service.settable.contains(&name) {
        let set = service.set.replace("{name}", name).replace("{name_}", &name.replace('-', "_"));
        set.replace("{value}", &value(rest))
    } else {
        format!("set {name} to {} in {}, if it is offered there", value(rest), service.place)
    };
    Some(Refused { at, purpose: purpose(before), way: Some(way) })
}

/// The value behind the name, quoted where a shell would need it.
fn value(rest: &str) -> String {
    let rest = rest.trim_start();
    let quoted = rest.strip_prefix('"').and_then(|rest| rest.split('"').next());
    let value = quoted.unwrap_or_else(|| rest.split([',', ';', ':', ')', ' ']).next().unwrap_or(""));
    match (quoted, value) {
        (None, "") => "VALUE".to_owned(),
        (_, value) if value.is_empty() || value.contains(' ') => format!("\"{value}\""),
        (_, value) => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Provider;

    const SERVICE: Service = Service {
        provider: Provider::ElastiCache,
        hides: &[
            ("config|get", "the console shows it"),
            ("memory", "a graph shows it"),
            ("latency|latest", "the metrics show it"),
        ],
        place: "the console",
        set: "set {name} or {name_} to {value}",
        settable: &["slow-log", "save", "events", "backlog"],
        allows: &["free"],
        instead: &[
            ("maxmemory", "take a larger node"),
            ("BGSAVE", "make a backup"),
            ("CONFIG REWRITE", ""),
            ("CONFIG GET", "read the events"),
        ],
        sources: &[],
    };

    #[test]
    fn a_refused_step_becomes_the_one_that_the_service_offers() {
        let cases = [
            ("read the log", Some("read the log")),
            ("CONFIG SET slow-log 100, which is the default", Some("set slow-log or slow_log to 100")),
            ("or snapshots: CONFIG SET save \"3600 1\"", Some("or snapshots: set save or save to \"3600 1\"")),
            ("CONFIG SET events \"\"", Some("set events or events to \"\"")),
            ("make it longer (CONFIG SET backlog)", Some("make it longer: set backlog or backlog to VALUE")),
            ("CONFIG SET free 1, as before", Some("CONFIG SET free 1, as before")),
            ("make room (CONFIG SET maxmemory)", Some("take a larger node")),
            ("if full: CONFIG SET maxmemory 1", Some("if full: take a larger node")),
            ("CONFIG SET rare 1", Some("set rare to 1 in the console, if it is offered there")),
            ("BGSAVE, once the reason is gone", Some("make a backup")),
            ("then CONFIG REWRITE, so that it lasts", None),
            ("CONFIG SET slow-log 1, and CONFIG REWRITE", Some("set slow-log or slow_log to 1")),
            ("compare: CONFIG GET dir, df", Some("read the events")),
            ("now and then: MEMORY PURGE", Some("now and then: a graph shows it")),
            ("whether it is, MEMORY knows", Some("whether it is, MEMORY knows")),
            ("CONFIG SET rare", Some("set rare to VALUE in the console, if it is offered there")),
            ("see LATENCY LATEST", Some("the metrics show it")),
            ("see LATENCY HISTORY fork", Some("see LATENCY HISTORY fork")),
        ];
        let hidden: Vec<&Hidden> = SERVICE.hides.iter().collect();
        for (before, after) in cases {
            assert_eq!(step(&SERVICE, &hidden, before).as_deref(), after, "{before}");
        }
        assert_eq!(step(&SERVICE, &[], "see LATENCY LATEST").as_deref(), Some("see LATENCY LATEST"), "it did answer");
    }
}
