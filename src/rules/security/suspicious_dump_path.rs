//! A snapshot file that sshd, cron or the module loader would read: how an open server is taken over.

use crate::facts::{Foreign, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule = Rule {
    id: "suspicious-dump-path",
    page: page!("rules/security/suspicious-dump-path.md"),
    check: Check::Server(check),
};

fn check(server: &Witness) -> Checked {
    let (dir, file) = (server.word("dir")?, server.word("dbfilename")?);
    let (dir, file) = (dir.raw(), file.raw());
    let place = dir.split('/').any(|part| part == ".ssh")
        || ["/etc/cron", "/var/spool/cron"].iter().any(|cron| dir.starts_with(cron));
    // `root` is the name of a crontab.
    let name = file.starts_with("authorized_keys") || file == "root" || file.ends_with(".so");
    if !place && !name {
        return Ok(None);
    }
    let path = Foreign::name(&format!("{dir}/{file}"));
    let says = format!("snapshots are written to {path}, where sshd, cron or MODULE LOAD would read them");
    Ok(Some(
        Alarm::new(Severity::Critical, says)
            .fix(
                Risk::Safe,
                format!("on its machine: look at {path}, the crontabs, authorized_keys and running processes"),
            )
            .fix(
                Risk::Disruptive,
                "treat the machine as broken into: isolate it, and rebuild it from a source you trust",
            )
            .fix(Risk::Disruptive, "set dir and dbfilename in redis.conf to where your data belongs, and restart"),
    ))
}
