//! The source text's three stop conditions, each met, not met, or unknown with what would tell.

use serde::Serialize;

use super::overview::{Hits, hits, hits_now};
use crate::facts::{Bytes, Count, Deployment, Known, Missing, Role, Share, Witness};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Met,
    Unknown,
    NotMet,
}

/// A reason to stop improving.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StopCondition {
    pub condition: &'static str,
    pub state: State,
    /// What was seen, or what would tell.
    pub because: String,
}

/// Below this many lookups a ratio says little (judgement: its 95 % interval is then within 2 points of 90 %).
const ENOUGH: u64 = 1_000;

type Check = fn(&Witness) -> Known<(State, String)>;

const CONDITIONS: [(&str, Check); 3] = [
    ("used memory is under 80 % of maxmemory", memory),
    ("the hit ratio is over 90 %", hit_ratio),
    ("every key is named by convention and has a TTL", keys),
];

/// Of every primary that was seen: replicas hold the same keys. The worst one decides.
pub fn conditions(deployment: &Deployment) -> Vec<StopCondition> {
    let alone = deployment.nodes.len() == 1;
    let judged: Vec<_> = deployment.seen().filter(|(node, _)| alone || node.role == Role::Primary).collect();
    let one = |(condition, check): (&'static str, Check)| {
        let states = judged.iter().map(|(node, server)| {
            let (state, because) =
                check(&Witness::new(server)).unwrap_or_else(|missing| (State::Unknown, missing.to_string()));
            (state, if alone { because } else { format!("{}: {because}", node.address) })
        });
        let none = (State::Unknown, "no primary could be looked at".to_owned());
        // Not met sorts above unknown, and unknown above met.
        let (state, because) = states.max_by_key(|(state, _)| *state).unwrap_or(none);
        StopCondition { condition, state, because }
    };
    CONDITIONS.into_iter().map(one).collect()
}

fn met(is: bool) -> State {
    if is { State::Met } else { State::NotMet }
}

fn memory(ask: &Witness) -> Known<(State, String)> {
    let (used, ceiling) = (ask.bytes("used_memory")?, ask.bytes("maxmemory")?);
    if ceiling == Bytes(0) {
        return Ok((State::Unknown, format!("{used} is in use and maxmemory is not set; set it to know")));
    }
    let share = used.of(ceiling);
    Ok((met(share.0 < 0.80), format!("{used} of {ceiling} ({share})")))
}

fn hit_ratio(ask: &Witness) -> Known<(State, String)> {
    let told = |seen: Hits, when: String| {
        let because = format!("{} of {} lookups {when}", seen.ratio, Count(seen.lookups));
        Ok((met(seen.ratio.0 > 0.90), because))
    };
    if let Ok(now) = hits_now(ask)
        && now.lookups >= ENOUGH
    {
        return told(now, format!("in the last {:.1} s", now.seconds.unwrap_or_default()));
    }
    let all = hits(ask)?;
    if all.lookups >= ENOUGH {
        return told(all, "since the counters were last reset; too few between the two looks".into());
    }
    let few = format!("only {} lookups so far; look again under load, or longer (interval 30)", Count(all.lookups));
    Err(Missing::new("keyspace_hits", few))
}

fn keys(ask: &Witness) -> Known<(State, String)> {
    let (keys, with_ttl) = ask.key_counts()?;
    let without = keys.saturating_sub(with_ttl);
    Ok(if keys == 0 {
        (State::Met, "there are no keys".into())
    } else if without > 0 {
        let share = Share::of(without, keys);
        (State::NotMet, format!("{} of {} keys ({share}) have no TTL", Count(without), Count(keys)))
    } else {
        let because = "every key has a TTL; their names were not read, `godmode-redis audit` (audit_memory) reads them";
        (State::Unknown, because.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Cost, DeploymentKind, Fields, Foreign, Node, Server};

    fn states(infos: &[&str]) -> Vec<State> {
        let node = |info: &&str| {
            let mut server = Server::unseen("in a test");
            server.info = Ok(Fields::parse(info));
            Node { address: Foreign::given("h:1"), role: Role::Primary, slots: None, server: Ok(server) }
        };
        let deployment = Deployment {
            kind: DeploymentKind::Cluster,
            nodes: infos.iter().map(node).collect(),
            sentinels: Vec::new(),
            uncovered_slots: None,
            unverified_tls: false,
            cost: Cost::default(),
        };
        conditions(&deployment).into_iter().map(|condition| condition.state).collect()
    }

    #[test]
    fn each_condition_is_met_not_met_or_unknown() {
        use State::{Met, NotMet, Unknown};
        let good = "used_memory:79\nmaxmemory:100\nkeyspace_hits:9100\nkeyspace_misses:900\n";
        assert_eq!(states(&[good]), [Met, Met, Met]);
        let bad = "used_memory:80\nmaxmemory:100\nkeyspace_hits:9000\nkeyspace_misses:1000\ndb0:keys=2,expires=1\n";
        assert_eq!(states(&[bad]), [NotMet, NotMet, NotMet]);
        let open = "used_memory:80\nmaxmemory:0\nkeyspace_hits:99\nkeyspace_misses:0\ndb0:keys=2,expires=2\n";
        assert_eq!(states(&[open]), [Unknown, Unknown, Unknown]);
        assert_eq!(states(&[good, open, good]), [Unknown, Unknown, Unknown]);
        assert_eq!(states(&[bad, open, good]), [NotMet, NotMet, NotMet]);
    }
}
