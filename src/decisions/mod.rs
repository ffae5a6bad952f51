//! What to pick: tables of conditions, read from above, the first row that holds decides.

pub mod cache;
mod denied;
mod quantities;
pub mod refusals;
pub mod structures;
mod table;
pub mod topology;

pub use denied::denied;
pub use quantities::{Quantity, Unit, begins, quantities, take, words_between};
pub use table::{Choice, Condition, Printed, Row, Table, Unless};
