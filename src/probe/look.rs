//! One look at one server: two pipelines, and PINGs in between.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use redis::Value;
use tokio::time::Instant;

use super::ask::FEATURES;
use super::link::{Asked, Greeting, Link};
use super::name::{CommandName, Parameter};
use super::reply::{self, RawSlow};
use super::trouble::Obstacle;
use super::{Ask, Endpoint, Trouble};
use crate::facts::{
    Clients, Earlier, Fields, Foreign, Known, Micros, Missing, RoundTrip, Server, SlowCommand, foreign,
};

/// How long we wait for a connection and a first answer.
const CONNECT: Duration = Duration::from_secs(5);
/// PINGs over a slow line stop here, so that they do not stretch the look.
const PINGING: Duration = Duration::from_secs(2);

/// How to look.
#[derive(Debug, Clone, Copy)]
pub struct Wishes {
    /// Between the two looks; zero means one look, and no rates.
    pub interval: Duration,
    /// How many PINGs measure the round trip.
    pub pings: u32,
    /// For all waiting on the server; the interval comes on top.
    pub deadline: Duration,
}

impl Wishes {
    /// For a connection and a first answer: a dead server must leave time for the living.
    pub fn patience(&self) -> Duration {
        CONNECT.min(self.deadline / 2)
    }
}

/// Looks at a server of which nothing is known, or once more at one that is.
pub async fn look_at(target: &Endpoint, wishes: &Wishes) -> Result<Server, Trouble> {
    look_over(target, None, wishes).await
}

/// Looks at a server, over a connection that is open already if there is one. It ends within the connect limit or the
/// deadline, whatever the server does.
pub async fn look_over(target: &Endpoint, open: Option<Link>, wishes: &Wishes) -> Result<Server, Trouble> {
    let start = Instant::now();
    let mut link = match open {
        Some(link) => link,
        None => Link::open(target, wishes.patience()).await?,
    };
    let left = (wishes.deadline + wishes.interval).saturating_sub(start.elapsed());
    let late = |_| {
        let says =
            format!("{target} accepted us, but had not answered everything after {} s", wishes.deadline.as_secs_f64());
        Err(Trouble::new(Obstacle::Silent, says))
    };
    let mut server = tokio::time::timeout(left, async {
        if link.greeting == Greeting::Loading {
            return Err(loading(&mut link, target).await?);
        }
        ask_all(&mut link, wishes).await
    })
    .await
    .unwrap_or_else(late)?;
    server.host = target.address().host().map(foreign::clean);
    Ok(server)
}

/// A loading server answers INFO, so the trouble can say how far it is.
pub async fn loading(link: &mut Link, target: &Endpoint) -> Result<Trouble, Trouble> {
    let info = link.ask(&[Ask::Info]).await?.pop().and_then(Result::ok).and_then(|value| reply::text(&value));
    let info = Fields::parse(&info.unwrap_or_default());
    let progress = match (info.get("loading_loaded_perc"), info.get("loading_eta_seconds")) {
        (Some(percent), Some(eta)) => {
            format!(" ({} % done, about {} s to go)", Foreign::value(percent), Foreign::value(eta))
        }
        _ => String::new(),
    };
    Ok(Trouble::new(Obstacle::Loading, format!("{target} is loading its data{progress}")))
}

async fn ask_all(link: &mut Link, wishes: &Wishes) -> Result<Server, Trouble> {
    let start = Instant::now();
    let mut server = Server::unseen("not asked");
    // INFO goes first in both pipelines, so that the interval between them is what the clock says.
    let asks: Vec<Ask> = [Ask::Info]
        .into_iter()
        .chain([Ask::Clients, Ask::Slowlog, Ask::LatencyLatest, Ask::MemoryStats, Ask::Dbsize, Ask::Whoami])
        .chain([Ask::DefaultUser, Ask::features()])
        .chain(Parameter::all().map(Ask::Config))
        .collect();
    let before = link.asked.clone();
    let first = Instant::now();
    let answers = link.ask(&asks).await?;
    let mut raw_slow = Err(Missing::new("SLOWLOG GET", "not asked"));
    for (ask, answer) in asks.iter().zip(answers) {
        keep(&mut server, &mut raw_slow, ask, answer);
    }
    server.round_trip = ping(link, wishes).await?;
    tokio::time::sleep_until(start + wishes.interval).await;

    let own = link.asked.since(&before);
    let again = !wishes.interval.is_zero() && server.info.is_ok();
    let asks = later_asks(&server, &raw_slow, again);
    let (second, ours) = (Instant::now(), SystemTime::now());
    let answers = if asks.is_empty() { Vec::new() } else { link.ask(&asks).await? };
    let mut keys = BTreeMap::new();
    for (ask, answer) in asks.iter().zip(answers) {
        match (ask, answer) {
            (Ask::Info, answer) => {
                let waited = second.duration_since(first).as_secs_f64();
                compare(&mut server, fields(ask, answer), waited, own.clone());
            }
            (Ask::Commands(_), Ok(value)) => keys = reply::commands(&value),
            (ask, answer) => keep(&mut server, &mut raw_slow, ask, answer),
        }
    }
    server.ahead = if again { ahead(&server, ours) } else { None };
    server.cost = link.cost();
    server.slowlog = raw_slow.map(|entries| entries.iter().map(|entry| reduced(entry, &keys)).collect());
    Ok(server)
}

fn ahead(server: &Server, ours: SystemTime) -> Option<f64> {
    let theirs = server.info.as_ref().ok()?.number("server_time_usec")? / 1e6;
    Some(theirs - ours.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs_f64())
}

/// What comes late, or depends on the first answers: mode, and the commands in the slow log.
fn later_asks(server: &Server, slow: &Known<Vec<RawSlow>>, again: bool) -> Vec<Ask> {
    let mut asks = Vec::new();
    if again {
        asks.push(Ask::Info);
    }
    asks.push(Ask::LatencyHistogram);
    if server.fact("cluster_enabled").is_ok_and(|(_, on)| on == "1") {
        asks.push(Ask::ClusterInfo);
    }
    // Where slots are not counted, to ask for their order is an error.
    if counts_slots(server) {
        asks.push(Ask::SlotStats);
    }
    let mut names: Vec<CommandName> =
        slow.iter().flatten().filter_map(|entry| CommandName::new(&entry.command())).collect();
    names.sort();
    names.dedup();
    if !names.is_empty() {
        asks.push(Ask::Commands(names));
    }
    asks
}

/// `yes` in Valkey; Redis from 8.4 names what it counts.
fn counts_slots(server: &Server) -> bool {
    let counted = server.fact("cluster-slot-stats-enabled");
    counted.is_ok_and(|(_, counted)| counted.split(' ').any(|what| ["yes", "cpu"].contains(&what)))
}

/// Puts one answer where it belongs.
fn keep(server: &mut Server, slow: &mut Known<Vec<RawSlow>>, ask: &Ask, answer: Known<Value>) {
    match ask {
        Ask::Info => server.info = fields(ask, answer),
        Ask::Config(parameter) => {
            let unknown = || Missing::new(parameter.as_str(), "this version has no such parameter");
            let value = answer.and_then(|value| reply::parameter(&value).ok_or_else(unknown));
            server.config.insert(parameter.as_str().into(), value);
        }
        Ask::Clients => server.clients = answer.and_then(|value| Ok(Clients::parse(&of(ask, reply::text(&value))?))),
        Ask::Slowlog => *slow = answer.map(|value| reply::slowlog(&value)),
        Ask::LatencyLatest => server.latency_events = answer.map(|value| reply::latency_events(&value)),
        Ask::LatencyHistogram => server.histograms = answer.map(|value| reply::histograms(&value)),
        Ask::MemoryStats => server.memory = answer.map(|value| reply::numbers(&value)),
        Ask::Dbsize => server.keys = answer.and_then(|value| of(ask, reply::number(&value))),
        Ask::Whoami => {
            server.user = answer.and_then(|value| of(ask, reply::text(&value))).map(|user| Foreign::value(&user));
        }
        Ask::DefaultUser => server.default_user = answer.and_then(|value| of(ask, reply::user(&value))),
        Ask::Commands(_) => {
            // Only what we asked about: the names in the answer are the server's.
            let asked = |name: &String| FEATURES.contains(&name.as_str());
            server.supports = answer.map(|value| reply::commands(&value).into_keys().filter(asked).collect());
        }
        Ask::ClusterInfo => server.cluster = fields(ask, answer),
        Ask::SlotStats => server.slots = answer.map(|value| reply::slots(&value)),
        // Asked elsewhere, or of a Sentinel.
        Ask::Ping
        | Ask::Hello
        | Ask::LibraryName
        | Ask::LibraryVersion
        | Ask::ConnectionName
        | Ask::NoEvict
        | Ask::NoTouch
        | Ask::ClusterNodes
        | Ask::Select(_)
        | Ask::ReadOnly
        | Ask::Scan(_)
        | Ask::MallocStats
        | Ask::HotKeys
        | Ask::Indexes
        | Ask::Index(_)
        | Ask::SlotKeys(_)
        | Ask::Key(..)
        | Ask::SentinelPrimary(_)
        | Ask::SentinelReplicas(_)
        | Ask::SentinelOthers(_)
        | Ask::SentinelQuorum(_) => {}
    }
}

/// Sets the second INFO beside the first. One that did not come leaves the first as it is.
fn compare(server: &mut Server, second: Known<Fields>, waited: f64, own: Asked) {
    server.earlier = second.and_then(|now| {
        let first = std::mem::replace(&mut server.info, Ok(now))?;
        // The server's own clock: a stalled server answers late, and our clock would make its counters race.
        let clock = |info: &Fields| info.number("server_time_usec");
        let passed = server.info.as_ref().ok().and_then(clock).zip(clock(&first)).map(|(now, then)| (now - then) / 1e6);
        let seconds = passed.filter(|seconds| *seconds > 0.0).unwrap_or(waited);
        Ok(Earlier { info: first, seconds, own: own.commands, own_errors: own.errors })
    });
}

fn of<T>(ask: &Ask, value: Option<T>) -> Known<T> {
    value.ok_or_else(|| Missing::new(ask.to_string(), "the answer has a shape we do not know"))
}

fn fields(ask: &Ask, answer: Known<Value>) -> Known<Fields> {
    let text = answer.and_then(|value| of(ask, reply::text(&value)))?;
    let fields = Fields::parse(&text);
    // A server that does not know a section answers with nothing.
    if fields.is_empty() { Err(Missing::new(ask.to_string(), "the answer is empty")) } else { Ok(fields) }
}

/// The command and the family of its first key; everything else is forgotten here.
fn reduced(entry: &RawSlow, keys: &BTreeMap<String, usize>) -> SlowCommand {
    let command = entry.command();
    let key = keys.get(&command).filter(|place| **place > 0).and_then(|place| entry.arguments.get(*place));
    SlowCommand::new(entry.at, entry.took, &command, key.map(Vec::as_slice))
}

async fn ping(link: &mut Link, wishes: &Wishes) -> Result<Known<RoundTrip>, Trouble> {
    let mut samples = Vec::new();
    let start = Instant::now();
    for _ in 0..wishes.pings {
        let sent = Instant::now();
        if let Some(Err(missing)) = link.ask(&[Ask::Ping]).await?.pop() {
            return Ok(Err(missing));
        }
        samples.push(Micros(sent.elapsed().as_micros() as u64));
        if start.elapsed() > PINGING.max(wishes.interval) {
            break;
        }
    }
    Ok(RoundTrip::from_samples(samples).ok_or_else(|| Missing::new("PING", "no PING was wished for")))
}
