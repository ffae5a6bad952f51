//! A script of the user's: read, judged, and run once where an example is given.

use std::fs::File;
use std::io::Read as _;

use anyhow::{Context, Result};

use super::Place;
use super::answer::{Checked, Read, Reading, StaticCheck, Trials};
use super::input::Input;
use super::recipe::NO_SERVER;
use crate::facts::foreign;
use crate::lint;
use crate::probe::find_servers;
use crate::proof::{Ended, Example, try_out};

/// More than any server is sent; the rest of a larger file is not read.
const LONGEST: u64 = 4 << 20;

const NO_EXAMPLE: &str = "not run: give an example call (keys, args) to run it on a throwaway server";
const UNREADABLE: &str = "not run: it cannot be read";
const NOT_ASKED: &str = "not run: that was not asked for (prove: false)";

/// The text to check, if there is one.
pub fn source(input: &Input) -> Result<Option<Vec<u8>>> {
    if let Some(path) = &input.file {
        let shown = foreign::clean(&path.to_string_lossy());
        let mut text = Vec::new();
        let file = File::open(path).with_context(|| format!("cannot open {shown}"))?;
        file.take(LONGEST).read_to_end(&mut text).with_context(|| format!("cannot read {shown}"))?;
        return Ok(Some(text));
    }
    Ok(if input.script.is_empty() { None } else { Some(input.script.clone().into_bytes()) })
}

pub async fn check(source: &[u8], input: &Input, place: Place) -> Checked {
    let has_example = !input.keys.is_empty() || !input.args.is_empty();
    let count = |words: &[String]| has_example.then_some(words.len());
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
    let trials = match (&text, input.prove, has_example) {
        (Reading::Unreadable(_), _, _) => Trials::NotProven(UNREADABLE),
        (_, false, _) => Trials::NotProven(NOT_ASKED),
        (_, _, false) => Trials::NotProven(NO_EXAMPLE),
        _ => trials(source, input, about.cluster).await,
    };
    Checked { bytes: source.len(), sha1: sha1_smol::Sha1::from(source).digest().to_string(), text, trials }
}

async fn trials(source: &[u8], input: &Input, cluster: bool) -> Trials {
    let programs = find_servers();
    if programs.is_empty() {
        return Trials::NotProven(NO_SERVER);
    }
    let example = Example { keys: input.keys.clone(), arguments: input.args.clone() };
    let mut trials = Vec::new();
    for program in &programs {
        let trial = try_out(program, source, &example, cluster).await;
        // What had to be stopped once need not be stopped on each of them.
        let was_stopped = matches!(trial.ended, Ended::Stopped { .. });
        trials.push(trial);
        if was_stopped {
            break;
        }
    }
    Trials::Runs(trials)
}
