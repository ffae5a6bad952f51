//! Requests of a trace, as many as there is time for, on a server of our own.

use anyhow::{Result, ensure};

use super::input::{Input, Policy};
use super::scratch;
use super::trace_report::Replayed;
use super::traced::Source;
use crate::forecast::hit_ratio::sampled;
use crate::forecast::miniature::{Goes, Miniature};
use crate::forecast::shards::Shards;
use crate::forecast::trace::{Op, Request};
use crate::proof::{Replay, replay_trace};

/// Requests a second that any machine plays.
const MOST: f64 = 8_000.0;
/// With fewer items a hit ratio is chance.
const FEWEST: f64 = 200.0;
/// Of all values on the server, and of one: large beside the buffers of clients, which are a part of maxmemory.
const BYTES: f64 = (32 << 20) as f64;
const LARGEST: f64 = 16_384.0;
/// Seconds below which a TTL is about as short as the way of a batch to the server and back.
const SHORT: f64 = 0.05;
/// Below this age the model of the clock was not measured (`hit_ratio`).
const YOUNG: f64 = 0.6;

/// Plays it, and the same requests in the model.
pub async fn run(source: &Source<'_>, input: &Input, shards: &Shards, fit: f64) -> Result<Replayed> {
    let policy = input.policy();
    ensure!(
        matches!(policy, Policy::AllkeysLru | Policy::AllkeysRandom),
        "a trace is played under allkeys-lru or allkeys-random, and not under {}; leave run out, or describe the workload",
        policy.name()
    );
    let program = match scratch::program() {
        Ok(program) => program,
        Err(why) => return Ok(Replayed::NotRun { why }),
    };
    let most = (MOST * input.seconds as f64) as usize;
    // As many keys as there is time for, and not so few that what fits is a handful.
    let enough = (most as f64 / shards.reads() as f64).max(FEWEST / fit);
    let share = enough.min(shards.rate());
    let threshold = ((share * u64::MAX as f64) as u64).min(shards.threshold());
    let mut requests: Vec<Request> = Vec::new();
    let mut cut = false;
    source
        .sampled(threshold, |request| {
            cut = requests.len() == most;
            if !cut {
                requests.push(*request);
            }
            !cut
        })
        .await?;
    // Lines of a log may be a little out of order.
    requests.sort_by(|one, other| one.seconds.unwrap_or(0.0).total_cmp(&other.seconds.unwrap_or(0.0)));
    ensure!(
        requests.iter().any(|request| request.op == Op::Read),
        "no key that is read is in the sample; give it more seconds"
    );
    let second = |request: Option<&Request>| request.and_then(|request| request.seconds).unwrap_or(0.0);
    let span = second(requests.last()) - second(requests.first());
    let hurry = (span / input.seconds as f64).max(1.0);
    let room = (fit * share).round().max(1.0);
    let mut seen: Vec<u64> = requests.iter().map(|request| request.hash).collect();
    seen.sort_unstable();
    seen.dedup();
    let settings = ["--maxmemory-policy", policy.name(), "--maxmemory-samples", &input.samples().to_string()];
    let replay = Replay {
        requests: &requests,
        hurry,
        room: (room < seen.len() as f64).then_some(room as u64),
        value_bytes: (BYTES / room).min(LARGEST) as u64,
        settings: settings.map(str::to_owned).to_vec(),
    };
    let measured = match scratch::within(input.seconds, replay_trace(&program, &replay)).await {
        Ok(measured) => measured,
        Err(why) => return Ok(Replayed::NotRun { why }),
    };
    let (predicted, age) = predicted(&requests, input, room, hurry);
    let shortest = requests.iter().filter_map(|request| request.ttl).fold(f64::INFINITY, f64::min) / hurry;
    let mut rough = Vec::new();
    if shortest < SHORT {
        rough.push(format!("the shortest TTL lasts {:.0} ms here: give it more seconds", shortest * 1_000.0));
    }
    if let Some(age) = age.filter(|age| *age < YOUNG) {
        rough.push(format!(
            "keys leave {age:.2} s after their last use here, and the server tells ages in whole seconds, so that it takes \
             others too: give it more seconds"
        ));
    }
    let by = |count: usize, of: &str| format!("{count} {of}{}", if count == 1 { "" } else { "s" });
    Ok(Replayed::Ran {
        rule: format!(
            "{} for {} ({:.2} % of all; memory in the same proportion), {} of the trace in {:.0} s: time runs {hurry:.1} times \
             as fast, and each TTL is divided by that",
            by(requests.len(), "request"),
            by(seen.len(), "key"),
            share * 100.0,
            if cut { format!("the first {span:.0} s") } else { format!("all {span:.0} s") },
            measured.seconds
        ),
        hurry,
        fit: room,
        predicted,
        rough,
        measured,
    })
}

/// The hit ratio of the model, for ages that the clock of the server tells when time runs so much faster; and that age in
/// seconds. Expired keys take no room here; on the server they do until they are reclaimed, which is soon where keys are few.
fn predicted(requests: &[Request], input: &Input, room: f64, hurry: f64) -> (f64, Option<f64>) {
    let play = |goes| {
        let mut cache = Miniature::new(room as usize, goes);
        requests.iter().for_each(|request| cache.play(request));
        cache
    };
    let hit = |cache: &Miniature| 1.0 - cache.miss_ratio();
    if input.policy() == Policy::AllkeysRandom {
        return (hit(&play(Goes::Any)), None);
    }
    let exact = play(Goes::Oldest);
    let age = exact.age().map(|age| age / hurry);
    let hit_ratio = age.map_or(hit(&exact), |age| sampled(hit(&exact), hit(&play(Goes::Any)), input.samples(), age));
    (hit_ratio, age)
}
