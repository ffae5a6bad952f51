//! What the demo shows, tool by tool, as one report.

use serde::Serialize;

use crate::print::Document;
use crate::rules::Severity;
use crate::tools::{AuditMemory, InspectServer, RecommendStructure, Report, Tool};

type Of<T> = <T as Tool>::Report;

/// The reports of the tools. What was inspected stands first, and as `inspect` prints it.
#[derive(Debug, Serialize)]
pub struct Show {
    #[serde(flatten)]
    pub inspection: Of<InspectServer>,
    pub audit: Of<AuditMemory>,
    /// The structure for some of its keys, beside runners-up, as measured.
    pub recommendation: Of<RecommendStructure>,
}

impl Report for Show {
    fn document(&self) -> Document {
        let mut document = self.inspection.document();
        document.append(titled("Where the bytes are", self.audit.document()));
        document.append(titled("What would hold the profiles in fewer bytes", self.recommendation.document()));
        document
    }

    fn worst(&self) -> Option<Severity> {
        self.inspection.worst().max(self.audit.worst())
    }

    fn saw_nothing(&self) -> bool {
        self.inspection.saw_nothing()
    }
}

fn titled(what: &str, document: Document) -> Document {
    Document { title: format!("{what}: {}", document.title), ..document }
}
