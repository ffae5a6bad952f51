//! Rankings that many write at once are those of a model that knows every score.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use godmode_redis::scripts::Said;

use crate::scripts::crowd::{Arena, Client, Event, crowd, server};

const CALLS: usize = 50;

#[tokio::test]
async fn a_leaderboard_has_everybodys_best_and_who_was_first_is_ahead() {
    leaderboard(server().await).await;
}

#[tokio::test]
async fn the_top_are_the_best_of_all_that_were_ever_added() {
    top(server().await).await;
}

/// Names with numbers, as a sorted set shows them.
fn pairs(parts: &[Said]) -> Vec<(String, i64)> {
    let pair = |pair: &[Said]| match pair {
        [Said::Text(name), Said::Text(score)] => (name.clone(), score.parse().unwrap()),
        other => panic!("{other:?}"),
    };
    parts.chunks(2).map(pair).collect()
}

pub async fn leaderboard(node: Arc<Arena>) {
    const PLAYERS: u64 = 24;
    /// The board knows milliseconds, and the one of the reply is over.
    const SAME: Duration = Duration::from_millis(2);
    let keys = ["board:{game}", "board:{game}:members"];
    let brought = crowd(&node, |mut client| async move {
        let mut history = Vec::new();
        for _ in 0..CALLS {
            let player = format!("player-{}", client.dice.roll(PLAYERS));
            // So few scores that many are equal.
            let score = client.dice.roll(8) as i64 * 10;
            let got = client.call("leaderboard-add", &keys, &[&player, &score.to_string(), "best"]).await;
            history.push((player, score, got));
        }
        history
    })
    .await;
    let history: Vec<(String, i64, Event)> = brought.into_iter().flatten().collect();
    let shown = |event: &Event| event.text(1).unwrap().parse::<i64>().unwrap();
    let mut best: BTreeMap<&str, i64> = BTreeMap::new();
    for (player, score, event) in &history {
        assert!(shown(event) >= *score, "{event:?}");
        let known = best.entry(player).or_insert(*score);
        *known = (*known).max(*score);
    }
    for (player, _, first) in &history {
        for (other, _, second) in &history {
            let is_later = player == other && first.received < second.asked;
            assert!(!is_later || shown(first) <= shown(second), "{player} fell: {first:?} {second:?}");
        }
    }
    let mut client = Client::careful(&node);
    let around = client.call("leaderboard-around", &keys, &["player-0", "50"]).await;
    let Said::List(parts) = &around.reply else { panic!("{around:?}") };
    let board = pairs(&parts[2..]);
    assert_eq!(around.number(1), 1);
    assert_eq!(board[around.number(0) as usize - 1].0, "player-0");
    assert_eq!(board.iter().map(|(player, score)| (player.as_str(), *score)).collect::<BTreeMap<_, _>>(), best);
    assert_eq!(board.len(), best.len(), "a player stands there twice");
    // When the score that counts was reached: not before the first, not after the second.
    let reached = |(player, score): &(String, i64)| -> (Instant, Instant) {
        let times = || history.iter().filter(|(who, what, _)| who == player && what == score).map(|(.., event)| event);
        (times().map(|event| event.asked).min().unwrap(), times().map(|event| event.received).min().unwrap())
    };
    for pair in board.windows(2) {
        assert!(pair[0].1 >= pair[1].1, "{pair:?}");
        let overtook = pair[0].1 == pair[1].1 && reached(&pair[1]).1 + SAME < reached(&pair[0]).0;
        assert!(!overtook, "{pair:?}: the second was first");
    }
}

pub async fn top(node: Arc<Arena>) {
    const KEEP: usize = 10;
    const MEMBERS: u64 = 60;
    let brought = crowd(&node, |mut client| async move {
        let mut added = Vec::new();
        for _ in 0..CALLS {
            let member = client.dice.roll(MEMBERS);
            // No two members ever have the same.
            let score = client.dice.roll(500) as i64 * 100 + member as i64;
            let name = format!("member-{member}");
            let got = client.call("top-add", &["top:{s}"], &[&name, &score.to_string(), "10", "60000"]).await;
            assert!(got.number(0) <= got.number(1) && got.number(1) <= KEEP as i64, "{got:?}");
            added.push((name, score));
        }
        added
    })
    .await;
    let mut best: BTreeMap<String, i64> = BTreeMap::new();
    for (name, score) in brought.into_iter().flatten() {
        let known = best.entry(name).or_insert(score);
        *known = (*known).max(score);
    }
    let mut model: Vec<(String, i64)> = best.into_iter().collect();
    model.sort_by_key(|(_, score)| -score);
    model.truncate(KEEP);
    let mut client = Client::careful(&node);
    let kept = client.say(&["ZRANGE", "top:{s}", "0", "-1", "REV", "WITHSCORES"]).await;
    let Said::List(parts) = kept else { panic!("{kept:?}") };
    assert_eq!(pairs(&parts), model);
}
