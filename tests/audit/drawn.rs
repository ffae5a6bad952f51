//! Whether intervals hold the truth on the whole way, from cursors and slots drawn on a real server to the report. `SEEDS` sets
//! how many samples are drawn; `make sampling` draws 200 on every kind of table and prints the counts.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::time::Instant;

use godmode_redis::probe::{Pace, Target};
use godmode_redis::tools::{AuditMemory, Tool, Watch};
use redis::aio::MultiplexedConnection;
use serde_json::Value;
use tokio::task::JoinSet;

use super::corpus::{self, Dice, Filling};
use super::number;
use crate::stage::cluster::one_node;
use crate::stage::{PATIENCE, server, url};

/// Samples at the same time: an audit mostly waits.
const AT_ONCE: usize = 2;
/// Of a family whose intervals hold the truth in 95 of 100 samples, fewer than the bound are held once in so many tries.
const ONCE_IN: f64 = 10_000.0;

type Input = <AuditMemory as Tool>::Input;

fn seeds(usual: u64) -> u64 {
    std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(usual)
}

/// An audit that the machine was too busy for is begun again: the same seed draws the same.
async fn report(target: &Target, input: Input) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let why = match AuditMemory::run(target, input.clone(), &Watch::default()).await {
            Ok(audit) => {
                let report = serde_json::to_value(audit).unwrap();
                if report.get("unread").is_none() {
                    return report;
                }
                report["unread"].to_string()
            }
            Err(why) => why.to_string(),
        };
        assert!(Instant::now() < deadline, "{why}");
    }
}

/// Keys and bytes of all keys and of each family, as the bounds of an interval each.
fn totals(report: &Value) -> BTreeMap<String, [(f64, f64); 2]> {
    let bounds = |row: &Value| ["keys", "bytes"].map(|what| (number(&row[what]["low"]), number(&row[what]["high"])));
    let families = report["families"].as_array().unwrap().iter();
    let each = families.map(|family| (family["pattern"].as_str().unwrap().to_owned(), bounds(family)));
    each.chain([("all keys".to_owned(), bounds(report))]).collect()
}

/// The fewest of `tries` that a true 95 % interval holds, but for chance.
fn fewest(tries: u64) -> u64 {
    let (mut chance, mut below) = (0.05_f64.powi(tries as i32), 0.0);
    for held in 0..=tries {
        below += chance;
        if below > 1.0 / ONCE_IN {
            return held;
        }
        chance *= (tries - held) as f64 / (held + 1) as f64 * 0.95 / 0.05;
    }
    tries
}

/// Draws samples of 2,000 keys and counts in how many of them each truth lies inside of its interval. A family that a sample
/// did not see counts as missed.
async fn draw(target: Target, many: u64) {
    let truth = totals(&report(&target, Input { full: true, pace: Pace::Fast, ..Input::default() }).await);
    let mut held: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    let mut under_way = JoinSet::new();
    let mut next = 1..=many;
    loop {
        while under_way.len() < AT_ONCE
            && let Some(seed) = next.next()
        {
            let (target, input) =
                (target.clone(), Input { max_keys: 2_000, seed, pace: Pace::Fast, ..Input::default() });
            under_way.spawn(async move { report(&target, input).await });
        }
        let Some(sample) = under_way.join_next().await else { break };
        let sample = sample.unwrap();
        assert_eq!(sample["coverage"]["reading"], "sample");
        let found = totals(&sample);
        for (family, known) in &truth {
            let held = held.entry(family).or_default();
            for (held, (at, (exact, _))) in held.iter_mut().zip(known.iter().enumerate()) {
                // Sums of floating point differ in their last digits.
                let inside = |(low, high): &(f64, f64)| (low * (1.0 - 1e-9)..=high * (1.0 + 1e-9)).contains(exact);
                *held += u64::from(found.get(family).is_some_and(|bounds| inside(&bounds[at])));
            }
        }
    }
    let (sum, counts) = held.values().flatten().fold((0, 0), |(sum, counts), held| (sum + held, counts + 1));
    let share = sum as f64 / (counts * many) as f64;
    let mut table = String::new();
    for (family, [keys, bytes]) in &held {
        table.push_str(&format!("| {family} | {keys} | {bytes} |\n"));
    }
    let _ = writeln!(
        io::stdout(),
        "| of {many} samples held | keys | bytes |\n|---|---|---|\n{table}{:.1} % in all; fewer than {} of a family are no chance\n",
        share * 100.0,
        fewest(many)
    );
    let least = held.values().flatten().min().copied().unwrap_or(0);
    // Of a few samples the share is chance itself.
    assert!(least >= fewest(many) && (share >= 0.95 || many < 200), "{:.1} % held, {table}", share * 100.0);
}

/// Sizes as they are in life: most small, some a hundred times as large.
async fn documents(connection: &mut MultiplexedConnection, many: u64, name: impl Fn(u64) -> String) {
    let mut dice = Dice::new(23);
    let mut filling = Filling::new(connection);
    for n in 0..many {
        let size = 40 + 400_000 / (20 + dice.below(8_000));
        filling.put(&[b"SET", name(n).as_bytes(), &vec![b'd'; size as usize]]).await;
    }
    filling.flush().await;
}

#[tokio::test]
async fn samples_of_one_table_hold_the_truth() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    corpus::mixed(&mut connection, 400).await;
    documents(&mut connection, 10_000, |n| format!("wiki:doc:{n}")).await;
    draw(Target::parse(&url(&server)).unwrap(), seeds(30)).await;
}

#[tokio::test]
async fn samples_of_slots_hold_the_truth() {
    let node = one_node().await;
    let mut connection = node.connect().await.unwrap();
    corpus::mixed(&mut connection, 200).await;
    // Relatives in one slot: a few tenants hold much, most hold little.
    documents(&mut connection, 12_000, |n| format!("cart:{{t{}}}:{n}", 90_000 / (100 + n % 900))).await;
    draw(Target::parse(&node.url()).unwrap(), seeds(12)).await;
}

#[test]
fn chance_is_allowed_for_and_no_more() {
    // By the tables of the binomial distribution: 0.95 of 200 is 190, with a deviation of 3.1.
    assert!((176..=179).contains(&fewest(200)), "{}", fewest(200));
    assert!((30..=32).contains(&fewest(40)), "{}", fewest(40));
}
