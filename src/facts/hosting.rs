//! Who runs the server, as far as the server shows it or whoever asks has said.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Evidence, Foreign, Server};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    SelfManaged,
    Container,
    ElastiCache,
    ElastiCacheServerless,
    MemoryDb,
    Upstash,
    RedisCloud,
    RedisEnterprise,
    AzureCache,
    AzureManagedRedis,
    Memorystore,
    Aiven,
    Unknown,
}

/// Each provider with its name for programs and its name for people.
const NAMES: &[(Provider, &str, &str)] = &[
    (Provider::SelfManaged, "self-managed", "self-managed"),
    (Provider::Container, "container", "self-managed in a container"),
    (Provider::ElastiCache, "elasticache", "Amazon ElastiCache"),
    (Provider::ElastiCacheServerless, "elasticache-serverless", "Amazon ElastiCache Serverless"),
    (Provider::MemoryDb, "memorydb", "Amazon MemoryDB"),
    (Provider::Memorystore, "memorystore", "Google Memorystore"),
    (Provider::AzureCache, "azure-cache", "Azure Cache for Redis"),
    (Provider::AzureManagedRedis, "azure-managed-redis", "Azure Managed Redis"),
    (Provider::RedisCloud, "redis-cloud", "Redis Cloud"),
    (Provider::RedisEnterprise, "redis-enterprise", "Redis Enterprise"),
    (Provider::Upstash, "upstash", "Upstash"),
    (Provider::Aiven, "aiven", "Aiven"),
];

impl Provider {
    /// The name for programs: `elasticache`.
    pub fn id(self) -> &'static str {
        NAMES.iter().find(|(provider, ..)| *provider == self).map_or("unknown", |(_, id, _)| id)
    }

    /// The provider of that name.
    pub fn named(id: &str) -> Option<Self> {
        NAMES.iter().find(|(_, name, _)| *name == id).map(|(provider, ..)| *provider)
    }

    /// The provider that was named, if one was.
    pub fn said(id: &str) -> Result<Option<Self>, String> {
        match Self::named(id.trim()) {
            None if !id.trim().is_empty() => {
                let unknown = super::foreign::bounded(id, 40);
                let known: Vec<&str> = Self::ids().collect();
                Err(format!("there is no hosting {unknown:?}; it is one of {}", known.join(", ")))
            }
            provider => Ok(provider),
        }
    }

    /// Every name that [`Provider::named`] knows.
    pub fn ids() -> impl Iterator<Item = &'static str> {
        NAMES.iter().map(|(_, id, _)| *id)
    }

    /// What shows this provider, in words: for the handbook.
    pub fn signs(self) -> Vec<String> {
        let hosts = HOSTS.iter().filter(|(.., provider)| *provider == self).map(|(inside, ending, _)| match *inside {
            "" => format!("a host name that ends in `{ending}`"),
            inside => format!("a host name that holds `{inside}` and ends in `{ending}`"),
        });
        let marks = MARKS.iter().filter(|(.., provider)| *provider == self).map(|(field, mark, _)| match *mark {
            "" => format!("`{field}` in INFO"),
            mark => format!("`{mark}` in `{field}` of INFO"),
        });
        hosts.chain(marks).collect()
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(provider, ..)| provider == self).map_or("unknown", |(.., name)| name))
    }
}

impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

/// The provider, and what made us think so.
#[derive(Debug, Clone, Serialize)]
pub struct Hosting {
    pub provider: Provider,
    pub evidence: Vec<Evidence>,
}

/// What a host name holds, how it ends, and whose it then is; the first that fits. From the services' own connection
/// guides: docs.aws.amazon.com/AmazonElastiCache/latest/dg/Endpoints.html, docs.aws.amazon.com/memorydb/latest/devguide,
/// learn.microsoft.com/azure/azure-cache-for-redis (with its government and Chinese clouds) and azure/redis,
/// redis.io/docs/latest/operate/rc, upstash.com/docs/redis, aiven.io/docs. Google Memorystore has addresses without names.
const HOSTS: &[(&str, &str, Provider)] = &[
    (".serverless.", ".cache.amazonaws.com", Provider::ElastiCacheServerless),
    ("", ".cache.amazonaws.com", Provider::ElastiCache),
    ("", ".cache.amazonaws.com.cn", Provider::ElastiCache),
    // clustercfg.name.abc.memorydb.eu-west-1.amazonaws.com
    (".memorydb.", ".amazonaws.com", Provider::MemoryDb),
    ("", ".redis.cache.windows.net", Provider::AzureCache),
    ("", ".redis.cache.usgovcloudapi.net", Provider::AzureCache),
    ("", ".redis.cache.chinacloudapi.cn", Provider::AzureCache),
    ("", ".redisenterprise.cache.azure.net", Provider::AzureManagedRedis),
    ("", ".redis.azure.net", Provider::AzureManagedRedis),
    ("", ".redislabs.com", Provider::RedisCloud),
    ("", ".redis-cloud.com", Provider::RedisCloud),
    ("", ".rlrcp.com", Provider::RedisCloud),
    ("", ".upstash.io", Provider::Upstash),
    ("", ".aivencloud.com", Provider::Aiven),
];

/// A field of INFO, and a word in it; without a word, its presence. Amazon's as in the INFO that users publish, Upstash's
/// as EmailEngine reads it (postalsys/emailengine, lib/tools.js), `rlec_version` as the modules of Redis read it
/// (RediSearch/RediSearch, GetRedisVersion).
const MARKS: &[(&str, &str, Provider)] = &[
    ("os", "amazon elasticache", Provider::ElastiCache),
    ("os", "amazon memorydb", Provider::MemoryDb),
    ("upstash_version", "", Provider::Upstash),
    ("rlec_version", "", Provider::RedisEnterprise),
];

impl Hosting {
    /// A word of the person who asks counts most, then the host name, which tells one service of a vendor from another.
    pub fn of(server: &Server) -> Self {
        let found =
            by_word(server).or_else(|| by_host(server)).or_else(|| by_info(server)).or_else(|| by_process(server));
        let mut hosting = found.unwrap_or(Self { provider: Provider::Unknown, evidence: Vec::new() });
        if hosting.is_managed() {
            hosting.evidence.extend(by_silence(server));
        }
        hosting
    }

    /// Whether settings are changed in a console instead of by CONFIG SET.
    pub fn is_managed(&self) -> bool {
        !matches!(self.provider, Provider::SelfManaged | Provider::Container | Provider::Unknown)
    }

    fn shown_by(provider: Provider, command: &str, fact: &str, value: impl fmt::Display) -> Option<Self> {
        Some(Self { provider, evidence: vec![Evidence::new(command, fact, value.to_string())] })
    }

    fn shown_by_info(provider: Provider, fact: &str, value: &str) -> Option<Self> {
        Self::shown_by(provider, "INFO", fact, Foreign::value(value))
    }
}

fn by_word(server: &Server) -> Option<Hosting> {
    let provider = server.provider?;
    Hosting::shown_by(provider, "option", "hosting", provider.id())
}

fn by_host(server: &Server) -> Option<Hosting> {
    let host = server.host.as_deref()?.trim_end_matches('.').to_lowercase();
    let fits = |(inside, ending, _): &&(&str, &str, Provider)| host.ends_with(ending) && host.contains(inside);
    let (.., provider) = HOSTS.iter().find(fits)?;
    Hosting::shown_by(*provider, "target", "host", &host)
}

fn by_info(server: &Server) -> Option<Hosting> {
    let info = server.info.as_ref().ok()?;
    MARKS.iter().find_map(|(field, mark, provider)| {
        let value = info.get(field)?;
        if value.to_lowercase().contains(mark) { Hosting::shown_by_info(*provider, field, value) } else { None }
    })
}

/// A server that shows its own process is one whose keeper did not hide it.
fn by_process(server: &Server) -> Option<Hosting> {
    let info = server.info.as_ref().ok()?;
    let (pid, executable) = (info.get("process_id")?, info.get("executable")?);
    if pid == "1" {
        // The first process of its own namespace: an image's entry point.
        return Hosting::shown_by_info(Provider::Container, "process_id", pid);
    }
    if executable.starts_with('/') && server.config.values().any(Result::is_ok) {
        return Hosting::shown_by_info(Provider::SelfManaged, "executable", executable);
    }
    None
}

/// Commands without an answer go with a managed service. Alone they prove nothing: anyone can rename or deny a command.
fn by_silence(server: &Server) -> Option<Evidence> {
    // A version may lack a parameter, so some that are missing say nothing.
    let answers_config = server.config.values().any(Result::is_ok);
    let silent = server.unanswered().map(|(command, _)| command);
    let silent = silent.filter(|command| !(answers_config && *command == "config|get"));
    let mut commands: Vec<String> = silent.map(|command| command.replace('|', " ")).collect();
    commands.dedup();
    (!commands.is_empty()).then(|| Evidence::new("target", "gave no answer to", commands.join(", ").to_uppercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Fields;

    fn server(info: &str, host: Option<&str>) -> Server {
        let mut server = Server::unseen("in a test");
        server.info = Ok(Fields::parse(info));
        server.host = host.map(Into::into);
        server
    }

    #[test]
    fn each_service_is_told_by_what_it_shows() {
        let cases = [
            ("os:Amazon ElastiCache\nprocess_id:1\nexecutable:-", None, Provider::ElastiCache),
            ("os:Amazon MemoryDB", None, Provider::MemoryDb),
            ("upstash_version:1.13", None, Provider::Upstash),
            ("rlec_version:7.4.2-54", Some("10.0.0.3"), Provider::RedisEnterprise),
            ("", Some("a.b.euw1.cache.amazonaws.com"), Provider::ElastiCache),
            ("os:Amazon ElastiCache", Some("a-1.serverless.euw1.cache.amazonaws.com"), Provider::ElastiCacheServerless),
            ("", Some("clustercfg.x.y.memorydb.us-east-1.amazonaws.com"), Provider::MemoryDb),
            ("rlec_version:7.4", Some("redis-1.c1.eu.ec2.redns.redis-cloud.com."), Provider::RedisCloud),
            ("", Some("shop.redis.cache.windows.net"), Provider::AzureCache),
            ("", Some("Shop.Redis.Cache.ChinaCloudAPI.cn"), Provider::AzureCache),
            ("", Some("shop.westeurope.redis.azure.net"), Provider::AzureManagedRedis),
            ("", Some("valkey-1-shop.e.aivencloud.com"), Provider::Aiven),
            ("process_id:1\nexecutable:/data/redis-server", Some("redis"), Provider::Container),
            ("process_id:77\nexecutable:-", Some("10.0.0.3"), Provider::Unknown),
            // Whoever calls a host so is not that service.
            ("", Some("cache.amazonaws.com.example.org"), Provider::Unknown),
            ("", Some("memorydb.example.com"), Provider::Unknown),
            ("", None, Provider::Unknown),
        ];
        for (info, host, provider) in cases {
            let hosting = server(info, host).hosting();
            assert_eq!(hosting.provider, provider, "{info} {host:?}");
            assert_eq!(hosting.evidence.is_empty(), provider == Provider::Unknown);
        }
    }

    #[test]
    fn a_server_that_shows_its_process_and_its_configuration_is_self_managed() {
        let mut server = server("process_id:77\nexecutable:/usr/bin/redis-server", None);
        server.config.insert("maxmemory".into(), Ok("0".into()));
        assert_eq!(server.hosting().provider, Provider::SelfManaged);
    }

    #[test]
    fn silence_supports_but_proves_nothing() {
        let mute = server("redis_version:7.0.15", Some("10.0.0.3"));
        assert!(mute.unanswered().count() > 5);
        assert_eq!(mute.hosting().provider, Provider::Unknown);
        let mut named = mute;
        named.provider = Provider::named("memorystore");
        let evidence: Vec<String> = named.hosting().evidence.iter().map(ToString::to_string).collect();
        assert_eq!(evidence.len(), 2);
        assert!(evidence[0] == "option hosting = memorystore" && evidence[1].contains("CLIENT LIST"), "{evidence:?}");
    }

    #[test]
    fn names_lead_back_to_their_provider() {
        for id in Provider::ids() {
            assert_eq!(Provider::named(id).unwrap().id(), id);
        }
        assert_eq!(Provider::named("unknown"), None);
    }
}
