//! A server that needs its time for itself is left alone, and the audit goes on afterwards.

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
