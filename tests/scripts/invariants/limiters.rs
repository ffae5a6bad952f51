//! No limiter admits more than its page says, and the adversary of the page reaches that.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::sleep;

use crate::scripts::crowd::{Arena, Client, Event, crowd, most_within, server};

const LIMIT: usize = 10;
/// How often an adversary may try: on a machine that is busy it misses its moment.
const TRIES: usize = 8;
/// How long the crowd storms a limiter.
const STORM: Duration = Duration::from_millis(900);

/// All clients ask as fast as they can; what was admitted.
async fn storm(
    node: &Arc<Arena>,
    id: &'static str,
    key: &'static str,
    arguments: &'static [&'static str],
) -> Vec<Event> {
    let brought = crowd(node, |mut client| async move {
        let started = Instant::now();
        let mut admitted = Vec::new();
        while started.elapsed() < STORM {
            let event = client.call(id, &[key], arguments).await;
            if event.number(0) == 1 {
                admitted.push(event);
            } else {
                sleep(client.dice.millis(4)).await;
            }
        }
        admitted
    })
    .await;
    brought.into_iter().flatten().collect()
}

/// Asks until it is refused.
async fn burst(client: &mut Client, id: &str, key: &str, arguments: &[&str]) -> Vec<Event> {
    let mut admitted = Vec::new();
    loop {
        let event = client.call(id, &[key], arguments).await;
        if event.number(0) == 0 {
            return admitted;
        }
        admitted.push(event);
    }
}

#[tokio::test]
async fn fixed_window_admits_twice_its_limit_less_one_and_no_more() {
    const WINDOW: Duration = Duration::from_millis(250);
    let arguments = &["10", "250", "1"];
    let node = server().await;
    let admitted = storm(&node, "fixed-window", "rate:{storm}", arguments).await;
    assert!(admitted.len() >= 2 * LIMIT, "{}", admitted.len());
    assert!(most_within(&admitted, WINDOW) < 2 * LIMIT);

    let mut client = Client::careful(&node);
    let mut best = 0;
    for n in 0..TRIES {
        let key = format!("rate:{{adversary-{n}}}");
        let first = client.call("fixed-window", &[&key], arguments).await;
        // Just before the window ends, and just after.
        sleep((first.sent + WINDOW - Duration::from_millis(50)) - Instant::now()).await;
        let mut admitted = burst(&mut client, "fixed-window", &key, arguments).await;
        sleep((first.received + WINDOW + Duration::from_millis(2)).saturating_duration_since(Instant::now())).await;
        admitted.extend(burst(&mut client, "fixed-window", &key, arguments).await);
        best = best.max(most_within(&admitted, WINDOW));
        if best >= 2 * LIMIT - 1 {
            break;
        }
    }
    assert_eq!(best, 2 * LIMIT - 1);
}

#[tokio::test]
async fn sliding_log_admits_its_limit_in_any_window_exactly() {
    sliding_log(server().await).await;
}

pub async fn sliding_log(node: Arc<Arena>) {
    const WINDOW_US: u64 = 250_000;
    let arguments = &["10", "250", "1"];
    let monitor = tokio::spawn(scores(node.clone()));
    // The monitor has to be there before the first request.
    crate::stage::until("a monitor", async || {
        let clients: String = node.ask("CLIENT LIST").await?;
        clients.contains("cmd=monitor").then_some(()).ok_or(clients)
    })
    .await;
    let admitted = storm(&node, "sliding-log", "rate:{storm}", arguments).await;
    node.ask::<redis::Value>("SET the end").await.unwrap();
    let scores = monitor.await.unwrap();
    // Also those whose reply was lost are in the log.
    assert!(scores.len() >= admitted.len() && admitted.len() >= 2 * LIMIT, "{} {}", scores.len(), admitted.len());
    for (n, later) in scores.iter().enumerate().skip(LIMIT) {
        let earlier = scores[n - LIMIT];
        assert!(later - earlier >= WINDOW_US, "{} requests within {} us", LIMIT + 1, later - earlier);
    }
    assert_eq!(most_within(&admitted, Duration::from_micros(WINDOW_US)).max(LIMIT), LIMIT);

    let mut client = Client::careful(&node);
    let at_once = burst(&mut client, "sliding-log", "rate:{adversary}", &["10", "60000", "1"]).await;
    assert_eq!(at_once.len(), LIMIT);
}

/// The time of every admitted request, as the script wrote it: MONITOR shows what a script runs.
async fn scores(node: Arc<Arena>) -> Vec<u64> {
    let mut socket = UnixStream::connect(node.socket()).await.unwrap();
    socket.write_all(b"MONITOR\r\n").await.unwrap();
    let mut lines = BufReader::new(socket).lines();
    let mut scores = Vec::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        let words: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        match words[..] {
            ["ZADD", _, score, _] => scores.push(score.parse().unwrap()),
            ["SET", "the", "end"] => break,
            _ => {}
        }
    }
    scores
}

#[tokio::test]
async fn sliding_counter_admits_twice_its_limit_less_one_and_no_more() {
    const WINDOW: u64 = 600;
    let arguments = &["10", "600", "1"];
    let node = server().await;
    let admitted = storm(&node, "sliding-counter", "rate:{storm}", arguments).await;
    assert!(admitted.len() > LIMIT, "{}", admitted.len());
    assert!(most_within(&admitted, Duration::from_millis(WINDOW)) < 2 * LIMIT);

    let mut client = Client::careful(&node);
    let mut best = 0;
    for n in 0..TRIES {
        let key = format!("rate:{{adversary-{n}}}");
        // At the end of a window, and a little earlier in the next: the first burst is one window back, and fades.
        until_left(&mut client, WINDOW, 20).await;
        let mut admitted = burst(&mut client, "sliding-counter", &key, arguments).await;
        sleep(Duration::from_millis(100)).await;
        until_left(&mut client, WINDOW, 45).await;
        admitted.extend(burst(&mut client, "sliding-counter", &key, arguments).await);
        best = best.max(most_within(&admitted, Duration::from_millis(WINDOW)));
        if best >= 2 * LIMIT - 1 {
            break;
        }
    }
    assert_eq!(best, 2 * LIMIT - 1);
}

/// Waits until so many ms are left of a window on the server's clock.
async fn until_left(client: &mut Client, window: u64, left: u64) {
    let godmode_redis::scripts::Said::List(time) = client.say(&["TIME"]).await else { panic!("TIME") };
    let number = |n: usize| match &time[n] {
        godmode_redis::scripts::Said::Text(text) => text.parse::<u64>().unwrap(),
        other => panic!("{other:?}"),
    };
    let now = number(0) * 1000 + number(1) / 1000;
    let rest = window - now % window;
    sleep(Duration::from_millis(if rest >= left { rest - left } else { rest + window - left })).await;
}

/// Empties it at once and takes every request that comes back, for as long as the bound is meant.
async fn drain(node: &Arc<Arena>, id: &str, arguments: &[&str], stretch: Duration, bound: usize) {
    let mut client = Client::careful(node);
    let mut best = 0;
    for n in 0..TRIES {
        let key = format!("rate:{{adversary-{n}}}");
        let started = Instant::now();
        let mut admitted = Vec::new();
        while started.elapsed() < stretch {
            admitted.extend(burst(&mut client, id, &key, arguments).await);
            sleep(Duration::from_millis(1)).await;
        }
        best = best.max(most_within(&admitted, stretch));
        if best >= bound {
            break;
        }
    }
    assert_eq!(best, bound, "{id}");
}

#[tokio::test]
async fn token_bucket_admits_its_capacity_and_what_refills_and_no_more() {
    const STRETCH: Duration = Duration::from_millis(350);
    let arguments = &["10", "1", "60", "1"];
    let node = server().await;
    let admitted = storm(&node, "token-bucket", "rate:{storm}", arguments).await;
    let bound = LIMIT + 350 / 60;
    assert!(admitted.len() > LIMIT, "{}", admitted.len());
    assert!(most_within(&admitted, STRETCH) <= bound);
    drain(&node, "token-bucket", arguments, STRETCH, bound).await;
}

#[tokio::test]
async fn gcra_admits_its_burst_and_its_rate_and_no_more() {
    const STRETCH: Duration = Duration::from_millis(350);
    let arguments = &["10", "1", "60", "1"];
    let node = server().await;
    let admitted = storm(&node, "gcra", "rate:{storm}", arguments).await;
    let bound = LIMIT + 350 / 60;
    assert!(admitted.len() > LIMIT, "{}", admitted.len());
    assert!(most_within(&admitted, STRETCH) <= bound);
    drain(&node, "gcra", arguments, STRETCH, bound).await;
}
