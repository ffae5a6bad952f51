//! What the deployment that is there says of the demand.

use anyhow::{Result, bail};

use crate::decisions::topology::{Demand, Present};
use crate::facts::{Bytes, Deployment, Role, Server};

/// The busiest primary over the mean from which on it is worth saying (judgement).
const UNEVEN: f64 = 1.25;

/// Fills in what was not said.
pub fn fill(demand: &mut Demand, deployment: &Deployment, engine_said: bool) -> Result<()> {
    let primaries: Vec<&Server> =
        deployment.seen().filter(|(node, _)| node.role == Role::Primary).map(|(_, server)| server).collect();
    let number = |server: &Server, name: &str| server.fact(name).ok().and_then(|(_, value)| value.parse::<f64>().ok());
    let sum = |name: &str| primaries.iter().filter_map(|server| number(server, name)).sum::<f64>();
    if demand.data == Bytes(0) {
        // What a server takes without any data is no data.
        let startup = sum("used_memory_startup");
        demand.data = Bytes((sum("used_memory") - startup).max(0.0) as u64);
    }
    if demand.reads + demand.writes + demand.scripts == 0.0 {
        let all = sum("instantaneous_ops_per_sec");
        let (reads, writes) = calls(&primaries);
        let share = if reads + writes > 0.0 { writes / (reads + writes) } else { 0.5 };
        demand.writes = all * share;
        demand.reads = all - demand.writes;
    }
    let oldest = deployment.seen().filter_map(|(_, server)| server.engine()).min_by_key(|engine| engine.version);
    if let Some(engine) = oldest.filter(|_| !engine_said) {
        if !engine.at_least((6, 2), (7, 2)) {
            bail!(
                "the target runs {engine}, older than what is planned for (Redis 6.2, Valkey 7.2); name the engine to plan for (engine)"
            );
        }
        demand.engine = engine;
    }
    let loads: Vec<f64> = primaries.iter().filter_map(|server| number(server, "instantaneous_ops_per_sec")).collect();
    let bytes: Vec<f64> = primaries.iter().filter_map(|server| number(server, "used_memory")).collect();
    let skew = uneven(&loads, "commands").or_else(|| uneven(&bytes, "bytes"));
    let of = |role| deployment.nodes.iter().filter(|node| node.role == role).count();
    demand.present =
        Some(Present { kind: deployment.kind, primaries: of(Role::Primary), replicas: of(Role::Replica), skew });
    Ok(())
}

/// Hits and misses are reads; what changed the data is a write. Both since the start: only their share is used.
fn calls(primaries: &[&Server]) -> (f64, f64) {
    let sum =
        |name: &str| primaries.iter().filter_map(|server| server.fact(name).ok()?.1.parse::<f64>().ok()).sum::<f64>();
    let reads = sum("keyspace_hits") + sum("keyspace_misses");
    (reads, (sum("total_commands_processed") - reads).max(0.0))
}

fn uneven(values: &[f64], what: &str) -> Option<String> {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let most = values.iter().copied().fold(0.0, f64::max);
    (values.len() > 1 && mean > 1.0 && most / mean >= UNEVEN)
        .then(|| format!("the busiest primary has {:.1} times the {what} of the mean one", most / mean))
}
