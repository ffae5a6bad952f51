//! Which cache: one table for each question, and the arithmetic between them.

mod answer;
mod config;
pub mod consistency;
mod design;
pub mod encoding;
pub mod policy;
mod size;
pub mod stampede;
pub mod strategy;
mod ttl;
mod value;
mod workload;

pub use answer::Answer;
pub use config::Line;
pub use design::{Conflict, Design, Details, Herd, design};
pub use size::{Point, Size};
pub use ttl::Ttl;
pub use value::Value;
pub use workload::{COMPRESSIBLE, Consistency, LARGE, Neighbours, When, Workload};

use super::Printed;
use crate::page::Page;

/// All tables, for the handbook and for the tests.
pub fn tables() -> Vec<Printed> {
    [strategy::TABLE, consistency::TABLE, stampede::TABLE, policy::TABLE, encoding::TABLE]
        .iter()
        .map(super::Table::printed)
        .collect()
}

/// The page of each question.
pub fn pages() -> Vec<Page> {
    let answers = [strategy::ANSWERS, consistency::ANSWERS, stampede::ANSWERS, policy::ANSWERS, encoding::ANSWERS];
    answers.iter().filter_map(|all| Some(all.first()?.page)).collect()
}
