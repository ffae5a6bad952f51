//! Which protocol is spoken, what a connection says of itself, and how little is left behind where that is not wanted.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use godmode_redis::facts::{ErrorCount, Fields};
use godmode_redis::probe::{Scratch, sentinel_acl_line};
use redis::Value;
use redis::aio::MultiplexedConnection;

use crate::stage::node::Node;
use crate::stage::sentinel::{NAME, Watched};
use crate::stage::setup::Setup;
use crate::stage::{CANARY, Ran, binary, grant, inspect, rules, run, say, server, until, url};

async fn info(connection: &mut MultiplexedConnection) -> Fields {
    let text: String = redis::cmd("INFO").arg("everything").query_async(connection).await.unwrap();
    Fields::parse(&text)
}

async fn has(connection: &mut MultiplexedConnection, command: &str) -> bool {
    say(connection, &format!("COMMAND INFO {command}")).await != Value::Array(vec![Value::Nil])
}

/// A look that tells on standard error how it speaks.
async fn told(url: &str) -> Ran {
    let mut command = binary(&["inspect", "--json", "--interval", "0", "--url", url]);
    command.env("RUST_LOG", "godmode_redis=debug");
    run(command).await
}

#[tokio::test]
async fn resp3_is_spoken_where_the_server_has_it_and_finds_what_resp2_finds() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    for key in ["SET a 1", "RPUSH l 1 2", "SADD s x y"] {
        say(&mut connection, key).await;
    }
    let newest = told(&url(&server)).await;
    assert!(newest.err.contains("speaks RESP3"), "{newest:?}");
    let hello = |info: &Fields| info.get("cmdstat_hello").map(str::to_owned);
    let said = hello(&info(&mut connection).await).unwrap();
    assert!(said.starts_with("calls=1,"), "{said}");

    let oldest = told(&format!("{}?protocol=resp2", url(&server))).await;
    assert!(oldest.err.contains("speaks RESP2"), "{oldest:?}");
    assert_eq!(hello(&info(&mut connection).await), Some(said), "HELLO is not said where RESP2 is wanted");
    let insisted = told(&format!("{}?protocol=resp3", url(&server))).await;
    assert!(insisted.err.contains("speaks RESP3"), "{insisted:?}");
    let [newest, oldest] = [newest.json(), oldest.json()];
    for list in ["findings", "not_checked"] {
        assert_eq!(rules(&newest, list), rules(&oldest, list));
    }
    assert_eq!(newest["clear"], oldest["clear"]);
    let fields = |report: &serde_json::Value| -> Vec<(String, bool)> {
        let overview = report["nodes"][0]["overview"].as_object().unwrap();
        overview.iter().map(|(name, value)| (name.clone(), value.get("missing").is_some())).collect()
    };
    assert_eq!(fields(&newest), fields(&oldest));
    assert_eq!(ErrorCount::all(&info(&mut connection).await), []);
}

#[tokio::test]
async fn a_connection_says_who_it_is_and_spares_the_server_where_it_can() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    let place = url(&server);
    let look = tokio::spawn(async move { inspect(&place, &["--interval", "2"]).await });
    let line = until("our line in CLIENT LIST", async || {
        let Value::BulkString(list) = say(&mut connection, "CLIENT LIST").await else { return Err("no text".into()) };
        let list = String::from_utf8(list).unwrap();
        list.lines().find(|line| line.contains(" name=godmode-redis ")).map(str::to_owned).ok_or(list)
    })
    .await;
    let field = |name: &str| line.split(' ').find_map(|field| field.strip_prefix(name)?.strip_prefix('='));
    let modern = has(&mut connection, "client|no-touch").await;
    assert_eq!(field("lib-name"), modern.then_some("godmode-redis"), "{line}");
    assert_eq!(field("lib-ver"), modern.then_some(env!("CARGO_PKG_VERSION")), "{line}");
    assert_eq!(field("flags").unwrap().contains('T'), modern, "{line}");
    assert_eq!(field("flags").unwrap().contains('e'), has(&mut connection, "client|no-evict").await, "{line}");
    assert!(field("resp").is_none_or(|resp| resp == "3"), "{line}");
    look.await.unwrap();
    assert_eq!(ErrorCount::all(&info(&mut connection).await), []);
}

#[tokio::test]
async fn a_single_server_sees_one_connection() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    let before = info(&mut connection).await.number("total_connections_received").unwrap();
    let report = inspect(&url(&server), &["--interval", "0"]).await;
    let after = info(&mut connection).await.number("total_connections_received").unwrap();
    assert_eq!(after - before, 1.0);
    // What was asked to find the deployment is in the sum, and counted once.
    let commands = |info: &Fields| -> u64 {
        let calls = |line: &str| line.strip_prefix("calls=")?.split(',').next()?.parse::<u64>().ok();
        info.starting("cmdstat_").filter_map(|(_, line)| calls(line)).sum()
    };
    say(&mut connection, "CONFIG RESETSTAT").await;
    let report_again = inspect(&url(&server), &["--interval", "0"]).await;
    assert_eq!(report["cost"], report_again["cost"]);
    // INFO does not count itself before it ends; CONFIG RESETSTAT counts itself after it reset.
    assert_eq!(report_again["cost"]["commands"], commands(&info(&mut connection).await) - 1);
}

#[tokio::test]
async fn without_hello_resp2_is_spoken_and_no_error_is_left() {
    let server = server(&["--rename-command", "HELLO", ""]).await;
    let mut connection = server.connect().await.unwrap();
    let ran = told(&url(&server)).await;
    assert!(ran.code == 0 && ran.err.contains("speaks RESP2"), "{ran:?}");
    assert_eq!(ErrorCount::all(&info(&mut connection).await), []);
    let ran = told(&format!("{}?protocol=resp3", url(&server))).await;
    assert!(ran.code == 2 && ran.err.contains("does not speak RESP3"), "{ran:?}");
    assert!(ran.err.contains("Leave `protocol` out"), "{ran:?}");
}

#[tokio::test]
async fn a_user_without_the_courtesies_is_looked_for_all_the_same() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    say(&mut connection, &format!("ACL SETUSER plain on >{CANARY} resetkeys +@all -hello -client +client|list")).await;
    let place = url(&server).replace("unix://", &format!("unix://plain:{CANARY}@"));
    let ran = told(&place).await;
    // From 6.2 on HELLO needs no grant, as AUTH does.
    let speaks = if has(&mut connection, "getdel").await { "speaks RESP3" } else { "speaks RESP2" };
    assert!(ran.err.contains(speaks) && ran.err.contains("idle time: false"), "{ran:?}");
    assert_eq!(
        rules(&ran.json(), "not_checked"),
        rules(&inspect(&url(&server), &["--interval", "0"]).await, "not_checked")
    );
    // And one who may see no table leaves nothing but the question for it.
    say(&mut connection, "ACL LOG RESET").await;
    say(&mut connection, "ACL SETUSER plain -command").await;
    let ran = told(&place).await;
    assert!(ran.code == 0 && ran.err.contains("speaks RESP2"), "{ran:?}");
    let Value::Array(log) = say(&mut connection, "ACL LOG").await else { panic!("no list") };
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(format!("{log:?}").contains("command"), "{log:?}");
}

/// What a proxy does with a command that it does not know.
#[derive(Clone, Copy)]
enum Temper {
    HangsUp,
    Refuses,
}

/// A proxy before a server: it passes on everything but HELLO. Its address.
fn proxy(socket: PathBuf, temper: Temper) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let socket = socket.clone();
            std::thread::spawn(move || pass_on(client, &socket, temper));
        }
    });
    address
}

fn pass_on(mut client: TcpStream, socket: &Path, temper: Temper) -> Option<()> {
    let mut server = UnixStream::connect(socket).ok()?;
    let (mut back, mut to) = (server.try_clone().ok()?, client.try_clone().ok()?);
    std::thread::spawn(move || std::io::copy(&mut back, &mut to));
    let hello = b"*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n";
    let mut chunk = [0; 65_536];
    loop {
        let length = client.read(&mut chunk).ok().filter(|length| *length > 0)?;
        let mut asked = chunk[..length].to_vec();
        // It comes first in its pipeline.
        if asked.starts_with(hello) {
            let Temper::Refuses = temper else {
                return client.shutdown(std::net::Shutdown::Both).ok();
            };
            client.write_all(b"-ERR unsupported command\r\n").ok()?;
            asked.drain(..hello.len());
        }
        server.write_all(&asked).ok()?;
    }
}

#[tokio::test]
async fn behind_a_proxy_that_does_not_know_hello_resp2_is_spoken() {
    let server: Scratch = server(&[]).await;
    let direct = inspect(&url(&server), &["--interval", "0"]).await;
    for temper in [Temper::HangsUp, Temper::Refuses] {
        let place = proxy(server.socket(), temper);
        let ran = told(&format!("redis://{place}")).await;
        assert!(!ran.err.contains("speaks RESP3"), "{ran:?}");
        let report = ran.json();
        assert_eq!(rules(&report, "not_checked"), rules(&direct, "not_checked"));
        let insisted = told(&format!("redis://{place}?protocol=resp3")).await;
        assert!(insisted.code == 2 && insisted.err.contains("does not speak RESP3"), "{insisted:?}");
    }
}

#[tokio::test]
async fn the_printed_user_of_a_sentinel_is_enough_for_it() {
    let group = Watched::start(&Setup::default(), &Setup::default(), 0).await;
    let lines = sentinel_acl_line("watcher").replace("CHOOSE-A-PASSWORD", CANARY);
    for sentinel in &group.sentinels {
        grant(&mut sentinel.connect().await.unwrap(), &lines).await;
    }
    let places: Vec<String> = group.sentinels.iter().map(Node::address).collect();
    let mut command = binary(&["inspect", "--json", "--interval", "0", "--sentinel-user", "watcher"]);
    command.args(["--url", &format!("redis+sentinel://{}/{NAME}", places.join(",")), "--sentinel-password-env", "PW"]);
    let report = run({
        command.env("PW", CANARY);
        command
    })
    .await
    .json();
    let views = report["sentinels"].as_array().unwrap();
    assert!(views.len() == 3 && views.iter().all(|sentinel| sentinel.to_string().contains("quorum")), "{report:#}");
    for sentinel in &group.sentinels {
        let log: Vec<Value> = sentinel.ask("ACL LOG").await.unwrap();
        assert!(log.is_empty(), "{log:?}");
    }
}
