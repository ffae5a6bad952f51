//! Search indexes that are empty or fail, on servers with the search module.

use godmode_redis::probe::{Scratch, find_server};
use redis::aio::MultiplexedConnection;
use serde_json::Value;

use super::audit;
use crate::stage::{say, until, url};
use crate::structures::servers::modules;

/// The server of the suite with the modules that lie beside it; none where it has no search.
async fn searching() -> Option<(Scratch, MultiplexedConnection)> {
    let program = find_server().unwrap();
    let files = modules(&program);
    let options: Vec<&str> = files.iter().flat_map(|file| ["--loadmodule", file.as_str()]).collect();
    let server = Scratch::start(&program, &options).await.unwrap();
    let mut connection = server.connect().await.unwrap();
    let list: redis::RedisResult<redis::Value> = redis::cmd("FT._LIST").query_async(&mut connection).await;
    list.is_ok().then_some((server, connection))
}

fn finding(report: &Value) -> Option<String> {
    let findings = report["findings"].as_array().unwrap();
    let one = findings.iter().find(|finding| finding["rule"] == "search-index-dead")?;
    Some(one["says"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_index_that_is_empty_or_fails_is_named() {
    let Some((server, mut connection)) = searching().await else { return };
    let place = url(&server);
    assert_eq!(finding(&audit(&place, &["--full"]).await), None, "there is no index");
    for n in 0..20 {
        say(&mut connection, &format!("HSET user:{n} name n{n} age {n}")).await;
        say(&mut connection, &format!("HSET item:{n} price {n}")).await;
    }
    say(&mut connection, "HSET item:99 price dear").await;
    for index in ["users ON HASH PREFIX 1 user: SCHEMA name TAG", "items ON HASH PREFIX 1 item: SCHEMA price NUMERIC"] {
        say(&mut connection, &format!("FT.CREATE {index}")).await;
    }
    let says = until("the indexes to be filled", async || {
        let says = finding(&audit(&place, &["--full"]).await).unwrap_or_default();
        if says.contains(" 20 documents") && !says.contains("users") { Ok(says) } else { Err(says) }
    })
    .await;
    assert!(says.starts_with("1 of 2 search indexes cannot index some keys: «items» (keys that begin with «item:», 1 keys not indexed, 20 documents"), "{says}");
    say(&mut connection, "CONFIG RESETSTAT").await;
    say(&mut connection, "FT.CREATE ghosts ON HASH PREFIX 1 ghost: SCHEMA name TAG").await;
    say(&mut connection, "FT.DROPINDEX items").await;
    let says = until("the new index to be there", async || {
        let says = finding(&audit(&place, &["--full"]).await).unwrap_or_default();
        if says.contains("hold no document") { Ok(says) } else { Err(says) }
    })
    .await;
    assert!(
        says.starts_with("1 of 2 search indexes hold no document: «ghosts» (keys that begin with «ghost:»"),
        "{says}"
    );
    say(&mut connection, "FT.DROPINDEX ghosts").await;
    for n in 0..32 {
        say(&mut connection, &format!("FT.CREATE more{n:02} ON HASH PREFIX 1 user: SCHEMA name TAG")).await;
    }
    let why = until("all indexes to be filled", async || {
        let report = audit(&place, &["--full"]).await;
        let unchecked = report["not_checked"].as_array().unwrap();
        let one = unchecked.iter().find(|unchecked| unchecked["rule"] == "search-index-dead").map(ToString::to_string);
        one.ok_or_else(|| finding(&report).unwrap_or_default())
    })
    .await;
    assert!(why.contains("none of them is dead, but 32 of 33 search indexes were asked about"), "{why}");
    let info: String = redis::cmd("INFO").arg("errorstats").query_async(&mut connection).await.unwrap();
    assert!(!info.contains("errorstat_"), "an audit provokes no error: {info}");
}
