//! What `generate_lua` answers: a script with all that is known of it, the scripts that come into question, or what was
//! found in a script of the user's.

use serde::Serialize;

use super::client::Way;
use crate::facts::Foreign;
use crate::lint;
use crate::print::Document;
use crate::proof::{Run, Trial};
use crate::rules::Severity;
use crate::tools::Report;

/// One of the answers.
#[derive(Debug, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    Script(Box<Recipe>),
    /// More than one fits, or one by half.
    Candidates {
        need: Foreign,
        candidates: Vec<Candidate>,
    },
    Unknown {
        need: Foreign,
        families: Vec<FamilyRow>,
    },
    Check(Box<Checked>),
}

/// A script of the library, ready to be called.
#[derive(Debug, Serialize)]
pub struct Recipe {
    pub id: &'static str,
    pub title: &'static str,
    /// Words of the need that no page knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<Foreign>,
    pub promise: String,
    /// Where it is to run, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    pub needs: String,
    /// Commands that do the same without a script: where, with which arguments, and what they say otherwise.
    pub instead: Vec<String>,
    pub delivery: Way,
    /// To be saved under this name.
    pub file: String,
    /// The script, the library of functions, or nothing where a command takes its place.
    pub text: String,
    pub sha1: String,
    pub keys: Vec<KeyRow>,
    pub slots: String,
    pub arguments: Vec<ArgumentRow>,
    pub reply: Vec<PartRow>,
    pub commands_per_call: String,
    pub notes: Vec<(&'static str, String)>,
    pub siblings: Vec<&'static str>,
    pub acl: String,
    pub call: Code,
    /// Shown beside another language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<Code>,
    pub static_check: StaticCheck,
    pub proof: Proof,
    pub page: String,
}

#[derive(Debug, Serialize)]
pub struct KeyRow {
    pub name: &'static str,
    pub key: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub about: &'static str,
}

#[derive(Debug, Serialize)]
pub struct ArgumentRow {
    pub name: &'static str,
    pub value: String,
    pub unit: &'static str,
    pub range: String,
    pub about: String,
}

#[derive(Debug, Serialize)]
pub struct PartRow {
    pub name: &'static str,
    pub unit: &'static str,
    pub about: String,
}

/// A program in the language of a client.
#[derive(Debug, Serialize)]
pub struct Code {
    pub client: &'static str,
    pub language: &'static str,
    pub text: String,
    pub tried: &'static str,
}

/// What the rules made of a text, without running it.
#[derive(Debug, Serialize)]
pub struct StaticCheck {
    pub clear: usize,
    pub findings: Vec<lint::Finding>,
}

/// What was run, or why nothing was.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    Runs(Vec<Run>),
    NotProven(&'static str),
}

#[derive(Debug, Serialize)]
pub struct Candidate {
    pub id: &'static str,
    pub title: &'static str,
    pub promise: String,
    pub instead: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct FamilyRow {
    pub title: &'static str,
    pub scripts: Vec<&'static str>,
}

/// A script of the user's.
#[derive(Debug, Serialize)]
pub struct Checked {
    pub bytes: usize,
    pub sha1: String,
    pub text: Reading,
    pub trials: Trials,
}

/// What could be read, or where it could not.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    Read(Read),
    Unreadable(lint::SyntaxTrouble),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trials {
    Runs(Vec<Trial>),
    NotProven(&'static str),
}

#[derive(Debug, Serialize)]
pub struct Read {
    pub check: StaticCheck,
    pub commands: Vec<Foreign>,
    /// What a user needs to run it, where that can be read off the text.
    pub acl: Option<String>,
}

impl Report for Answer {
    fn document(&self) -> Document {
        super::document::of(self)
    }

    fn worst(&self) -> Option<Severity> {
        match self {
            Self::Check(checked) => match &checked.text {
                Reading::Read(read) => read.check.findings.first().map(|finding| finding.severity),
                // No server would load it.
                Reading::Unreadable(_) => Some(Severity::Critical),
            },
            _ => None,
        }
    }

    fn saw_nothing(&self) -> bool {
        matches!(self, Self::Candidates { .. } | Self::Unknown { .. })
    }
}
