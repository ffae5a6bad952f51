//! TLS without a check of certificates.

use crate::facts::DeploymentWitness;
use crate::page;
use crate::rules::{Alarm, Check, Checked, Risk, Rule, Severity};

pub const RULE: Rule =
    Rule { id: "tls-unverified", page: page!("rules/deployment/tls-unverified.md"), check: Check::Deployment(check) };

fn check(witness: &DeploymentWitness) -> Checked {
    if !witness.deployment.unverified_tls {
        return Ok(None);
    }
    witness.note("target", "insecure", "yes");
    let says = "this look went over TLS without checking the server's certificate: it may have been anybody's server";
    Ok(Some(
        Alarm::new(Severity::Warning, says)
            .fix(
                Risk::Safe,
                "name the CA instead: --ca FILE, or ca = \"FILE\" in godmode-redis.toml, and drop insecure",
            )
            .fix(Risk::Review, "give the server a certificate for the name that clients dial"),
    ))
}
