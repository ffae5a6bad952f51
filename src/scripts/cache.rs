//! Caches: one loader at a time, and no value that is older than it should be.

use super::{Family, script};
use crate::page;

pub const FAMILY: Family = Family {
    id: "cache",
    title: "Caches",
    scripts: &[
        script("cache-lease-get", page!("lua/cache/cache-lease-get.md"), page!("lua/cache/cache-lease-get.lua")),
        script("cache-lease-set", page!("lua/cache/cache-lease-set.md"), page!("lua/cache/cache-lease-set.lua")),
        script("stale-get", page!("lua/cache/stale-get.md"), page!("lua/cache/stale-get.lua")),
        script("stale-set", page!("lua/cache/stale-set.md"), page!("lua/cache/stale-set.lua")),
        script("early-get", page!("lua/cache/early-get.md"), page!("lua/cache/early-get.lua")),
        script("early-set", page!("lua/cache/early-set.md"), page!("lua/cache/early-set.lua")),
        script("versioned-set", page!("lua/cache/versioned-set.md"), page!("lua/cache/versioned-set.lua")),
        script("versioned-drop", page!("lua/cache/versioned-drop.md"), page!("lua/cache/versioned-drop.lua")),
        script("tagged-get", page!("lua/cache/tagged-get.md"), page!("lua/cache/tagged-get.lua")),
        script("tagged-set", page!("lua/cache/tagged-set.md"), page!("lua/cache/tagged-set.lua")),
        script("tag-invalidate", page!("lua/cache/tag-invalidate.md"), page!("lua/cache/tag-invalidate.lua")),
        script("negative-mark", page!("lua/cache/negative-mark.md"), page!("lua/cache/negative-mark.lua")),
        script("lru-get", page!("lua/cache/lru-get.md"), page!("lua/cache/lru-get.lua")),
        script("lru-put", page!("lua/cache/lru-put.md"), page!("lua/cache/lru-put.lua")),
    ],
};
