//! The terminal door: verbs, formats, exit codes.

mod course;
mod output;
mod place;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::probe::{Ask, acl_line, every_ask};
use crate::rules::Severity;
use crate::tools::{
    AuditMemory, DesignCache, GenerateLua, InspectServer, PlanTopology, RecommendStructure, Report, Simulate, Tool,
    asks_by_verb,
};
use crate::{demo, handbook, mcp};
use output::Format;
use place::Place;

/// Nothing at or above the level of --fail-on.
const FINE: u8 = 0;
/// Findings there.
const FOUND: u8 = 1;
/// We could not look.
const BLIND: u8 = 2;

/// Looks at Redis and Valkey servers without writing to them, and says what it saw.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    max_term_width = 100,
    after_help = "\
Exit codes: 0 nothing at or above --fail-on, 1 findings there, 2 could not look.
Nothing is ever written to the server that is looked at. `godmode-redis permissions` prints the ACL user it needs."
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(name = InspectServer::VERB, alias = InspectServer::NAME)]
    Inspect {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        input: <InspectServer as Tool>::Input,
        #[command(flatten)]
        output: Output,
    },

    #[command(name = AuditMemory::VERB, alias = AuditMemory::NAME)]
    Audit {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        input: <AuditMemory as Tool>::Input,
        #[command(flatten)]
        output: Output,
    },

    #[command(name = GenerateLua::VERB, alias = GenerateLua::NAME)]
    Lua {
        #[command(flatten)]
        input: <GenerateLua as Tool>::Input,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        output: Output,
    },
    #[command(name = DesignCache::VERB, alias = DesignCache::NAME)]
    Cache {
        #[command(flatten)]
        input: <DesignCache as Tool>::Input,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        output: Output,
    },

    #[command(name = RecommendStructure::VERB, alias = RecommendStructure::NAME)]
    Recommend {
        #[command(flatten)]
        input: <RecommendStructure as Tool>::Input,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        output: Output,
    },

    #[command(name = PlanTopology::VERB, alias = PlanTopology::NAME)]
    Topology {
        #[command(flatten)]
        input: <PlanTopology as Tool>::Input,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        output: Output,
    },

    #[command(name = Simulate::VERB)]
    Simulate {
        #[command(flatten)]
        input: <Simulate as Tool>::Input,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        output: Output,
    },

    /// Shows the tools at work on a throwaway server with realistic, deliberately imperfect data
    Demo {
        #[command(flatten)]
        output: Output,
        /// Keep the server running for this many seconds after the report, to look around
        #[arg(long, default_value_t = 0, value_name = "SECONDS")]
        keep: u64,
    },

    /// Prints the ACL line of a user who may do what the tools need, and nothing else, on Redis 6.2 and later and Valkey
    Permissions {
        /// Only what this verb needs (default: what any of them needs)
        #[arg(value_parser = clap::builder::PossibleValuesParser::new(asks_by_verb().into_iter().map(|(verb, _)| verb)))]
        verb: Option<String>,
        /// Name of the user
        #[arg(long, default_value = "godmode")]
        user: String,
    },

    /// Lists the pages of the handbook, or prints one: a rule by its name, or `questions`, or `rules`
    Handbook { page: Option<String> },

    /// Serves MCP on standard input and output, for Claude Code and other agents
    Mcp {
        #[command(flatten)]
        place: Place,
    },

    /// Prints a completion script for a shell
    Completions { shell: clap_complete::Shell },
}

/// How to print, and what to fail on.
#[derive(Debug, Args)]
struct Output {
    /// Print the whole report as JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print the report as Markdown
    #[arg(long)]
    markdown: bool,
    /// Exit with 1 when a finding is this bad or worse (default: never)
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<Severity>,
}

impl Output {
    fn format(&self) -> Format {
        match (self.json, self.markdown) {
            (true, _) => Format::Json,
            (_, true) => Format::Markdown,
            _ => Format::Terminal,
        }
    }

    /// Prints a report; the exit code says whether it holds what the caller fears.
    fn report(&self, report: &impl Report) -> Result<u8> {
        output::report(report, self.format())?;
        // Whoever waits for a verdict must not take silence for one.
        if self.fail_on.is_some() && report.saw_nothing() {
            return Ok(BLIND);
        }
        // Worse sorts first.
        let feared = self.fail_on.zip(report.worst()).is_some_and(|(limit, worst)| worst <= limit);
        Ok(if feared { FOUND } else { FINE })
    }
}

/// Reads the command line and does what it says.
pub async fn run() -> ExitCode {
    let command = Cli::command();
    let command = described::<AuditMemory>(command);
    let command = described::<DesignCache>(command);
    let command = described::<GenerateLua>(command);
    let command = described::<InspectServer>(command);
    let command = described::<PlanTopology>(command);
    let command = described::<RecommendStructure>(command);
    let command = described::<Simulate>(command);
    let cli = match command.try_get_matches().and_then(|matches| clap::FromArgMatches::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            output::usage(&error);
            return ExitCode::from(if error.use_stderr() { BLIND } else { FINE });
        }
    };
    match verb(cli).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::error(&error);
            ExitCode::from(BLIND)
        }
    }
}

/// A verb says of itself what its tool does.
fn described<T: Tool>(command: clap::Command) -> clap::Command {
    command.mut_subcommand(T::VERB, |verb| verb.about(T::TITLE).long_about(T::ABOUT))
}

async fn verb(cli: Cli) -> Result<u8> {
    match cli.verb {
        Verb::Inspect { place, input, output } => {
            output.report(&course::run::<InspectServer>(&place.target()?, input).await?)
        }
        Verb::Audit { place, input, output } => {
            output.report(&course::run::<AuditMemory>(&place.target()?, input).await?)
        }
        Verb::Lua { place, input, output } => {
            output.report(&course::run::<GenerateLua>(&place.target()?, input).await?)
        }
        Verb::Cache { place, input, output } => {
            output.report(&course::run::<DesignCache>(&place.target()?, input).await?)
        }
        Verb::Recommend { place, input, output } => {
            output.report(&course::run::<RecommendStructure>(&place.target()?, input).await?)
        }
        Verb::Topology { place, input, output } => {
            output.report(&course::run::<PlanTopology>(&place.target()?, input).await?)
        }
        Verb::Simulate { place, input, output } => {
            output.report(&course::run::<Simulate>(&place.target()?, input).await?)
        }
        Verb::Demo { output, keep } => demo::run(keep, |report| output.report(report)).await,
        Verb::Permissions { verb, user } => output::text(&permissions(verb.as_deref(), &user)?),
        Verb::Handbook { page: None } => output::text(&contents()),
        Verb::Handbook { page: Some(name) } => {
            let page = handbook::find(&name).with_context(|| {
                let name = crate::facts::foreign::bounded(&name, 60);
                format!("there is no page {name:?}. `godmode-redis handbook` lists them all.")
            })?;
            output::text(&page.body)
        }
        Verb::Mcp { place } => mcp::serve(place.book()).await.map(|()| FINE),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), env!("CARGO_PKG_NAME"), &mut script);
            output::text(&String::from_utf8_lossy(&script))
        }
    }
}

/// A user's name goes into a command that a person pastes, so it may not hold anything but a name.
fn permissions(verb: Option<&str>, user: &str) -> Result<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    anyhow::ensure!(
        !user.is_empty() && user.chars().all(plain),
        "a user's name may hold letters, digits, '_', '-' and '.'. Choose one with --user."
    );
    Ok(format!("{}\n", acl_line(user, &asks_of(verb))))
}

/// The questions of one verb, or of them all.
fn asks_of(verb: Option<&str>) -> Vec<Ask> {
    let chosen = asks_by_verb().into_iter().find(|(name, _)| verb == Some(name));
    chosen.map_or_else(every_ask, |(_, asks)| asks)
}

fn contents() -> String {
    handbook::pages().iter().map(|page| format!("{:<48} {}\n", page.path.trim_end_matches(".md"), page.title)).collect()
}
