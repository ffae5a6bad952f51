//! `simulate` as a person and as an agent calls it.

use serde_json::{Value, json};

use crate::stage::{Ran, binary, node, run};

pub async fn simulate(arguments: &[&str]) -> Ran {
    let mut command = binary(&["simulate"]);
    command.args(arguments).env("GODMODE_REDIS_SERVER", node::program()).env("PATH", "");
    run(command).await
}

pub async fn answer(arguments: &[&str]) -> Value {
    simulate(&[arguments, &["--json"]].concat()).await.json()
}

#[tokio::test]
async fn a_workload_is_predicted_and_comes_out_as_predicted() {
    let asked = ["--items", "200000", "--skew", "0.9", "--fit", "40000", "--policy", "allkeys-random"];
    let report = answer(&[&asked[..], &["--run", "--seconds", "6"]].concat()).await;
    let number =
        |place: &str| report.pointer(place).and_then(Value::as_f64).unwrap_or_else(|| panic!("{place}: {report}"));
    // 20 % of the catalogue under random eviction.
    assert!((0.6..0.75).contains(&number("/prediction/hit_ratio")), "{report}");
    assert!(number("/maxmemory") > 40_000.0 * 266.0);
    let (predicted, measured) = (number("/rerun/predicted/hit_ratio"), number("/rerun/measured/hit_ratio"));
    assert!((predicted - measured).abs() < 0.025, "{report}");
    assert!(number("/rerun/measured/evictions_per_second") > 0.0);
    assert!(report["rerun"]["rule"].as_str().unwrap().contains("divided by"));
    let curve = report["curve"].as_array().unwrap();
    assert!(curve.windows(2).all(|pair| pair[0]["maxmemory"].as_f64() < pair[1]["maxmemory"].as_f64()), "{curve:?}");
}

/// How many times as many loads as predicted the worst second had, and as the worst one before.
async fn aftermath(event: &str) -> (f64, f64, Value) {
    let report = answer(&[
        "--items",
        "100000",
        "--skew",
        "0.8",
        "--fit",
        "30000",
        "--requests-per-second",
        "10000",
        "--run",
        "--seconds",
        "10",
        "--event",
        event,
    ])
    .await;
    let number =
        |place: &str| report.pointer(place).and_then(Value::as_f64).unwrap_or_else(|| panic!("{place}: {report}"));
    let measured = number("/rerun/measured/aftermath/origin_peak_per_second");
    let before = number("/rerun/measured/origin_peak_per_second");
    (measured / number("/rerun/event_peak_per_second"), measured / before, report)
}

#[tokio::test]
async fn what_goes_wrong_asks_of_the_origin_what_was_predicted() {
    for event in ["loss", "expiry"] {
        let mut tries = 0;
        loop {
            tries += 1;
            let (of_predicted, of_before, report) = aftermath(event).await;
            // A machine that stalls for a second sends two seconds' requests in the next: then it is played again.
            if (0.7..1.3).contains(&of_predicted) && of_before > 1.2 {
                break;
            }
            assert!(
                tries < 4,
                "{event}: {of_predicted:.2} of what was predicted, {of_before:.2} of before: {report:#}"
            );
        }
    }
    let refused = simulate(&["--jitter-seconds", "5"]).await;
    assert!(refused.code == 2 && refused.err.contains("event expiry"), "{refused:?}");
    let wide = ["--items", "1000000", "--fit", "500000", "--event", "expiry", "--jitter-seconds"];
    let (spread, at_once) =
        (answer(&[&wide[..], &["600"]].concat()).await, answer(&[&wide[..], &["0"]].concat()).await);
    assert!(spread["event_peak_per_second"].as_f64() < at_once["event_peak_per_second"].as_f64(), "{spread}");
}

#[tokio::test]
async fn memory_and_ttl_each_bound_a_cache() {
    let report = answer(&["--items", "1000", "--ttl-seconds", "5", "--maxmemory", "1gb"]).await;
    assert_eq!((&report["prediction"]["bound_by"], &report["fit"]), (&json!("ttl"), &json!(1000.0)));
    let report = answer(&["--items", "100000", "--maxmemory", "5mb", "--policy", "allkeys-lfu"]).await;
    assert_eq!(report["prediction"]["bound_by"], "memory");
    // Without a size, it is that of the knee.
    let report = answer(&["--items", "100000"]).await;
    assert_eq!(report["fit"], report["knee"]["items"]);
}

#[tokio::test]
async fn what_cannot_be_is_refused_by_name() {
    for (arguments, says) in [
        (&["--skew", "9"][..], "skew is 9"),
        (&["--skew", "NaN"], "skew is NaN"),
        (&["--items", "0"], "items is 0"),
        (&["--maxmemory", "10zb"], "500mb"),
        (&["--maxmemory", "1b"], "holds no item"),
        (&["--maxmemory", "99999999999999999999gb"], "500mb"),
        (&["--maxmemory", "1gb", "--fit", "5"], "not both"),
        (&["--value-bytes-max", "5"], "below value_bytes"),
        (&["--engine", "oracle 9"], "oracle"),
        (&["--trace", "/nowhere/at/all"], "cannot open"),
        (&["--trace", "/"], "is no file"),
    ] {
        let ran = simulate(arguments).await;
        assert!(ran.code == 2 && ran.err.contains(says), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn an_agent_predicts_and_reads_no_file_outside_of_the_folder() {
    let mut client = crate::mcp::Client::connected("redis://127.0.0.1:1");
    let mut call = |arguments: Value| {
        let result = client.ask("tools/call", json!({"name": "simulate", "arguments": arguments}));
        result["content"][0]["text"].as_str().unwrap().to_owned()
    };
    let text = call(json!({"items": 50_000, "fit": 5_000, "ttl_seconds": 60}));
    assert!(text.contains("of the reads") && text.contains("## Hit ratio over maxmemory"), "{text}");
    assert!(call(json!({"trace": "/etc/passwd"})).contains("outside of the working folder"));
    assert!(call(json!({"trace": "../../etc/passwd"})).contains("/etc/passwd\""));
    assert!(call(json!({"file": "/etc/passwd"})).contains("unknown field `file`"));
}
