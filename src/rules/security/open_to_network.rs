//! No password, no protected mode, and a port that others can reach.

use std::net::IpAddr;

use crate::facts::Witness;
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "open-to-network", page: page!("rules/security/open-to-network.md"), check: Check::Server(check) };

fn check(server: &Witness) -> Checked {
    let user = server.default_user()?;
    if !user.has("on") || !user.has("nopass") {
        return Ok(None);
    }
    // A health check that needs no password lets nobody in.
    if user.can_only_greet() {
        return Ok(None);
    }
    let bind = server.word("bind")?;
    // Before 7.0 an empty bind meant every interface, and only then did protected mode guard; since 7.0 it means none.
    let before_7 = !server.engine()?.at_least((7, 0), (7, 2));
    let everywhere = bind.is_empty() && before_7;
    if !everywhere && bind.raw().split_whitespace().all(is_loopback) {
        return Ok(None);
    }
    let protected = server.is_on("protected-mode")?;
    if protected && (everywhere || !before_7) {
        return Ok(None);
    }
    // A client certificate is a credential too; port 0 without TLS leaves a unix socket.
    if server.number("port")? == 0 && (server.number("tls-port")? == 0 || server.word("tls-auth-clients")? == "yes") {
        return Ok(None);
    }
    let listens = if everywhere { "every interface".into() } else { bind.to_string() };
    let says = format!(
        "the default user needs no password, protected-mode is {}, and the server listens on {listens}",
        if protected { "yes" } else { "no" }
    );
    let mut alarm = Alarm::new(Severity::Critical, says)
        .fix(Risk::Review, "CONFIG SET requirepass <password>, and CONFIG REWRITE; tell replicas by masterauth first");
    if everywhere || !before_7 {
        alarm = alarm.fix(
            Risk::Review,
            "CONFIG SET protected-mode yes: only this machine may connect until there is a password",
        );
    }
    Ok(Some(
        alarm.fix(Risk::Review, "CONFIG SET bind \"127.0.0.1 -::1\", or an address that only its clients can reach"),
    ))
}

/// An address of `bind`; the leading `-` of an optional one apart.
fn is_loopback(address: &str) -> bool {
    let address = address.trim_start_matches('-');
    address == "localhost" || address.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}
