//! A trace: its miss-ratio curve, with the TTLs that it has, and as a server plays it.

use std::fmt::Write as _;
use std::path::Path;

use godmode_redis::forecast::{Draws, Popularity};
use serde_json::{Value, json};

use super::tool::{answer, simulate};

fn write_trace(folder: &Path, lines: &str) -> String {
    let path = folder.join("trace.csv");
    std::fs::write(&path, lines).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_trace_gives_its_curve_and_its_bad_lines() {
    let folder = tempfile::tempdir().unwrap();
    // Around and around over 100 keys: LRU hits all of it, or nothing.
    let mut lines = String::new();
    for request in 0..10_000 {
        writeln!(lines, "key:{},300,get,{request}", request % 100).unwrap();
    }
    lines.push_str("key:1,huge,get,1\n");
    let report = answer(&["--trace", &write_trace(folder.path(), &lines)]).await;
    assert_eq!(
        (&report["requests"], &report["bad_lines"], &report["bad"][0]["line"]),
        (&json!(10_000), &json!(1), &json!(10_001))
    );
    let curve = report["curve"].as_array().unwrap();
    assert!(curve[0]["miss_ratio"].as_f64().unwrap() > 0.99, "{curve:?}");
    assert!(curve.iter().all(|row| row["maxmemory"].as_f64().unwrap() > row["items"].as_f64().unwrap() * 300.0));
    assert_eq!(report["with_ttl"], 0);
    let ends = write_trace(folder.path(), "a,1,set,1,60\na,1,get,2,\nb,1,get,3,\n");
    assert_eq!(answer(&["--trace", &ends]).await["with_ttl"], 1);
    let said = simulate(&["--trace", &ends]).await.out;
    assert!(said.contains("1 requests give their key a TTL, and it ends"), "{said}");
    let unplayed = simulate(&["--trace", &ends, "--run", "--policy", "allkeys-lfu"]).await;
    assert!(unplayed.code == 2 && unplayed.err.contains("not under allkeys-lfu"), "{unplayed:?}");
    let timeless = write_trace(folder.path(), "key,op,ttl\na,set,60\na,get,\n");
    let said = simulate(&["--trace", &timeless]).await.out;
    assert!(said.contains("not all lines have a time") && said.contains("more reads miss"), "{said}");
    let unplayed = simulate(&["--trace", &timeless, "--run"]).await;
    assert!(unplayed.code == 2 && unplayed.err.contains("has no times"), "{unplayed:?}");
    let writes = simulate(&["--trace", &write_trace(folder.path(), "a,1,set,1\n")]).await;
    assert!(writes.code == 2 && writes.err.contains("no read"), "{writes:?}");
    let empty = simulate(&["--trace", &write_trace(folder.path(), "")]).await;
    assert!(empty.code == 2 && empty.err.contains("key,size,op,time"), "{empty:?}");
}

/// Ten minutes of 50 requests a second in the columns of twitter/cache-trace; one in twenty is a write with a TTL.
fn ten_minutes(folder: &Path) -> String {
    let (draws, mut random) = (Draws::of(&Popularity::zipf(3_000, 0.8)), fastrand::Rng::with_seed(5));
    let mut lines = String::new();
    for request in 0..30_000 {
        let key = draws.item(random.f64());
        // From one key to the next, half a minute and two minutes.
        let ttl = 30 + key % 2 * 90;
        let (op, ttl) = if random.u32(..20) == 0 { ("set", ttl) } else { ("get", 0) };
        writeln!(lines, "{},page:{key},10,190,1,{op},{ttl}", request / 50).unwrap();
    }
    write_trace(folder, &lines)
}

#[tokio::test]
async fn the_ttls_of_a_trace_end_its_entries_in_the_model_and_on_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let trace = ten_minutes(folder.path());
    let report = async |fit: &str, policy: &str| {
        answer(&["--trace", &trace, "--run", "--seconds", "15", "--fit", fit, "--policy", policy]).await
    };
    let (all, lru, random) =
        tokio::join!(report("3000", "allkeys-lru"), report("900", "allkeys-lru"), report("900", "allkeys-random"));
    for report in [&all, &lru, &random] {
        let number =
            |place: &str| report.pointer(place).and_then(Value::as_f64).unwrap_or_else(|| panic!("{place}: {report}"));
        let (predicted, measured) = (number("/rerun/predicted"), number("/rerun/measured/hit_ratio"));
        assert!((predicted - measured).abs() < 0.025, "{predicted} predicted, {measured} measured: {report:#}");
        assert!((number("/rerun/hurry") - 40.0).abs() < 0.1 && number("/rerun/measured/expired") > 500.0, "{report:#}");
        assert_eq!(number("/rerun/measured/reads"), number("/reads"), "{report:#}");
    }
    assert!(all.pointer("/rerun/measured/evicted") == Some(&json!(0.0)), "{all:#}");
    assert!(lru["rerun"]["measured"]["evicted"].as_f64() > Some(500.0), "{lru:#}");
    // The same model makes the curve; without the TTLs it says something else.
    let largest = all["curve"].as_array().unwrap().last().unwrap();
    let (with, without) = (largest["miss_ratio"].as_f64().unwrap(), largest["without_ttl"].as_f64().unwrap());
    assert!((1.0 - with - all["rerun"]["predicted"].as_f64().unwrap()).abs() < 1e-9, "{all:#}");
    assert!(with > without + 0.05, "{largest}");
}
