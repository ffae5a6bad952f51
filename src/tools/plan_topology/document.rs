//! A plan, or a refusal, as a document.

use crate::decisions::topology::{Demand, Layout, Outcome, PASSWORD, Plan, Refusal, Step};
use crate::facts::{PerSecond, Share};
use crate::print::{Document, Mark};

pub fn of(demand: &Demand, from_words: &[String], outcome: &Outcome) -> Document {
    match outcome {
        Outcome::Plan(plan) => planned(demand, from_words, plan),
        Outcome::Refused { refusals } => refused(from_words, refusals),
    }
}

fn refused(from_words: &[String], refusals: &[Refusal]) -> Document {
    let mut document = Document::new("No topology does this");
    document.pairs(understood(from_words));
    document.text("Each wish below stands against what Redis and Valkey are, or against another wish. Change one of them, and ask again.");
    for refusal in refusals {
        let mut lines = vec![("because".to_owned(), refusal.because.clone())];
        lines.extend(refusal.instead.iter().map(|option| ("instead".to_owned(), option.clone())));
        document.entry(Mark::Critical, "refused", &refusal.asked, lines);
    }
    document
}

fn pair(name: &str, text: impl Into<String>) -> (String, String) {
    (name.to_owned(), text.into())
}

fn understood(from_words: &[String]) -> Vec<(String, String)> {
    if from_words.is_empty() { Vec::new() } else { vec![pair("Understood", from_words.join("; "))] }
}

fn planned(demand: &Demand, from_words: &[String], plan: &Plan) -> Document {
    let (shards, replicas) = (plan.sizing.shards, plan.sizing.replicas);
    let servers = plan.sizing.nodes();
    let mut document = Document::new(format!("{}: {shards} x (1 + {replicas}) = {servers} servers", plan.kind));
    document.text(format!("{}.", plan.because));
    let mut lines = understood(from_words);
    lines.extend([
        pair("Asked", asked(demand)),
        pair(
            "Decided by",
            if plan.held.is_empty() { "nothing above it held".to_owned() } else { plan.held.join(", and ") },
        ),
    ]);
    if let Some(present) = &plan.present {
        lines.push(pair(
            "There now",
            format!("{}: {} primaries, {} replicas", present.kind, present.primaries, present.replicas),
        ));
        lines.extend(present.growth.iter().map(|growth| pair("Growth", growth.clone())));
        lines.extend(present.hottest_slot.iter().map(|hot| {
            pair("Hottest slot", format!("{} takes {} of the CPU of all commands", hot.slot, Share(hot.share)))
        }));
        lines.extend(present.unseen.iter().map(|why| pair("Not checked", why.clone())));
    }
    lines.extend(plan.unless.iter().map(|unless| pair("Another answer", unless.clone())));
    lines.push(pair("On disk", format!("{}: {}", plan.persistence, plan.persistence_because)));
    lines.push(pair("When full", format!("{}: {}", plan.policy, plan.policy_because)));
    lines.push(pair("Engine", plan.engine.clone()));
    document.pairs(lines);

    document.heading("Arithmetic of one server, a year from now");
    let rows =
        plan.sizing.lines.iter().map(|line| vec![line.what.to_owned(), line.worked.clone(), line.result.clone()]);
    document.table(&["what", "worked out", "result"], rows.collect());

    failover(&mut document, plan);
    document.heading("Placement");
    places(&mut document, &plan.layout);

    document.heading("Keys");
    plan.keys.says.iter().for_each(|says| document.text(says));
    if !plan.keys.breaks.is_empty() {
        let rows =
            plan.keys.breaks.iter().map(|broken| {
                [broken.what, broken.example, broken.answers, broken.instead].map(str::to_owned).to_vec()
            });
        document.table(&["what breaks", "for example", "answers", "instead"], rows.collect());
    }
    document.heading("Clients");
    document.pairs(plan.client.iter().map(|(name, text)| pair(name, text.clone())).collect());
    document.heading("Way there");
    document
        .pairs(plan.migration.iter().enumerate().map(|(n, step)| pair(&format!("{}", n + 1), step.clone())).collect());
    document.heading("What breaks this plan");
    document.pairs(plan.breaks.iter().map(|text| pair("breaks at", text.clone())).collect());
    document.pairs(plan.mind.iter().map(|text| pair("mind", text.clone())).collect());
    files(&mut document, plan);
    document
}

fn asked(demand: &Demand) -> String {
    let purpose = format!("{:?}", demand.purpose).to_lowercase();
    format!(
        "{purpose}, {} growing {} a year, {} reads, {} writes, {} scripts, values of {}; servers with {} RAM in {} zones",
        demand.data,
        Share(demand.growth),
        PerSecond(demand.reads),
        PerSecond(demand.writes),
        PerSecond(demand.scripts),
        demand.value,
        demand.ram,
        demand.zones
    )
}

fn failover(document: &mut Document, plan: &Plan) {
    document.heading("When a primary is lost");
    let failover = &plan.failover;
    document.pairs(vec![pair("Outage", failover.outage.clone()), pair("Loss", failover.loss.clone())]);
    if !plan.promotion.is_empty() {
        document.code("sh", said(&plan.promotion));
    }
}

/// Commands for a shell, in their order.
fn said(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |text, Step { place, command }| {
        text + &format!("redis-cli -h {} -p {} {command}\n", place.host, place.port)
    })
}

fn places(document: &mut Document, layout: &Layout) {
    document.text(format!("{}.", layout.says));
    let members = layout.members.iter().map(|member| {
        let what = match layout.source(member) {
            Some(source) => format!("replica of {}", source.name),
            None => "primary".to_owned(),
        };
        let slots = member.slots.map_or_else(|| "-".to_owned(), |(first, last)| format!("{first}-{last}"));
        vec![
            member.name.clone(),
            format!("{}:{}", member.place.host, member.place.port),
            member.zone.to_string(),
            what,
            slots,
        ]
    });
    let voters = layout.voters.iter().map(|voter| {
        let what = format!("Sentinel, quorum {}", layout.quorum);
        vec![
            voter.name.clone(),
            format!("{}:{}", voter.place.host, voter.place.port),
            voter.zone.to_string(),
            what,
            "-".to_owned(),
        ]
    });
    document.table(&["server", "address", "zone", "begins as", "slots"], members.chain(voters).collect());
}

/// With more lines of its own a file is easier to read as a whole.
const DIFFERING: usize = 6;

/// The lines of a file that differ from those of another, if they are few.
fn differing(other: &str, own: &str) -> Option<String> {
    if other.lines().count() != own.lines().count() {
        return None;
    }
    let lines: Vec<&str> =
        own.lines().zip(other.lines()).filter(|(own, other)| own != other).map(|(own, _)| own).collect();
    (lines.len() <= DIFFERING).then(|| lines.join("\n") + "\n")
}

fn files(document: &mut Document, plan: &Plan) {
    if plan.files.is_empty() {
        return;
    }
    document.heading("Files");
    document.text(format!(
        "HOST_1, HOST_2 ... stand for the servers' addresses (addresses gives them) and {PASSWORD} for a secret of your own, the same on all. Sentinels and Clusters write to their files: each folder belongs to the user who runs the server. `--json` has every file as a whole."
    ));
    for (n, file) in plan.files.iter().enumerate() {
        document.heading(format!("{}/{} in zone {}", file.directory, file.name, file.zone));
        let like = plan.files.iter().take(n).find_map(|earlier| Some((earlier, differing(&earlier.text, &file.text)?)));
        match like {
            Some((earlier, lines)) => {
                document.text(format!("As {}, with these lines in the place of its own:", earlier.name));
                document.code("conf", lines);
            }
            None => document.code("conf", &file.text),
        }
        document.text(format!("Start: {}", file.start));
    }
    if !plan.steps.is_empty() {
        document.heading("Say once, in this order");
        document.text("ID_1, ID_2 ... stand for what CLUSTER MYID answers on those servers; before REPLICATE a server needs a second to hear of the others.");
        document.code("sh", said(&plan.steps));
    }
}
