//! How we look: the only I/O to a server, and it cannot write.

mod ask;
mod link;
mod look;
mod reply;
mod scratch;
mod target;
mod trouble;

pub use ask::{Ask, PARAMETERS, acl_line, every_ask};
pub use look::{Wishes, look};
pub use scratch::{Scratch, find_server};
pub use target::{DEFAULT_URL, Target, VARIABLES};
pub use trouble::Trouble;
