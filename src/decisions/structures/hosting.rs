//! Which modules a managed service has, by its own documentation; what that does not tell is not known.

use std::collections::BTreeSet;
use std::fmt;

use super::structure::{Module, Since, since};
use crate::facts::{Engine, Provider, Version};

/// Whether a service has a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    From(Since),
    /// Only in some plans, or as a choice when the server is made.
    Choice(Since, &'static str),
    No,
    Unknown,
}

use Module::{Bloom, Json, Search, TimeSeries, Vectors};
use Offer::{Choice, From, No, Unknown};
use Provider::{
    Aiven, AzureCache, AzureManagedRedis, ElastiCache, ElastiCacheServerless, MemoryDb, Memorystore, RedisCloud,
    RedisEnterprise, Upstash,
};

/// Redis 6.2.6 and Valkey 7.2, where Amazon has its own JSON module.
const AMAZON_JSON: Since = since((6, 2), (7, 2));
const ALL_REDIS: Since = super::structure::redis_only(6, 0);
const VALKEY_ONLY_81: Since = super::structure::valkey_only(8, 1);
const VALKEY_ONLY_82: Since = super::structure::valkey_only(8, 2);
const VALKEY: Since = super::structure::valkey_only(7, 2);

const CHOSEN: &str = "before 8.0 chosen when the database is made; not every module on Flash";
const CHOSEN_ALONE: &str = "as json, but not in Active-Active databases";

/// What is not listed is not known.
#[rustfmt::skip]
const OFFERS: &[(Provider, Module, Offer)] = &[
    // docs.aws.amazon.com/AmazonElastiCache/latest/dg: json-gs.html, BloomFilters.html, vector-search.html
    (ElastiCache, Json, From(AMAZON_JSON)),
    (ElastiCache, Bloom, From(VALKEY_ONLY_81)),
    (ElastiCache, Search, From(VALKEY_ONLY_82)),
    (ElastiCacheServerless, Json, From(AMAZON_JSON)),
    (ElastiCacheServerless, Bloom, From(VALKEY_ONLY_81)),
    // docs.aws.amazon.com/memorydb/latest/devguide: json-gs.html, vector-search-cluster.html
    (MemoryDb, Json, From(AMAZON_JSON)),
    (MemoryDb, Search, Choice(since((7, 1), (7, 2)), "enabled when the cluster is made, in a single shard")),
    // cloud.google.com/memorystore/docs/valkey/about-vector-search
    (Memorystore, Search, Choice(VALKEY, "in Memorystore for Valkey; for vectors")),
    // learn.microsoft.com/azure/azure-cache-for-redis/cache-redis-modules
    (AzureCache, Json, Choice(ALL_REDIS, "in the Enterprise tiers, chosen when the cache is made")),
    (AzureCache, Search, Choice(ALL_REDIS, "in the Enterprise tiers, chosen when the cache is made")),
    (AzureCache, Bloom, Choice(ALL_REDIS, "in the Enterprise tier without Flash, chosen when the cache is made")),
    (AzureCache, TimeSeries, Choice(ALL_REDIS, "in the Enterprise tier without Flash, chosen when the cache is made")),
    // learn.microsoft.com/azure/redis/redis-modules
    (AzureManagedRedis, Json, Choice(ALL_REDIS, "chosen when the instance is made")),
    (AzureManagedRedis, Search, Choice(ALL_REDIS, "chosen when the instance is made; not with Flash")),
    (AzureManagedRedis, Bloom, Choice(ALL_REDIS, "chosen when the instance is made; not with Flash")),
    (AzureManagedRedis, TimeSeries, Choice(ALL_REDIS, "chosen when the instance is made; not with Flash")),
    // redis.io/docs/latest/operate/rc/databases/configuration/advanced-capabilities
    (RedisCloud, Json, Choice(ALL_REDIS, CHOSEN)),
    (RedisCloud, Search, Choice(ALL_REDIS, CHOSEN)),
    (RedisCloud, Bloom, Choice(ALL_REDIS, CHOSEN_ALONE)),
    (RedisCloud, TimeSeries, Choice(ALL_REDIS, CHOSEN_ALONE)),
    // redis.io/docs/latest/operate/oss_and_stack/stack-with-enterprise, and its table of what Redis 8 databases enable
    (RedisEnterprise, Json, Choice(ALL_REDIS, CHOSEN)),
    (RedisEnterprise, Search, Choice(ALL_REDIS, CHOSEN)),
    (RedisEnterprise, Bloom, Choice(ALL_REDIS, CHOSEN_ALONE)),
    (RedisEnterprise, TimeSeries, Choice(ALL_REDIS, CHOSEN_ALONE)),
    // upstash.com/docs/redis/commands/overview lists every group of commands
    (Upstash, Json, From(ALL_REDIS)),
    (Upstash, Bloom, No),
    (Upstash, TimeSeries, No),
    (Upstash, Vectors, No),
    // aiven.io/docs/products/valkey/reference/valkey-modules, aiven.io/changelog on Valkey Search
    (Aiven, Json, From(VALKEY)),
    (Aiven, Search, From(VALKEY)),
];

/// The services whose documentation was read.
pub const SERVICES: [Provider; 10] = [
    ElastiCache,
    ElastiCacheServerless,
    MemoryDb,
    Memorystore,
    AzureCache,
    AzureManagedRedis,
    RedisCloud,
    RedisEnterprise,
    Upstash,
    Aiven,
];

/// Whether this service has it.
pub fn offer(provider: Provider, module: Module) -> Offer {
    let found = OFFERS.iter().find(|(service, what, _)| *service == provider && *what == module);
    found.map_or(Unknown, |(.., offer)| *offer)
}

/// The modules that this engine has there without a doubt; `None` where whoever runs it decides.
pub fn modules(provider: Provider, engine: &Engine) -> Option<BTreeSet<Module>> {
    let has = |module: &Module| match offer(provider, *module) {
        From(since) | Choice(since, _) => since.has(engine),
        No | Unknown => false,
    };
    SERVICES.contains(&provider).then(|| Module::ALL.into_iter().filter(has).collect())
}

/// In a sentence, without the modules that nobody knows of.
pub fn says(provider: Provider) -> String {
    let named = |wanted: fn(&Offer) -> bool| -> Vec<String> {
        let all = Module::ALL.into_iter().map(|module| (module, offer(provider, module)));
        all.filter(|(_, offer)| wanted(offer)).map(|(module, offer)| format!("{} ({offer})", module.id())).collect()
    };
    let has = named(|offer| matches!(offer, From(_) | Choice(..)));
    let lacks = named(|offer| matches!(offer, No));
    let unknown: Vec<&str> =
        Module::ALL.into_iter().filter(|module| offer(provider, *module) == Unknown).map(Module::id).collect();
    let mut parts = vec![if has.is_empty() { "no modules known".to_owned() } else { has.join("; ") }];
    parts.extend((!lacks.is_empty()).then(|| lacks.join("; ")));
    parts.extend((!unknown.is_empty()).then(|| format!("not known: {}", unknown.join(", "))));
    format!("{provider}: {}", parts.join(". "))
}

/// The services that document this module, with their conditions.
pub fn services(module: Module) -> Vec<String> {
    let has = |provider: Provider| match offer(provider, module) {
        offer @ (From(_) | Choice(..)) => Some(format!("{provider} ({offer})")),
        No | Unknown => None,
    };
    SERVICES.into_iter().filter_map(has).collect()
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            From(since) => f.write_str(&there(*since)),
            Choice(since, how) => write!(f, "{}, {how}", there(*since)),
            No => f.write_str("not there"),
            Unknown => f.write_str("not known"),
        }
    }
}

/// Only the engines that have it.
fn there(since: Since) -> String {
    let one = |name: &str, version: Option<Version>| {
        version.map(|version| match (name, version) {
            ("Redis", Version(6, 0, _)) | ("Valkey", Version(7, 2, _)) => format!("every {name}"),
            (name, version) => format!("{name} from {}.{}", version.0, version.1),
        })
    };
    let named: Vec<String> = [one("Redis", since.redis), one("Valkey", since.valkey)].into_iter().flatten().collect();
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_twice_and_no_service_lacks_its_rows() {
        let pairs: BTreeSet<(&str, Module)> =
            OFFERS.iter().map(|(provider, module, _)| (provider.id(), *module)).collect();
        assert_eq!(pairs.len(), OFFERS.len());
        for provider in SERVICES {
            assert!(OFFERS.iter().any(|(service, ..)| *service == provider), "{provider}");
            assert!(says(provider).starts_with(&provider.to_string()));
        }
    }

    #[test]
    fn a_service_has_what_its_version_brings() {
        let there = |provider, engine: &str| modules(provider, &engine.parse().unwrap()).unwrap();
        assert_eq!(there(ElastiCache, "redis 7.1"), BTreeSet::from([Json]));
        assert_eq!(there(ElastiCache, "valkey 8.2"), BTreeSet::from([Json, Search, Bloom]));
        assert_eq!(there(ElastiCacheServerless, "valkey 8.2"), BTreeSet::from([Json, Bloom]));
        assert_eq!(there(Upstash, "redis 7.2"), BTreeSet::from([Json]));
        assert!(there(Memorystore, "redis 7.2").is_empty());
        assert_eq!(modules(Provider::SelfManaged, &"redis 8.6".parse().unwrap()), None);
    }
}
