//! A replica that could not take over without losing writes.

use crate::facts::{Bytes, Missing, Replica, Seconds, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "replica-behind", page: page!("rules/replication/replica-behind.md"), check: Check::Server(check) };

/// Replicas acknowledge once a second; ten missed in a row are no accident (min-replicas-max-lag defaults to 10).
const LATE: u64 = 10;

fn check(server: &Witness) -> Checked {
    if server.number("connected_slaves")? == 0 {
        return Ok(None);
    }
    let replicas = server.replicas()?;
    if replicas.is_empty() {
        return Err(Missing::new("slave0", "replicas are connected, but INFO does not describe them"));
    }
    let head = server.number("master_repl_offset")?;
    let backlog = server.bytes("repl_backlog_size")?;
    let alarms = replicas.iter().map(|replica| judge(server, replica, head, backlog)).collect::<Result<Vec<_>, _>>()?;
    Ok(alarms.into_iter().flatten().min_by_key(|alarm| alarm.severity))
}

fn judge(server: &Witness, replica: &Replica, head: u64, backlog: Bytes) -> Checked {
    let Replica { address, state, offset, lag } = replica;
    server.note("INFO", &format!("replica {address}"), format!("{state}, offset {offset}, lag {lag} s"));
    if state != "online" {
        let says = format!("replica {address} is taking a full copy ({state})");
        return Ok(Some(Alarm::new(Severity::Notice, says).fix(Risk::Safe, "wait until INFO replication says online")));
    }
    let behind = Bytes(head.saturating_sub(*offset));
    let silent = *lag >= LATE;
    // The offset is as old as the last acknowledgement: a second of heavy writes can be more than the backlog.
    let far =
        behind > backlog && (silent || behind.0 as f64 >= server.growth("master_repl_offset")?.rate().0 * LATE as f64);
    if !silent && !far {
        return Ok(None);
    }
    let severity = if far { Severity::Critical } else { Severity::Warning };
    let says = format!(
        "replica {address} is {behind} behind and acknowledged {} ago; the backlog holds {backlog}",
        Seconds(*lag)
    );
    let alarm = Alarm::new(severity, says)
        .fix(Risk::Safe, "on that replica look for slow commands (SLOWLOG GET), a full CPU, swap and a busy disk");
    Ok(Some(if far {
        alarm.fix(Risk::Review, format!("CONFIG SET repl-backlog-size {}", behind.0 * 2))
    } else {
        alarm
    }))
}
