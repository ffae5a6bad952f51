//! Godmode Redis: looks at a Redis or Valkey server without writing to it, and says what it saw.
//!
//! Modules in reading order. Each may use only those above it (`tests/tidy.rs` holds it to that):
//!
//! | module | question |
//! |---|---|
//! | [`page`] | what do the pages of the skill say? |
//! | [`facts`] | what did we see? |
//! | [`rules`] | what is wrong? |

pub mod cli;
pub mod demo;
pub mod facts;
pub mod handbook;
pub mod mcp;
pub mod page;
pub mod print;
pub mod probe;
pub mod rules;
pub mod tools;
