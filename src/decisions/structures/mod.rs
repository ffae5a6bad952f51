//! Which structure for which use: the matrix of needs, the bytes, the pages, and what would change the answer.

mod advice;
mod case;
mod commands;
mod estimate;
mod flips;
pub mod hosting;
mod list;
mod messaging;
mod migration;
mod need;
mod printed;
mod rank;
mod scenario;
mod serves;
mod structure;

pub use advice::{Advice, advise};
pub use case::{Case, Ids, Place, Written, bytes, count, share};
pub use commands::{COMMANDS, Command, Cost, DEPRECATED, find};
pub use estimate::{Estimate, json_is_measured};
pub use flips::Change;
pub use list::SCENARIOS;
pub use messaging::{Channel, Guarantees, MESSAGING};
pub use migration::{Move, kind as type_name, steps as migration_steps};
pub use need::Need;
pub use printed::page;
pub use rank::{Better, Candidate, Obstacle, channel, rank};
pub use scenario::{Flip, KeyRow, Loss, Scenario, check, choose};
pub use serves::{Fit, MATRIX, Serves, serves};
pub use structure::{Module, Since, Structure};
