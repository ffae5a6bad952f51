//! Locks: who may work now, and the number that protects the resource.

use super::{Family, script};
use crate::page;

pub const FAMILY: Family = Family {
    id: "locks",
    title: "Locks",
    scripts: &[
        script("lock-acquire", page!("lua/locks/lock-acquire.md"), page!("lua/locks/lock-acquire.lua")),
        script("lock-release", page!("lua/locks/lock-release.md"), page!("lua/locks/lock-release.lua")),
        script("lock-extend", page!("lua/locks/lock-extend.md"), page!("lua/locks/lock-extend.lua")),
        script("reentrant-acquire", page!("lua/locks/reentrant-acquire.md"), page!("lua/locks/reentrant-acquire.lua")),
        script("reentrant-release", page!("lua/locks/reentrant-release.md"), page!("lua/locks/reentrant-release.lua")),
        script("rw-acquire", page!("lua/locks/rw-acquire.md"), page!("lua/locks/rw-acquire.lua")),
        script("rw-release", page!("lua/locks/rw-release.md"), page!("lua/locks/rw-release.lua")),
        script("semaphore-acquire", page!("lua/locks/semaphore-acquire.md"), page!("lua/locks/semaphore-acquire.lua")),
        script("semaphore-release", page!("lua/locks/semaphore-release.md"), page!("lua/locks/semaphore-release.lua")),
    ],
};
