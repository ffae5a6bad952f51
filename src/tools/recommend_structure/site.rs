//! Where the structure is to live, as far as it was said or seen.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};

use super::input::Input;
use crate::census;
use crate::decisions::structures::{Module, Place, hosting};
use crate::facts::{Deployment, DeploymentKind, Engine, Provider, Server};
use crate::footprint::Allocator;
use crate::probe::{Target, Wishes, survey};
use crate::tools::nodes::{self, Wanted};

/// How long the target may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(15);

/// The place, and how it is known.
#[derive(Debug, Clone)]
pub struct Site {
    pub place: Place,
    known: Known,
    policy: Option<String>,
    pub provider: Option<Provider>,
    /// The servers, where they were looked at.
    pub deployment: Option<Deployment>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Assumed,
    Said,
    Seen,
}

impl Site {
    pub async fn of(target: &Target, input: &Input) -> Result<Self> {
        let said = input.engine()?;
        let known = if said.is_some() { Known::Said } else { Known::Assumed };
        let provider = input.provider()?;
        let mut site = Self {
            place: said.map_or_else(Place::unknown, Place::new),
            known,
            policy: None,
            provider,
            deployment: None,
        };
        site.place.modules = provider.and_then(|provider| hosting::modules(provider, &site.place.engine));
        if input.probe {
            site.look(target).await?;
        }
        site.place.cluster |= input.cluster;
        if !input.modules.trim().is_empty() {
            let mut case = crate::decisions::structures::Case::new(site.place.clone());
            case.change(&format!("modules={}", input.modules.trim())).map_err(anyhow::Error::msg)?;
            site.place = case.place;
        }
        Ok(site)
    }

    async fn look(&mut self, target: &Target) -> Result<()> {
        let wishes = Wishes { interval: Duration::ZERO, pings: 0, deadline: PATIENCE };
        let mut deployment = survey(target, &wishes, false).await?;
        if let Ok(choice) = nodes::choose(target, &deployment, &Wanted::default()) {
            nodes::ask_quanta(&mut deployment, &choice.sources, PATIENCE).await;
        }
        let seen = deployment.seen().filter_map(|(_, server)| Some((server.engine()?, server)));
        // What the oldest node lacks is not there after a failover.
        let Some((engine, server)) = seen.min_by_key(|(engine, _)| engine.version) else {
            bail!("the target does not tell its version (INFO): say it by engine, such as redis 7.2");
        };
        // Of a primary and its replica one was asked.
        let quantum = deployment.seen().find_map(|(_, server)| server.quantum.as_ref().ok().copied());
        self.place = place(engine, server, quantum);
        self.place.cluster = deployment.kind == DeploymentKind::Cluster;
        self.policy = server.info.as_ref().ok().and_then(|info| info.get("maxmemory_policy")).map(str::to_owned);
        self.known = Known::Seen;
        let hosting = server.hosting();
        self.provider = self.provider.or(hosting.is_managed().then_some(hosting.provider));
        self.deployment = Some(deployment);
        Ok(())
    }

    /// For who named nothing: the same server without modules, which most have.
    pub fn without_modules(&self) -> Option<Self> {
        let named = self.known != Known::Assumed || self.place.modules.is_some();
        let mut plain = self.clone();
        plain.place.modules = Some(BTreeSet::new());
        (!named).then_some(plain)
    }

    pub fn policy(&self) -> Option<&str> {
        let known = ["noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "allkeys-lrm"];
        let more = ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "volatile-lrm"];
        self.policy.as_deref().filter(|policy| known.contains(policy) || more.contains(policy))
    }

    pub fn says(&self, cluster: bool) -> String {
        let how = match self.known {
            Known::Assumed => "assumed, since none was named",
            Known::Said => "as you say",
            Known::Seen => "as the target says",
        };
        let modules: Vec<&str> =
            Module::ALL.into_iter().filter(|module| self.place.has(*module)).map(Module::id).collect();
        let modules = if modules.is_empty() { "no modules".to_owned() } else { modules.join(", ") };
        let cluster = if cluster { ", in a Cluster" } else { "" };
        let hosting = self.provider.map_or_else(String::new, |provider| format!(" at {provider}"));
        format!("{} ({how}){hosting}{cluster}, with {modules}", self.place.engine)
    }
}

/// A place as a server describes itself.
fn place(engine: Engine, server: &Server, quantum: Option<u64>) -> Place {
    let mut place = Place::new(engine);
    if let Ok(info) = &server.info {
        let allocator = info.get("mem_allocator").unwrap_or_default();
        place.allocator = Allocator::named(&place.engine, allocator, server.quantum.as_ref().ok().copied().or(quantum));
        let names: Vec<&str> = info.starting("module_").map(|(name, _)| name).collect();
        let there = |module: &Module| module.names().1.iter().any(|name| names.contains(name));
        place.modules = Some(Module::ALL.into_iter().filter(there).collect());
        let most = info.number("maxmemory").filter(|bytes| *bytes > 0.0);
        place.node_bytes = most.map_or(place.node_bytes, |bytes| bytes as u64);
    }
    place.limits = census::limits(server);
    place
}
