//! The popularity that the target's own keys tell, and what else is taken from it.

use anyhow::{Result, bail};

use super::input::Input;
use super::report::Probed;
use crate::facts::{Engine, Kind, PerSecond};
use crate::footprint::Allocator;
use crate::forecast::live::{Asked, Live, Obstacle, Sample, read};
use crate::probe::Target;
use crate::tools::design_cache::live::look;

/// A popularity that was measured.
#[derive(Debug)]
pub struct Seen {
    pub asked: Asked,
    /// Whose size is a part of the bytes, with its name in INFO.
    pub allocator: Option<(Allocator, String)>,
    sample: Sample,
    told: Live,
    unseen: Vec<String>,
    /// Keys a second that ended by their TTL, and by eviction.
    ended: Option<(f64, f64)>,
}

const DESCRIBE: &str = "or describe it: items, skew and requests_per_second in place of probe";

/// Looks at the target, and fills in what the input leaves out. Where the keys tell no popularity, none is put in its place.
pub async fn see(target: &Target, input: &mut Input) -> Result<Seen> {
    let live = look(target, input.look()).await?;
    let Some((sample, mut told)) = live.sample.zip(live.curve) else {
        bail!("the target tells no popularity: {}; look again when it answers, {DESCRIBE}", live.unseen.join("; "));
    };
    if let Some(obstacle) = told.obstacles.iter().find(|obstacle| obstacle.forbids()) {
        bail!("the target tells no popularity: {obstacle}; {}, {DESCRIBE}", instead(*obstacle));
    }
    if live.measured.reads.is_none() {
        let reads = PerSecond(sample.requests_per_second);
        bail!(
            "the target tells no popularity: it is read {reads}, too seldom to tell; look when it is busy, {DESCRIBE}"
        );
    }
    let Some(asked) = told.asked.take() else {
        bail!("the target tells no popularity: nothing explains the idle times of its keys; sample more, {DESCRIBE}");
    };
    let reads = sample.requests_per_second;
    input.value_bytes = input.value_bytes.or(live.measured.value_bytes);
    input.key_bytes = input.key_bytes.or(live.measured.key_bytes);
    input.requests_per_second = input.requests_per_second.or(Some(reads / (1.0 - input.write_share)));
    input.samples = input.samples.or(Some(sample.samples));
    // Of a stranger no layout was measured.
    let ours = |engine: &Engine| matches!(engine.kind, Kind::Redis | Kind::Valkey) && input.engine.trim().is_empty();
    if let Some(engine) = live.measured.engine.filter(ours) {
        input.engine = engine.to_string();
    }
    input.check()?;
    let allocator = live.measured.allocator;
    Ok(Seen { asked, allocator, sample, told, unseen: live.unseen, ended: live.ended })
}

fn instead(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::NoAges | Obstacle::RandomEviction => "give a trace of its requests",
        Obstacle::Forking => "look again when INFO persistence shows no child",
        Obstacle::FewSamples { .. } => "raise sample where there are more keys",
        Obstacle::NoTraffic | Obstacle::ShortAge { .. } => "look while its clients read",
    }
}

impl Seen {
    /// Keys that are there now.
    pub fn keys(&self) -> f64 {
        self.sample.keys
    }

    /// What is told of it beside a cache of so many items.
    pub fn report(&self, items: f64, input: &Input) -> Probed {
        let mut unseen = self.unseen.clone();
        if let Some((expired, evicted)) = self.ended
            && expired > evicted
            && input.ttl().is_none()
        {
            unseen.push(format!(
                "TTLs: they end {} keys, eviction {}, and none is played: with ttl_seconds less is hit",
                PerSecond(expired),
                PerSecond(evicted)
            ));
        }
        Probed {
            keys: self.sample.keys,
            idle_times: self.sample.idle_seconds.len(),
            reads_per_second: self.sample.requests_per_second,
            hit_ratio: self.sample.hit_ratio,
            fit: self.told.fit.filter(|fit| fit.holds()),
            largest: self.asked.largest,
            by_ages: read(&self.sample, &[items]).estimates.first().copied(),
            unseen,
        }
    }
}
