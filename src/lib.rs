//! Godmode Redis: looks at a Redis or Valkey server without writing to it, and says what it saw.
//!
//! Modules in reading order; each may use only some of those above it, and `tests/tidy.rs` holds it to that.
//!
//! | module | question |
//! |---|---|
//! | [`page`] | what do the pages of the skill say? |
//! | [`facts`] | what did we see? |
//! | [`print`] | how is a report put on paper? |
//! | [`footprint`] | what does a key cost? |
//! | [`forecast`] | what will happen? |
//! | [`decisions`] | what to pick? |
//! | [`families`] | which keys belong together? |
//! | [`census`] | where are the bytes? |
//! | [`rules`] | what is wrong? |
//! | [`scripts`] | which Lua is ready to use? |
//! | [`lint`] | what is wrong with a script? |
//! | [`probe`] | how do we look? |
//! | [`proof`] | what did a script do when it was run? |
//! | [`tools`] | what can be asked of us? |
//! | [`handbook`] | what do we know? |
//! | [`demo`] | what does it look like? |
//! | [`mcp`] | the door for agents |
//! | [`cli`] | the door for people |

pub mod census;
pub mod cli;
pub mod decisions;
pub mod demo;
pub mod facts;
pub mod families;
pub mod footprint;
pub mod forecast;
pub mod handbook;
pub mod lint;
pub mod mcp;
pub mod page;
pub mod print;
pub mod probe;
pub mod proof;
pub mod rules;
pub mod scripts;
pub mod tools;
