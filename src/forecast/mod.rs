//! What will happen: hit ratios, ages and loads, computed before anything is built.

pub mod curve;
pub mod hit_ratio;
mod lfu;
pub mod live;
pub mod miniature;
pub mod popularity;
pub mod refill;
pub mod shards;
pub mod stampede;
pub mod trace;

pub use curve::{Point, curve, knee, sizes};
pub use hit_ratio::{Bound, Cache, Eviction, Prediction, predict};
pub use popularity::{Bin, Draws, Popularity};
