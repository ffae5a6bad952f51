//! What the live server tells of its cache: rates between two looks, and a sample of its keys.

use std::time::{Duration, SystemTime};

use anyhow::{Result, ensure};
use serde::Serialize;
use tokio::time::MissedTickBehavior;

use super::keys;
use super::reading::Measured;
use crate::census::layout;
use crate::facts::{Batch, Deployment, KeyFacts, Known, PerSecond, Role, Server, Share, Witness};
use crate::forecast::live::{self, Sample};
use crate::probe::{Event, Extent, Pace, Scan, ScanWishes, Source, Target, Wishes, meaning, survey};
use crate::tools::nodes::{self, Wanted};

/// For each look over the servers, the interval not counted.
const LOOK: Duration = Duration::from_secs(15);
/// For a connection, and for each answer while keys are drawn.
const PATIENCE: Duration = Duration::from_secs(5);
/// A sample takes this long at most.
const SAMPLING: Duration = Duration::from_secs(20);

/// A name, what it is, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub name: &'static str,
    pub value: String,
    pub means: String,
}

/// All that a look brought.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Live {
    #[serde(skip)]
    pub measured: Measured,
    pub seen: Vec<Seen>,
    /// What could not be seen, and why.
    pub unseen: Vec<String>,
    /// The miss-ratio curve that the ages of its keys tell.
    pub curve: Option<live::Live>,
    /// What that was read from.
    #[serde(skip)]
    pub sample: Option<Sample>,
    /// Keys a second that ended by their TTL, and by eviction.
    #[serde(skip)]
    pub ended: Option<(f64, f64)>,
    /// Bytes that its keys hold now.
    pub used: Option<u64>,
}

/// Rates of the whole deployment.
#[derive(Debug, Clone, Copy, Default)]
struct Rates {
    hits: f64,
    misses: f64,
    evicted: f64,
    expired: f64,
}

impl Rates {
    fn reads(&self) -> f64 {
        self.hits + self.misses
    }
}

/// What to look at.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Seconds between the two looks that make rates.
    pub interval: f64,
    /// Keys to draw.
    pub sample: u32,
    /// Whether to read the first bytes of some strings.
    pub values: bool,
}

impl Look {
    /// Says what cannot be, by the name of the field.
    pub fn check(self) -> Result<()> {
        ensure!(
            (0.2..=300.0).contains(&self.interval),
            "interval is {} but must be from 0.2 to 300 seconds",
            self.interval
        );
        ensure!(self.sample <= 100_000, "sample is {} but must be from 0 to 100000 keys", self.sample);
        Ok(())
    }
}

pub async fn look(target: &Target, wished: Look) -> Result<Live> {
    let wishes = Wishes { interval: Duration::from_secs_f64(wished.interval), pings: 0, deadline: LOOK };
    let deployment = survey(target, &wishes, false).await?;
    let mut live = Live::default();
    let primaries: Vec<&Server> = serving(&deployment).collect();
    live.measured.engine = primaries.iter().filter_map(|server| server.engine()).min_by_key(|engine| engine.version);
    let rates: Known<Vec<Rates>> = primaries.iter().map(|server| rates(server)).collect();
    let rates = rates.map(|all| all.into_iter().fold(Rates::default(), plus));
    let sum = |name: &str| -> Known<u64> { primaries.iter().map(|server| Witness::new(server).number(name)).sum() };
    let (memory, used) = (sum("maxmemory"), sum("used_memory"));
    live.used = used.as_ref().ok().copied();
    live.measured.memory = memory.as_ref().ok().copied().filter(|bytes| *bytes > 0);
    let word = |name: &str| primaries.iter().find_map(|server| Witness::new(server).word(name).ok());
    if let Some(policy) = word("maxmemory_policy") {
        let means = policy_means(policy.raw(), memory.as_ref().ok().copied());
        live.seen.push(Seen { name: "policy", value: policy.to_string(), means });
    }
    live.measured.hosting = primaries.first().map(|server| server.hosting().provider);
    live.measured.json = !primaries.is_empty()
        && primaries.iter().all(|server| server.supports.as_ref().is_ok_and(|names| names.contains("json.set")));
    let keys: Known<u64> = primaries.iter().map(|server| Ok(Witness::new(server).key_counts()?.0)).sum();
    match &rates {
        Ok(rates) => tell_rates(&mut live, rates, used.ok(), memory.ok()),
        Err(missing) => live.unseen.push(format!("rates: {missing}")),
    }
    let sampled = if wished.sample > 0 {
        keys_of(target, &deployment, wished, &mut live.unseen).await?
    } else {
        Drawn::default()
    };
    let layout = primaries.iter().find_map(|server| layout(server));
    live.measured.allocator = layout
        .map(|layout| (layout.allocator(), word("mem_allocator").map(|name| name.to_string()).unwrap_or_default()));
    keys::tell(&mut live, layout, &sampled.keys);
    if let (Ok(keys), Ok(rates)) = (keys, &rates) {
        tell_popularity(&mut live, &deployment, &sampled, keys, *rates, wished.interval);
    }
    Ok(live)
}

/// The nodes that serve reads and writes of keys: primaries, or what there is.
fn serving(deployment: &Deployment) -> impl Iterator<Item = &Server> {
    let any = deployment.nodes.iter().any(|node| node.role == Role::Primary && node.server.is_ok());
    let wanted = move |role: Role| !any || role == Role::Primary;
    deployment.seen().filter(move |(node, _)| wanted(node.role)).map(|(_, server)| server)
}

fn rates(server: &Server) -> Known<Rates> {
    let witness = Witness::new(server);
    let rate = |name: &str| -> Known<f64> { Ok(witness.growth(name)?.rate().0) };
    Ok(Rates {
        hits: rate("keyspace_hits")?,
        misses: rate("keyspace_misses")?,
        evicted: rate("evicted_keys")?,
        expired: rate("expired_keys")?,
    })
}

fn plus(a: Rates, b: Rates) -> Rates {
    Rates {
        hits: a.hits + b.hits,
        misses: a.misses + b.misses,
        evicted: a.evicted + b.evicted,
        expired: a.expired + b.expired,
    }
}

fn policy_means(policy: &str, memory: Option<u64>) -> String {
    match (policy, memory) {
        (_, Some(0)) => "maxmemory is 0: nothing is ever evicted".to_owned(),
        ("noeviction", _) => "a full server refuses writes".to_owned(),
        (policy, _) if policy.starts_with("volatile-") => "only keys with a TTL go".to_owned(),
        _ => "any key may go".to_owned(),
    }
}

/// Below so many reads per second a ratio of two looks says nothing.
const READS: f64 = 10.0;
/// Misses of which fewer than this share are filled ask for what does not exist.
const FILLED: f64 = 0.5;
/// Above this share of maxmemory a cache is full: eviction begins at all of it.
const FULL: f64 = 0.95;

fn tell_rates(live: &mut Live, rates: &Rates, used: Option<u64>, memory: Option<u64>) {
    let reads = rates.reads();
    let mut seen = |name, value: String, means: String| live.seen.push(Seen { name, value, means });
    seen("reads", PerSecond(reads).to_string(), String::new());
    if reads < READS {
        live.unseen.push(format!("hit ratio and popularity: {} are too few to tell", PerSecond(reads)));
        return;
    }
    live.measured.reads = Some(reads);
    let hit = rates.hits / reads;
    seen("hit ratio now", Share(hit).to_string(), String::new());
    let full =
        matches!((used, memory), (Some(used), Some(memory)) if memory > 0 && used as f64 >= memory as f64 * FULL);
    let filled = (rates.evicted + rates.expired) / rates.misses.max(1e-9);
    let means = if rates.misses < reads * 0.001 {
        "almost nothing misses".to_owned()
    } else if full && rates.evicted > rates.expired {
        "memory ends entries before their TTL does: the curve says what more memory brings".to_owned()
    } else if rates.expired > rates.evicted {
        "TTLs end entries before memory does: a longer TTL brings more than more memory".to_owned()
    } else if filled < FILLED {
        format!(
            "of 100 misses {:.0} end as entries that go again: many ask for what does not exist, or the cache is still filling",
            filled * 100.0
        )
    } else {
        String::new()
    };
    seen("misses", PerSecond(rates.misses).to_string(), means);
    seen("evicted", PerSecond(rates.evicted).to_string(), String::new());
    seen("expired", PerSecond(rates.expired).to_string(), String::new());
}

/// Ages count whole seconds of the server's clock: keys that are all drawn in one moment are all off by the same part of one,
/// which is a hundredth of an age of some seconds, and shifts the curve by a point. So they are drawn at about every tenth, and
/// it is noted at which moment of the server's second.
const PARTS: u32 = 10;
const BETWEEN: Duration = Duration::from_millis(700);
/// Keys come in runs of 50 (`probe::scan`), and what is not a whole run is not drawn.
const SPARE: u32 = 25;

/// Keys that were drawn.
#[derive(Debug, Default)]
struct Drawn {
    keys: Vec<KeyFacts>,
    /// The part of its server's second in which each was asked for; empty where a server does not tell its time.
    moments: Vec<f64>,
    /// By node, so many seconds its clock is ahead of ours.
    ahead: Vec<Option<f64>>,
}

impl Drawn {
    fn add(&mut self, batch: Batch) {
        let ahead = self.ahead.get(batch.place.node).copied().flatten();
        let ours = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        if let (Some(ahead), Ok(ours)) = (ahead, ours) {
            let moment = (ours.as_secs_f64() + ahead).rem_euclid(1.0);
            self.moments.extend(batch.keys.iter().map(|_| moment));
        }
        self.keys.extend(batch.keys);
    }
}

async fn keys_of(target: &Target, deployment: &Deployment, wished: Look, unseen: &mut Vec<String>) -> Result<Drawn> {
    // A replica's clocks do not see the reads of its primary.
    let choice = nodes::choose(target, deployment, &Wanted { primary: true, ..Wanted::default() })?;
    unseen.extend(choice.unread.iter().map(|unread| format!("{}: {}", unread.address, unread.why)));
    let mut sources = choice.sources;
    let mut ticks = tokio::time::interval(BETWEEN);
    // A slow part leaves the others at their tenths.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let ahead = deployment.nodes.iter().map(|node| node.server.as_ref().ok()?.ahead).collect();
    let mut drawn = Drawn { ahead, ..Drawn::default() };
    for _ in 0..PARTS {
        ticks.tick().await;
        let wished = Look { sample: wished.sample.div_ceil(PARTS) + SPARE, ..wished };
        let lost = part_of(&sources, wished, &mut drawn, unseen).await;
        // Who was lost is not waited for again.
        sources.retain(|source| !lost.contains(&source.node));
    }
    Ok(drawn)
}

/// Draws one part, and names the nodes that were lost meanwhile.
async fn part_of(sources: &[Source], wished: Look, drawn: &mut Drawn, unseen: &mut Vec<String>) -> Vec<usize> {
    let mut lost = Vec::new();
    let mut scan = Scan::start(
        sources.to_vec(),
        ScanWishes {
            extent: Extent::Sample(u64::from(wished.sample)),
            pace: Pace::Polite,
            time: Some(SAMPLING),
            resume: std::collections::BTreeMap::new(),
            seed: fastrand::u64(..),
            filter: None,
            values: wished.values,
            close_one_in: 1,
            hunt: None,
            patience: PATIENCE,
        },
    );
    let mut tell = |why: String| {
        if !unseen.contains(&why) {
            unseen.push(why);
        }
    };
    while let Some(event) = scan.next().await {
        match event {
            Event::Keys(batch) => drawn.add(batch),
            Event::Lost(node, trouble) => {
                lost.push(node);
                tell(format!("keys: {trouble}"));
            }
            Event::Unasked(_, questions) if !questions.is_empty() => {
                tell(format!("keys: not asked for {}", questions.join(", ")));
            }
            Event::Refused(_, refusals) => refusals.keys().for_each(|code| {
                let means = meaning(code).map(|means| format!(": {means}")).unwrap_or_default();
                tell(format!("keys: some questions were answered {code}{means}"));
            }),
            _ => {}
        }
    }
    lost
}

/// Sizes that are told beside the present one, as shares of it.
const SHARES: [f64; 4] = [0.25, 0.5, 1.0, 2.0];

/// The default of `maxmemory-samples`.
const SAMPLES: u32 = 5;

fn tell_popularity(live: &mut Live, deployment: &Deployment, drawn: &Drawn, held: u64, rates: Rates, interval: f64) {
    let busy = ["rdb_bgsave_in_progress", "aof_rewrite_in_progress"];
    let forking = serving(deployment).any(|server| {
        let witness = Witness::new(server);
        busy.iter().any(|name| witness.is_on(name).unwrap_or(false))
    });
    let policy = serving(deployment).find_map(|server| Witness::new(server).word("maxmemory_policy").ok());
    // Under a policy that evicts by age no number is shared, and each key has its clock.
    let by_age = policy.as_ref().is_some_and(|policy| policy.raw().ends_with("lru"))
        && serving(deployment).all(|server| Witness::new(server).number("maxmemory").is_ok_and(|bytes| bytes > 0));
    let samples = serving(deployment).find_map(|server| Witness::new(server).number("maxmemory-samples").ok());
    let sample = Sample {
        idle_seconds: drawn
            .keys
            .iter()
            .filter_map(|key| key.own_idle().or_else(|| key.idle.filter(|_| by_age)))
            .filter_map(|seconds| u32::try_from(seconds).ok())
            .collect(),
        moments: drawn.moments.clone(),
        keys: held as f64,
        requests_per_second: rates.reads(),
        hit_ratio: rates.hits / rates.reads().max(f64::MIN_POSITIVE),
        reads: rates.reads() * interval,
        samples: samples.and_then(|samples| u32::try_from(samples).ok()).unwrap_or(SAMPLES),
        policy: policy.map(|policy| policy.raw().to_owned()).unwrap_or_default(),
        forking,
    };
    let told = live::read(&sample, &SHARES.map(|share| share * held as f64));
    live.unseen.extend(told.obstacles.iter().map(|obstacle| format!("popularity: {obstacle}")));
    match &told.fit {
        Some(fit) if fit.holds() => {
            live.measured.skew = Some(fit.alpha);
            live.measured.items = Some(fit.items as u64);
        }
        Some(_) => {
            live.unseen.push("popularity: the ages follow no Zipf's law, so that nothing is said of other sizes".into())
        }
        None => {}
    }
    live.curve = Some(told);
    live.sample = Some(sample);
    live.ended = Some((rates.expired, rates.evicted));
}
