//! What a script or a load did when it was run, and what a structure took when it was built: on servers of our own, and
//! never on one that is looked at.

mod cluster;
mod host;
mod load;
mod replay;
mod runs;
pub mod structures;
mod traced;
mod trial;

pub use host::Host;
pub use load::{Aftermath, Event, Load, Measured, play};
pub use replay::{Caller, Counted, Delivery, EVALSHA, Way, attempt, call, keys_of, replay, said, say, slots_of};
pub use runs::{BY_COMMAND, Run, Went, prove};
pub use traced::{Replay, Replayed, replay_trace};
pub use trial::{Ended, Example, Trial, try_out};
