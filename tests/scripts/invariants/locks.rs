//! No two holders of a valid lease, numbers that only grow, no writer beside a reader, never too many at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::scripts::crowd::{Arena, Event, Hold, crowd, most_at_once, server};

const RUN: Duration = Duration::from_millis(1200);
const LEASE: Duration = Duration::from_millis(40);
/// Longer than the lease now and then: holders that outlive theirs.
const WORK: u64 = 60;

#[tokio::test]
async fn a_lock_has_one_owner_and_its_numbers_grow() {
    lock(server().await).await;
}

#[tokio::test]
async fn a_lock_that_is_extended_keeps_its_one_owner() {
    extended(server().await).await;
}

#[tokio::test]
async fn a_reentrant_lock_has_one_owner_at_all_its_depths_and_its_numbers_grow() {
    reentrant(server().await).await;
}

#[tokio::test]
async fn nobody_overtakes_in_the_line_of_a_semaphore() {
    line(server().await).await;
}

/// A grant that was over before another was asked for has the lower number.
fn numbers_grow<'a>(grants: impl Iterator<Item = (&'a Event, usize)> + Clone) {
    for (first, part) in grants.clone() {
        for (second, _) in grants.clone() {
            let after = first.received < second.asked;
            assert!(!after || first.number(part) < second.number(part), "{first:?}\n{second:?}");
        }
    }
}

pub async fn lock(node: Arc<Arena>) {
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
    numbers_grow(grants.iter().map(|grant| (grant, 1)));
}

/// Owners that send a heartbeat, and at times one that comes too late.
pub async fn extended(node: Arc<Arena>) {
    let keys = ["lock:{long}", "lock:{long}:fence"];
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let (mut holds, mut late) = (Vec::new(), 0);
        while started.elapsed() < RUN {
            let token = client.token();
            let got = client.call("lock-acquire", &keys, &[&token, "40"]).await;
            if got.number(0) == 0 {
                sleep(client.dice.millis(8)).await;
                continue;
            }
            let mut hold = Hold::new("lock", &token, &got, LEASE, None);
            for _ in 0..4 {
                let pause = if client.dice.roll(5) == 0 { WORK } else { 20 };
                sleep(client.dice.millis(pause)).await;
                let more = client.call("lock-extend", &keys[..1], &[&token, "40"]).await;
                if more.number(0) == 0 {
                    late += 1;
                    break;
                }
                // Never lost meanwhile, or it would not be ours.
                hold.to = more.sent + LEASE;
            }
            let back = Instant::now();
            client.call("lock-release", &keys[..1], &[&token]).await;
            hold.to = hold.to.min(back);
            holds.push(hold);
        }
        (holds, late)
    })
    .await;
    let (holds, late): (Vec<Vec<Hold>>, Vec<usize>) = brought.into_iter().unzip();
    let holds: Vec<Hold> = holds.into_iter().flatten().collect();
    assert!(holds.len() > 8 && late.iter().sum::<usize>() > 0, "{} {late:?}", holds.len());
    let (most, which) = most_at_once(&holds);
    assert_eq!(most, 1, "{which:#?}");
}

pub async fn reentrant(node: Arc<Arena>) {
    let keys = ["lock:{deep}", "lock:{deep}:fence"];
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let (mut holds, mut grants) = (Vec::new(), Vec::new());
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
            holds.push(Hold::new("lock", &owner, &got, LEASE, Some(deeper.asked)));
            grants.push(got);
            if deeper.number(0) == 1 {
                sleep(client.dice.millis(WORK / 2)).await;
                let back = Instant::now();
                client.call("reentrant-release", &keys[..1], &[&owner, "1"]).await;
                client.call("reentrant-release", &keys[..1], &[&owner, "0"]).await;
                holds.push(Hold::new("lock", &owner, &deeper, LEASE, Some(back)));
            }
        }
        (holds, grants)
    })
    .await;
    let (holds, grants): (Vec<Vec<Hold>>, Vec<Vec<Event>>) = brought.into_iter().unzip();
    let holds: Vec<Hold> = holds.into_iter().flatten().collect();
    assert!(holds.len() > 8, "{}", holds.len());
    let (most, which) = most_at_once(&holds);
    assert_eq!(most, 1, "{which:#?}");
    numbers_grow(grants.iter().flatten().map(|grant| (grant, 2)));
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

/// One wait in the line of a semaphore.
#[derive(Debug)]
struct Wait {
    asked: Instant,
    /// Since then it certainly had its place.
    joined: Instant,
    /// The last time that it was told to wait: until then it had its place and no slot.
    waited: Instant,
    served: Option<Instant>,
}

/// One slot, so that the order of the line is the order of the grants.
pub async fn line(node: Arc<Arena>) {
    const PATIENCE: Duration = Duration::from_millis(100);
    let keys = ["semaphore:{line}:holders", "semaphore:{line}:queue", "semaphore:{line}:seen"];
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let mut waits = Vec::new();
        while started.elapsed() < RUN {
            let token = client.token();
            let mut got = client.call("semaphore-acquire", &keys, &[&token, "1", "40", "100"]).await;
            let mut wait = Wait { asked: got.asked, joined: got.received, waited: got.sent, served: None };
            // Some stop asking, and lose their place.
            let mut rounds = if client.dice.roll(12) == 0 { 2 } else { usize::MAX };
            while got.number(0) == 0 && rounds > 0 {
                let before = got.sent;
                sleep(client.dice.millis(12)).await;
                got = client.call("semaphore-acquire", &keys, &[&token, "1", "40", "100"]).await;
                if got.received > before + PATIENCE {
                    // A busy machine: its place may have gone, and it stands behind anew.
                    break;
                }
                if got.number(0) == 0 {
                    wait.waited = got.sent;
                }
                rounds -= 1;
            }
            if got.number(0) == 1 {
                wait.served = Some(got.received);
                sleep(client.dice.millis(6)).await;
                client.call("semaphore-release", &keys, &[&token]).await;
            }
            waits.push(wait);
        }
        waits
    })
    .await;
    let waits: Vec<Wait> = brought.into_iter().flatten().collect();
    let served = waits.iter().filter(|wait| wait.served.is_some()).count();
    assert!(served > 16, "{served}");
    for first in &waits {
        for second in &waits {
            let overtook = first.joined < second.asked && second.served.is_some_and(|served| served < first.waited);
            assert!(!overtook, "{first:?}\n{second:?}");
        }
    }
}
