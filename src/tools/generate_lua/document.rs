//! The answers as documents.

use super::answer::{Answer, Candidate, Checked, Code, FamilyRow, Proof, Reading, Recipe, StaticCheck, Trials};
use super::client::Way;
use crate::facts::Foreign;
use crate::lint;
use crate::print::{Document, Mark};
use crate::proof::{Ended, Run, Trial, Went};
use crate::rules::{Severity, uri};

pub fn of(answer: &Answer) -> Document {
    match answer {
        Answer::Script(recipe) => script(recipe),
        Answer::Candidates { need, candidates } => several(need, candidates),
        Answer::Unknown { need, families } => unknown(need, families),
        Answer::Check(checked) => check(checked),
    }
}

fn script(recipe: &Recipe) -> Document {
    let mut document = Document::new(format!("{}: {}", recipe.id, recipe.title));
    document.text(&recipe.promise);
    document.pairs(summary(recipe));
    if recipe.delivery == Way::Native {
        document.text("This engine has a command that does the same with these arguments: take that, and no script.");
        call(&mut document, "Call", &recipe.call);
    } else {
        let what = if recipe.delivery == Way::Function { "Library" } else { "Script" };
        document.heading(format!("{what}: save as {}, with one newline at its end", recipe.file));
        document.code("lua", &recipe.text);
        call(&mut document, "Call", &recipe.call);
    }
    if let Some(shell) = &recipe.shell {
        call(&mut document, "The same from a shell", shell);
    }
    document.heading("Keys");
    let keys = recipe.keys.iter().map(|row| vec![row.name.into(), row.key.clone(), row.kind.into(), row.about.into()]);
    document.table(&["key", "in the call", "type", "about"], keys.collect());
    document.pairs(vec![("Slots".into(), recipe.slots.clone())]);
    document.heading("Arguments");
    let arguments = recipe
        .arguments
        .iter()
        .map(|row| vec![row.name.into(), row.value.clone(), row.range.clone(), row.about.clone()]);
    document.table(&["argument", "in the call", "must be", "about"], arguments.collect());
    document.heading("Reply");
    let parts = recipe.reply.iter().map(|row| vec![row.name.into(), row.unit.into(), row.about.clone()]);
    document.table(&["part", "unit", "about"], parts.collect());
    document.heading("What to know");
    document.pairs(recipe.notes.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect());
    document.heading("Proof");
    proof(&mut document, recipe);
    document
}

fn summary(recipe: &Recipe) -> Vec<(String, String)> {
    let mut lines = vec![("Needs".to_owned(), recipe.needs.clone())];
    let mut line = |name: &str, text: String| lines.push((name.to_owned(), text));
    if let Some(server) = &recipe.server {
        line("For", server.clone());
    }
    if !recipe.ignored.is_empty() {
        let words: Vec<String> = recipe.ignored.iter().map(ToString::to_string).collect();
        line("Not understood", format!("{}: say it in other words if the promise does not cover it", words.join(", ")));
    }
    for instead in &recipe.instead {
        line("Instead of it", instead.clone());
    }
    if recipe.delivery != Way::Native {
        line("SHA-1", recipe.sha1.clone());
    }
    line("Commands per call", recipe.commands_per_call.clone());
    line("ACL", format!("{} and ~ for the keys", recipe.acl));
    if !recipe.siblings.is_empty() {
        line("Goes with", recipe.siblings.join(", "));
    }
    line("Page", recipe.page.clone());
    lines
}

fn call(document: &mut Document, title: &str, code: &Code) {
    document.heading(format!("{title}: {}", code.client));
    document.code(code.language, &code.text);
    document.text(format!("Tried: {}.", code.tried));
}

fn proof(document: &mut Document, recipe: &Recipe) {
    match &recipe.proof {
        Proof::Runs(runs) => {
            runs.iter().for_each(|run| self::run(document, run));
            document.text(
                "A run replays the session on the script's page, by the library's text and not by the call above; by the \
                 command in its place, each call for whose arguments there is one.",
            );
        }
        Proof::NotProven(why) => document.entry(Mark::Unknown, "not proven", *why, Vec::new()),
    }
    rules(document, &recipe.static_check);
}

fn run(document: &mut Document, run: &Run) {
    let (mark, word, says) = match &run.went {
        Went::AsThePageSays { steps } => (Mark::Good, "ran", format!("{steps} steps, each answered as the page says")),
        Went::Otherwise { says } => (Mark::Critical, "failed", says.clone()),
        Went::NotRun { why } => (Mark::Unknown, "not run", why.clone()),
    };
    document.entry(mark, word, format!("{}, {}: {says}", run.server, run.way), Vec::new());
}

fn rules(document: &mut Document, check: &StaticCheck) {
    let mark = if check.findings.is_empty() { Mark::Good } else { Mark::Notice };
    let says = format!("{} rules are clear, {} say something", check.clear, check.findings.len());
    document.entry(mark, "read", says, Vec::new());
    check.findings.iter().for_each(|finding| self::finding(document, finding));
}

fn finding(document: &mut Document, finding: &lint::Finding) {
    let mark = match finding.severity {
        Severity::Critical => Mark::Critical,
        Severity::Warning => Mark::Warning,
        Severity::Notice => Mark::Notice,
    };
    let mut lines = vec![("rule".to_owned(), format!("{} ({})", finding.rule, finding.page))];
    lines.extend(finding.evidence.iter().map(|quote| (format!("line {}", quote.line), quote.text.to_string())));
    lines.extend(finding.fixes.iter().map(|fix| (format!("fix, {}", fix.risk), fix.step.clone())));
    let more =
        [("verify", &finding.verify), ("could break", &finding.could_break), ("cannot see", &finding.cannot_see)];
    lines.extend(
        more.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name.to_owned(), text.clone())),
    );
    document.entry(mark, finding.severity.to_string(), &finding.says, lines);
}

fn several(need: &Foreign, candidates: &[Candidate]) -> Document {
    let mut document = Document::new("Which script?");
    let says = match candidates {
        [_] => format!("\"{need}\" was understood by half. This may be it; ask for it by its name."),
        _ => format!(
            "\"{need}\" fits {} scripts. Choose by what each promises, and ask for it by its name.",
            candidates.len()
        ),
    };
    document.text(says);
    for candidate in candidates {
        let instead = candidate.instead.iter().map(|other| ("instead of it".to_owned(), other.clone())).collect();
        document.entry(Mark::Notice, candidate.id, format!("{}. {}", candidate.title, candidate.promise), instead);
    }
    document.text(format!("None of them? All scripts stand in {}.", uri("lua.md")));
    document
}

fn unknown(need: &Foreign, families: &[FamilyRow]) -> Document {
    let mut document = Document::new("No script");
    document.text(format!(
        "Nothing in the library is called anything like \"{need}\". It has these; ask by a name or in other words."
    ));
    document.pairs(families.iter().map(|family| (family.title.to_owned(), family.scripts.join(", "))).collect());
    document
}

fn check(checked: &Checked) -> Document {
    let mut document = Document::new("Check of a script");
    let mut lines =
        vec![("Size".to_owned(), format!("{} bytes", checked.bytes)), ("SHA-1".to_owned(), checked.sha1.clone())];
    if let Reading::Read(read) = &checked.text {
        let commands: Vec<String> = read.commands.iter().map(ToString::to_string).collect();
        lines.push(("Commands".into(), if commands.is_empty() { "none".into() } else { commands.join(", ") }));
        let acl = read.acl.clone().unwrap_or_else(|| "cannot be read off the text".into());
        lines.push(("ACL".into(), acl));
    }
    document.pairs(lines);
    document.heading("Read");
    match &checked.text {
        Reading::Read(read) => rules(&mut document, &read.check),
        Reading::Unreadable(trouble) => {
            let next = vec![("next".to_owned(), trouble.next.clone())];
            let says = format!("line {}, column {}: {}", trouble.line, trouble.column, trouble.says);
            document.entry(Mark::Critical, "unreadable", says, next);
        }
    }
    document.heading("Run");
    match &checked.trials {
        Trials::Runs(trials) => trials.iter().for_each(|trial| self::trial(&mut document, trial)),
        Trials::NotProven(why) => document.entry(Mark::Unknown, "not proven", *why, Vec::new()),
    }
    document
}

fn loaded(functions: &[Foreign]) -> String {
    let names: Vec<String> = functions.iter().map(ToString::to_string).collect();
    format!("none of its functions was called: name one of them (function): {}", names.join(", "))
}

fn trial(document: &mut Document, trial: &Trial) {
    let (mark, word, says) = match &trial.ended {
        Ended::Answered { reply } => (Mark::Good, "answered", reply.to_string()),
        Ended::Loaded { functions } => (Mark::Good, "loaded", loaded(functions)),
        Ended::Refused { error } => (Mark::Critical, "refused", error.to_string()),
        Ended::Failed { error, next: None } => (Mark::Warning, "failed", error.to_string()),
        Ended::Failed { error, next: Some(next) } => (Mark::Warning, "failed", format!("{error}: {next}")),
        Ended::Stopped { why } => (Mark::Critical, "stopped", why.clone()),
        Ended::NotRun { why } => (Mark::Unknown, "not run", why.clone()),
    };
    let cluster = if trial.in_cluster { " in a cluster of three nodes" } else { "" };
    document.entry(mark, word, format!("{}{cluster}: {says}", trial.server), Vec::new());
}
