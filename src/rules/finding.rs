//! What a rule says when it fires, and all that belongs to it by the time it is printed.

use std::fmt;

use serde::Serialize;

use super::savings::Saving;
use crate::facts::{Evidence, Foreign, Missing};

/// How bad it is. Worst first, so that sorting ranks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Data, service or safety is being lost, or a single step away from it.
    Critical,
    /// It will hurt at the next load, failover or restart.
    Warning,
    /// Worth knowing; act when convenient.
    Notice,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Notice => "notice",
        })
    }
}

/// How much thought a fix needs before a person runs it. We never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Reads, or changes nothing that a client can notice.
    Safe,
    /// Changes behaviour: read what it could break first.
    Review,
    /// Drops connections or data, or stalls the server for a while.
    Disruptive,
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Safe => "safe",
            Self::Review => "after review",
            Self::Disruptive => "disruptive",
        })
    }
}

/// A step that would mend it: a command, or a change outside of Redis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    pub step: String,
    pub risk: Risk,
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fix {}: {}", self.risk, self.step)
    }
}

/// What a rule itself says: one sentence of what is true here, and the steps that would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    pub severity: Severity,
    pub says: String,
    pub fixes: Vec<Fix>,
    /// What the fixes would save of which family.
    pub savings: Vec<Saving>,
}

impl Alarm {
    pub fn new(severity: Severity, says: impl Into<String>) -> Self {
        Self { severity, says: says.into(), fixes: Vec::new(), savings: Vec::new() }
    }

    pub fn saves(mut self, savings: Vec<Saving>) -> Self {
        self.savings = savings;
        self
    }

    pub fn fix(mut self, risk: Risk, step: impl Into<String>) -> Self {
        self.fixes.push(Fix { step: step.into(), risk });
        self
    }
}

impl fmt::Display for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity, self.says)?;
        self.fixes.iter().try_for_each(|fix| write!(f, "\n{fix}"))
    }
}

/// An alarm with its rule, its evidence, and what its page says about checking and about what could break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub rule: &'static str,
    pub topic: &'static str,
    pub title: &'static str,
    /// The node it is about; none when it is about the deployment as a whole.
    pub node: Option<Foreign>,
    pub severity: Severity,
    pub says: String,
    pub evidence: Vec<Evidence>,
    pub fixes: Vec<Fix>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub savings: Vec<Saving>,
    pub verify: String,
    pub could_break: String,
    pub page: String,
}

/// A rule that could not be checked, and the fact it lacked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unchecked {
    pub rule: &'static str,
    pub node: Option<Foreign>,
    #[serde(flatten)]
    pub missing: Missing,
}
