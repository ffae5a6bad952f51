//! How we look: the only I/O to a server, and it cannot write.

mod acl;
mod ask;
mod every;
mod gate;
mod key_question;
mod link;
mod look;
mod name;
mod reply;
mod scan;
mod scratch;
mod survey;
mod target;
mod trouble;

pub use acl::{acl_line, sentinel_acl_line};
pub use ask::Ask;
pub use every::{every_ask, every_sentinel_ask, key_asks, look_asks};
pub use gate::Gate;
pub use look::{Wishes, look_at};
pub use name::PARAMETERS;
pub use scan::{
    CLOSE_LOOK, Event, Extent, NameFilter, Pace, Scan, ScanWishes, Source, Stop, Vigil, hot_keys, indexes, quantum,
};
pub use scratch::{Scratch, find_server, find_servers};
pub use survey::survey;
pub use target::{Address, Book, Endpoint, Reach, Secret, Target, Tls};
pub use trouble::{Trouble, meaning};
