//! The structure for a use, with its keys, commands, bytes and pitfalls, and what would change the answer.

mod answer;
mod by_hand;
mod compose;
mod conflict;
mod document;
mod found;
mod input;
mod keeping;
mod present;
mod proven;
mod reading;
mod refusal;
mod sampled;
mod site;
mod wanted;

use anyhow::{Result, bail};

use super::{Tool, Watch};
use crate::decisions::structures::{Case, Place, SCENARIOS, Scenario, advise, check, choose, rank};
use crate::facts::Foreign;
use crate::page::words::Found;
use crate::probe::{Ask, Target, key_asks};

pub use answer::Answer;
use compose::Question;
use input::Input;
use site::Site;

/// Answers a use with a structure.
#[derive(Debug)]
pub struct RecommendStructure;

impl Tool for RecommendStructure {
    const NAME: &'static str = "recommend_structure";
    const VERB: &'static str = "recommend";
    const TITLE: &'static str = "Choose the data structure for a use, with its bytes and what would change it";
    const ABOUT: &'static str = "Answers a use (cache, counter, session, queue, leaderboard, events, lock, presence, \
        dedup, geo, time series, vectors ...) or a list of needs with the Redis or Valkey structure for it: commands with \
        cost and first version, keys and hash tags, TTL, eviction, bytes, delivery guarantees, pitfalls, steps to move, \
        runners-up, and what would change the answer; or names the conflict and what comes nearest. Connects only with \
        probe; key_pattern then looks at a sample of the keys that are there, and says what they would take otherwise; prove \
        measures on a throwaway server.";
    type Input = Input;
    type Report = Answer;

    fn asks() -> Vec<Ask> {
        key_asks()
    }

    async fn run(target: &Target, input: Input, _watch: &Watch) -> Result<Answer> {
        if let Some(refused) = refusal::of(&input.use_case) {
            return Ok(refused);
        }
        let mut reading = reading::read(input);
        let words = reading.words.trim();
        if words.is_empty() && reading.input.needs.is_empty() {
            bail!("say what it is for (use_case: \"leaderboard\"), or what it must do (needs: rank, top)");
        }
        let (scenario, ignored) = match if words.is_empty() { None } else { Some(choose(words)) } {
            None => (None, Vec::new()),
            Some(Found::One { found, ignored }) => (Some(found), ignored),
            Some(Found::Several(found)) => {
                let candidates = found.into_iter().map(compose::use_row).collect();
                return Ok(Answer::Candidates { use_case: Foreign::given(words), candidates });
            }
            Some(Found::Unknown) => return Ok(unknown(words)),
        };
        if let Some(scenario) = scenario {
            let usual = scenario.case(Place::unknown()).map_err(anyhow::Error::msg)?;
            reading.says.extend(wanted::add(&mut reading.input, &usual));
        }
        let input = &reading.input;
        present::check(input)?;
        let mut site = Site::of(target, input).await?;
        let present = match site.deployment.as_ref().filter(|_| !input.key_pattern.is_empty()) {
            Some(deployment) => Some(present::look(target, deployment, input).await?),
            None => None,
        };
        let mut case = case(input, scenario, &site)?;
        if let Some(found) = present.as_ref().and_then(|present| present.found.as_ref()) {
            found.fill(input, scenario.is_some_and(Scenario::counts_keys), &mut case);
            check(&case).map_err(anyhow::Error::msg)?;
        }
        // Who named nothing is offered what every server has, as far as that does.
        if let Some(plain) = site.without_modules().filter(|_| !names_a_module(words)) {
            let without = self::case(input, scenario, &plain)?;
            if !rank(&without).is_empty() {
                (site, case) = (plain, without);
            }
        }
        let read = &reading.says;
        let present = present.as_ref();
        let question = Question { scenario, ignored: &ignored, read, input, case: &case, site: &site, present };
        let mut answer = answer(&question);
        if let (Answer::Structure(found), true) = (&mut answer, input.prove) {
            found.proven = Some(proven::prove(&case).await);
        }
        Ok(answer)
    }
}

/// Words that ask for what comes with a module.
const OF_MODULES: [&str; 14] = [
    "module",
    "redis stack",
    "redis 8",
    "json",
    "bloom",
    "cuckoo",
    "redisearch",
    "vector",
    "time series",
    "timeseries",
    "t-digest",
    "count-min",
    "top-k",
    "sketch",
];

fn names_a_module(words: &str) -> bool {
    let words = words.to_lowercase();
    OF_MODULES.iter().any(|name| words.contains(name))
}

fn case(input: &Input, scenario: Option<&Scenario>, site: &Site) -> Result<Case> {
    let case = match scenario {
        Some(scenario) => scenario.case(site.place.clone()).map_err(anyhow::Error::msg)?,
        None => Case::new(site.place.clone()),
    };
    input.case(case, scenario)
}

fn answer(question: &Question) -> Answer {
    let advice = advise(question.case);
    match advice.ranked.first() {
        Some(pick) => Answer::Structure(Box::new(compose::recommendation(question, &advice, pick))),
        None => Answer::Conflict(Box::new(conflict::conflict(question, &advice))),
    }
}

fn unknown(words: &str) -> Answer {
    let all: Vec<&'static Scenario> = SCENARIOS.iter().collect();
    Answer::Unknown { use_case: Foreign::given(words), uses: all.into_iter().map(compose::use_row).collect() }
}
