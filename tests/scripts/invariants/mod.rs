//! What the scripts promise, held against the full history of sixteen clients that lose replies and connections.

mod limiters;
mod locks;
mod queues;
mod stores;
