//! How far sketches are off: within what they promise. Their hashes are fixed, so that each run finds the same.

use redis::aio::MultiplexedConnection;
use redis::cmd;

/// Names in a filter or a sketch, and how many others are asked for.
const NAMES: u64 = 10_000;
/// Of PFCOUNT: three times the standard error of 0.81 %. The hash is fixed, so that each run finds the same.
const OFF: f64 = 3.0 * 0.0081;

/// So many commands with a name each, in pipelines.
async fn with_names(client: &mut MultiplexedConnection, first: u64, command: &[&str]) -> Vec<redis::Value> {
    let mut said = Vec::new();
    for start in (first..first + NAMES).step_by(1_000) {
        let mut pipe = redis::pipe();
        (start..start + 1_000).for_each(|n| {
            pipe.cmd(command[0]).arg(&command[1..]).arg(format!("name:{n}"));
        });
        said.extend(pipe.query_async::<Vec<redis::Value>>(client).await.unwrap());
    }
    said
}

pub async fn counted(client: &mut MultiplexedConnection) -> bool {
    with_names(client, 0, &["PFADD", "k"]).await;
    // Half of them are the same.
    with_names(client, NAMES / 2, &["PFADD", "l"]).await;
    let one: f64 = cmd("PFCOUNT").arg("k").query_async(client).await.unwrap();
    let both: f64 = cmd("PFCOUNT").arg(&["k", "l"]).query_async(client).await.unwrap();
    let near = |count: f64, truth: f64| (count / truth - 1.0).abs() <= OFF;
    near(one, NAMES as f64) && near(both, NAMES as f64 * 1.5)
}

/// None that is in it is missed, and of the others no more than was allowed pass for such.
pub async fn filtered(client: &mut MultiplexedConnection) -> bool {
    cmd("BF.RESERVE").arg("k").arg(0.01).arg(NAMES).exec_async(client).await.unwrap();
    with_names(client, 0, &["BF.ADD", "k"]).await;
    let yes =
        |said: Vec<redis::Value>| said.into_iter().filter(|one| redis::from_redis_value_ref(one) == Ok(1)).count();
    let own = yes(with_names(client, 0, &["BF.EXISTS", "k"]).await);
    let others = yes(with_names(client, NAMES, &["BF.EXISTS", "k"]).await);
    own as u64 == NAMES && others as f64 <= NAMES as f64 * 0.01
}

/// Never less than the truth, and more by at most the stated share of all.
pub async fn estimated(client: &mut MultiplexedConnection) -> bool {
    cmd("CMS.INITBYPROB").arg(&["k", "0.001", "0.01"]).exec_async(client).await.unwrap();
    let mut pipe = redis::pipe();
    (0..NAMES).for_each(|n| {
        pipe.cmd("CMS.INCRBY").arg("k").arg(format!("name:{n}")).arg(1 + n % 3).ignore();
    });
    pipe.exec_async(client).await.unwrap();
    let said = with_names(client, 0, &["CMS.QUERY", "k"]).await;
    let counts = said.iter().map(|one| redis::from_redis_value_ref::<Vec<u64>>(one).unwrap()[0]);
    let over: Vec<i64> = counts.zip(0..).map(|(count, n): (u64, i64)| count as i64 - (1 + n % 3)).collect();
    // All counts together are twice as many as names; one answer in a hundred may be off by more.
    let far = over.iter().filter(|over| **over as f64 > 0.001 * 2.0 * NAMES as f64).count();
    over.iter().all(|over| *over >= 0) && far as f64 <= NAMES as f64 * 0.01
}

/// Ten that come a hundred times as often as the others are the ten of the list.
pub async fn listed(client: &mut MultiplexedConnection) -> bool {
    cmd("TOPK.RESERVE").arg(&["k", "10", "800", "7", "0.9"]).exec_async(client).await.unwrap();
    for n in 0..1_000 {
        let often: Vec<String> = (0..10).map(|one| format!("often:{one}")).collect();
        cmd("TOPK.ADD").arg("k").arg(often).arg(format!("rare:{}", n % 100)).exec_async(client).await.unwrap();
    }
    let list: Vec<String> = cmd("TOPK.LIST").arg("k").query_async(client).await.unwrap();
    list.len() == 10 && list.iter().all(|name| name.starts_with("often:"))
}

/// The 99th percentile of 1 to 10,000 is near 9,900, and the median near 5,000.
pub async fn digested(client: &mut MultiplexedConnection) -> bool {
    cmd("TDIGEST.CREATE").arg("k").exec_async(client).await.unwrap();
    for start in (0..NAMES).step_by(1_000) {
        let values: Vec<u64> = (start..start + 1_000).map(|n| 1 + n * 7_919 % NAMES).collect();
        cmd("TDIGEST.ADD").arg("k").arg(values).exec_async(client).await.unwrap();
    }
    let found: Vec<f64> = cmd("TDIGEST.QUANTILE").arg(&["k", "0.5", "0.99"]).query_async(client).await.unwrap();
    matches!(found.as_slice(), [half, most] if (half / 5_000.0 - 1.0).abs() < 0.02 && (most / 9_900.0 - 1.0).abs() < 0.01)
}
