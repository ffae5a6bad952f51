//! Why a text is not a script that any server would load, and what to do about it.

use std::fmt;

use serde::Serialize;

/// A text that cannot be read as Lua 5.1. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SyntaxTrouble {
    pub line: usize,
    pub column: usize,
    /// What is wrong, and what was expected there.
    pub says: String,
    /// The next step.
    pub next: String,
}

impl SyntaxTrouble {
    pub fn new(line: usize, column: usize, says: impl Into<String>, next: impl Into<String>) -> Self {
        Self { line, column, says: says.into(), next: next.into() }
    }
}

impl fmt::Display for SyntaxTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}; {}", self.line, self.column, self.says, self.next)
    }
}

impl std::error::Error for SyntaxTrouble {}
