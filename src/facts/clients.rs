//! CLIENT LIST, counted and never dumped: who is connected, how, and what it costs.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Bytes, Foreign};

/// All connections of a server, added up.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Clients {
    pub connected: u64,
    pub replicas: u64,
    pub subscribers: u64,
    /// Subscribers to a pattern: only these hear keyspace events of many keys.
    pub pattern_subscribers: u64,
    pub blocked: u64,
    /// Connections that run MONITOR.
    pub monitors: u64,
    /// Idle for an hour or longer, replicas and subscribers apart.
    pub idle_hour: u64,
    /// In MULTI and idle for a minute or longer.
    pub stuck_transactions: u64,
    /// Connections that gave themselves no name and whose library gave none either.
    pub nameless: u64,
    /// Distinct addresses, without their ports.
    pub addresses: u64,
    /// Connections from beyond this machine.
    pub remote: u64,
    /// Memory of all connections (`tot-mem`, Redis 7.0 and later; else the buffers).
    pub memory: Bytes,
    /// The connection, no replica, that lets most replies wait, or else holds most memory.
    pub hungriest: Option<Hungry>,
    /// Connections by client library (`lib-name`, Redis 7.2 and later).
    pub libraries: BTreeMap<Foreign, u64>,
    /// Connections by ACL user.
    pub users: BTreeMap<Foreign, u64>,
}

/// One connection that holds more memory than any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hungry {
    /// All of its memory.
    pub memory: Bytes,
    /// Replies that wait for it to read.
    pub output: Bytes,
    /// What it calls itself, if it does.
    pub name: Option<Foreign>,
    /// The last command it ran.
    pub command: Foreign,
    pub idle_seconds: u64,
}

const HOUR: u64 = 3_600;
/// The most we repeat of a name, in characters.
const NAME: usize = 60;

impl Clients {
    /// Reads the reply of CLIENT LIST.
    pub fn parse(list: &str) -> Self {
        let mut all = Self::default();
        let mut addresses = BTreeSet::new();
        for line in list.lines().filter(|line| !line.trim().is_empty()) {
            all.add(&Line::parse(line), &mut addresses);
        }
        all.addresses = addresses.len() as u64;
        all
    }

    fn add(&mut self, client: &Line<'_>, addresses: &mut BTreeSet<String>) {
        let flag = |c| client.word("flags").contains(c);
        let replica = flag('S');
        let subscribed = ["sub", "psub", "ssub"].iter().any(|kind| client.number(kind) > 0);
        let idle = client.number("idle");
        self.connected += 1;
        self.replicas += u64::from(replica);
        self.subscribers += u64::from(subscribed);
        self.pattern_subscribers += u64::from(client.number("psub") > 0);
        self.blocked += u64::from(flag('b'));
        self.monitors += u64::from(flag('O'));
        self.idle_hour += u64::from(!replica && !subscribed && !flag('b') && idle >= HOUR);
        self.stuck_transactions += u64::from(flag('x') && idle >= 60);

        let name = client.word("name");
        let library = client.word("lib-name");
        self.nameless += u64::from(name.is_empty() && library.is_empty());
        if !library.is_empty() {
            count(&mut self.libraries, Foreign::bounded_name(library, NAME));
        }
        if !client.word("user").is_empty() {
            count(&mut self.users, Foreign::value(client.word("user")));
        }

        let address = client.word("addr");
        // A unix socket shows its path, or nothing, with port 0.
        if let Some((host, _)) = address.rsplit_once(':').filter(|(_, port)| *port != "0") {
            self.remote += u64::from(!is_this_machine(host));
            addresses.insert(host.to_owned());
        }

        let output = client.number("omem");
        let buffers = ["qbuf", "qbuf-free", "obl"].map(|buffer| client.number(buffer));
        let buffers = buffers.into_iter().fold(output, u64::saturating_add);
        let memory = Bytes(client.number("tot-mem").max(buffers));
        self.memory = Bytes(self.memory.0.saturating_add(memory.0));
        // A replica's buffer is replication's business.
        let output = Bytes(output);
        if !replica && self.hungriest.as_ref().is_none_or(|most| (output, memory) > (most.output, most.memory)) {
            self.hungriest = Some(Hungry {
                memory,
                output,
                name: (!name.is_empty()).then(|| Foreign::bounded_name(name, NAME)),
                command: Foreign::command(client.word("cmd")),
                idle_seconds: idle,
            });
        }
    }
}

/// Counts up to a bound, so that a server with a million client names stays a small fact.
fn count(by: &mut BTreeMap<Foreign, u64>, name: Foreign) {
    const MOST: usize = 50;
    if by.len() < MOST || by.contains_key(&name) {
        *by.entry(name).or_default() += 1;
    } else {
        *by.entry(Foreign::ours("(others)")).or_default() += 1;
    }
}

/// Whether an address names this machine.
pub fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost"
        || host.is_empty()
        || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}

/// One line of CLIENT LIST: `name=value` pairs.
struct Line<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Line<'a> {
    fn parse(line: &'a str) -> Self {
        Self(line.split(' ').filter_map(|pair| pair.split_once('=')).collect())
    }
    fn word(&self, name: &str) -> &'a str {
        self.0.get(name).copied().unwrap_or("")
    }
    fn number(&self, name: &str) -> u64 {
        self.word(name).parse().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "\
id=3 addr=127.0.0.1:51000 laddr=127.0.0.1:6379 name=web age=7200 idle=4000 flags=N db=0 sub=0 psub=0 multi=-1 qbuf=0 qbuf-free=0 obl=0 oll=0 omem=0 tot-mem=1928 cmd=get user=default lib-name=redis-py lib-ver=5.0
id=4 addr=10.0.0.9:40000 laddr=10.0.0.1:6379 name= age=9 idle=0 flags=O db=0 sub=0 psub=0 multi=-1 qbuf=0 qbuf-free=0 obl=0 oll=3 omem=20971520 tot-mem=20990000 cmd=monitor user=ops lib-name= lib-ver=
id=5 addr=/run/redis.sock:0 name= age=9 idle=0 flags=U sub=0 psub=2 multi=-1 cmd=psubscribe user=default
";

    #[test]
    fn a_client_list_is_counted() {
        let clients = Clients::parse(LIST);
        assert_eq!((clients.connected, clients.monitors, clients.idle_hour), (3, 1, 1));
        assert_eq!((clients.remote, clients.addresses, clients.nameless), (1, 2, 2));
        assert_eq!((clients.subscribers, clients.pattern_subscribers), (1, 1));
        let hungriest = clients.hungriest.unwrap();
        assert_eq!((hungriest.output, hungriest.command.raw()), (Bytes::mib(20), "monitor"));
        assert_eq!(clients.libraries.get(&Foreign::name("redis-py")), Some(&1));
        assert_eq!(clients.users.get(&Foreign::value("default")), Some(&2));
    }

    #[test]
    fn loopback_is_this_machine_in_every_spelling() {
        for host in ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "::ffff:127.0.0.1", "localhost"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["10.0.0.1", "::", "example.com"] {
            assert!(!is_this_machine(host), "{host}");
        }
    }
}
