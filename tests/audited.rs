//! Keys as rule pages describe them, counted like those of a server.

use godmode_redis::census::{Account, Census, Giants, Ledger, Reading, Rules, layout};
use godmode_redis::facts::{
    Batch, Cost, Deployment, DeploymentKind, Element, Encoding, Expiry, Foreign, Groups, KeyFacts, KeyType, Node, Pair,
    Role, Server,
};

/// A deployment of one server.
pub fn alone(server: Server) -> Deployment {
    Deployment {
        kind: DeploymentKind::Standalone,
        nodes: vec![Node { address: Foreign::ours("h:6379"), role: Role::Primary, slots: None, server: Ok(server) }],
        sentinels: Vec::new(),
        uncovered_slots: None,
        unverified_tls: false,
        cost: Cost::default(),
    }
}

/// Counts the keys of a `keys` block. Each line stands for many: `20000 session:# string embstr 96 ttl=3600 idle=10 len=40`
/// is 20,000 keys, `#` their number, each claiming 96 bytes, ending in an hour, unused for ten seconds, 40 bytes long.
/// `pending=A` and `lag=A` are of a stream's group. `ttl=A..B` spreads the ends evenly, `len=A..B` the lengths and
/// `claims=A..B` what they claim. `reading sample 1000000` says that they are a sample of so many, `reading part 1000000`
/// that they are some of so many that stand for nothing else. `drawn=A/B` are the bytes of a field and its value.
pub fn count(text: &str, server: &Server, by_slot: bool) -> Account {
    let layouts = layout(server).into_iter().collect();
    let rules = Rules { layouts, close_one_in: 1, close_from: 16 << 10, by_slot, only: None };
    let mut census = Census::new(rules);
    let (mut population, mut reading, mut seen) = (None, Reading::Whole, 0);
    for line in text.lines() {
        if let Some((how, all)) = line.strip_prefix("reading ").and_then(|rest| rest.split_once(' ')) {
            population = Some(all.parse().unwrap());
            reading = if how == "sample" { Reading::Sample } else { Reading::Part };
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let many: u64 = words[0].parse().unwrap();
        seen += many;
        let span = |name: &str, n: u64| -> Option<u64> {
            let text = words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))?;
            let (from, to) = text.split_once("..").unwrap_or((text, text));
            let (from, to): (u64, u64) = (from.parse().unwrap(), to.parse().unwrap());
            Some(from + (to - from) * n / many.max(2).saturating_sub(1))
        };
        let sample = words.iter().find_map(|word| word.strip_prefix("value="));
        for n in 0..many {
            let key = KeyFacts {
                name: words[1].replace('#', &n.to_string()).into_bytes(),
                key_type: Some(KeyType::named(words[2].as_bytes())),
                encoding: Some(Encoding::named(words[3].as_bytes())),
                claimed: span("claims", n).or_else(|| words[4].parse().ok()),
                expiry: Some(span("ttl", n).map_or(Expiry::Never, |seconds| Expiry::In(seconds * 1_000))),
                length: span("len", n),
                idle: span("idle", n),
                frequency: span("freq", n).map(|frequency| frequency as u8),
                sample: sample.map(|value| value.replace('#', &n.to_string()).into_bytes()),
                elements: words.iter().find_map(|word| pair(word)).into_iter().collect(),
                groups: span("pending", n).map(|pending| Groups { many: 1, pending, lag: span("lag", n) }),
                close: true,
            };
            let draw = (reading == Reading::Sample).then_some(n as u32);
            census.take(&Batch { seen: 1, draw, keys: vec![key], ..Batch::default() });
        }
    }
    census.settle(population.unwrap_or(seen as f64), reading)
}

/// `drawn=8/20`: a pair of texts of so many bytes.
fn pair(word: &str) -> Option<Pair> {
    let (name, value) = word.strip_prefix("drawn=")?.split_once('/')?;
    Some((Element::Text(name.parse().ok()?), Element::Text(value.parse().ok()?)))
}

/// Books of these keys: `used` says what the server uses in all.
pub fn books(account: &Account, used: Option<f64>, server: &Server) -> Ledger {
    let keys = account.all.tally.bytes();
    let giants = server.info.as_ref().ok().and_then(Giants::counted);
    let whole = account.coverage.reading != Reading::Part;
    Ledger { used_memory: used.unwrap_or(keys), keys, giants, whole, ..Ledger::default() }
}
