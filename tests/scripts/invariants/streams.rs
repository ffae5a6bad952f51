//! An entry is appended once, none leaves before it was read, none is handed out too often, and each is done or dead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use godmode_redis::scripts::Said;
use tokio::time::sleep;

use crate::scripts::crowd::{Arena, Client, Event, Hold, crowd, most_at_once, server};

const STREAM: &str = "stream:{s}";
/// A test whose entries are not all dealt with by then has lost some.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn an_entry_is_appended_once_and_leaves_when_it_was_read() {
    appended_once(server().await).await;
}

#[tokio::test]
async fn an_entry_is_done_or_among_the_dead_once_after_so_many_attempts() {
    done_or_dead(server().await).await;
}

fn list(said: &Said) -> &[Said] {
    match said {
        Said::List(parts) => parts,
        Said::Nil => &[],
        other => panic!("{other:?}"),
    }
}

fn text(said: &Said) -> String {
    match said {
        Said::Text(text) => text.clone(),
        other => panic!("{other:?}"),
    }
}

fn number(said: &Said) -> i64 {
    match said {
        Said::Integer(number) => *number,
        other => panic!("{other:?}"),
    }
}

/// What XREADGROUP brings: ids with the value of their field, or without when the entry is gone.
async fn read(client: &mut Client, from: &str) -> (Event, Vec<(String, Option<String>)>) {
    let (consumer, asked) = (format!("c-{}", client.number), Instant::now());
    let reply = client.say(&["XREADGROUP", "GROUP", "g", &consumer, "COUNT", "4", "STREAMS", STREAM, from]).await;
    let entry = |entry: &Said| (text(&list(entry)[0]), list(&list(entry)[1]).get(1).map(text));
    let entries = list(&reply).first().map(|stream| list(&list(stream)[1]).iter().map(entry).collect());
    (Event { asked, sent: asked, received: Instant::now(), reply }, entries.unwrap_or_default())
}

pub async fn appended_once(node: Arc<Arena>) {
    const MARKS: usize = 150;
    const PRODUCERS: usize = 9;
    let mut admin = Client::careful(&node);
    admin.say(&["XGROUP", "CREATE", STREAM, "g", "0", "MKSTREAM"]).await;
    let producing = Arc::new(AtomicUsize::new(PRODUCERS));
    let brought = crowd(&node, |mut client| {
        let producing = producing.clone();
        async move {
            let (mut told, mut seen) = (Vec::new(), Vec::new());
            if client.number < PRODUCERS {
                let number = client.number;
                for n in (0..MARKS).filter(|n| (n + number).is_multiple_of(3)) {
                    let mark = format!("{STREAM}:mark:{n}");
                    let got =
                        client.call("stream-append", &[STREAM, &mark], &["10", "60000", "n", &n.to_string()]).await;
                    told.push((n, got.text(0).unwrap(), got.number(1) == 1));
                    sleep(client.dice.millis(3)).await;
                }
                producing.fetch_sub(1, Ordering::SeqCst);
                return (told, seen);
            }
            let started = Instant::now();
            loop {
                assert!(started.elapsed() < PATIENCE, "entries are left");
                let was_last = producing.load(Ordering::SeqCst) == 0;
                let mut entries = read(&mut client, ">").await.1;
                // A reply may be lost, and a consumer may die: it takes up later what it left.
                if entries.is_empty() || client.dice.roll(4) == 0 {
                    entries.extend(read(&mut client, "0").await.1);
                }
                if entries.is_empty() && was_last {
                    return (told, seen);
                }
                for (id, value) in entries {
                    let value = value.unwrap_or_else(|| panic!("{id} left before it was acknowledged"));
                    seen.push((value.parse::<usize>().unwrap(), id.clone()));
                    if client.dice.roll(4) > 0 {
                        client.say(&["XACK", STREAM, "g", &id]).await;
                    }
                }
                sleep(client.dice.millis(4)).await;
            }
        }
    })
    .await;
    let (told, seen): (Vec<_>, Vec<_>) = brought.into_iter().unzip();
    let mut ids: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    let mut fresh: BTreeMap<usize, usize> = BTreeMap::new();
    for (n, id, is_new) in told.into_iter().flatten() {
        ids.entry(n).or_default().insert(id);
        *fresh.entry(n).or_default() += usize::from(is_new);
    }
    let seen: Vec<(usize, String)> = seen.into_iter().flatten().collect();
    for (n, id) in &seen {
        ids.entry(*n).or_default().insert(id.clone());
    }
    let twice: Vec<_> = ids.iter().filter(|(n, ids)| ids.len() > 1 || fresh[n] > 1).collect();
    assert!(twice.is_empty(), "appended twice: {twice:?}");
    let read: BTreeSet<usize> = seen.iter().map(|(n, _)| *n).collect();
    assert_eq!(read.len(), MARKS, "entries left unread");
    assert!(seen.len() > MARKS, "nobody died: the test is too easy");
    // Nothing is needed any more, and a call trims no more than a hundred.
    let mut length = 0;
    for n in ["x", "y", "z"] {
        let mark = format!("{STREAM}:mark:{n}");
        length = admin.call("stream-append", &[STREAM, &mark], &["10", "60000", "n", n]).await.number(2);
    }
    assert_eq!(length, 10);
}

/// One hand that an entry was in.
#[derive(Debug)]
struct Turn {
    attempt: i64,
    hold: Hold,
    /// Whether its end was sent, and whether that was confirmed.
    end: Option<bool>,
}

pub async fn done_or_dead(node: Arc<Arena>) {
    const ENTRIES: usize = 120;
    const MAXIMUM: i64 = 3;
    const IDLE: Duration = Duration::from_millis(40);
    let dead = "stream:{s}:dead";
    let mut admin = Client::careful(&node);
    for n in 0..ENTRIES {
        admin.say(&["XADD", STREAM, &format!("{}-1", n + 1), "n", &n.to_string()]).await;
    }
    admin.say(&["XGROUP", "CREATE", STREAM, "g", "0"]).await;
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let consumer = format!("c-{}", client.number);
        let mut turns = Vec::new();
        loop {
            assert!(started.elapsed() < PATIENCE, "entries are left");
            let (mut got, first) = read(&mut client, ">").await;
            let mut taken: Vec<(String, i64)> = first.into_iter().map(|(id, _)| (id, 1)).collect();
            if taken.is_empty() {
                got = client.call("stream-claim", &[STREAM, dead], &["g", &consumer, "40", "3", "4"]).await;
                let late = |entry: &Said| (text(&list(entry)[0]), number(&list(entry)[1]));
                taken = list(&got.reply)[1..].iter().map(late).collect();
            }
            if taken.is_empty() {
                if list(&client.say(&["XPENDING", STREAM, "g"]).await)[0] == Said::Integer(0) {
                    return turns;
                }
                sleep(client.dice.millis(10)).await;
            }
            for (id, attempt) in taken {
                let longest = if client.dice.roll(8) == 0 { 70 } else { 4 };
                sleep(client.dice.millis(longest)).await;
                let back = Instant::now();
                // Every tenth entry kills whoever works on it.
                let lives = !id.ends_with("7-1") && client.dice.roll(6) > 0;
                let mut end = None;
                if lives {
                    end = Some(client.say(&["XACK", STREAM, "g", &id]).await == Said::Integer(1));
                }
                let hold = Hold::new(&id, &consumer, &got, IDLE, Some(back));
                turns.push(Turn { attempt, hold, end });
            }
        }
    })
    .await;
    let turns: Vec<Turn> = brought.into_iter().flatten().collect();
    let mut attempts = BTreeSet::new();
    for turn in &turns {
        assert!((1..=MAXIMUM).contains(&turn.attempt), "{turn:?}");
        assert!(attempts.insert((&turn.hold.what, turn.attempt)), "two had the same attempt: {turn:?}");
    }
    let holds: Vec<Hold> = turns.iter().map(|turn| turn.hold.clone()).collect();
    let (most, which) = most_at_once(&holds);
    assert_eq!(most, 1, "{which:#?}");
    let given_up = admin.say(&["XRANGE", dead, "-", "+"]).await;
    let given_up: Vec<String> = list(&given_up)
        .iter()
        .map(|entry| {
            let fields: Vec<String> = list(&list(entry)[1]).iter().map(text).collect();
            assert_eq!(
                (&fields[6..7], &fields[8..]),
                (&["dead:group".into()][..], &["dead:attempts".into(), "3".into()][..])
            );
            fields[5].clone()
        })
        .collect();
    let once: BTreeSet<&String> = given_up.iter().collect();
    assert_eq!(once.len(), given_up.len(), "among the dead twice");
    let ended = |how: fn(bool) -> bool| -> BTreeSet<&String> {
        turns.iter().filter(|turn| turn.end.is_some_and(how)).map(|turn| &turn.hold.what).collect()
    };
    let (confirmed, sent) = (ended(|confirmed| confirmed), ended(|_| true));
    assert!(confirmed.is_disjoint(&once), "done and dead");
    assert_eq!(sent.union(&once).count(), ENTRIES, "entries were lost");
    assert!(once.len() >= ENTRIES / 10 && turns.len() > ENTRIES, "{} dead, {} turns", once.len(), turns.len());
}
