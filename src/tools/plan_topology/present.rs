//! What the deployment that is there says of the demand.

use anyhow::{Result, bail};

use super::growth::{self, Earlier, Look};
use crate::decisions::topology::{Demand, HotSlot, Present};
use crate::facts::{Bytes, Deployment, DeploymentKind, Known, Missing, Role, Server, Witness};

/// The busiest primary over the mean from which on it is worth saying (judgement).
const UNEVEN: f64 = 1.25;

/// What was said, and is not taken from the target.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    pub engine: bool,
    pub earlier: Option<Earlier>,
}

/// Commands per second of one primary.
#[derive(Debug, Clone, Copy, Default)]
struct Rates {
    all: f64,
    reads: f64,
    scripts: f64,
}

/// Fills in what was not said.
pub fn fill(demand: &mut Demand, deployment: &Deployment, said: Said) -> Result<()> {
    let primaries: Vec<&Server> =
        deployment.seen().filter(|(node, _)| node.role == Role::Primary).map(|(_, server)| server).collect();
    let number = |server: &Server, name: &str| server.fact(name).ok().and_then(|(_, value)| value.parse::<f64>().ok());
    let sum = |name: &str| primaries.iter().filter_map(|server| number(server, name)).sum::<f64>();
    let mut unseen = Vec::new();
    let used = sum("used_memory");
    if demand.data == Bytes(0) {
        // What a server takes without any data is no data.
        demand.data = Bytes((used - sum("used_memory_startup")).max(0.0) as u64);
    }
    let rates = primaries.iter().map(|server| rates(server)).collect::<Known<Vec<Rates>>>();
    let rates = rates.unwrap_or_else(|missing| {
        unseen.push(format!("rates: {missing}; instantaneous_ops_per_sec stands for them, half of it as writes"));
        primaries.iter().map(|server| instantaneous(server)).collect()
    });
    if demand.reads + demand.writes + demand.scripts == 0.0 {
        let total = |of: fn(&Rates) -> f64| rates.iter().map(of).sum::<f64>();
        demand.reads = total(|rates| rates.reads);
        demand.scripts = total(|rates| rates.scripts);
        demand.writes = (total(|rates| rates.all) - demand.reads - demand.scripts).max(0.0);
    }
    let oldest = deployment.seen().filter_map(|(_, server)| server.engine()).min_by_key(|engine| engine.version);
    if let Some(engine) = oldest.filter(|_| !said.engine) {
        if !engine.at_least((6, 2), (7, 2)) {
            bail!(
                "the target runs {engine}, older than what is planned for (Redis 6.2, Valkey 7.2); name the engine to plan for (engine)"
            );
        }
        demand.engine = engine;
    }
    let loads: Vec<f64> = rates.iter().map(|rates| rates.all).collect();
    let bytes: Vec<f64> = primaries.iter().filter_map(|server| number(server, "used_memory")).collect();
    let hottest_slot = (deployment.kind == DeploymentKind::Cluster)
        .then(|| hottest(&primaries))
        .and_then(|hottest| hottest.map_err(|missing| unseen.push(format!("hot slots: {missing}"))).ok());
    if let Some(hot) = hottest_slot.filter(|_| demand.largest_tag == 0.0) {
        demand.largest_tag = hot.share;
    }
    let at = primaries.first().and_then(|server| Witness::new(server).now().ok());
    let mut grown = None;
    if let Some(earlier) = said.earlier {
        let Some(at) = at else {
            bail!("the target does not tell its time, so that no growth follows: say it (growth_percent)")
        };
        let now = Look { used: Bytes(used as u64), at: at as f64 };
        let (year, says) = growth::of(earlier.look(now.at), now)?;
        (demand.growth, grown) = (year, Some(says));
    }
    let of = |role| deployment.nodes.iter().filter(|node| node.role == role).count();
    demand.present = Some(Present {
        kind: deployment.kind,
        primaries: of(Role::Primary),
        replicas: of(Role::Replica),
        at,
        used: Bytes(used as u64),
        skew: uneven(&loads, "commands").or_else(|| uneven(&bytes, "bytes")),
        hottest_slot,
        growth: grown,
        unseen,
    });
    Ok(())
}

const SCRIPTS: [&str; 6] = ["eval", "evalsha", "fcall", "eval_ro", "evalsha_ro", "fcall_ro"];

/// Between two looks: lookups are reads, the rest are writes. What a script calls is counted beside it, so that writes come
/// out too high rather than too low.
fn rates(server: &Server) -> Known<Rates> {
    let witness = Witness::new(server);
    let rate = |name: &str| -> Known<f64> { Ok(witness.growth(name)?.rate().0) };
    let seconds = witness.interval()?;
    let scripts = witness.recent_commands().unwrap_or_default();
    let calls = scripts.iter().filter(|command| SCRIPTS.contains(&command.name.raw().to_lowercase().as_str()));
    Ok(Rates {
        all: rate("total_commands_processed")?,
        reads: rate("keyspace_hits")? + rate("keyspace_misses")?,
        scripts: calls.map(|command| command.calls).sum::<u64>() as f64 / seconds,
    })
}

fn instantaneous(server: &Server) -> Rates {
    let all = Witness::new(server).number("instantaneous_ops_per_sec").unwrap_or(0) as f64;
    Rates { all, reads: all / 2.0, scripts: 0.0 }
}

/// The slot that takes the most of the CPU that all commands took, since both are counted.
fn hottest(primaries: &[&Server]) -> Known<HotSlot> {
    let mut all = 0;
    let mut most: Option<(u64, u64)> = None;
    for server in primaries {
        all += Witness::new(server).commands()?.iter().map(|command| command.usec).sum::<u64>();
        for slot in server.slots.as_ref().map_err(Clone::clone)? {
            if most.is_none_or(|(usec, _)| slot.usec > usec) {
                most = Some((slot.usec, slot.slot));
            }
        }
    }
    match most {
        Some((usec, slot)) if usec > 0 && all > 0 => Ok(HotSlot { slot, share: (usec as f64 / all as f64).min(1.0) }),
        _ => Err(Missing::new("CLUSTER SLOT-STATS", "no slot has taken any time yet")),
    }
}

fn uneven(values: &[f64], what: &str) -> Option<String> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let most = values.iter().copied().fold(0.0, f64::max);
    (values.len() > 1 && mean > 1.0 && most / mean >= UNEVEN)
        .then(|| format!("the busiest primary has {:.1} times the {what} of the mean one", most / mean))
}
