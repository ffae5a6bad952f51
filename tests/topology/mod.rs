//! What `plan_topology` plans, what it refuses, and that the files it prints start, fail over and lose as it says.

mod deployed;
mod failover;
mod files;
mod present;
mod wishes;
