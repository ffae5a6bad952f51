//! Counters and sets: caps, stock, rankings, who was seen.

use super::{Family, script};
use crate::page;

pub const FAMILY: Family = Family {
    id: "counters",
    title: "Counters and sets",
    scripts: &[
        script(
            "capped-increment",
            page!("lua/counters/capped-increment.md"),
            page!("lua/counters/capped-increment.lua"),
        ),
        script("stock-reserve", page!("lua/counters/stock-reserve.md"), page!("lua/counters/stock-reserve.lua")),
        script("stock-settle", page!("lua/counters/stock-settle.md"), page!("lua/counters/stock-settle.lua")),
        script("unique-count", page!("lua/counters/unique-count.md"), page!("lua/counters/unique-count.lua")),
        script("leaderboard-add", page!("lua/counters/leaderboard-add.md"), page!("lua/counters/leaderboard-add.lua")),
        script(
            "leaderboard-around",
            page!("lua/counters/leaderboard-around.md"),
            page!("lua/counters/leaderboard-around.lua"),
        ),
        script("top-add", page!("lua/counters/top-add.md"), page!("lua/counters/top-add.lua")),
        script(
            "sliding-statistics",
            page!("lua/counters/sliding-statistics.md"),
            page!("lua/counters/sliding-statistics.lua"),
        ),
        script("presence-beat", page!("lua/counters/presence-beat.md"), page!("lua/counters/presence-beat.lua")),
    ],
};
