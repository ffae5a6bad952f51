//! Managed services, each emulated by a real server that lacks the commands the service hides: by rename-command, as most
//! do it, and by an ACL user, as Memorystore does it. What is asked is the service's way, in words that can be carried out.

use std::collections::BTreeSet;
use std::time::Duration;

use godmode_redis::facts::{Cost, Deployment, DeploymentKind, Foreign, Hosting, Node, Provider, Role, Server};
use godmode_redis::handbook;
use godmode_redis::probe::{Scratch, Target, Trouble, Wishes, survey};
use godmode_redis::rules::remedy::{SERVICES, Service};
use godmode_redis::rules::{self, Verdict};
use serde_json::Value;

use crate::mcp::Client;
use crate::rules::{examples, server as server_of};
use crate::stage::{binary, run, say, server, url};

/// A single server, as it was looked at.
async fn look(target: &Target, wishes: &Wishes) -> Result<Server, Trouble> {
    let deployment = survey(target, wishes, true).await?;
    Ok(deployment.nodes.into_iter().next().unwrap().server.unwrap())
}

/// What the rules make of a single server.
fn judge(server: &Server, topics: &[String]) -> Verdict {
    let node = Node { address: Foreign::given("h:1"), role: Role::Primary, slots: None, server: Ok(server.clone()) };
    let deployment = Deployment {
        kind: DeploymentKind::Standalone,
        nodes: vec![node],
        sentinels: Vec::new(),
        uncovered_slots: None,
        unverified_tls: false,
        cost: Cost::default(),
    };
    rules::judge(&deployment, topics)
}

/// A host name of each service that has names.
const HOSTS: &[(Provider, &str)] = &[
    (Provider::ElastiCache, "shop.abc123.0001.euw1.cache.amazonaws.com"),
    (Provider::ElastiCacheServerless, "shop-abc123.serverless.euw1.cache.amazonaws.com"),
    (Provider::MemoryDb, "clustercfg.shop.abc123.memorydb.eu-west-1.amazonaws.com"),
    (Provider::AzureCache, "shop.redis.cache.windows.net"),
    (Provider::AzureManagedRedis, "shop.westeurope.redis.azure.net"),
    (Provider::RedisCloud, "redis-17000.c1.eu-west-1-1.ec2.redns.redis-cloud.com"),
    (Provider::Upstash, "eu1-brave-cat-30000.upstash.io"),
    (Provider::Aiven, "valkey-shop-project.e.aivencloud.com"),
];

/// A rule that needs the answer of each command.
const NEEDS: &[(&str, &str)] = &[
    ("config|get", "dead-peers-kept"),
    ("client|list", "monitor-running"),
    ("slowlog|get", "slow-commands"),
    ("latency|latest", "latency-spikes"),
    ("acl|getuser", "open-to-network"),
];

fn container(command: &str) -> &str {
    command.split('|').next().unwrap()
}

fn hidden<'a>(service: &'a Service, command: &str) -> Option<&'a str> {
    let hides = service.hides.iter().find(|(name, _)| *name == command || *name == container(command));
    hides.map(|(_, seen)| *seen)
}

/// A server that has none of the commands whose containers the service hides in part or in whole.
async fn renamed(service: &Service) -> Scratch {
    let containers: BTreeSet<String> = service.hides.iter().map(|(name, _)| container(name).to_uppercase()).collect();
    let options: Vec<&str> = containers.iter().flat_map(|name| ["--rename-command", name, ""]).collect();
    server(&options).await
}

/// A server with a user whom it denies what the service hides, and that user's target.
async fn denied(service: &Service) -> (Scratch, Target) {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    let modern = say(&mut connection, "COMMAND INFO sintercard").await != redis::Value::Array(vec![redis::Value::Nil]);
    // Before 7.0 an ACL could not deny a single subcommand.
    let rules = service.hides.iter().map(|(name, _)| format!("-{}", if modern { name } else { container(name) }));
    say(&mut connection, &format!("ACL SETUSER tenant on >pw ~* +@all {}", rules.collect::<Vec<_>>().join(" "))).await;
    let target = Target::parse(&url(&server).replace("unix://", "unix://tenant:pw@")).unwrap();
    (server, target)
}

async fn seen(target: &Target) -> Server {
    let wishes = Wishes { interval: Duration::from_millis(50), pings: 1, deadline: Duration::from_secs(10) };
    look(target, &wishes).await.unwrap()
}

fn unchecked<'a>(verdict: &'a Verdict, rule: &str) -> Option<&'a str> {
    verdict.not_checked.iter().find(|row| row.rule == rule).map(|row| row.missing.why.as_str())
}

#[tokio::test]
async fn a_service_that_renamed_its_commands_is_inspected_all_the_same() {
    for service in SERVICES {
        let server = renamed(service).await;
        let id = service.provider.id();
        let place = url(&server);
        let arguments = ["inspect", "--interval", "0.05", "--pings", "1", "--url", &place, "--hosting", id];
        for format in [None, Some("--markdown"), Some("--json")] {
            let ran = run(binary(&arguments.iter().copied().chain(format).collect::<Vec<_>>())).await;
            assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{id} {format:?}: {ran:?}");
            assert!(ran.out.contains(&service.provider.to_string()) || format == Some("--json"), "{id}: {}", ran.out);
        }
        let report = run(binary(&arguments.iter().copied().chain(["--json"]).collect::<Vec<_>>())).await.json();
        assert_eq!(report["nodes"][0]["overview"]["hosting"]["provider"], id);
        let why = |rule: &str| -> Option<String> {
            let rows = report["not_checked"].as_array().unwrap();
            rows.iter().find(|row| row["rule"] == rule).map(|row| row["why"].as_str().unwrap().to_owned())
        };
        for (command, rule) in NEEDS {
            let Some(seen) = hidden(service, command) else { continue };
            let why = why(rule).unwrap_or_else(|| panic!("{id}: {rule} was checked without {command}"));
            let words = command.replace('|', " ").to_uppercase();
            assert_eq!(why, format!("{} hides {words}; {seen}", service.provider), "{id}: {rule}");
        }
        assert_way(service, &report, "maxmemory-unset", "maxmemory");
    }
}

/// The one step of a finding is the service's own way.
fn assert_way(service: &Service, report: &Value, rule: &str, parameter: &str) {
    let findings = report["findings"].as_array().unwrap();
    let finding = findings.iter().find(|finding| finding["rule"] == rule).unwrap_or_else(|| panic!("{rule} is silent"));
    let steps: Vec<&str> =
        finding["fixes"].as_array().unwrap().iter().map(|fix| fix["step"].as_str().unwrap()).collect();
    let (_, way) = service.instead.iter().find(|(key, _)| *key == parameter).unwrap();
    assert_eq!(steps, [*way], "{}: CONFIG REWRITE is not needed, and CONFIG SET is not there", service.provider);
}

#[tokio::test]
async fn a_service_that_denies_its_commands_is_told_by_its_host_name() {
    for service in SERVICES {
        let (_server, target) = denied(service).await;
        let mut server = seen(&target).await;
        // INFO is a real server's, so only the name can show the service, or the person who asks.
        match HOSTS.iter().find(|(provider, _)| *provider == service.provider) {
            Some((_, host)) => server.host = Some((*host).into()),
            None => server.provider = Some(service.provider),
        }
        let Hosting { provider, evidence } = server.hosting();
        assert_eq!(provider, service.provider);
        assert_eq!(evidence.len(), 2, "its silence supports it: {evidence:?}");
        let verdict = judge(&server, &[]);
        let all = verdict.findings.len() + verdict.not_checked.len() + verdict.clear;
        // Rules about keys need an audit.
        let looks = rules::all().filter(|(_, rule)| !matches!(rule.check, rules::Check::Keys(_))).count();
        assert_eq!(all, looks);
        for (command, rule) in NEEDS {
            let words = format!(" hides {}", command.replace('|', " ").to_uppercase());
            let why = unchecked(&verdict, rule);
            match hidden(service, command) {
                Some(seen) => assert!(why.is_some_and(|why| why.ends_with(seen)), "{provider} {rule}: {why:?}"),
                None => assert!(why.is_none_or(|why| !why.contains(&words)), "{provider} {rule}: {why:?}"),
            }
        }
        for row in &verdict.not_checked {
            assert!(!row.missing.why.contains("grant +"), "{provider}: nobody can grant that: {}", row.missing);
        }
    }
}

#[tokio::test]
async fn without_a_sign_of_a_service_nothing_is_put_into_its_words() {
    let service = SERVICES.iter().find(|service| service.provider == Provider::Memorystore).unwrap();
    let server = seen(&renamed(service).await.target().unwrap()).await;
    assert_eq!(server.hosting().provider, Provider::Unknown, "denied commands prove nothing");
    let verdict = judge(&server, &[]);
    let why = unchecked(&verdict, "dead-peers-kept").unwrap();
    assert!(why.contains("this server has no CONFIG GET"), "{why}");
    let steps: Vec<&str> =
        verdict.findings.iter().flat_map(|finding| &finding.fixes).map(|fix| fix.step.as_str()).collect();
    assert!(steps.iter().any(|step| step.starts_with("CONFIG SET maxmemory ")), "{steps:?}");
}

#[test]
fn no_step_on_any_page_asks_a_service_for_what_it_refuses() {
    let mut rewritten = 0;
    for service in SERVICES {
        let of_servers = |rule: &rules::Rule| matches!(rule.check, rules::Check::Server(_));
        for (topic, rule) in rules::all().filter(|(_, rule)| of_servers(rule)) {
            for example in examples(rule.page.text, "Fires") {
                let mut server = server_of(&example);
                let steps = |server: &Server| -> Vec<String> {
                    let verdict = judge(server, &[topic.id.into()]);
                    let finding = verdict.findings.iter().find(|finding| finding.rule == rule.id).unwrap();
                    finding.fixes.iter().map(|fix| fix.step.clone()).collect()
                };
                let before = steps(&server);
                server.provider = Some(service.provider);
                let after = steps(&server);
                assert!(!after.is_empty(), "{} {}: nothing is left of {before:?}", service.provider, rule.id);
                rewritten += usize::from(before != after);
                let refused = refused(service, &server);
                for step in &after {
                    let set = step.split("CONFIG SET ").nth(1).and_then(|rest| rest.split(' ').next());
                    assert!(set.is_none_or(|name| service.allows.contains(&name)), "{}: {step}", service.provider);
                    for words in refused.iter().filter(|words| set.is_none() || !words.starts_with("CONFIG")) {
                        assert!(!step.contains(words), "{} {}: {step}", service.provider, rule.id);
                    }
                    assert!(!step.contains("{name") && !step.contains("{value"), "{}: {step}", service.provider);
                }
            }
        }
    }
    assert!(rewritten > 200, "only {rewritten}");
}

/// What a step must not ask for: what the table replaces, and what it hides and this server did not answer.
fn refused(service: &Service, server: &Server) -> Vec<String> {
    let silent: BTreeSet<&str> = server.unanswered().map(|(command, _)| container(command)).collect();
    let hidden = service.hides.iter().filter(|(name, _)| silent.contains(container(name)));
    // "CONFIG GET" is a command, "in CONFIG, which" is not.
    let hidden =
        hidden.map(|(name, _)| name.replace('|', " ").to_uppercase() + if name.contains('|') { "" } else { " " });
    let replaced = service.instead.iter().map(|(key, _)| (*key).to_owned()).filter(|key| *key == key.to_uppercase());
    hidden.chain(replaced).collect()
}

#[tokio::test]
async fn the_steps_of_one_service_read_well() {
    let server = renamed(SERVICES.iter().find(|s| s.provider == Provider::ElastiCache).unwrap()).await;
    let mut looked = seen(&server.target().unwrap()).await;
    looked.host = Some("shop.abc123.0001.euw1.cache.amazonaws.com".into());
    // A server that writes slowly enough to fall behind is not made in a test: the values are given, the judge is real.
    looked.config.insert("tcp-keepalive".into(), Ok("0".into()));
    looked.config.insert("timeout".into(), Ok("0".into()));
    let verdict = judge(&looked, &["configuration".into()]);
    let fixes = &verdict.findings.iter().find(|finding| finding.rule == "dead-peers-kept").unwrap().fixes;
    let steps: Vec<&str> = fixes.iter().map(|fix| fix.step.as_str()).collect();
    assert_eq!(
        steps,
        ["aws elasticache modify-cache-parameter-group --cache-parameter-group-name GROUP --parameter-name-values \
          ParameterName=tcp-keepalive,ParameterValue=300"]
    );
}

#[tokio::test]
async fn agents_can_say_which_service_it_is() {
    let server = renamed(SERVICES.iter().find(|s| s.provider == Provider::Memorystore).unwrap()).await;
    let place = url(&server);
    tokio::task::spawn_blocking(move || {
        let mut client = Client::connected(&place);
        let answer = client.call(serde_json::json!({"hosting": "memorystore", "interval": 0}));
        let text = answer["content"][0]["text"].as_str().unwrap();
        assert_ne!(answer["isError"], true, "{text}");
        assert!(text.contains("Google Memorystore") && text.contains("maxmemory-gb=GB"), "{text}");
        assert!(text.contains("Google Memorystore hides CONFIG GET; what was changed"), "{text}");
        let answer = client.call(serde_json::json!({"hosting": "memorystor"}));
        let text = answer["content"][0]["text"].as_str().unwrap();
        assert!(answer["isError"] == true && text.contains("no hosting \"memorystor\"; it is one of"), "{text}");
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn every_service_is_named_where_a_person_looks() {
    let help = run(binary(&["inspect", "--help"])).await.out.split_whitespace().collect::<Vec<_>>().join(" ");
    let page = handbook::find("hosting").unwrap().body;
    for id in Provider::ids() {
        assert!(help.contains(&format!(" {id},")) || help.contains(&format!(" {id}.")), "--help leaves out {id}");
    }
    for service in SERVICES {
        let heading = format!("\n## {} (`{}`)\n", service.provider, service.provider.id());
        assert!(page.contains(&heading), "{heading}");
        assert!(!service.hides.is_empty() && !service.sources.is_empty(), "{}", service.provider);
        assert!(service.settable.is_empty() == service.set.is_empty(), "{}", service.provider);
    }
}
