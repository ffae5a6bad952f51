//! Passwords and data cross the network unencrypted.

use crate::facts::{Count, Witness};
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "plaintext-clients", page: page!("rules/security/plaintext-clients.md"), check: Check::Server(check) };

/// Our own connection may be the only one from another machine.
const OURS: u64 = 1;

fn check(server: &Witness) -> Checked {
    let remote = server.clients()?.remote;
    server.note("CLIENT LIST", "from other machines", Count(remote));
    if remote <= OURS {
        return Ok(None);
    }
    let port = server.number("port")?;
    // Until 7.2 a build without TLS has no tls-port at all. That CONFIG answers we know from the line above.
    if server.number("tls-port").is_ok_and(|tls| tls > 0) {
        return Ok(None);
    }
    let says = format!("{} connections from other machines use port {port} without TLS", Count(remote));
    Ok(Some(
        Alarm::new(Severity::Notice, says)
            .fix(Risk::Safe, "see whose they are: addr, name and user in CLIENT LIST")
            .fix(
                Risk::Review,
                "set tls-port, tls-cert-file, tls-key-file and tls-ca-cert-file; move the clients; then port 0",
            ),
    ))
}
