//! What the scripts promise, held against the full history of sixteen clients that lose replies and connections; and bugs
//! that a history has to give away, so that it is known to.

mod boards;
mod bounds;
mod limiters;
mod locks;
mod mutants;
mod queues;
mod stores;
mod streams;
