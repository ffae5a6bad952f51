//! A script of the user's: read, judged, and run once where an example is given.

use super::Place;
use super::answer::{Checked, Read, Reading, StaticCheck, Trials};
use super::input::Input;
use super::recipe::NO_SERVER;
use crate::lint;
use crate::probe::find_servers;
use crate::proof::{Ended, Example, try_out};

const NO_EXAMPLE: &str =
    "not run: give an example call (keys, args; function, for a library) to run it on a throwaway server";
const UNREADABLE: &str = "not run: it cannot be read";
const NOT_ASKED: &str = "not run: that was not asked for (prove: false)";

pub async fn check(source: &[u8], input: &Input, place: Place) -> Checked {
    let example = Example {
        function: Some(input.function.clone()).filter(|name| !name.is_empty()),
        keys: input.keys.clone(),
        arguments: input.args.clone(),
    };
    let count = |words: &[String]| example.is_given().then_some(words.len());
    let about =
        lint::Call { keys: count(&input.keys), args: count(&input.args), engine: place.engine, cluster: place.cluster };
    let text = match lint::check(source, &about) {
        Ok(verdict) => Reading::Read(Read {
            acl: verdict.effects.acl(),
            commands: verdict.effects.commands.iter().cloned().collect(),
            check: StaticCheck { clear: verdict.clear, findings: verdict.findings },
        }),
        Err(trouble) => Reading::Unreadable(trouble),
    };
    let trials = match (&text, input.prove, example.is_given()) {
        (Reading::Unreadable(_), _, _) => Trials::NotProven(UNREADABLE),
        (_, false, _) => Trials::NotProven(NOT_ASKED),
        (_, _, false) => Trials::NotProven(NO_EXAMPLE),
        _ => trials(source, &example, about.cluster).await,
    };
    Checked { bytes: source.len(), sha1: sha1_smol::Sha1::from(source).digest().to_string(), text, trials }
}

async fn trials(source: &[u8], example: &Example, cluster: bool) -> Trials {
    let programs = find_servers();
    if programs.is_empty() {
        return Trials::NotProven(NO_SERVER);
    }
    let mut trials = Vec::new();
    for program in &programs {
        let trial = try_out(program, source, example, cluster).await;
        // What had to be stopped once need not be stopped on each of them.
        let was_stopped = matches!(trial.ended, Ended::Stopped { .. });
        trials.push(trial);
        if was_stopped {
            break;
        }
    }
    Trials::Runs(trials)
}
