//! Keys are told apart by SELECT instead of by their names.

use crate::facts::{Count, Share, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "several-databases", page: page!("rules/keyspace/several-databases.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    let mut databases = server.databases()?;
    databases.retain(|db| db.keys > 0);
    let keys = databases.iter().map(|db| db.keys).sum();
    let Some(largest) = databases.iter().max_by_key(|db| db.keys).filter(|_| databases.len() > 1) else {
        return Ok(None);
    };
    let says = format!(
        "{} logical databases hold {} keys; db{} alone holds {}",
        databases.len(),
        Count(keys),
        largest.index,
        Share::of(largest.keys, keys)
    );
    Ok(Some(
        Alarm::new(Severity::Notice, says)
            .fix(Risk::Review, "give each use a prefix in db0 (cart:, session:), or a server of its own")
            .fix(Risk::Safe, "see who uses which: the db field of CLIENT LIST"),
    ))
}
