//! Records: what happens once, or only if nothing changed meanwhile.

use super::{Family, script};
use crate::page;

pub const FAMILY: Family = Family {
    id: "records",
    title: "Records",
    scripts: &[
        script(
            "idempotency-begin",
            page!("lua/records/idempotency-begin.md"),
            page!("lua/records/idempotency-begin.lua"),
        ),
        script(
            "idempotency-finish",
            page!("lua/records/idempotency-finish.md"),
            page!("lua/records/idempotency-finish.lua"),
        ),
        script("compare-and-set", page!("lua/records/compare-and-set.md"), page!("lua/records/compare-and-set.lua")),
        script(
            "compare-and-delete",
            page!("lua/records/compare-and-delete.md"),
            page!("lua/records/compare-and-delete.lua"),
        ),
        script("transfer", page!("lua/records/transfer.md"), page!("lua/records/transfer.lua")),
        script("session-touch", page!("lua/records/session-touch.md"), page!("lua/records/session-touch.lua")),
    ],
};
