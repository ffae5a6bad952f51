//! What is bounded stays within its bound, and what is compared before it is set loses no change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use godmode_redis::scripts::Said;
use tokio::time::sleep;

use crate::scripts::crowd::{Arena, Client, Dice, Hold, crowd, server};

const RUN: Duration = Duration::from_millis(600);

#[tokio::test]
async fn absences_are_never_more_than_there_is_room_for() {
    absences(server().await).await;
}

#[tokio::test]
async fn a_bounded_map_keeps_what_was_used_last() {
    bounded_map(server().await).await;
}

#[tokio::test]
async fn a_change_after_a_comparison_is_never_lost() {
    compared(server().await).await;
}

pub async fn absences(node: Arc<Arena>) {
    const CAPACITY: usize = 5;
    const LIFE: Duration = Duration::from_millis(30);
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let mut marks = Vec::new();
        while started.elapsed() < RUN {
            let entry = format!("cache:absent:{{shop}}:{}", client.dice.roll(40));
            let keys = [entry.as_str(), "cache:absent:{shop}:index"];
            let got = client.call("negative-mark", &keys, &["30", "5", "absent"]).await;
            assert!(got.number(1) <= CAPACITY as i64, "{got:?}");
            if got.number(0) == 1 {
                marks.push(Hold::new("index", &entry, &got, LIFE, None));
            } else {
                sleep(client.dice.millis(6)).await;
            }
        }
        marks
    })
    .await;
    let marks: Vec<Hold> = brought.into_iter().flatten().collect();
    for mark in &marks {
        let here = |other: &&Hold| other.from <= mark.from && mark.from < other.to;
        let names: BTreeSet<&str> = marks.iter().filter(here).map(|other| other.who.as_str()).collect();
        assert!(names.len() <= CAPACITY, "{names:?}");
    }
    let ever: BTreeSet<&str> = marks.iter().map(|mark| mark.who.as_str()).collect();
    assert!(ever.len() > 2 * CAPACITY, "no place came free: {ever:?}");
}

pub async fn bounded_map(node: Arc<Arena>) {
    const CAPACITY: usize = 6;
    let keys = ["cache:lru:{crowd}", "cache:lru:{crowd}:order"];
    crowd(&node, |mut client| async move {
        for _ in 0..60 {
            let field = format!("field-{}", client.dice.roll(20));
            if client.dice.roll(2) == 0 {
                let value = format!("{field} {}", client.token());
                let got = client.call("lru-put", &keys, &["6", "60000", &field, &value]).await;
                assert!(got.number(0) <= CAPACITY as i64, "{got:?}");
            } else {
                let got = client.call("lru-get", &keys, &[&field]).await;
                let own = got.text(1).unwrap().starts_with(&format!("{field} "));
                assert_eq!(own, got.number(0) == 1, "{field}: {got:?}");
            }
        }
    })
    .await;
    let mut client = Client::careful(&node);
    let mut names = async |words: &[&str]| {
        let Said::List(names) = client.say(words).await else { panic!("{words:?}") };
        names.iter().map(|name| format!("{name:?}")).collect::<BTreeSet<String>>()
    };
    let values = names(&["HKEYS", keys[0]]).await;
    assert_eq!(values, names(&["ZRANGE", keys[1], "0", "-1"]).await);
    assert_eq!(values.len(), CAPACITY);
    against_a_model(&mut client, CAPACITY).await;
}

/// One client, so that the order of uses is known.
async fn against_a_model(client: &mut Client, capacity: usize) {
    let keys = ["cache:lru:{model}", "cache:lru:{model}:order"];
    // The one that was used last at the end.
    let mut model: Vec<(String, String)> = Vec::new();
    let mut dice = Dice::new(5);
    for n in 0..400 {
        let field = format!("field-{}", dice.roll(12));
        let known = model.iter().position(|(name, _)| *name == field).map(|at| model.remove(at));
        let fits = if dice.roll(2) == 0 {
            let value = n.to_string();
            let got = client.call("lru-put", &keys, &[&capacity.to_string(), "60000", &field, &value]).await;
            model.push((field, value));
            let surplus = model.len().saturating_sub(capacity);
            model.drain(..surplus);
            got.number(0) as usize == model.len() && got.number(1) as usize == surplus
        } else {
            let got = client.call("lru-get", &keys, &[&field]).await;
            let fits = got.text(1) == Some(known.as_ref().map(|(_, value)| value.clone()).unwrap_or_default());
            model.extend(known);
            fits
        };
        assert!(fits, "step {n}: {model:?}");
    }
}

pub async fn compared(node: Arc<Arena>) {
    const KEY: &str = "record:{r}";
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let mut changes = Vec::new();
        while started.elapsed() < RUN {
            let seen = match client.say(&["GET", KEY]).await {
                Said::Text(seen) => seen,
                _ => String::new(),
            };
            let number: u64 = seen.split(' ').next().unwrap().parse().unwrap_or(0);
            let wanted = format!("{} {}", number + 1, client.token());
            let got = client.call("compare-and-set", &[KEY], &[&seen, &wanted, "0"]).await;
            // Of a change whose reply was lost the second reply tells.
            let made = got.text(1).as_ref() == Some(&wanted);
            assert!(made || got.number(0) == 0, "{got:?}");
            changes.push((seen, wanted, made));
            sleep(client.dice.millis(3)).await;
        }
        changes
    })
    .await;
    let changes: Vec<(String, String, bool)> = brought.into_iter().flatten().collect();
    let before: BTreeMap<&str, &str> =
        changes.iter().map(|(seen, wanted, _)| (wanted.as_str(), seen.as_str())).collect();
    let mut admin = Client::careful(&node);
    let Said::Text(last) = admin.say(&["GET", KEY]).await else { panic!("no value") };
    let line: BTreeSet<&str> =
        std::iter::successors(Some(last.as_str()), |value| before.get(value).copied().filter(|seen| !seen.is_empty()))
            .collect();
    let made = changes.iter().filter(|(.., made)| *made);
    let lost: Vec<_> = made.clone().filter(|(_, wanted, _)| !line.contains(wanted.as_str())).collect();
    assert!(lost.is_empty(), "{} changes were lost: {lost:?}", lost.len());
    assert!(made.count() > 30 && changes.len() > line.len(), "nobody was refused: the test is too easy");
}
