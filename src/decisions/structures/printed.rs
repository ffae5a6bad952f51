//! The tables as a page of the handbook.

use std::fmt::Write as _;

use super::commands::DEPRECATED;
use super::hosting;
use super::messaging::{Channel, MESSAGING};
use super::need::Need;
use super::serves::{Fit, MATRIX};
use super::structure::{Module, Structure};
use super::{SCENARIOS, Scenario};

/// The body of `structures.md`.
pub fn page() -> String {
    let mut out = String::from(
        "`recommend_structure` takes these tables: of the structures that serve all needs on the server at hand it takes \
         the one with the least work, whose needed calls do not grow with the data, and that takes the fewest bytes. With \
         `compact` bytes come first. It says what would change the answer by trying single changes.\n",
    );
    uses(&mut out);
    structures(&mut out);
    hosted(&mut out);
    matrix(&mut out);
    messaging(&mut out);
    deprecated(&mut out);
    out
}

fn head(out: &mut String, title: &str, about: &str, cells: &[&str]) {
    // Writing to a String does not fail, here and below.
    let _ = write!(out, "\n## {title}\n\n{about}| {} |\n|{}\n", cells.join(" | "), "---|".repeat(cells.len()));
}

fn row(out: &mut String, cells: &[String]) {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn uses(out: &mut String) {
    head(
        out,
        "Uses",
        "Each page has the needs, the names of the keys, a session that the tests replay, pitfalls, and what changes the structure.\n\n",
        &["use", "structure", "first key", "other structures, given"],
    );
    for scenario in SCENARIOS {
        let flips = scenario.flips();
        let name = |pick: Option<Structure>| pick.map_or("nothing", Structure::id);
        let base = flips.first().and_then(|flip| flip.pick);
        let others = flips.iter().skip(1).filter(|flip| flip.pick != base);
        let others: Vec<String> =
            others.map(|flip| format!("{}: `{}`", name(flip.pick), flip.given.join(" "))).collect();
        let key = scenario.keys().first().map_or_else(String::new, |key| format!("`{}`", key.pattern));
        row(out, &[link(scenario), name(base).to_owned(), key, others.join("; ")]);
    }
}

fn link(scenario: &Scenario) -> String {
    format!("[{}]({})", scenario.page.title(), scenario.page.path)
}

fn structures(out: &mut String) {
    head(
        out,
        "Structures",
        "A module comes with the official builds of Redis 8.0; before, and on Valkey, it is loaded. Packages of distributions \
         may lack it.\n\n",
        &["structure", "what it is", "since", "module", "in a cluster", "mind"],
    );
    for structure in Structure::ALL {
        let facts = structure.facts();
        let module = facts.module.map_or("-", Module::id);
        let cells = [facts.id, facts.title, &facts.since.to_string(), module, facts.cluster, facts.note];
        row(out, &cells.map(str::to_owned));
    }
}

fn hosted(out: &mut String) {
    head(
        out,
        "Hosting",
        "What needs no module is there everywhere, as far as the version has it. Modules by the documentation of each \
         service; what it does not tell is not known.\n\n",
        &["service", "json", "search", "bloom", "timeseries", "vectors"],
    );
    for provider in hosting::SERVICES {
        let cells = Module::ALL.into_iter().map(|module| hosting::offer(provider, module).to_string());
        row(out, &[provider.to_string()].into_iter().chain(cells).collect::<Vec<_>>());
    }
}

fn matrix(out: &mut String) {
    head(
        out,
        "Needs",
        "Every structure but Pub/Sub serves `expire` and `kept` too. N elements in the key, M in the answer.\n\n",
        &["need", "structure", "commands", "cost", "since", "work of yours"],
    );
    for need in Need::ALL {
        for serves in MATRIX.iter().filter(|row| row.need == need) {
            let calls: Vec<String> = serves.calls.iter().map(|call| format!("`{call}`")).collect();
            let work = if serves.fit == Fit::Work { serves.note } else { "-" };
            let cells = [need.id(), serves.structure.id(), &calls.join(" "), &serves.cost().to_string()];
            let rest = [serves.since().to_string(), work.to_owned()];
            row(out, &cells.map(str::to_owned).into_iter().chain(rest).collect::<Vec<_>>());
        }
    }
}

fn messaging(out: &mut String) {
    head(out, "Messages", "", &["way", "loss", "duplicates", "order", "replay", "fan-out", "back-pressure", "cost"]);
    for channel in Channel::ALL {
        let promises = channel.guarantees();
        let rest = [
            promises.loss,
            promises.duplicates,
            promises.order,
            promises.replay,
            promises.fan_out,
            promises.back_pressure,
            promises.cost,
        ];
        row(out, &[channel.to_string()].into_iter().chain(rest.map(str::to_owned)).collect::<Vec<_>>());
    }
    let table = MESSAGING.printed();
    let _ = write!(
        out,
        "\n{} The first row that holds decides.\n\n| when | take | because |\n|---|---|---|\n",
        table.question
    );
    table.rows.iter().for_each(|cells| row(out, cells));
}

fn deprecated(out: &mut String) {
    head(out, "Replaced commands", "", &["command", "instead", "since Redis"]);
    for (name, by, (major, minor)) in DEPRECATED {
        row(out, &[format!("`{name}`"), format!("`{by}`"), format!("{major}.{minor}")]);
    }
}
