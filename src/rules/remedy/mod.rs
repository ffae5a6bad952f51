//! What to do where a service keeps commands to itself: its own way in place of ours, and where a hidden value is seen.

mod rewrite;
mod services;

use crate::facts::{Hosting, Missing, Provider, Server};
use crate::rules::Fix;

pub use services::SERVICES;

/// One managed service: what it hides, and what takes the place of it.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    pub provider: Provider,
    /// Commands that get no answer, as ACL rules name them, and where their answer is seen instead. A container stands
    /// for all of its subcommands.
    pub hides: &'static [(&'static str, &'static str)],
    /// Where its settings are, in a few words: `the parameter group`.
    pub place: &'static str,
    /// How a parameter is set there, with `{name}`, `{name_}` (underscores for dashes) and `{value}`.
    pub set: &'static str,
    /// Parameters that can be set so.
    pub settable: &'static [&'static str],
    /// Parameters that CONFIG SET itself may change.
    pub allows: &'static [&'static str],
    /// What to do in place of a command, or of a CONFIG SET of this parameter. An empty text means: nothing to do.
    pub instead: &'static [(&'static str, &'static str)],
    /// The pages that say so.
    pub sources: &'static [&'static str],
}

impl Service {
    /// The service that runs a server, if we know its ways.
    pub fn of(hosting: &Hosting) -> Option<&'static Self> {
        SERVICES.iter().find(|service| service.provider == hosting.provider)
    }

    /// The fixes that a person can carry out on this service. Two that become the same step are one.
    pub fn fixes(&self, server: &Server, fixes: Vec<Fix>) -> Vec<Fix> {
        // What did answer is not hidden, whatever a page says.
        let silent: Vec<&str> = server.unanswered().map(|(command, _)| container(command)).collect();
        let hidden: Vec<_> = self.hides.iter().filter(|(command, _)| silent.contains(&container(command))).collect();
        let mut possible: Vec<Fix> = Vec::with_capacity(fixes.len());
        for fix in fixes {
            let step = rewrite::step(self, &hidden, &fix.step);
            if let Some(step) = step.filter(|step| possible.iter().all(|known| known.step != *step)) {
                possible.push(Fix { step, ..fix });
            }
        }
        possible
    }

    /// How a parameter is set here; `None` where there is nothing to do.
    pub fn setting(&self, name: &str, value: &str) -> Option<String> {
        rewrite::step(self, &[], &format!("CONFIG SET {name} \"{value}\""))
    }

    /// Says of a fact that the service hides where it is seen instead; any other stays as it is.
    pub fn explained(&self, server: &Server, missing: Missing) -> Missing {
        let Some((command, _)) = server.unanswered().find(|(_, gap)| **gap == missing) else { return missing };
        let Some(seen) = self.seen(command) else { return missing };
        let command = command.replace('|', " ").to_uppercase();
        Missing { why: format!("{} hides {command}; {seen}", self.provider), ..missing }
    }

    /// Where the answer of a command is seen, if the service hides it.
    fn seen(&self, command: &str) -> Option<&'static str> {
        let hides = |hidden: &str| hidden == command || hidden == container(command);
        self.hides.iter().find(|(hidden, _)| hides(hidden)).map(|(_, seen)| *seen)
    }
}

fn container(command: &str) -> &str {
    command.split('|').next().unwrap_or(command)
}
