//! A replica that does not hear its primary.

use crate::facts::{Seconds, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "primary-link-down",
    page: page!("rules/replication/primary-link-down.md"),
    check: Check::Server(check),
};

/// A reconnect with a partial resync takes a second or two (common alert packs wait as long).
const BLIP: i64 = 10;
/// A full copy that takes longer is stuck, or starts over again and again (judgement).
const LONG_COPY: i64 = 600;
/// Redis before 6.2.4 counts a link that never was from 1970; later versions say -1.
const SINCE_1970: i64 = 1_000_000_000;

fn check(server: &Witness) -> Checked {
    if server.word("role")? != "slave" || server.word("master_link_status")? == "up" {
        return Ok(None);
    }
    let down = server.signed("master_link_down_since_seconds")?;
    let copying = server.is_on("master_sync_in_progress")?;
    let never = !(0..SINCE_1970).contains(&down);
    let severity = match copying {
        true if !never && down >= LONG_COPY => Severity::Warning,
        true => Severity::Notice,
        false if !never && down < BLIP => Severity::Notice,
        false => Severity::Critical,
    };
    let since = if never {
        "has not been up since this replica started".to_owned()
    } else {
        format!("has been down for {}", Seconds(down.unsigned_abs()))
    };
    let doing = if copying { ", and a full copy is on its way" } else { "" };
    let says = format!("the link to the primary {since}{doing}");
    let alarm = Alarm::new(severity, says)
        .fix(Risk::Safe, "read the log of this replica: it names the cause (address, masterauth, TLS, timeout)");
    Ok(Some(if severity == Severity::Critical {
        alarm.fix(Risk::Review, "take this replica out of the clients' reads until the link is up")
    } else {
        alarm
    }))
}
