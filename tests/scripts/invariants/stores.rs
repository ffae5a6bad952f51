//! One loader at a time, no value older than a finished change, no piece sold twice, nothing moved twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use godmode_redis::scripts::Said;
use tokio::time::sleep;

use crate::scripts::crowd::{Arena, Client, Hold, crowd, most_at_once, server};

const RUN: Duration = Duration::from_millis(900);
const LEASE: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_lease_lets_exactly_one_loader_in() {
    one_loader(server().await).await;
}

pub async fn one_loader(node: Arc<Arena>) {
    let entry = "cache:{item}";
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let (mut loads, mut hits) = (Vec::new(), 0);
        while started.elapsed() < RUN {
            let token = client.token();
            let got = client.call("cache-lease-get", &[entry], &[&token, "50"]).await;
            match got.number(0) {
                2 => {
                    // Some take longer than their lease, some die.
                    sleep(client.dice.millis(60)).await;
                    let lives = client.dice.roll(6) > 0;
                    loads.push(Hold::new(entry, &token, &got, LEASE, lives.then(Instant::now)));
                    if lives {
                        client.call("cache-lease-set", &[entry], &[&token, "20", "value"]).await;
                    }
                }
                1 => hits += 1,
                _ => sleep(client.dice.millis(5)).await,
            }
        }
        (loads, hits)
    })
    .await;
    let (loads, hits): (Vec<Vec<Hold>>, Vec<usize>) = brought.into_iter().unzip();
    let loads: Vec<Hold> = loads.into_iter().flatten().collect();
    assert!(loads.len() > 2 && hits.iter().sum::<usize>() > 8, "{} {hits:?}", loads.len());
    let (most, which) = most_at_once(&loads);
    assert_eq!(most, 1, "{which:#?}");
}

#[tokio::test]
async fn stale_while_revalidate_has_one_refresher() {
    let node = server().await;
    let keys = ["cache:{item}", "cache:{item}:refresh"];
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let mut refreshes = Vec::new();
        while started.elapsed() < RUN {
            let token = client.token();
            let got = client.call("stale-get", &keys, &[&token, "50"]).await;
            if got.number(1) == 1 {
                sleep(client.dice.millis(60)).await;
                let lives = client.dice.roll(6) > 0;
                refreshes.push(Hold::new("entry", &token, &got, LEASE, lives.then(Instant::now)));
                if lives {
                    client.call("stale-set", &keys, &[&token, "10", "60000", "value"]).await;
                }
            }
            sleep(client.dice.millis(3)).await;
        }
        refreshes
    })
    .await;
    let refreshes: Vec<Hold> = brought.into_iter().flatten().collect();
    assert!(refreshes.len() > 2, "{}", refreshes.len());
    let (most, which) = most_at_once(&refreshes);
    assert_eq!(most, 1, "{which:#?}");
}

/// The caches that promise not to keep what was read before a change.
#[derive(Debug, Clone, Copy)]
enum Cache {
    Lease,
    Tagged,
    Versioned,
}

const ENTRY: &str = "cache:{item}:entry";
const TAG: &str = "cache:{item}:tag";

impl Cache {
    /// The value, or what has to be shown to store one; neither where one has to wait.
    async fn read(self, client: &mut Client) -> (Option<String>, Option<String>) {
        let token = client.token();
        match self {
            Self::Lease => {
                let got = client.call("cache-lease-get", &[ENTRY], &[&token, "50"]).await;
                (got.text(1).filter(|_| got.number(0) == 1), (got.number(0) == 2).then_some(token))
            }
            Self::Tagged => {
                let got = client.call("tagged-get", &[ENTRY, TAG], &[]).await;
                (got.text(1).filter(|_| got.number(0) == 1), got.text(2))
            }
            Self::Versioned => match client.say(&["HGET", ENTRY, "value"]).await {
                Said::Text(value) => (Some(value), None),
                _ => (None, Some(String::new())),
            },
        }
    }

    async fn store(self, client: &mut Client, permission: &str, version: u64) -> bool {
        let value = version.to_string();
        let said = match self {
            Self::Lease => client.call("cache-lease-set", &[ENTRY], &[permission, "30", &value]).await,
            Self::Tagged => client.call("tagged-set", &[ENTRY, TAG], &["30", permission, &value]).await,
            Self::Versioned => client.call("versioned-set", &[ENTRY], &[&value, "30", &value]).await,
        };
        said.number(0) == 1
    }

    async fn invalidate(self, client: &mut Client, version: u64) {
        match self {
            Self::Lease => drop(client.say(&["DEL", ENTRY]).await),
            Self::Tagged => drop(client.call("tag-invalidate", &[TAG], &["60000"]).await),
            Self::Versioned => {
                drop(client.call("versioned-drop", &[ENTRY], &[&version.to_string(), "1000"]).await);
            }
        }
    }
}

/// A source whose version grows, and a cache before it: who reads after a change was announced is not given what was
/// there before.
async fn never_older(cache: Cache) {
    let node = server().await;
    let (source, announced) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(1)));
    let writer = Arc::new(tokio::sync::Mutex::new(()));
    let brought = crowd(&node, |mut client| {
        let (source, announced, writer) = (source.clone(), announced.clone(), writer.clone());
        async move {
            let started = Instant::now();
            let (mut hits, mut refused) = (0, 0);
            while started.elapsed() < RUN {
                if client.dice.roll(40) == 0 {
                    let _alone = writer.lock().await;
                    let version = source.fetch_add(1, Ordering::SeqCst) + 1;
                    cache.invalidate(&mut client, version).await;
                    announced.store(version, Ordering::SeqCst);
                    continue;
                }
                let least = announced.load(Ordering::SeqCst);
                let (value, permission) = cache.read(&mut client).await;
                if let Some(value) = value {
                    assert!(value.parse::<u64>().unwrap() >= least, "{cache:?}: {value} after {least} was announced");
                    hits += 1;
                } else if let Some(permission) = permission {
                    let seen = source.load(Ordering::SeqCst);
                    let time = client.dice.millis(12);
                    sleep(time).await;
                    refused += usize::from(!cache.store(&mut client, &permission, seen).await);
                }
                let time = client.dice.millis(3);
                sleep(time).await;
            }
            (hits, refused)
        }
    })
    .await;
    let (hits, refused): (Vec<usize>, Vec<usize>) = brought.into_iter().unzip();
    let (hits, refused) = (hits.iter().sum::<usize>(), refused.iter().sum::<usize>());
    assert!(hits > 8 && refused > 0, "{cache:?}: {hits} hits, {refused} refused: the test is too easy");
}

#[tokio::test]
async fn a_cache_with_a_lease_keeps_nothing_from_before_a_change() {
    never_older(Cache::Lease).await;
}

#[tokio::test]
async fn a_cache_with_tags_keeps_nothing_from_before_a_change() {
    never_older(Cache::Tagged).await;
}

#[tokio::test]
async fn a_cache_with_versions_keeps_nothing_from_before_a_change() {
    never_older(Cache::Versioned).await;
}

async fn integer(client: &mut Client, words: &[&str]) -> i64 {
    match client.say(words).await {
        Said::Integer(number) => number,
        Said::Text(text) => text.parse().unwrap(),
        other => panic!("{words:?}: {other:?}"),
    }
}

#[tokio::test]
async fn stock_is_not_sold_twice_and_comes_back_when_nobody_pays() {
    stock(server().await).await;
}

pub async fn stock(node: Arc<Arena>) {
    const STOCK: i64 = 100;
    let keys = ["stock:{item}", "stock:{item}:holds", "stock:{item}:amounts"];
    let mut admin = Client::careful(&node);
    admin.say(&["SET", keys[0], &STOCK.to_string()]).await;
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        // Confirmed, and what may have been sold too: a lost reply.
        let (mut sold, mut unsure) = (0, 0);
        while started.elapsed() < RUN {
            let order = client.token();
            let pieces = 1 + client.dice.roll(3);
            let got = client.call("stock-reserve", &keys, &[&order, &pieces.to_string(), "40"]).await;
            assert!((0..=STOCK).contains(&got.number(1)), "{got:?}");
            if got.number(0) == 1 {
                let time = client.dice.millis(50);
                sleep(time).await;
                match client.dice.roll(12) {
                    0 => {
                        let settled = client.call("stock-settle", &keys, &[&order, "sold"]).await;
                        if settled.number(0) == 1 { sold += pieces } else { unsure += pieces }
                    }
                    1..6 => drop(client.call("stock-settle", &keys, &[&order, "back"]).await),
                    _ => {}
                }
            }
            let time = client.dice.millis(5);
            sleep(time).await;
        }
        (sold as i64, unsure as i64)
    })
    .await;
    let (sold, unsure): (Vec<i64>, Vec<i64>) = brought.into_iter().unzip();
    let (sold, unsure) = (sold.iter().sum::<i64>(), unsure.iter().sum::<i64>());
    sleep(LEASE).await;
    // Collects what nobody paid for.
    admin.call("stock-reserve", &keys, &["last", "1000000000", "1"]).await;
    let left = integer(&mut admin, &["GET", keys[0]]).await;
    assert_eq!(integer(&mut admin, &["EXISTS", keys[1], keys[2]]).await, 0, "reservations are left");
    assert!(sold > 0 && (sold..=sold + unsure).contains(&(STOCK - left)), "{sold} sold, {unsure} unsure, {left} left");
}

#[tokio::test]
async fn a_transfer_that_is_sent_twice_moves_once() {
    let node = server().await;
    let [ann, bob] = ["balance:{bank}:ann", "balance:{bank}:bob"];
    let mut admin = Client::careful(&node);
    admin.say(&["SET", ann, "500"]).await;
    let brought = crowd(&node, |mut client| async move {
        let (mut there, mut back) = (0, 0);
        for _ in 0..60 {
            let receipt = format!("balance:{{bank}}:receipt:{}", client.token());
            let (from, to) = if client.dice.roll(3) == 0 { (bob, ann) } else { (ann, bob) };
            let moved = client.call("transfer", &[from, to, &receipt], &["7", "60000"]).await;
            assert!(moved.number(1) >= 0 && moved.number(1) + moved.number(2) == 500, "{moved:?}");
            if moved.number(0) == 1 {
                if from == ann { there += 7 } else { back += 7 }
            }
        }
        there - back
    })
    .await;
    let moved: i64 = brought.iter().sum();
    assert_eq!(integer(&mut admin, &["GET", ann]).await, 500 - moved);
    assert_eq!(integer(&mut admin, &["GET", bob]).await, moved);
}

#[tokio::test]
async fn a_request_with_a_key_runs_once_and_all_get_its_reply() {
    once(server().await).await;
}

pub async fn once(node: Arc<Arena>) {
    let brought = crowd(&node, |mut client| async move {
        let mut ran = Vec::new();
        for n in 0..25 {
            let key = format!("once:{{request-{n}}}");
            let token = client.token();
            loop {
                let got = client.call("idempotency-begin", &[&key], &[&token, "same", "60000"]).await;
                match got.number(0) {
                    1 => {
                        ran.push(n);
                        let time = client.dice.millis(6);
                        sleep(time).await;
                        let stored = client.call("idempotency-finish", &[&key], &[&token, "60000", &key]).await;
                        assert_eq!(stored.number(0), 1, "{key}");
                    }
                    2 => {
                        assert_eq!(got.text(1), Some(key));
                        break;
                    }
                    state => {
                        assert_eq!(state, 0, "{key}");
                        sleep(Duration::from_millis(1)).await;
                    }
                }
            }
        }
        ran
    })
    .await;
    let mut ran: Vec<usize> = brought.into_iter().flatten().collect();
    ran.sort_unstable();
    assert_eq!(ran, (0..25).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_counter_reaches_its_cap_and_no_more() {
    let node = server().await;
    let brought = crowd(&node, |mut client| async move {
        let mut counts = Vec::new();
        for _ in 0..40 {
            let by = (1 + client.dice.roll(3)).to_string();
            counts.push(client.call("capped-increment", &["count:{user}"], &[&by, "500", "60000"]).await.number(1));
        }
        counts
    })
    .await;
    assert_eq!(brought.into_iter().flatten().max(), Some(500));
}
