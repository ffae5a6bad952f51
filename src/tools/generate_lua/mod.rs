//! A script for a need, with its call in the caller's language and the proof that it was run; or the check of one's own.

mod answer;
mod check;
mod client;
mod document;
mod input;
mod recipe;
mod source;

use std::time::Duration;

use anyhow::{Result, bail};

use super::{Tool, Watch};
use crate::facts::{DeploymentKind, Engine, Foreign};
use crate::probe::{Ask, Target, Wishes, look_asks, survey};
use crate::scripts::{Choice, FAMILIES, Script, choose};

pub use answer::Answer;
use answer::{Candidate, FamilyRow};
use input::Input;

/// Answers a need with a script that was run.
#[derive(Debug)]
pub struct GenerateLua;

/// How long the target may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where the script is to run, as far as it is known.
#[derive(Debug, Clone, Default)]
struct Place {
    engine: Option<Engine>,
    cluster: bool,
}

impl Place {
    async fn of(target: &Target, input: &Input) -> Result<Self> {
        let mut place = Self { engine: input.engine()?, cluster: input.cluster };
        if input.probe {
            let wishes = Wishes { interval: Duration::ZERO, pings: 0, deadline: PATIENCE };
            let deployment = survey(target, &wishes, false).await?;
            place.cluster |= deployment.kind == DeploymentKind::Cluster;
            let mut engines: Vec<Engine> = deployment.seen().filter_map(|(_, server)| server.engine()).collect();
            // What the oldest node lacks is not there after a failover.
            engines.sort_by_key(|engine| engine.version);
            place.engine = engines.into_iter().next().or(place.engine);
        }
        Ok(place)
    }
}

impl Tool for GenerateLua {
    const NAME: &'static str = "generate_lua";
    const VERB: &'static str = "lua";
    const TITLE: &'static str = "Get a Lua script that was run, or check one";
    const ABOUT: &'static str = "Answers a need (rate limit, lock, queue, cache stampede, leaderboard, idempotency, \
        stock, session, stream) with a finished Redis Lua script: text, SHA-1, keys and hash tags, arguments with \
        ranges, reply, cost, behaviour on retry, failover and clock jumps, the ACL rule, the complete call for a client \
        library, or the native command that replaces it; and replays its example on throwaway servers of this machine as \
        proof. With script it checks one of your own: rules for what breaks home-made Lua, and a bounded run. Use it \
        before writing any script. Nothing runs on the target.";
    type Input = Input;
    type Report = Answer;

    fn asks() -> Vec<Ask> {
        look_asks()
    }

    async fn run(target: &Target, input: Input, _watch: &Watch) -> Result<Answer> {
        if !input.path.is_empty() && !input.script.is_empty() {
            bail!("give the text of your script or its path, not both");
        }
        let own = source::of(&input)?;
        if own.is_some() && !input.need.is_empty() {
            bail!("give a need or a script of your own, not both");
        }
        if own.is_none() && input.need.trim().is_empty() {
            bail!(
                "say what the script is to do (need: \"rate limit\"), or give one of your own to check (script, path)"
            );
        }
        let place = Place::of(target, &input).await?;
        if let Some(source) = own {
            return Ok(Answer::Check(Box::new(check::check(&source, &input, place).await)));
        }
        Ok(match choose(&input.need) {
            Choice::One { found: script, ignored } => {
                Answer::Script(Box::new(recipe::of(script, &ignored, &input, place).await?))
            }
            Choice::Several(scripts) => Answer::Candidates {
                need: Foreign::given(&input.need),
                candidates: scripts.into_iter().map(candidate).collect(),
            },
            Choice::Unknown => Answer::Unknown { need: Foreign::given(&input.need), families: families() },
        })
    }
}

fn candidate(script: &'static Script) -> Candidate {
    Candidate {
        id: script.id,
        title: script.page.title(),
        promise: crate::page::unlinked(&script.page.summary()),
        instead: script.commands_instead(),
    }
}

fn families() -> Vec<FamilyRow> {
    let row = |family: &crate::scripts::Family| FamilyRow {
        title: family.title,
        scripts: family.scripts.iter().map(|script| script.id).collect(),
    };
    FAMILIES.iter().map(row).collect()
}
