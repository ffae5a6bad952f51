//! What can be run as it stands: the session of the page and our scripts, as far as the server has the version for them.

use super::answer::ScriptRow;
use crate::decisions::structures::{Place, Scenario, Since, Structure};
use crate::facts::Kind;
use crate::page::session::Step;
use crate::scripts::Script;

/// Ready to run on the server at hand, and what is not.
#[derive(Debug, Default)]
pub struct ByHand {
    pub session: Vec<String>,
    pub scripts: Vec<ScriptRow>,
    /// What was left out, with the version that it takes.
    pub newer: Vec<String>,
}

/// `page` is the one whose structure is picked.
pub fn of(page: Option<&'static Scenario>, structure: Structure, place: &Place) -> ByHand {
    let mut found = ByHand::default();
    let Some(page) = page else { return found };
    let engine = &place.engine;
    match page.since() {
        // A module that is loaded has its commands on older servers too.
        Some(since) if structure.facts().module.is_none() && !since.has(engine) => {
            found.newer.push(format!("the session on the page runs on {since}; this is {engine}"));
        }
        _ => found.session = session(page),
    }
    for script in page.scripts().into_iter().filter_map(crate::scripts::find) {
        match script.since(&engine.kind) {
            Some(since) if since <= engine.version => {
                found.scripts.push(ScriptRow { id: script.id, title: script.page.title() });
            }
            _ => found.newer.push(format!("{} runs on {}; this is {engine}", script.id, versions(script))),
        }
    }
    found
}

fn versions(script: &Script) -> Since {
    Since { redis: script.since(&Kind::Redis), valkey: script.since(&Kind::Valkey) }
}

fn session(scenario: &'static Scenario) -> Vec<String> {
    let line = |step: Step| match step {
        Step::Command { words, .. } => Some(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")),
        _ => None,
    };
    scenario.session().unwrap_or_default().into_iter().filter_map(line).collect()
}

/// As redis-cli reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '\\');
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("{word:?}") }
}
