//! Queues: jobs that survive their workers.

use super::{Family, script};
use crate::page;

pub const FAMILY: Family = Family {
    id: "queues",
    title: "Queues",
    scripts: &[
        script("list-take", page!("lua/queues/list-take.md"), page!("lua/queues/list-take.lua")),
        script("list-ack", page!("lua/queues/list-ack.md"), page!("lua/queues/list-ack.lua")),
        script("delayed-add", page!("lua/queues/delayed-add.md"), page!("lua/queues/delayed-add.lua")),
        script("delayed-promote", page!("lua/queues/delayed-promote.md"), page!("lua/queues/delayed-promote.lua")),
        script("priority-push", page!("lua/queues/priority-push.md"), page!("lua/queues/priority-push.lua")),
        script("priority-take", page!("lua/queues/priority-take.md"), page!("lua/queues/priority-take.lua")),
        script("priority-ack", page!("lua/queues/priority-ack.md"), page!("lua/queues/priority-ack.lua")),
        script("unique-push", page!("lua/queues/unique-push.md"), page!("lua/queues/unique-push.lua")),
        script("job-claim", page!("lua/queues/job-claim.md"), page!("lua/queues/job-claim.lua")),
        script("job-ack", page!("lua/queues/job-ack.md"), page!("lua/queues/job-ack.lua")),
        script("job-extend", page!("lua/queues/job-extend.md"), page!("lua/queues/job-extend.lua")),
        script("job-fail", page!("lua/queues/job-fail.md"), page!("lua/queues/job-fail.lua")),
    ],
};
