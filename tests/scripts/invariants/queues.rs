//! No job is lost, none is in the hands of two workers whose leases are valid, none runs more often than allowed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use godmode_redis::scripts::Said;
use tokio::time::sleep;

use crate::scripts::crowd::{Arena, CLIENTS, Client, Event, Hold, crowd, most_at_once, server};

const JOBS: usize = 200;
const LEASE: Duration = Duration::from_millis(40);
/// A test that has not finished its jobs by then has lost some.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a worker knows in the end: what it held, and the jobs whose end was confirmed or may have been.
#[derive(Debug, Default)]
struct Work {
    holds: Vec<Hold>,
    confirmed: Vec<String>,
}

/// Whether this worker dies with its job in hand, or sleeps through its lease.
async fn work(client: &mut Client) -> bool {
    let longest = if client.dice.roll(8) == 0 { 70 } else { 4 };
    sleep(client.dice.millis(longest)).await;
    client.dice.roll(10) > 0
}

fn judge(brought: Vec<Work>) {
    let (holds, confirmed): (Vec<_>, Vec<_>) = brought.into_iter().map(|work| (work.holds, work.confirmed)).unzip();
    let holds: Vec<Hold> = holds.into_iter().flatten().collect();
    let (most, which) = most_at_once(&holds);
    assert_eq!(most, 1, "{which:#?}");
    let worked: BTreeSet<&str> = holds.iter().map(|hold| hold.what.as_str()).collect();
    assert_eq!(worked.len(), JOBS, "jobs were lost");
    assert!(holds.len() > JOBS, "nobody died: the test is too easy");
    let confirmed: Vec<String> = confirmed.into_iter().flatten().collect();
    let once: BTreeSet<&String> = confirmed.iter().collect();
    assert_eq!(once.len(), confirmed.len(), "a job was done twice");
}

async fn size(client: &mut Client, words: &[&str]) -> i64 {
    match client.say(words).await {
        Said::Integer(size) => size,
        other => panic!("{words:?}: {other:?}"),
    }
}

#[tokio::test]
async fn a_reliable_list_loses_nothing_and_hands_nothing_out_twice() {
    reliable_list(server().await).await;
}

#[tokio::test]
async fn a_job_whose_lease_is_extended_stays_with_its_worker() {
    extended(server().await).await;
}

#[tokio::test]
async fn a_unique_job_never_runs_beside_itself() {
    unique(server().await).await;
}

pub async fn reliable_list(node: Arc<Arena>) {
    let keys = ["queue:{q}:ready", "queue:{q}:active", "queue:{q}:leases", "queue:{q}:held"];
    let mut admin = Client::careful(&node);
    for n in 0..JOBS {
        admin.say(&["LPUSH", keys[0], &format!("job-{n}")]).await;
    }
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let mut done = Work::default();
        loop {
            assert!(started.elapsed() < PATIENCE, "jobs are left");
            let token = client.token();
            let got = client.call("list-take", &keys, &[&token, "40"]).await;
            let Some(job) = got.text(0) else {
                if size(&mut client, &["LLEN", keys[1]]).await == 0 {
                    return done;
                }
                sleep(client.dice.millis(10)).await;
                continue;
            };
            let lives = work(&mut client).await;
            let back = Instant::now();
            done.holds.push(Hold::new(&job, &token, &got, LEASE, lives.then_some(back)));
            if lives && client.call("list-ack", &keys[1..], &[&token]).await.number(0) == 1 {
                done.confirmed.push(job);
            }
        }
    })
    .await;
    judge(brought);
    assert_eq!(size(&mut admin, &["DBSIZE"]).await, 0, "something is left");
}

#[tokio::test]
async fn a_priority_queue_loses_nothing_and_hands_nothing_out_twice() {
    let node = server().await;
    let ready = "queue:{q}:ready";
    let [payloads, leases, held, sequence] =
        ["queue:{q}:payloads", "queue:{q}:leases", "queue:{q}:held", "queue:{q}:sequence"];
    let brought = crowd(&node, |mut client| async move {
        let started = Instant::now();
        let mut done = Work::default();
        // Everybody pushes everything: only the first one counts, until the job is done.
        let own = client.dice.roll(CLIENTS as u64) as usize;
        for n in (0..JOBS).filter(|n| (n + own).is_multiple_of(3) || n % CLIENTS == own) {
            let id = format!("job-{n}");
            let urgent = (n % 5).to_string();
            client.call("priority-push", &[ready, payloads, sequence], &[&id, &urgent, "text"]).await;
        }
        loop {
            assert!(started.elapsed() < PATIENCE, "jobs are left");
            let token = client.token();
            let got = client.call("priority-take", &[ready, payloads, leases, held], &[&token, "40"]).await;
            let Some(job) = got.text(0) else {
                if size(&mut client, &["HLEN", payloads]).await == 0 {
                    return done;
                }
                sleep(client.dice.millis(10)).await;
                continue;
            };
            let lives = work(&mut client).await;
            let back = Instant::now();
            done.holds.push(Hold::new(&job, &token, &got, LEASE, lives.then_some(back)));
            if lives {
                client.call("priority-ack", &[payloads, leases, held], &[&token]).await;
            }
        }
    })
    .await;
    let holds: Vec<Hold> = brought.into_iter().flat_map(|work| work.holds).collect();
    let (most, which) = most_at_once(&holds);
    assert_eq!(most, 1, "{which:#?}");
    let mut admin = Client::careful(&node);
    assert_eq!(size(&mut admin, &["EXISTS", ready, payloads, leases, held]).await, 0, "something is left");
}

/// What `job-claim` handed out: names with attempts.
fn batch(event: &Event) -> Vec<(String, i64)> {
    let Said::List(parts) = &event.reply else { panic!("{event:?}") };
    let pair = |pair: &[Said]| match pair {
        [Said::Text(id), Said::Integer(attempt)] => (id.clone(), *attempt),
        other => panic!("{other:?}"),
    };
    parts.chunks(2).map(pair).collect()
}

#[tokio::test]
async fn a_job_is_done_or_set_aside_and_never_both_nor_neither() {
    const MAXIMUM: i64 = 4;
    let node = server().await;
    let [ready, delayed, leases, owners, attempts, dead] =
        ["ready", "delayed", "leases", "owners", "attempts", "dead"].map(|part| format!("queue:{{q}}:{part}"));
    let mut admin = Client::careful(&node);
    for n in 0..JOBS {
        admin.say(&["LPUSH", &ready, &format!("job-{n}")]).await;
    }
    let names = [ready, delayed, leases, owners, attempts, dead];
    let brought = crowd(&node, |mut client| {
        let names = names.clone();
        async move {
            let [ready, delayed, leases, owners, attempts, dead] = names.each_ref().map(String::as_str);
            let started = Instant::now();
            let (mut holds, mut confirmed) = (Vec::new(), Vec::new());
            loop {
                assert!(started.elapsed() < PATIENCE, "jobs are left");
                let token = client.token();
                let all = [ready, delayed, leases, owners, attempts, dead];
                let got = client.call("job-claim", &all, &[&token, "3", "40", "4"]).await;
                let jobs = batch(&got);
                if jobs.is_empty() {
                    if size(&mut client, &["EXISTS", ready, delayed, leases]).await == 0 {
                        return (holds, confirmed);
                    }
                    sleep(client.dice.millis(10)).await;
                }
                for (job, attempt) in jobs {
                    assert!((1..=MAXIMUM).contains(&attempt), "{job}: attempt {attempt}");
                    let lives = work(&mut client).await;
                    // Every tenth job kills whoever works on it.
                    let poison = job.ends_with('7');
                    let back = Instant::now();
                    holds.push(Hold::new(&job, &token, &got, LEASE, Some(back)));
                    if poison {
                        client
                            .call("job-fail", &[delayed, leases, owners, attempts, dead], &[&token, &job, "5", "4"])
                            .await;
                    } else if lives
                        && client.call("job-ack", &[leases, owners, attempts], &[&token, &job]).await.number(0) == 1
                    {
                        confirmed.push(job);
                    }
                }
            }
        }
    })
    .await;
    let (holds, confirmed): (Vec<Vec<Hold>>, Vec<Vec<String>>) = brought.into_iter().unzip();
    let (holds, confirmed): (Vec<Hold>, Vec<String>) =
        (holds.into_iter().flatten().collect(), confirmed.into_iter().flatten().collect());
    let (most, which) = most_at_once(&holds);
    assert_eq!(most, 1, "{which:#?}");
    let done: BTreeSet<&String> = confirmed.iter().collect();
    assert_eq!(done.len(), confirmed.len(), "a job was done twice");
    let Said::List(given_up) = admin.say(&["HKEYS", &names[5]]).await else { panic!("HKEYS") };
    let given_up: BTreeSet<String> =
        given_up.iter().map(|id| if let Said::Text(id) = id { id.clone() } else { panic!("{id:?}") }).collect();
    assert!(done.iter().all(|id| !given_up.contains(*id)), "done and set aside");
    let poison = (0..JOBS).filter(|n| n % 10 == 7).count();
    assert!(given_up.len() >= poison, "{} of {poison} were set aside", given_up.len());
    // An end whose reply was lost is not confirmed; but nothing is left anywhere.
    assert_eq!(size(&mut admin, &["DBSIZE"]).await, 1, "only the dead are left");
    let mut runs: BTreeMap<&str, usize> = BTreeMap::new();
    for hold in &holds {
        *runs.entry(&hold.what).or_default() += 1;
    }
    assert!(runs.values().all(|runs| *runs <= MAXIMUM as usize), "{runs:?}");
}

#[tokio::test]
async fn a_delayed_job_comes_as_often_as_it_was_added() {
    let node = server().await;
    let [schedule, payloads, ready] = ["queue:{q}:schedule", "queue:{q}:payloads", "queue:{q}:ready"];
    let brought = crowd(&node, |mut client| async move {
        let mut due = Vec::new();
        for n in 0..JOBS / 2 {
            let id = format!("job-{n}");
            let delay = client.dice.roll(60).to_string();
            // All add the same jobs: the first one decides.
            due.push(client.call("delayed-add", &[schedule, payloads], &[&id, "in", &delay, &id]).await);
            if n % 4 == 0 {
                client.call("delayed-promote", &[schedule, payloads, ready], &["7"]).await;
            }
        }
        due.iter().filter(|event| event.number(0) == 1).count()
    })
    .await;
    let added: usize = brought.iter().sum();
    let mut client = Client::careful(&node);
    while client.call("delayed-promote", &[schedule, payloads, ready], &["100"]).await.number(1) >= 0 {
        sleep(Duration::from_millis(2)).await;
    }
    assert_eq!(size(&mut client, &["EXISTS", schedule, payloads]).await, 0);
    let Said::List(jobs) = client.say(&["LRANGE", ready, "0", "-1"]).await else { panic!("LRANGE") };
    let names: BTreeSet<String> = jobs.iter().map(|job| format!("{job:?}")).collect();
    assert_eq!(names.len(), JOBS / 2, "jobs were lost");
    // A job may be added anew once it was moved; an addition whose reply was lost is one that nobody counted.
    assert!(jobs.len() >= added, "{} jobs of {added} additions", jobs.len());
}

/// Workers that send a heartbeat, and at times one that comes too late.
pub async fn extended(node: Arc<Arena>) {
    const FEW: usize = 40;
    let all = ["ready", "delayed", "leases", "owners", "attempts", "dead"].map(|part| format!("queue:{{q}}:{part}"));
    let mut admin = Client::careful(&node);
    for n in 0..FEW {
        admin.say(&["LPUSH", &all[0], &format!("job-{n}")]).await;
    }
    let brought = crowd(&node, |mut client| {
        let all = all.clone();
        async move {
            let all = all.each_ref().map(String::as_str);
            let [ready, delayed, leases, owners, attempts, _] = all;
            let started = Instant::now();
            let (mut holds, mut late) = (Vec::new(), 0);
            loop {
                assert!(started.elapsed() < PATIENCE, "jobs are left");
                let token = client.token();
                let got = client.call("job-claim", &all, &[&token, "1", "40", "1000"]).await;
                let Some((job, _)) = batch(&got).pop() else {
                    if size(&mut client, &["EXISTS", ready, delayed, leases]).await == 0 {
                        return (holds, late);
                    }
                    sleep(client.dice.millis(10)).await;
                    continue;
                };
                let mut hold = Hold::new(&job, &token, &got, LEASE, None);
                for _ in 0..3 {
                    let pause = if client.dice.roll(8) == 0 { 70 } else { 20 };
                    sleep(client.dice.millis(pause)).await;
                    let more = client.call("job-extend", &[leases, owners], &[&token, &job, "40"]).await;
                    if more.number(0) == 0 {
                        late += 1;
                        break;
                    }
                    hold.to = more.sent + LEASE;
                }
                let back = Instant::now();
                client.call("job-ack", &[leases, owners, attempts], &[&token, &job]).await;
                hold.to = hold.to.min(back);
                holds.push(hold);
            }
        }
    })
    .await;
    let (holds, late): (Vec<Vec<Hold>>, Vec<usize>) = brought.into_iter().unzip();
    let holds: Vec<Hold> = holds.into_iter().flatten().collect();
    assert!(holds.len() >= FEW && late.iter().sum::<usize>() > 0, "{} {late:?}", holds.len());
    let (most, which) = most_at_once(&holds);
    assert_eq!(most, 1, "{which:#?}");
}

pub async fn unique(node: Arc<Arena>) {
    const RUN: Duration = Duration::from_millis(600);
    const ON_ITS_WAY: Duration = Duration::from_millis(120);
    let ready = "queue:unique:{mail}:ready";
    let mark = |job: &str| format!("queue:unique:{{mail}}:mark:{job}");
    let pushed: Arc<Mutex<BTreeMap<String, Instant>>> = Arc::default();
    let brought = crowd(&node, |mut client| {
        let pushed = pushed.clone();
        async move {
            let started = Instant::now();
            let mut taken = Vec::new();
            while started.elapsed() < RUN {
                if client.number.is_multiple_of(2) {
                    let (job, token) = (format!("job-{}", client.dice.roll(6)), client.token());
                    let payload = format!("{job} {token}");
                    pushed.lock().unwrap().insert(payload.clone(), Instant::now());
                    client.call("unique-push", &[ready, &mark(&job)], &[&token, "120", &payload]).await;
                    sleep(client.dice.millis(4)).await;
                    continue;
                }
                let Said::Text(payload) = client.say(&["RPOP", ready]).await else {
                    sleep(client.dice.millis(3)).await;
                    continue;
                };
                let from = Instant::now();
                let (job, token) = payload.split_once(' ').unwrap();
                let lives = work(&mut client).await;
                let to = Instant::now();
                if lives {
                    client.call("compare-and-delete", &[&mark(job)], &[token]).await;
                }
                taken.push(Hold { what: job.to_owned(), who: payload, from, to });
            }
            taken
        }
    })
    .await;
    let pushed = pushed.lock().unwrap();
    let mut runs: Vec<Hold> = brought.into_iter().flatten().collect();
    for run in &mut runs {
        // When the mark ends first, the same job may be pushed beside it.
        run.to = run.to.min(pushed[&run.who] + ON_ITS_WAY);
    }
    assert!(runs.len() > 16, "{}", runs.len());
    let (most, which) = most_at_once(&runs);
    assert_eq!(most, 1, "{which:#?}");
}
