//! Rate limiters: how much is let through, and how exactly.

use super::{Family, script};
use crate::page;

pub const FAMILY: Family = Family {
    id: "limiters",
    title: "Rate limiters",
    scripts: &[
        script("fixed-window", page!("lua/limiters/fixed-window.md"), page!("lua/limiters/fixed-window.lua")),
        script("sliding-log", page!("lua/limiters/sliding-log.md"), page!("lua/limiters/sliding-log.lua")),
        script("sliding-counter", page!("lua/limiters/sliding-counter.md"), page!("lua/limiters/sliding-counter.lua")),
        script("token-bucket", page!("lua/limiters/token-bucket.md"), page!("lua/limiters/token-bucket.lua")),
        script("gcra", page!("lua/limiters/gcra.md"), page!("lua/limiters/gcra.lua")),
    ],
};
