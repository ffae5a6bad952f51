//! No two holders of a valid lease, numbers that only grow, no writer beside a reader, never too many at once.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::scripts::crowd::{Event, Hold, crowd, most_at_once, server};

const RUN: Duration = Duration::from_millis(1200);
const LEASE: Duration = Duration::from_millis(40);
/// Longer than the lease now and then: holders that outlive theirs.
const WORK: u64 = 60;

#[tokio::test]
async fn a_lock_has_one_owner_and_its_numbers_grow() {
    let node = server().await;
    let keys = ["lock:{job}", "lock:{job}:fence"];
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let mut holds: Vec<(Hold, Event)> = Vec::new();
        while started.elapsed() < RUN {
            let token = client.token();
            let got = client.call("lock-acquire", &keys, &[&token, "40"]).await;
            if got.number(0) == 0 {
                sleep(client.dice.millis(8)).await;
                continue;
            }
            sleep(client.dice.millis(WORK)).await;
            let back = Instant::now();
            client.call("lock-release", &keys[..1], &[&token]).await;
            holds.push((Hold::new("lock", &token, &got, LEASE, Some(back)), got));
        }
        holds
    })
    .await;
    let (holds, grants): (Vec<Hold>, Vec<Event>) = brought.into_iter().flatten().unzip();
    assert!(holds.len() > 8, "{}", holds.len());
    let (most, which) = most_at_once(&holds);
    assert_eq!(most, 1, "{which:#?}");
    for first in &grants {
        for second in &grants {
            let after = first.received < second.sent;
            assert!(!after || first.number(1) < second.number(1), "{first:?}\n{second:?}");
        }
    }
}

#[tokio::test]
async fn a_reentrant_lock_has_one_owner_at_all_its_depths() {
    let node = server().await;
    let keys = ["lock:{deep}", "lock:{deep}:fence"];
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let mut holds = Vec::new();
        while started.elapsed() < RUN {
            let owner = client.token();
            let got = client.call("reentrant-acquire", &keys, &[&owner, "1", "40"]).await;
            if got.number(0) != 1 {
                sleep(client.dice.millis(8)).await;
                continue;
            }
            sleep(client.dice.millis(WORK / 2)).await;
            let deeper = client.call("reentrant-acquire", &keys, &[&owner, "2", "40"]).await;
            // Lost meanwhile, or one deeper with the same number.
            assert!(deeper.number(0) != 1 || (deeper.number(1), deeper.number(2)) == (2, got.number(2)), "{deeper:?}");
            holds.push(Hold::new("lock", &owner, &got, LEASE, Some(deeper.sent)));
            if deeper.number(0) == 1 {
                sleep(client.dice.millis(WORK / 2)).await;
                let back = Instant::now();
                client.call("reentrant-release", &keys[..1], &[&owner, "1"]).await;
                client.call("reentrant-release", &keys[..1], &[&owner, "0"]).await;
                holds.push(Hold::new("lock", &owner, &deeper, LEASE, Some(back)));
            }
        }
        holds
    })
    .await;
    let holds: Vec<Hold> = brought.into_iter().flatten().collect();
    assert!(holds.len() > 8, "{}", holds.len());
    let (most, which) = most_at_once(&holds);
    assert_eq!(most, 1, "{which:#?}");
}

#[tokio::test]
async fn a_writer_is_alone_and_gets_its_turn() {
    let node = server().await;
    let keys = ["lock:{rw}:readers", "lock:{rw}:writer", "lock:{rw}:waiting"];
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let mut holds = Vec::new();
        while started.elapsed() < RUN {
            let token = client.token();
            let mode = if client.dice.roll(4) == 0 { "write" } else { "read" };
            let asked = Instant::now();
            let mut got = client.call("rw-acquire", &keys, &[mode, &token, "40", "30"]).await;
            while got.number(0) == 0 && asked.elapsed() < Duration::from_millis(200) {
                sleep(client.dice.millis(8)).await;
                got = client.call("rw-acquire", &keys, &[mode, &token, "40", "30"]).await;
            }
            if got.number(0) == 1 {
                sleep(client.dice.millis(WORK)).await;
            }
            let back = Instant::now();
            client.call("rw-release", &keys, &[&token]).await;
            if got.number(0) == 1 {
                holds.push((mode, Hold::new("lock", &token, &got, LEASE, Some(back))));
            }
        }
        holds
    })
    .await;
    let holds: Vec<(&str, Hold)> = brought.into_iter().flatten().collect();
    let writers = holds.iter().filter(|(mode, _)| *mode == "write").count();
    assert!(writers > 1 && holds.len() - writers > 4, "{writers} of {}", holds.len());
    for (mode, writer) in &holds {
        for (_, other) in &holds {
            let beside =
                writer.from < other.to && other.from < writer.to && writer.from < writer.to && other.from < other.to;
            assert!(*mode != "write" || writer.who == other.who || !beside, "{writer:?}\n{other:?}");
        }
    }
}

#[tokio::test]
async fn a_semaphore_has_no_more_holders_than_slots() {
    let node = server().await;
    let keys = ["semaphore:{api}:holders", "semaphore:{api}:queue", "semaphore:{api}:seen"];
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let mut holds = Vec::new();
        while started.elapsed() < RUN {
            let token = client.token();
            let asked = Instant::now();
            let mut got = client.call("semaphore-acquire", &keys, &[&token, "3", "40", "50"]).await;
            while got.number(0) == 0 && asked.elapsed() < Duration::from_millis(300) {
                sleep(client.dice.millis(8)).await;
                got = client.call("semaphore-acquire", &keys, &[&token, "3", "40", "50"]).await;
            }
            if got.number(0) == 0 {
                client.call("semaphore-release", &keys, &[&token]).await;
                continue;
            }
            sleep(client.dice.millis(WORK)).await;
            let back = Instant::now();
            if client.dice.roll(5) > 0 {
                client.call("semaphore-release", &keys, &[&token]).await;
            }
            holds.push(Hold::new("slot", &token, &got, LEASE, Some(back)));
        }
        holds
    })
    .await;
    let holds: Vec<Hold> = brought.into_iter().flatten().collect();
    assert!(holds.len() > 8, "{}", holds.len());
    let (most, which) = most_at_once(&holds);
    assert!((2..=3).contains(&most), "{which:#?}");
}
