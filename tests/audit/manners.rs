//! A server that needs its time for itself is left alone, and the audit goes on afterwards; others are noticed, and what they
//! count is left as it is.

use super::{audit, number};
use crate::stage::{say, server, until, url};

#[tokio::test]
async fn a_server_that_saves_is_waited_for() {
    // A millisecond a key: the child is at it until it is ended.
    let server = server(&["--rdb-key-save-delay", "1000"]).await;
    let mut connection = server.connect().await.unwrap();
    let fill = |keys: u64| format!("for n = 1, {keys} do redis.call('SET', 'user:' .. n, n) end");
    let () = redis::cmd("EVAL").arg(fill(100_000)).arg(0).query_async(&mut connection).await.unwrap();
    say(&mut connection, "CONFIG RESETSTAT").await;
    say(&mut connection, "BGSAVE").await;
    let place = url(&server);
    let audited = tokio::spawn(async move { audit(&place, &["--full"]).await });
    let mut scanned = 0;
    until("the audit to be there", async || {
        let info: String = redis::cmd("INFO").arg("everything").query_async(&mut connection).await.unwrap();
        assert!(info.contains("rdb_bgsave_in_progress:1"), "the save must outlast the audit's start");
        scanned += usize::from(info.contains("cmdstat_scan:"));
        // Fifty come before the reading, those after them beside it.
        let pings = info.lines().find_map(|line| line.strip_prefix("cmdstat_ping:calls=")?.split(',').next());
        let pings = pings.map_or(0, |calls| calls.parse::<u32>().unwrap());
        if pings > 60 { Ok(()) } else { Err(format!("{pings} pings")) }
    })
    .await;
    assert_eq!(scanned, 0, "no page was asked for while it saved");
    // FLUSHALL ends the child; what there is then is read.
    let mut again = redis::pipe();
    again.atomic().cmd("FLUSHALL").ignore().cmd("EVAL").arg(fill(100)).arg(0).ignore();
    let () = again.query_async(&mut connection).await.unwrap();
    let report = audited.await.unwrap();
    assert_eq!((number(&report["coverage"]["read"]), report.get("stopped")), (100.0, None), "{report:#}");
    let node = &report["nodes"][0];
    assert!(node["reasons"].to_string().contains("BGSAVE") && number(&node["paused"]) > 0.0, "{node:#}");
}

#[tokio::test]
async fn others_are_noticed_before_the_first_page() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    say(&mut connection, "SET user:1 a").await;
    let others = async |place: String| {
        let report = audit(&place, &["--full"]).await;
        number(&report["nodes"][0]["others"])
    };
    let alone = others(url(&server)).await;
    assert!(alone < 50.0, "{alone} commands/s, and there is nobody");
    let load = tokio::spawn(async move {
        loop {
            let mut pipeline = redis::pipe();
            (0..50).for_each(|_| {
                pipeline.cmd("GET").arg("user:1").ignore();
            });
            let () = pipeline.query_async(&mut connection).await.unwrap();
        }
    });
    let beside = others(url(&server)).await;
    load.abort();
    assert!(beside > 50.0, "{beside} commands/s beside a client that never rests");
}

#[tokio::test]
async fn hot_keys_are_told_where_somebody_has_them_counted() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    let start = "HOTKEYS START METRICS 2 CPU NET COUNT 10";
    let counts = redis::cmd("HOTKEYS").arg("GET").query_async::<redis::Value>(&mut connection).await.is_ok();
    say(&mut connection, "SET user:1 a").await;
    let report = audit(&url(&server), &["--full"]).await;
    assert_eq!(report["nodes"][0].get("hot"), None, "nobody began to count");
    if !counts {
        return;
    }
    say(&mut connection, start).await;
    for _ in 0..500 {
        say(&mut connection, "SET user:hot a").await;
    }
    let report = audit(&url(&server), &["--full"]).await;
    let hot = &report["nodes"][0]["hot"];
    for list in ["by_cpu", "by_net"] {
        let (key, took) = (&hot[list][0][0], number(&hot[list][0][1]));
        assert!(key == "«user:hot»" && took > 100.0, "{list}: {hot:#}");
    }
    let session: String =
        format!("{:?}", redis::cmd("HOTKEYS").arg("GET").query_async::<redis::Value>(&mut connection).await);
    assert!(session.contains("tracking-active") && hot["counting"] == true, "the session goes on: {session}");
}
