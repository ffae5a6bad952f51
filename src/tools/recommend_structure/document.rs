//! The answers as documents.

use super::answer::{Answer, Asked, Conflict, Messaging, Recommendation, RefusalRow, Refused, ScriptRow, UseRow};
use crate::facts::Foreign;
use crate::print::{Document, Mark};

const FROM_THE_PAGE: &str = " (examples of the page where you said nothing)";
const FROM_THE_KEYS: &str = " (of your keys, and examples of the page for the rest)";

pub fn of(answer: &Answer) -> Document {
    match answer {
        Answer::Structure(recommendation) => structure(recommendation),
        Answer::Refused { use_case, refusals, uses } => refusal(use_case, refusals, uses),
        Answer::Conflict(conflict) => self::conflict(conflict),
        Answer::Candidates { use_case, candidates } => several(use_case, candidates),
        Answer::Unknown { use_case, uses } => unknown(use_case, uses),
    }
}

fn asked(document: &mut Document, asked: &Asked, page: Option<&String>) {
    let from = match (asked.use_case, asked.present.as_ref().and_then(|present| present.found.as_ref())) {
        (_, Some(_)) => FROM_THE_KEYS,
        (Some(_), None) => FROM_THE_PAGE,
        (None, None) => "",
    };
    let mut lines = vec![
        ("For".to_owned(), asked.server.clone()),
        ("Needs".to_owned(), asked.needs.join(", ")),
        ("Sizes".to_owned(), format!("{}{from}", asked.sizes)),
    ];
    if !asked.ignored.is_empty() {
        let words: Vec<String> = asked.ignored.iter().map(ToString::to_string).collect();
        lines.push(("Not understood".into(), format!("{}: name it by needs if it matters", words.join(", "))));
    }
    lines.extend(asked.read.iter().map(|says| ("Read".to_owned(), says.clone())));
    lines.extend(asked.hosting.iter().map(|says| ("Hosting".to_owned(), says.clone())));
    lines.extend(asked.deprecated.iter().map(|says| ("Deprecated".to_owned(), says.clone())));
    lines.extend(page.map(|page| ("Page".to_owned(), page.clone())));
    document.pairs(lines);
    if let Some(present) = &asked.present {
        super::sampled::write(document, present);
    }
}

fn structure(answer: &Recommendation) -> Document {
    let mut document = Document::new(format!("{}: {}", answer.asked.title, answer.title));
    document.text(&answer.because);
    asked(&mut document, &answer.asked, answer.page.as_ref());
    document.heading("Commands");
    let calls = answer.calls.iter().map(|row| {
        vec![row.need.to_owned(), row.calls.join(", "), row.cost.clone(), row.since.clone(), row.note.to_owned()]
    });
    document.table(&["need", "commands", "cost", "since", "note"], calls.collect());
    document.heading("Keys");
    if !answer.keys.is_empty() {
        let keys = answer.keys.iter().map(|row| vec![row.pattern.clone(), row.kind.to_owned(), row.about.clone()]);
        document.table(&["key", "type", "about"], keys.collect());
    }
    let mut lines = vec![
        ("In a cluster".into(), answer.cluster.clone()),
        ("TTL".into(), answer.ttl.clone()),
        ("Kept for".into(), answer.retention.clone().unwrap_or_default()),
        ("Eviction".into(), answer.eviction.clone()),
        ("Memory".into(), answer.memory.says.clone()),
        ("Throughput".into(), answer.throughput.clone()),
    ];
    lines.retain(|(_, says)| !says.is_empty());
    lines.extend(answer.available.iter().map(|says| ("Available".to_owned(), says.clone())));
    let script = |row: &ScriptRow| ("In one step".to_owned(), format!("generate_lua {}: {}", row.id, row.title));
    lines.extend(answer.scripts.iter().map(script));
    lines.extend(answer.newer.iter().map(|says| ("Too new".to_owned(), says.clone())));
    document.pairs(lines);
    if let Some(tenants) = &answer.tenants {
        document.heading("Tenants");
        document.text(&tenants.says);
        let rows = [
            ("Names", &tenants.names),
            ("Quota", &tenants.quota),
            ("Access", &tenants.access),
            ("Shares", &tenants.shares),
        ];
        document.pairs(rows.map(|(name, says)| (name.to_owned(), says.clone())).to_vec());
    }
    if let Some(channel) = &answer.messaging {
        messaging(&mut document, channel);
    }
    document.heading("Pitfalls");
    document.pairs(answer.pitfalls.iter().enumerate().map(|(n, says)| ((n + 1).to_string(), says.clone())).collect());
    if let Some(proven) = &answer.proven {
        super::proven::write(&mut document, proven);
    }
    others(&mut document, answer);
    if !answer.migration.is_empty() {
        document.heading("Moving to it");
        let steps = answer.migration.iter().enumerate().map(|(n, step)| ((n + 1).to_string(), step.clone()));
        document.pairs(steps.collect());
    }
    if !answer.session.is_empty() {
        document.heading("To try in redis-cli, on a throwaway server");
        document.code("sh", answer.session.join("\n"));
    }
    document
}

fn messaging(document: &mut Document, channel: &Messaging) {
    let promises = &channel.guarantees;
    document.heading(format!("What happens to a message: {}", channel.channel));
    let rows = [
        ("Why", channel.because),
        ("Loss", promises.loss),
        ("Duplicates", promises.duplicates),
        ("Order", promises.order),
        ("Replay", promises.replay),
        ("Fan-out", promises.fan_out),
        ("Back-pressure", promises.back_pressure),
        ("Cost", promises.cost),
    ];
    let unless = channel.unless.iter().map(|other| ("Unless".to_owned(), other.clone()));
    document.pairs(rows.into_iter().map(|(name, says)| (name.to_owned(), says.to_owned())).chain(unless).collect());
}

fn others(document: &mut Document, answer: &Recommendation) {
    if !answer.runners_up.is_empty() {
        document.heading("Runners-up");
        let row = |other: &super::answer::RunnerUp| {
            let wins =
                other.wins_when.clone().map_or_else(|| "no single change".to_owned(), |when| format!("if {when}"));
            vec![other.structure.to_owned(), other.behind.clone(), other.memory.clone(), wins]
        };
        let rows = answer.runners_up.iter().map(row).collect();
        document.table(&["structure", "why not", "memory", "wins"], rows);
    }
    if !answer.refused.is_empty() {
        document.heading("Why nothing else");
        refused(document, &answer.refused);
    }
    if !answer.would_change.is_empty() {
        document.heading("What would change the answer");
        let rows = answer.would_change.iter().map(|row| vec![format!("if {}", row.when), row.structure.to_owned()]);
        document.table(&["change", "then"], rows.collect());
    }
}

fn conflict(answer: &Conflict) -> Document {
    let mut document = Document::new(format!("{}: nothing does all of it", answer.asked.title));
    document.text(&answer.says);
    asked(&mut document, &answer.asked, None);
    document.heading("What comes nearest");
    if answer.nearest.is_empty() {
        document.text("Nothing by one change. Drop a need, or split the use in two and ask for each.");
    }
    document.pairs(answer.nearest.iter().enumerate().map(|(n, says)| ((n + 1).to_string(), says.clone())).collect());
    document.heading("What stands in the way");
    self::refused(&mut document, &answer.refused);
    document
}

fn refused(document: &mut Document, all: &[Refused]) {
    let rows = all.iter().map(|one| vec![one.structure.to_owned(), one.because.join("; ")]);
    document.table(&["structure", "it"], rows.collect());
}

fn refusal(words: &Foreign, refusals: &[RefusalRow], rows: &[UseRow]) -> Document {
    let mut document = Document::new("Refused");
    document.text(format!("\"{words}\" would end badly."));
    for refusal in refusals {
        let lines = vec![
            ("why".to_owned(), refusal.because.clone()),
            ("instead".to_owned(), refusal.instead.clone()),
            ("page".to_owned(), refusal.page.clone()),
        ];
        document.entry(Mark::Critical, "refused", refusal.id, lines);
    }
    if !rows.is_empty() {
        document.heading("Uses that do the job");
        uses(&mut document, rows);
    }
    document
}

fn several(words: &Foreign, candidates: &[UseRow]) -> Document {
    let mut document = Document::new("Which use?");
    document.text(match candidates {
        [_] => {
            format!("\"{words}\" was understood by half. This may be it; ask for it by its name, or list the needs.")
        }
        _ => format!("\"{words}\" fits {} uses. Choose one and ask for it by its name.", candidates.len()),
    });
    uses(&mut document, candidates);
    document
}

fn unknown(words: &Foreign, all: &[UseRow]) -> Document {
    let mut document = Document::new("No such use");
    document.text(format!(
        "No page is about anything like \"{words}\". Say what it must do by needs (whole, fields, rank, fifo, ack, \
         membership ...), or ask for one of these."
    ));
    uses(&mut document, all);
    document
}

fn uses(document: &mut Document, rows: &[UseRow]) {
    for row in rows {
        document.entry(Mark::Notice, row.id, format!("{}. {}", row.title, row.about), Vec::new());
    }
}
