//! An inspection as a document.

use super::overview::{Hits, Overview, Topology};
use super::stop::State;
use super::{Inspection, NodeReport, StopCondition};
use crate::facts::{Bytes, Count, Known, Seconds, Share};
use crate::print::{Document, Mark};
use crate::tools::verdict;

pub fn of(inspection: &Inspection) -> Document {
    let mut document = Document::new(&inspection.target);
    match inspection.nodes.as_slice() {
        [NodeReport { overview: Some(overview), .. }] => single(&mut document, overview),
        nodes => several(&mut document, inspection, nodes),
    }
    verdict::findings(&mut document, &inspection.verdict, inspection.nodes.len());
    verdict::not_checked(&mut document, &inspection.verdict);
    stop_conditions(&mut document, &inspection.stop_conditions);
    document.heading("In short");
    let (verdict, cost) = (&inspection.verdict, inspection.cost);
    let unseen = inspection.nodes.iter().filter(|node| node.overview.is_none()).count();
    let partial = if unseen > 0 {
        format!(" The report is partial: {unseen} nodes could not be looked at.")
    } else {
        String::new()
    };
    document.text(format!(
        "Checks: {} fired, {} not checked, {} clear. The look took {} commands in {} round trips, none of which writes.{partial}",
        verdict.findings.len(),
        verdict.not_checked.len(),
        verdict.clear,
        cost.commands,
        cost.round_trips,
    ));
    document
}

fn single(document: &mut Document, overview: &Overview) {
    document.pairs(summary(overview));
    let Ok(commands) = &overview.busiest_commands else { return };
    if commands.is_empty() {
        return;
    }
    document.heading("Where the server's time went between the two looks");
    let rows = commands.iter().map(|busy| {
        let p99 = busy.p99.map_or("-".into(), |p99| format!("≤ {p99}"));
        let cells = [busy.share.to_string(), busy.calls.to_string(), busy.per_call.to_string(), p99];
        [busy.command.to_string()].into_iter().chain(cells).collect()
    });
    document.table(&["command", "share", "calls", "per call", "p99 since reset"], rows.collect());
}

/// A row for each node; `--json` has the whole overview of each.
fn several(document: &mut Document, inspection: &Inspection, nodes: &[NodeReport]) {
    let uncovered = match inspection.uncovered_slots {
        Some(0) => ", every slot served".to_owned(),
        Some(slots) => format!(", {} slots without a living primary", Count(slots)),
        None => String::new(),
    };
    document.text(format!("{}, {} nodes{uncovered}", inspection.deployment, nodes.len()));
    document.heading("Nodes");
    let head = ["node", "role", "engine", "memory", "keys", "commands", "clients", "p99 of PING"];
    document.table(&head, nodes.iter().map(row).collect());
    if !inspection.sentinels.is_empty() {
        document.heading("Sentinels");
        let rows = inspection.sentinels.iter().map(|sentinel| match &sentinel.view {
            Ok(view) => {
                let (address, primary) = (sentinel.address.to_string(), view.primary.to_string());
                vec![address, primary, view.flags.to_string(), view.quorum.to_string()]
            }
            Err(why) => vec![sentinel.address.to_string(), why.clone(), String::new(), String::new()],
        });
        document.table(&["Sentinel", "says the primary is", "flags", "quorum"], rows.collect());
    }
}

fn row(node: &NodeReport) -> Vec<String> {
    let mut cells = vec![node.address.to_string(), node.role.to_string()];
    let Some(seen) = &node.overview else {
        // Why not is the evidence of a finding.
        cells.push("not seen".into());
        cells.resize(8, String::new());
        return cells;
    };
    let cell = |value: Option<String>| value.unwrap_or_else(|| "?".into());
    cells.push(cell(seen.engine.clone().ok()));
    cells.push(cell(seen.memory.as_ref().ok().map(|memory| match memory.maxmemory {
        Bytes(0) => memory.used.to_string(),
        ceiling => format!("{} of {ceiling}", memory.used),
    })));
    cells.push(cell(seen.keys.as_ref().ok().map(|keys| Count(keys.total).to_string())));
    cells.push(cell(seen.throughput.as_ref().ok().map(|now| now.commands.to_string())));
    cells.push(cell(seen.clients.as_ref().ok().map(|clients| Count(clients.connected).to_string())));
    cells.push(cell(seen.round_trip.as_ref().ok().map(|trip| trip.p99.to_string())));
    cells
}

fn stop_conditions(document: &mut Document, conditions: &[StopCondition]) {
    document.heading("Stop conditions");
    for StopCondition { condition, state, because } in conditions {
        let (mark, word) = match state {
            State::Met => (Mark::Good, "met"),
            State::NotMet => (Mark::Warning, "not met"),
            State::Unknown => (Mark::Unknown, "unknown"),
        };
        document.entry(mark, word, format!("{condition}: {because}"), Vec::new());
    }
}

/// More client libraries would not be read.
const LIBRARIES: usize = 5;

/// A line of the summary: what we know, or why we do not.
fn line<T>(name: &str, value: &Known<T>, show: impl FnOnce(&T) -> String) -> (String, String) {
    let shown = value.as_ref().map_or_else(|missing| format!("not known ({missing})"), show);
    (name.to_owned(), shown)
}

fn summary(seen: &Overview) -> Vec<(String, String)> {
    let hosting = match seen.hosting.evidence.first() {
        Some(evidence) => format!("{} ({evidence})", seen.hosting.provider),
        None => "unknown (the server shows nothing that tells)".into(),
    };
    vec![
        line("Engine", &seen.engine, |engine| match &seen.uptime_seconds {
            Ok(uptime) => format!("{engine}, up for {}", Seconds(*uptime)),
            Err(_) => engine.clone(),
        }),
        ("Hosting".into(), hosting),
        line("Topology", &seen.topology, topology),
        line("Memory", &seen.memory, |memory| {
            let ceiling = match memory.maxmemory {
                Bytes(0) => "without a ceiling".to_owned(),
                ceiling => format!("of {ceiling} maxmemory ({})", memory.used.of(ceiling)),
            };
            let overhead = memory.overhead.map(|bytes| format!(", {bytes} of it overhead")).unwrap_or_default();
            let (used, policy, resident, peak) = (memory.used, &memory.policy, memory.resident, memory.peak);
            format!("{used} {ceiling}, {policy}{overhead}; {resident} resident, peak {peak}")
        }),
        line("Keys", &seen.keys, |keys| match keys.total {
            0 => "none".into(),
            total => {
                let (databases, share) = (keys.databases, Share::of(keys.with_ttl, total));
                let databases = if databases > 1 { format!(" in {databases} databases") } else { String::new() };
                format!("{}{databases}, {share} with a TTL", Count(total))
            }
        }),
        ("Hit ratio".into(), hit_ratio(seen)),
        line("Throughput", &seen.throughput, |now| {
            format!(
                "{} commands, {}/s in, {}/s out, {} new connections, {} keys expired, {} evicted",
                now.commands, now.input, now.output, now.new_connections, now.expired, now.evicted
            )
        }),
        line("Clients", &seen.clients, |clients| {
            let most = seen.max_clients.as_ref().map(|most| format!(" of {}", Count(*most))).unwrap_or_default();
            let mut libraries: Vec<_> = clients.libraries.iter().collect();
            libraries.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
            let libraries: Vec<String> =
                libraries.into_iter().take(LIBRARIES).map(|(name, n)| format!("{name} {}", Count(*n))).collect();
            let libraries = if libraries.is_empty() { String::new() } else { format!("; {}", libraries.join(", ")) };
            format!(
                "{}{most} connected, {} blocked, {} subscribed, {} from other machines, holding {}{libraries}",
                Count(clients.connected),
                Count(clients.blocked),
                Count(clients.subscribers),
                Count(clients.remote),
                clients.memory
            )
        }),
        line("Round trip", &seen.round_trip, |trip| {
            let (min, avg, p99, max) = (trip.min, trip.avg, trip.p99, trip.max);
            format!("min {min}, avg {avg}, p99 {p99}, max {max} over {} PINGs", trip.pings)
        }),
        line("Persistence", &seen.persistence, |kept| {
            let snapshots = match &kept.save {
                None => "snapshots unknown".to_owned(),
                Some(rule) if rule.is_empty() => "no snapshots".to_owned(),
                Some(rule) => format!("snapshots ({rule})"),
            };
            let last = if kept.last_save_ok { "last one ok" } else { "last one FAILED" };
            let log = if kept.append_only { "append-only file on" } else { "no append-only file" };
            format!("{snapshots}, {last}, {} unsaved changes, {log}", Count(kept.unsaved_changes))
        }),
        line("Supports", &seen.supports, |names| {
            if names.is_empty() { "none of the newer commands we look for".into() } else { names.join(", ") }
        }),
        line("Our user", &seen.user, ToString::to_string),
    ]
}

fn topology(seen: &Topology) -> String {
    let mode = if seen.cluster { "cluster node, " } else { "" };
    let state = seen.cluster_state.as_ref().map(|state| format!(", cluster state {state}")).unwrap_or_default();
    match (&seen.primary, seen.role) {
        (_, "sentinel") => "a Sentinel: it holds no data; ask it for the primary and look there".into(),
        (Some((primary, up)), role) => {
            format!("{mode}{role} of {primary}, link {}{state}", if *up { "up" } else { "DOWN" })
        }
        (None, role) => format!("{mode}{role} with {} replicas{state}", seen.replicas),
    }
}

fn hit_ratio(seen: &Overview) -> String {
    let show = |hits: &Hits| match hits.lookups {
        0 => "no lookups".to_owned(),
        lookups => format!("{} of {} lookups", hits.ratio, Count(lookups)),
    };
    let now = seen.hits_now.as_ref().map(|hits| format!("{} in {:.1} s", show(hits), hits.seconds.unwrap_or_default()));
    let all = seen.hits_since_reset.as_ref().map(|hits| format!("{} since the counters were last reset", show(hits)));
    match (now, all) {
        (Ok(now), Ok(all)) => format!("{now}; {all}"),
        (Err(_), Ok(one)) | (Ok(one), Err(_)) => one,
        (Err(missing), Err(_)) => format!("not known ({missing})"),
    }
}
