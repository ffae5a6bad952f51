//! Watches one server while it is scanned: is it well, and do others still get their answers?

use std::sync::atomic::Ordering;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use tokio::time::Instant;

use super::Hold;
use super::control::Stop;
use super::manners::Manners;
use super::pace::Pace;
use crate::facts::{Bytes, Fields, Micros, PerSecond};
use crate::probe::link::Link;
use crate::probe::trouble::Obstacle;
use crate::probe::{Ask, Endpoint, Trouble, reply};

/// Between two PINGs.
const BEAT: Duration = Duration::from_millis(20);
/// PINGs before the scan begins, that say what is usual.
const BEFORE: u32 = 50;
/// Over a slow line fewer PINGs have to do.
const BEFORE_AT_MOST: Duration = Duration::from_secs(2);
/// How often the server's state is asked.
const LOOK: Duration = Duration::from_secs(1);
/// PINGs that are judged together.
const WINDOW: usize = 25;
/// Points of stale keys more that are a pile, and looks in a row that are no chance (judgement),
const STALE: f64 = 10.0;
const PILED: u32 = 5;
/// the share of memory more that is much, and the least of it: four of our largest pages are a megabyte (judgement).
const GROWN: f64 = 0.05;
const BUFFERS: f64 = 33_554_432.0;
/// One minute: no PING is waited for longer.
const LONGEST: u64 = 60_000_000;

/// What the scan did to one server.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Vigil {
    /// 99th percentile of a PING before the scan and during it.
    pub ping_before: Option<Micros>,
    pub ping_during: Option<Micros>,
    /// Commands of others in a second, before the scan.
    pub others: PerSecond,
    /// CPU of the server's main thread (of all threads where it does not split them) while the scan ran.
    pub cpu: Option<Micros>,
    /// How long the scan waited for the server to come out of a bad state.
    pub paused: Micros,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// The usual round trip of this server, and a link that goes on measuring it.
pub struct Watcher {
    link: Link,
    /// How long one answer may take.
    patience: Duration,
    usual: Histogram<u64>,
    /// Commands of others in a second, before we began.
    others: f64,
    during: Histogram<u64>,
    state: State,
    /// What was wrong when it was first looked at.
    bad: Option<String>,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    cpu: Option<f64>,
    /// Commands that were carried out since the server began.
    commands: Option<f64>,
    used_memory: Option<f64>,
    /// What clients' buffers take.
    clients: Option<f64>,
    stale_percent: Option<f64>,
    evicted: Option<f64>,
}

impl Watcher {
    pub async fn open(endpoint: &Endpoint, patience: Duration, pace: Pace) -> Result<Self, Trouble> {
        let link = Link::open(endpoint, patience).await?;
        let histogram = || {
            let odd = |error| Trouble::new(Obstacle::Other, format!("no histogram of round trips: {error}"));
            Histogram::new_with_max(LONGEST, 3).map_err(odd)
        };
        let (usual, during) = (histogram()?, histogram()?);
        let mut watcher = Self { link, patience, usual, others: 0.0, during, state: State::default(), bad: None };
        let first = State::of(&watcher.look().await?.unwrap_or_default());
        let start = Instant::now();
        for _ in 0..BEFORE {
            if start.elapsed() > BEFORE_AT_MOST {
                break;
            }
            let took = watcher.ping().await?;
            watcher.usual.saturating_record(took);
            tokio::time::sleep(pace.listens()).await;
        }
        let info = watcher.look().await?.unwrap_or_default();
        (watcher.state, watcher.bad) = (State::of(&info), bad_state(&info));
        // The INFO that tells is not counted yet, the one before it is.
        let ours = watcher.usual.len() as f64 + 1.0;
        watcher.others = watcher.state.others_since(&first, ours, start.elapsed());
        Ok(watcher)
    }

    pub fn round_trip(&self) -> Duration {
        Duration::from_micros(self.usual.value_at_quantile(0.5))
    }

    /// Commands of others in a second, before we began.
    pub fn others(&self) -> f64 {
        self.others
    }

    pub fn bad_state(&self) -> Option<String> {
        self.bad.clone()
    }

    /// Commands of ours: pings, and what the scan sent.
    fn asked(&self, hold: &Hold) -> u64 {
        self.during.len() + hold.sent.commands.load(Ordering::Relaxed)
    }

    async fn ping(&mut self) -> Result<u64, Trouble> {
        let sent = Instant::now();
        self.link.ask_within(&[Ask::Ping], self.patience).await?;
        Ok(sent.elapsed().as_micros() as u64)
    }

    async fn look(&mut self) -> Result<Option<Fields>, Trouble> {
        let answer = self.link.ask_within(&[Ask::Info], self.patience).await?.pop();
        Ok(answer.and_then(Result::ok).and_then(|value| reply::text(&value)).map(|text| Fields::parse(&text)))
    }

    /// Until the scan is over: holds it back while the server is in trouble, ends it when it does harm. What it saw, and why
    /// it saw no more where the server did not answer to the end.
    pub async fn watch(
        mut self,
        hold: &Hold,
        manners: &Manners,
        mut over: tokio::sync::oneshot::Receiver<()>,
    ) -> (Vigil, Option<Trouble>) {
        let mut window: Vec<u64> = Vec::with_capacity(WINDOW);
        let mut vigil =
            Vigil { others: PerSecond(self.others), reasons: self.bad.iter().cloned().collect(), ..Vigil::default() };
        let brake = &hold.brake;
        let (mut evicted, mut looked, mut piled) = (self.state.evicted, Instant::now(), 0);
        let (mut before, mut counted) = (self.state, self.asked(hold));
        let (usual_median, usual_p99) = (self.usual.value_at_quantile(0.5), self.usual.value_at_quantile(0.99));
        let mut trouble = None;
        loop {
            let beat = async {
                tokio::time::sleep(BEAT).await;
                self.ping().await
            };
            let took = tokio::select! {
                biased;
                _ = &mut over => break,
                took = beat => took,
            };
            let took = match took {
                Ok(took) => took,
                Err(silent) => {
                    trouble = Some(silent);
                    break;
                }
            };
            self.during.saturating_record(took);
            window.push(took);
            if window.len() == WINDOW {
                window.sort_unstable();
                let upper_quarter = window.get(WINDOW * 3 / 4).copied().unwrap_or(0);
                brake.strain(upper_quarter > (usual_median * 4).max(usual_p99 * 2) + 1_000);
                window.clear();
            }
            let since = looked.elapsed();
            if since < LOOK {
                continue;
            }
            looked = Instant::now();
            let Ok(Some(info)) = self.look().await else { continue };
            let now = State::of(&info);
            piled = if self.state.piles_up(&now) { piled + 1 } else { 0 };
            if let Some(harm) = self.state.harm(&now, piled) {
                brake.control().end(Stop::Harm(harm));
            }
            let asked = self.asked(hold);
            manners.saw(now.others_since(&before, (asked - counted) as f64, since));
            (before, counted) = (now, asked);
            let reason = bad_state(&info).or_else(|| eviction(evicted, self.state.evicted, &now, &info, since));
            evicted = now.evicted;
            if brake.paused().is_some() {
                vigil.paused = Micros(vigil.paused.0 + since.as_micros() as u64);
            }
            if let Some(reason) = &reason
                && !vigil.reasons.contains(reason)
            {
                vigil.reasons.push(reason.clone());
            }
            brake.pause(reason);
        }
        brake.pause(None);
        // Who did not answer a PING is not asked again.
        let last =
            if trouble.is_some() { None } else { self.look().await.map_err(|silent| trouble = Some(silent)).ok() };
        let last = last.flatten().map(|info| State::of(&info)).unwrap_or_default();
        let cpu = last.cpu.zip(self.state.cpu).map(|(now, then)| Micros(((now - then).max(0.0) * 1e6) as u64));
        let p99 = |pings: &Histogram<u64>| (!pings.is_empty()).then(|| Micros(pings.value_at_quantile(0.99)));
        (Vigil { ping_before: p99(&self.usual), ping_during: p99(&self.during), cpu, ..vigil }, trouble)
    }
}

impl State {
    fn of(info: &Fields) -> Self {
        let sum = |a: &str, b: &str| Some(info.number(a)? + info.number(b)?);
        Self {
            cpu: sum("used_cpu_user_main_thread", "used_cpu_sys_main_thread")
                .or_else(|| sum("used_cpu_user", "used_cpu_sys")),
            commands: info.number("total_commands_processed"),
            used_memory: info.number("used_memory"),
            clients: info.number("mem_clients_normal"),
            stale_percent: info.number("expired_stale_perc"),
            evicted: info.number("evicted_keys"),
        }
    }

    /// Commands in a second that were not ours. Nothing is told of a server that does not count them.
    fn others_since(&self, earlier: &Self, ours: f64, time: Duration) -> f64 {
        let commands = self.commands.zip(earlier.commands).map_or(0.0, |(now, then)| now - then - ours);
        commands.max(0.0) / time.as_secs_f64().max(f64::EPSILON)
    }

    /// What grew since the scan began in ways that a scan can make it grow; `piled` looks in a row saw stale keys pile up.
    fn harm(&self, now: &Self, piled: u32) -> Option<String> {
        if self.piles_up(now) && (piled >= PILED || self.grew(now)) {
            let (was, stale) = (self.stale_percent?, now.stale_percent?);
            return Some(format!(
                "the share of expired keys still in memory rose from {was:.1} % to {stale:.1} % while we scanned"
            ));
        }
        // Answers that wait to be sent are memory too, and those of a scan are many. What keys grew by is not ours.
        let (was, clients) = (self.clients?, now.clients?);
        (clients - was > (self.used_memory? * GROWN).max(BUFFERS)).then(|| {
            let (was, clients) = (Bytes(was as u64), Bytes(clients as u64));
            format!("the buffers of clients grew from {was} to {clients} while we scanned")
        })
    }

    /// A scan walks the tables that active expiry walks, and on some versions keeps it from its work (redis#15411): keys
    /// that are over then stay. Servers estimate their share, so that one look of many points more may be chance.
    fn piles_up(&self, now: &Self) -> bool {
        self.stale_percent.zip(now.stale_percent).is_some_and(|(was, stale)| stale > was + STALE)
    }

    fn grew(&self, now: &Self) -> bool {
        self.used_memory.zip(now.used_memory).is_some_and(|(was, memory)| memory > was * (1.0 + GROWN))
    }
}

/// States in which a server needs its time for itself.
fn bad_state(info: &Fields) -> Option<String> {
    let is = |name: &str| info.get(name) == Some("1");
    let reason = if is("loading") {
        "the server was loading its data"
    } else if is("rdb_bgsave_in_progress") {
        "the server was saving (BGSAVE)"
    } else if is("aof_rewrite_in_progress") {
        "the server was rewriting its append-only file"
    } else if info.get("master_failover_state").is_some_and(|state| state != "no-failover") {
        "a failover was under way"
    } else if info.get("master_sync_in_progress") == Some("1") {
        "the replica was taking a full copy from its primary"
    } else {
        return None;
    };
    Some(reason.to_owned())
}

/// Eviction that began after us. A cache that is always full evicts all the time, and that is its life.
fn eviction(before: Option<f64>, first: Option<f64>, now: &State, info: &Fields, since: Duration) -> Option<String> {
    let evicted = now.evicted? - before?;
    let lifetime = info.number("uptime_in_seconds")?.max(1.0);
    let usual = first? / lifetime;
    let rate = evicted / since.as_secs_f64();
    (rate > 100.0 && rate > usual * 10.0).then(|| "the server was evicting keys far faster than usual".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_saves_or_loads_is_left_alone() {
        let states = ["loading:1", "rdb_bgsave_in_progress:1", "aof_rewrite_in_progress:1"];
        for state in states {
            assert!(bad_state(&Fields::parse(state)).is_some(), "{state}");
        }
        assert_eq!(bad_state(&Fields::parse("loading:0\nmaster_failover_state:no-failover")), None);
        assert!(bad_state(&Fields::parse("master_failover_state:waiting-for-sync")).is_some());
    }

    #[test]
    fn stale_keys_that_pile_up_are_harm() {
        let state = |stale, memory| State { stale_percent: Some(stale), used_memory: Some(memory), ..State::default() };
        let before = state(1.0, 100.0);
        assert!(before.harm(&state(12.0, 106.0), 1).is_some(), "with memory at once");
        assert_eq!(before.harm(&state(12.0, 101.0), 1), None, "alone it may be chance");
        assert!(before.harm(&state(12.0, 101.0), PILED).is_some(), "but not for long");
        assert_eq!(before.harm(&state(2.0, 200.0), PILED), None, "whoever writes makes memory grow");
    }

    #[test]
    fn buffers_that_grow_are_harm() {
        let state = |memory, clients| State { used_memory: Some(memory), clients: Some(clients), ..State::default() };
        let mib = 1_048_576.0;
        let small = state(100.0 * mib, mib);
        assert!(small.harm(&state(100.0 * mib, 34.0 * mib), 0).unwrap().contains("from 1.0 MiB to 34.0 MiB"));
        assert_eq!(small.harm(&state(100.0 * mib, 32.0 * mib), 0), None);
        assert_eq!(state(2_000.0 * mib, mib).harm(&state(2_000.0 * mib, 90.0 * mib), 0), None, "little of so much");
    }

    #[test]
    fn eviction_is_strain_only_when_it_is_new() {
        let info = Fields::parse("uptime_in_seconds:1000");
        let now = State { evicted: Some(6_000.0), ..State::default() };
        let second = Duration::from_secs(1);
        assert!(eviction(Some(1_000.0), Some(1_000.0), &now, &info, second).is_some());
        assert_eq!(eviction(Some(5_950.0), Some(5_900.0), &now, &info, second), None);
        let always = State { evicted: Some(5_001_000.0), ..State::default() };
        assert_eq!(eviction(Some(5_000_000.0), Some(5_000_000.0), &always, &info, second), None);
    }
}
