//! What `recommend_structure` answers: a structure with all that goes with it, what stands in the way, or a question back.

use serde::Serialize;

use super::sampled::Present;
use crate::decisions::structures::{Estimate, Guarantees};
use crate::facts::Foreign;
use crate::print::Document;
use crate::proof::structures::Measured;
use crate::rules::Severity;
use crate::tools::Report;

/// One of the answers.
#[derive(Debug, Serialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answer {
    Structure(Box<Recommendation>),
    /// It would end badly: why, and what does the job.
    Refused {
        use_case: Foreign,
        refusals: Vec<RefusalRow>,
        /// Uses whose pages do the job.
        uses: Vec<UseRow>,
    },
    /// Nothing does all that is asked.
    Conflict(Box<Conflict>),
    /// More than one use fits, or one by half.
    Candidates {
        use_case: Foreign,
        candidates: Vec<UseRow>,
    },
    Unknown {
        use_case: Foreign,
        uses: Vec<UseRow>,
    },
}

/// What both kinds of answer say first.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// The use, if a page describes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_case: Option<&'static str>,
    pub title: String,
    /// Words of the use that no page knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<Foreign>,
    pub server: String,
    /// Needs as they were understood, and the sizes.
    pub needs: Vec<&'static str>,
    pub sizes: String,
    /// Numbers of the words, and as what they count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<String>,
    /// Which modules the service has, where one was named or seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hosting: Option<String>,
    /// The target's own keys, where a pattern named them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub present: Option<Present>,
    /// Commands in the words of the user that others replaced.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deprecated: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct Recommendation {
    pub asked: Asked,
    pub structure: &'static str,
    pub title: &'static str,
    pub because: String,
    pub calls: Vec<CallRow>,
    pub keys: Vec<KeyRow>,
    pub cluster: String,
    pub ttl: String,
    /// How so many seconds are kept and no more, where they were said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Tenants>,
    pub eviction: String,
    pub memory: Memory,
    pub throughput: String,
    /// Of a structure of a module, where no service was named: those that have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<String>,
    /// Our scripts that do it in one step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<ScriptRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messaging: Option<Messaging>,
    pub runners_up: Vec<RunnerUp>,
    pub would_change: Vec<ChangeRow>,
    /// Where little else does: why the nearest others do not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proven: Option<Proven>,
    pub pitfalls: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub migration: Vec<String>,
    /// A session that was replayed on servers, to try by hand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub session: Vec<String>,
    /// What of the page this server is too old for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub newer: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct KeyRow {
    pub pattern: String,
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub about: String,
}

/// What changes where several share it.
#[derive(Debug, Serialize)]
pub struct Tenants {
    pub says: String,
    pub names: String,
    pub quota: String,
    pub access: String,
    pub shares: String,
}

#[derive(Debug, Serialize)]
pub struct ScriptRow {
    /// For `generate_lua`.
    pub id: &'static str,
    pub title: &'static str,
}

#[derive(Debug, Serialize)]
pub struct RefusalRow {
    pub id: &'static str,
    pub because: String,
    pub instead: String,
    pub page: String,
}

#[derive(Debug, Serialize)]
pub struct CallRow {
    pub need: &'static str,
    pub calls: Vec<&'static str>,
    pub cost: String,
    pub since: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub note: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Memory {
    pub says: String,
    #[serde(flatten)]
    pub estimate: Option<Estimate>,
    pub per_element: Option<f64>,
}

#[derive(Debug, Serialize)]
pub struct Messaging {
    pub channel: String,
    pub because: &'static str,
    #[serde(flatten)]
    pub guarantees: Guarantees,
    pub unless: Vec<String>,
}

/// What was measured, or why nothing was.
#[derive(Debug, Serialize)]
pub struct Proven {
    pub says: String,
    #[serde(flatten)]
    pub measured: Option<Measured>,
}

#[derive(Debug, Serialize)]
pub struct RunnerUp {
    pub structure: &'static str,
    pub title: &'static str,
    pub behind: String,
    pub memory: String,
    /// The change under which it comes first, where a single one does that.
    pub wins_when: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct ChangeRow {
    pub when: String,
    pub structure: &'static str,
}

#[derive(Debug, Serialize)]
pub struct Conflict {
    pub asked: Asked,
    pub says: String,
    pub nearest: Vec<String>,
    pub refused: Vec<Refused>,
}

#[derive(Debug, Serialize)]
pub struct Refused {
    pub structure: &'static str,
    pub title: &'static str,
    pub because: Vec<String>,
}

#[derive(Debug, Serialize)]
pub struct UseRow {
    pub id: &'static str,
    pub title: &'static str,
    pub about: String,
}

impl Report for Answer {
    fn document(&self) -> Document {
        super::document::of(self)
    }

    fn worst(&self) -> Option<Severity> {
        matches!(self, Self::Refused { .. }).then_some(Severity::Critical)
    }

    fn saw_nothing(&self) -> bool {
        !matches!(self, Self::Structure(_) | Self::Refused { .. })
    }
}
