//! Every kind of deployment, with and without a password, in clear text, over TLS and over mTLS; and the wrong turns.

use std::path::Path;

use serde_json::Value;

use crate::stage::cluster::Cluster;
use crate::stage::node::Node;
use crate::stage::replication::Replication;
use crate::stage::sentinel::{NAME, Watched};
use crate::stage::setup::Setup;
use crate::stage::tls::{Authority, Clients, Pair, has_tls};
use crate::stage::{CANARY, Ran, binary, run};

/// How a server is protected, and what a look at it needs.
struct Way {
    name: String,
    password: bool,
    tls: Option<Clients>,
    authority: Authority,
}

impl Way {
    /// Six ways, or two for a build without TLS.
    fn all() -> Vec<Self> {
        let tls =
            if has_tls() { vec![None, Some(Clients::Anyone), Some(Clients::WithCertificate)] } else { vec![None] };
        let each = tls.into_iter().flat_map(|tls| [false, true].map(|password| (tls, password)));
        each.map(|(tls, password)| Self {
            name: format!("password: {password}, TLS: {tls:?}"),
            password,
            tls,
            authority: Authority::new(),
        })
        .collect()
    }

    fn setup(&self) -> Setup {
        let setup = if self.password { Setup::default().password(CANARY) } else { Setup::default() };
        match self.tls {
            Some(clients) => setup.tls(&self.authority, &self.authority.server, clients),
            None => setup,
        }
    }

    fn url(&self, kind: &str, places: &str) -> String {
        format!("redis{}{kind}://{places}", if self.tls.is_some() { "s" } else { "" })
    }

    /// In the protocol that is negotiated, and in RESP2: both find the same.
    async fn look(&self, url: &str) -> Value {
        let (newest, oldest) = (self.look_once(url).await, self.look_once(&format!("{url}?protocol=resp2")).await);
        for list in ["nodes", "sentinels", "not_checked"] {
            let length = |report: &Value| report[list].as_array().map(Vec::len);
            assert_eq!(length(&newest), length(&oldest), "{}: {newest:#} against {oldest:#}", self.name);
        }
        assert!(oldest["nodes"].as_array().unwrap().iter().all(|node| node["overview"]["engine"].is_string()));
        newest
    }

    async fn look_once(&self, url: &str) -> Value {
        let ran = look(url, self.password.then_some(CANARY), self.options().iter().map(String::as_str)).await;
        assert_eq!(ran.code, 0, "{}: {ran:?}", self.name);
        serde_json::from_str(&ran.out).unwrap()
    }

    fn options(&self) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        let mut options = Vec::new();
        if self.tls.is_some() {
            options.extend(["--ca".into(), path(&self.authority.certificate())]);
        }
        if let Some(Clients::WithCertificate) = self.tls {
            let Pair { certificate, key } = &self.authority.client;
            options.extend(["--cert".into(), path(certificate), "--key".into(), path(key)]);
        }
        options
    }
}

async fn look(url: &str, password: Option<&str>, more: impl Iterator<Item = &str>) -> Ran {
    let mut command =
        binary(&["inspect", "--json", "--interval", "0", "--pings", "1", "--deadline", "10", "--url", url]);
    command.args(more);
    if let Some(password) = password {
        command.args(["--password-env", "PW", "--sentinel-password-env", "PW"]).env("PW", password);
    }
    let ran = run(command).await;
    assert!(!ran.out.contains(CANARY) && !ran.err.contains(CANARY), "{ran:?}");
    ran
}

/// All nodes of the report, each of which was seen.
fn seen(report: &Value, kind: &str, nodes: usize) {
    assert_eq!(report["deployment"], kind, "{report:#}");
    let list = report["nodes"].as_array().unwrap();
    assert_eq!(list.len(), nodes, "{report:#}");
    assert!(list.iter().all(|node| node["overview"]["engine"].is_string()), "{report:#}");
    let primaries = list.iter().filter(|node| node["role"] == "primary").count();
    assert_eq!(primaries, if kind == "cluster" { 3 } else { 1 });
}

#[tokio::test]
async fn a_single_server() {
    for way in Way::all() {
        let node = Node::start(&way.setup()).await;
        seen(&way.look(&way.url("", &node.address())).await, "standalone", 1);
        seen(&way.look(&format!("unix://{}", node.socket().display())).await, "standalone", 1);
    }
}

#[tokio::test]
async fn a_primary_with_replicas_from_either_end() {
    for way in Way::all() {
        let group = Replication::start(&way.setup(), 2).await;
        for node in [&group.primary, &group.replicas[0]] {
            seen(&way.look(&way.url("", &node.address())).await, "replication", 3);
        }
    }
}

#[tokio::test]
async fn a_sentinel_group() {
    for way in Way::all() {
        let group = Watched::start(&way.setup(), &way.setup(), 1).await;
        // One Sentinel tells of the others.
        let place = format!("{}/{NAME}", group.sentinels[0].address());
        let report = way.look(&way.url("+sentinel", &place)).await;
        seen(&report, "sentinel", 2);
        assert_eq!(report["sentinels"].as_array().unwrap().len(), 3, "{}: {report:#}", way.name);
        let findings = report["findings"].to_string();
        assert!(!findings.contains("sentinels-disagree"), "{findings}");
    }
}

#[tokio::test]
async fn a_cluster() {
    for way in Way::all() {
        let cluster = Cluster::start(&way.setup()).await;
        let report = way.look(&way.url("", &cluster.address(4))).await;
        seen(&report, "cluster", 6);
        assert_eq!(report["uncovered_slots"], 0);
    }
}

#[tokio::test]
async fn each_wrong_turn_has_an_error_of_its_own() {
    if !has_tls() {
        return;
    }
    let (ours, theirs) = (Authority::new(), Authority::new());
    let secured = |pair| Setup::default().tls(&ours, pair, Clients::Anyone);
    let plain = Node::start(&Setup::default()).await;
    let tls = Node::start(&secured(&ours.server)).await;
    let mutual = Node::start(&Setup::default().tls(&ours, &ours.server, Clients::WithCertificate)).await;
    let expired = Node::start(&secured(&ours.expired)).await;
    let misnamed = Node::start(&secured(&ours.misnamed)).await;
    let (ca, stranger) = (ours.certificate().display().to_string(), theirs.certificate().display().to_string());
    let key = ours.client.key.display().to_string();
    let wrong = [
        (format!("redis://{}", tls.address()), vec![], "as a TLS port does"),
        (format!("rediss://{}", plain.address()), vec![], "TLS"),
        (tls.url(), vec![], "UnknownIssuer"),
        (tls.url(), vec!["--ca", &stranger], "certificate"),
        (expired.url(), vec!["--ca", &ca], "xpired"),
        (misnamed.url(), vec!["--ca", &ca], "elsewhere.test"),
        (mutual.url(), vec!["--ca", &ca], "certificate"),
        (tls.url(), vec!["--ca", "/no/such/file"], "/no/such/file"),
        (tls.url(), vec!["--ca", "/etc/hostname"], "not in PEM form"),
        (mutual.url(), vec!["--ca", &ca, "--cert", &key, "--key", &key], "certificate"),
    ];
    for (url, options, word) in wrong {
        let ran = look(&url, None, options.iter().copied()).await;
        assert!(ran.code == 2 && ran.err.contains(word), "{url} {options:?}: {word:?} is missing in {}", ran.err);
    }
    for node in [&misnamed, &expired, &tls] {
        let ran = look(&node.url(), None, ["--insecure"].into_iter()).await;
        assert!(ran.code == 0 && ran.out.contains("tls-unverified"), "{ran:?}");
    }
}

#[tokio::test]
async fn sentinels_that_cannot_help_say_why() {
    let group = Watched::start(&Setup::default(), &Setup::default().password(CANARY), 1).await;
    let place = group.sentinels[0].address();
    let url = |name: &str| format!("redis+sentinel://{place}/{name}");
    let ran = look(&url(NAME), None, [].into_iter()).await;
    assert!(ran.code == 2 && ran.err.contains("asks for a password"), "{ran:?}");
    let ran = look(&url("nobody"), Some(CANARY), [].into_iter()).await;
    assert!(ran.code == 2 && ran.err.contains("SENTINEL MASTERS"), "{ran:?}");
    // The data nodes have no password: the one we have is the Sentinels' alone.
    let mut command = binary(&["inspect", "--json", "--interval", "0", "--url", &url(NAME)]);
    command.args(["--sentinel-password-env", "PW"]).env("PW", CANARY);
    seen(&run(command).await.json(), "sentinel", 2);
}
