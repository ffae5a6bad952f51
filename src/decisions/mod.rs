//! What to pick: tables of conditions, read from above, the first row that holds decides.

mod table;

pub use table::{Choice, Condition, Printed, Row, Table, Unless};
