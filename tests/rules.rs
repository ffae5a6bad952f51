//! Runs the examples on every rule page: what must fire, what must stay quiet, what must admit it could not look.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use godmode_redis::census::KeyWitness;
use godmode_redis::facts::{
    AclUser, Bytes, Clients, Cost, Deployment, DeploymentKind, DeploymentWitness, Earlier, Evidence, Fields, Foreign,
    LatencyEvent, Micros, Missing, Node, Role, SearchIndex, Sentinel, Server, SlowCommand, View, Witness,
};
use godmode_redis::rules::{self, Check, Checked, Rule};

use crate::audited;

const NOT_GIVEN: &str = "not in this example";

/// Fenced blocks that stand together: what a server shows, and perhaps what the rule says to it.
#[derive(Default)]
pub struct Example {
    line: usize,
    blocks: BTreeMap<String, String>,
}

impl Example {
    pub fn block(&self, kind: &str) -> Option<&str> {
        self.blocks.get(kind).map(String::as_str)
    }

    pub fn line(&self) -> usize {
        self.line
    }
}

/// A section's examples. A `finding` block or a `###` heading ends one.
pub fn examples(page: &str, heading: &str) -> Vec<Example> {
    let mut all: Vec<Example> = Vec::new();
    let mut current = Example::default();
    let (mut inside, mut block) = (false, None::<(String, String)>);
    for (n, line) in page.lines().enumerate() {
        match (&mut block, line) {
            (Some((kind, text)), "```") => {
                let ends = kind == "finding";
                let before = current.blocks.insert(kind.clone(), text.clone());
                assert_eq!(
                    before, None,
                    "line {n}: two `{kind}` blocks in one example; set them apart with a ### heading"
                );
                block = None;
                if ends {
                    all.push(std::mem::take(&mut current));
                }
            }
            (Some((_, text)), line) => writeln!(text, "{line}").unwrap(),
            (None, line) if line.starts_with("## ") || line.starts_with("### ") => {
                if inside && !current.blocks.is_empty() {
                    all.push(std::mem::take(&mut current));
                }
                if line.starts_with("## ") {
                    inside = line == format!("## {heading}");
                }
            }
            (None, line) if inside && line.starts_with("```") => {
                current.line = n + 1;
                block = Some((line.trim_start_matches('`').to_owned(), String::new()));
            }
            _ => {}
        }
    }
    if inside && !current.blocks.is_empty() {
        all.push(current);
    }
    all
}

/// The server that an example describes; what it does not show is missing.
pub fn server(example: &Example) -> Server {
    let mut server = Server::unseen(NOT_GIVEN);
    let mut info = String::new();
    for (kind, text) in &example.blocks {
        match kind.as_str() {
            "info" => info.push_str(text),
            "config" => {
                for line in text.lines() {
                    let (name, value) = line.split_once(' ').unwrap_or((line, ""));
                    server.config.insert(name.into(), Ok(value.trim_matches('"').into()));
                }
            }
            "clients" => server.clients = Ok(Clients::parse(text)),
            "slowlog" => server.slowlog = Ok(text.lines().map(slow_command).collect()),
            "latency" => server.latency_events = Ok(text.lines().map(latency_event).collect()),
            "indexes" => {
                server.supports = Ok(["ft.search".to_owned()].into());
                server.indexes = Some(Ok(text.lines().map(search_index).collect()));
            }
            "user" => {
                let (rules, flags): (Vec<&str>, Vec<&str>) =
                    text.split_whitespace().partition(|word| word.starts_with(['+', '-']));
                let flags = flags.into_iter().map(Into::into).collect();
                server.default_user = Ok(AclUser { flags, commands: rules.join(" "), selectors: false });
            }
            "finding" | "deployment" | "keys" => {}
            other => match other.strip_prefix("earlier ").and_then(|seconds| seconds.parse().ok()) {
                Some(seconds) => {
                    server.earlier =
                        Ok(Earlier { info: Fields::parse(text), seconds, own: BTreeMap::new(), own_errors: 0 })
                }
                None => panic!("line {}: no example can hold a `{other}` block", example.line),
            },
        }
    }
    server.info = Ok(Fields::parse(&info));
    server
}

/// `idx prefix=a: docs=3 failures=1 indexing=0 bytes=2048`.
fn search_index(line: &str) -> SearchIndex {
    let word = |name: &str| line.split(' ').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let number = |name: &str| word(name).map_or(0, |number| number.parse().unwrap());
    SearchIndex {
        name: Foreign::name(line.split(' ').next().unwrap()),
        documents: word("docs").map(|number| number.parse().unwrap()),
        failures: number("failures"),
        indexing: number("indexing") > 0,
        prefixes: word("prefix").into_iter().map(Foreign::name).collect(),
        bytes: Bytes(number("bytes")),
    }
}

/// The deployment that an example describes: `kind`, `node`, `sentinel`, `uncovered` and `tls` lines.
fn deployment(example: &Example) -> Deployment {
    let mut deployment = Deployment {
        kind: DeploymentKind::Standalone,
        nodes: Vec::new(),
        sentinels: Vec::new(),
        uncovered_slots: None,
        unverified_tls: false,
        cost: Cost::default(),
    };
    for line in example.blocks.get("deployment").map_or("", String::as_str).lines() {
        let (word, rest) = line.split_once(' ').unwrap();
        match word {
            "kind" => {
                let kinds = [DeploymentKind::Standalone, DeploymentKind::Replication, DeploymentKind::Sentinel];
                let kind = kinds.into_iter().find(|kind| format!("{kind:?}").to_lowercase() == rest);
                deployment.kind = kind.unwrap_or(DeploymentKind::Cluster);
            }
            "node" => deployment.nodes.push(node(rest)),
            "sentinel" => deployment.sentinels.push(sentinel(rest)),
            "uncovered" => deployment.uncovered_slots = Some(rest.parse().unwrap()),
            "tls" => deployment.unverified_tls = rest == "unverified",
            other => panic!("line {}: no deployment has a `{other}`", example.line),
        }
    }
    deployment
}

/// `10.0.0.1:6379 primary maxmemory=0` or `10.0.0.1:6379 primary gone: why`.
fn node(line: &str) -> Node {
    let (place, gone) = line.split_once(" gone: ").map_or((line, None), |(place, why)| (place, Some(why)));
    let mut words = place.split(' ');
    let address = Foreign::value(words.next().unwrap());
    let role = if words.next() == Some("primary") { Role::Primary } else { Role::Replica };
    let mut server = Server::unseen(NOT_GIVEN);
    server.info = Ok(Fields::parse(&words.map(|pair| pair.replace('=', ":") + "\n").collect::<String>()));
    Node { address, role, slots: None, server: gone.map_or(Ok(server), |why| Err(why.to_owned())) }
}

/// `10.0.0.7:26379 primary=10.0.0.1:6379 flags=master quorum=2 others=2` or `10.0.0.7:26379 gone: why`.
fn sentinel(line: &str) -> Sentinel {
    if let Some((address, why)) = line.split_once(" gone: ") {
        return Sentinel { address: Foreign::value(address), view: Err(why.into()) };
    }
    let (address, rest) = line.split_once(' ').unwrap();
    let word = |name: &str| rest.split(' ').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(str::to_owned);
    Sentinel {
        address: Foreign::value(address),
        view: Ok(View {
            primary: Foreign::value(&word("primary").unwrap()),
            flags: Foreign::value(&word("flags").unwrap()),
            quorum: word("quorum").unwrap().parse().unwrap(),
            other_sentinels: word("others").unwrap().parse().unwrap(),
            replicas: Vec::new(),
            objection: word("objection"),
        }),
    }
}

/// What a rule says of an example, and on what evidence.
fn ask(rule: &Rule, example: &Example) -> (Checked, Vec<Evidence>) {
    match rule.check {
        Check::Server(check) => {
            let server = server(example);
            let witness = Witness::new(&server);
            (check(&witness), witness.into_evidence())
        }
        Check::Deployment(check) => {
            let deployment = deployment(example);
            let witness = DeploymentWitness::new(&deployment);
            (check(&witness), witness.into_evidence())
        }
        Check::Keys(check) => {
            let server = server(example);
            let text = example.blocks.get("keys").map_or("", String::as_str);
            let clustered = server.fact("cluster_enabled").is_ok_and(|(_, on)| on == "1");
            let mut account = audited::count(text, &server, clustered);
            let used = server.fact("used_memory").ok().and_then(|(_, used)| used.parse().ok());
            let ledger = audited::books(&account, used, &server);
            account.allow_for(&ledger);
            let deployment = audited::alone(server);
            let witness = KeyWitness::new(&deployment, &account, &ledger, false);
            (check(&witness), witness.into_evidence())
        }
    }
}

/// `1764000000 152000 HGETALL catalog:all`: Unix seconds, microseconds, command, first key.
fn slow_command(line: &str) -> SlowCommand {
    let mut words = line.split_whitespace();
    let at = words.next().unwrap().parse().unwrap();
    let took = Micros(words.next().unwrap().parse().unwrap());
    SlowCommand::new(at, took, words.next().unwrap(), words.next().map(str::as_bytes))
}

/// `fork 1764000000 210 480`: event, Unix seconds, latest and worst milliseconds, as LATENCY LATEST prints them.
fn latency_event(line: &str) -> LatencyEvent {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |n: usize| words[n].parse().unwrap();
    LatencyEvent::new(words[0], number(1), number(2), number(3))
}

fn place(rule: &Rule, example: &Example) -> String {
    format!("skill/redis/references/{}:{}", rule.page.path, example.line)
}

#[test]
fn every_page_shows_when_its_rule_fires() {
    let mut wrong = String::new();
    for (_, rule) in rules::all() {
        let all = examples(rule.page.text, "Fires");
        assert!(!all.is_empty(), "{}: no `## Fires` example", rule.page.path);
        for example in &all {
            let (checked, evidence) = ask(rule, example);
            let said = match checked {
                Ok(Some(alarm)) => alarm.to_string(),
                Ok(None) => "nothing: the rule is clear".into(),
                Err(missing) => format!("not checked: {missing}"),
            };
            let expected = example.blocks.get("finding").map_or("(no `finding` block)", |text| text.trim_end());
            if said != expected {
                writeln!(wrong, "\n{}\n--- the page says\n{expected}\n--- the rule says\n{said}", place(rule, example))
                    .unwrap();
            }
            assert!(!evidence.is_empty(), "{}: fired without evidence", place(rule, example));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_page_shows_when_its_rule_stays_quiet() {
    for (_, rule) in rules::all() {
        let all = examples(rule.page.text, "Stays quiet");
        assert!(!all.is_empty(), "{}: no `## Stays quiet` example", rule.page.path);
        for example in &all {
            let (checked, _) = ask(rule, example);
            assert_eq!(checked, Ok(None), "{}", place(rule, example));
        }
    }
}

#[test]
fn a_rule_that_cannot_look_says_so() {
    for (_, rule) in rules::all() {
        for example in &examples(rule.page.text, "Not checked") {
            let (checked, _) = ask(rule, example);
            assert!(checked.is_err(), "{}: {checked:?}", place(rule, example));
        }
        let Check::Server(check) = rule.check else { continue };
        let nothing = Server::unseen(NOT_GIVEN);
        let checked = check(&Witness::new(&nothing));
        assert!(matches!(checked, Err(Missing { .. })), "{}: of a server it never saw, it says {checked:?}", rule.id);
    }
}

#[test]
fn no_rule_about_keys_is_clear_after_a_part_that_stands_for_nothing() {
    let mut server = Server::unseen(NOT_GIVEN);
    server.info = Ok(Fields::parse("redis_version:7.2.4\nmem_allocator:jemalloc-5.3.0\nused_memory:1000000"));
    let account = audited::count("reading part 100000\n2000 user:# string embstr 96 len=40", &server, false);
    let (ledger, deployment) = (audited::books(&account, None, &server), audited::alone(server));
    let (verdict, _) = rules::judge_keys(&KeyWitness::new(&deployment, &account, &ledger, false));
    assert_eq!((verdict.clear, verdict.findings.len()), (0, 0), "{verdict:#?}");
    assert!(verdict.not_checked.len() >= 20, "{verdict:#?}");
}

#[test]
fn every_page_says_how_to_verify_what_could_break_and_where_it_comes_from() {
    for (_, rule) in rules::all() {
        assert!(rule.page.summary().len() > 40, "{}: no first paragraph that says why", rule.page.path);
        for heading in ["Verify", "Could break", "Source"] {
            assert!(!rule.page.section(heading).is_empty(), "{}: no `## {heading}`", rule.page.path);
        }
    }
}

#[test]
fn a_rule_is_named_once_and_its_page_bears_its_name() {
    let mut seen = std::collections::BTreeSet::new();
    for (topic, rule) in rules::all() {
        assert!(seen.insert(rule.id), "{} is named twice", rule.id);
        assert_eq!(rule.page.path, format!("rules/{}/{}.md", topic.id, rule.id));
    }
    assert!(seen.len() >= 30, "only {} rules", seen.len());
}
