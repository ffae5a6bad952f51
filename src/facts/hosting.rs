//! Who runs the server, as far as the server shows it.

use std::fmt;

use serde::Serialize;

use super::{Evidence, Server};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    SelfManaged,
    Container,
    ElastiCache,
    MemoryDb,
    Upstash,
    RedisCloud,
    RedisEnterprise,
    AzureCache,
    AzureManagedRedis,
    Memorystore,
    Unknown,
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SelfManaged => "self-managed",
            Self::Container => "self-managed in a container",
            Self::ElastiCache => "Amazon ElastiCache",
            Self::MemoryDb => "Amazon MemoryDB",
            Self::Upstash => "Upstash",
            Self::RedisCloud => "Redis Cloud",
            Self::RedisEnterprise => "Redis Enterprise",
            Self::AzureCache => "Azure Cache for Redis",
            Self::AzureManagedRedis => "Azure Managed Redis",
            Self::Memorystore => "Google Memorystore",
            Self::Unknown => "unknown",
        })
    }
}

/// The provider, and what made us think so.
#[derive(Debug, Clone, Serialize)]
pub struct Hosting {
    pub provider: Provider,
    pub evidence: Vec<Evidence>,
}

/// Host name endings of the services, from their own connection guides.
const ENDINGS: &[(&str, Provider)] = &[
    (".cache.amazonaws.com", Provider::ElastiCache),
    (".cache.amazonaws.com.cn", Provider::ElastiCache),
    (".upstash.io", Provider::Upstash),
    (".redislabs.com", Provider::RedisCloud),
    (".redis-cloud.com", Provider::RedisCloud),
    (".rlrcp.com", Provider::RedisCloud),
    (".redis.cache.windows.net", Provider::AzureCache),
    (".redisenterprise.cache.azure.net", Provider::AzureManagedRedis),
    (".redis.azure.net", Provider::AzureManagedRedis),
];

/// Words that a service writes into a field of INFO.
const MARKS: &[(&str, &str, Provider)] = &[
    ("os", "elasticache", Provider::ElastiCache),
    ("os", "memorydb", Provider::MemoryDb),
    ("executable", "enterprise-managed", Provider::RedisEnterprise),
    ("os", "google", Provider::Memorystore),
];

impl Hosting {
    pub fn of(server: &Server) -> Self {
        by_info(server)
            .or_else(|| by_host(server))
            .or_else(|| by_process(server))
            .unwrap_or(Self { provider: Provider::Unknown, evidence: Vec::new() })
    }

    /// Whether settings are changed in a console instead of by CONFIG SET.
    pub fn is_managed(&self) -> bool {
        !matches!(self.provider, Provider::SelfManaged | Provider::Container | Provider::Unknown)
    }

    fn shown_by(provider: Provider, command: &str, fact: &str, value: &str) -> Option<Self> {
        Some(Self { provider, evidence: vec![Evidence::new(command, fact, value)] })
    }
}

fn by_info(server: &Server) -> Option<Hosting> {
    let info = server.info.as_ref().ok()?;
    if let Some(version) = info.get("upstash_version") {
        return Hosting::shown_by(Provider::Upstash, "INFO", "upstash_version", version);
    }
    MARKS.iter().find_map(|(field, mark, provider)| {
        let value = info.get(field)?;
        if value.to_lowercase().contains(mark) { Hosting::shown_by(*provider, "INFO", field, value) } else { None }
    })
}

fn by_host(server: &Server) -> Option<Hosting> {
    let host = server.host.as_deref()?.to_lowercase();
    // clustercfg.name.abc.memorydb.eu-west-1.amazonaws.com
    if host.contains(".memorydb.") && host.ends_with(".amazonaws.com") {
        return Hosting::shown_by(Provider::MemoryDb, "target", "host", &host);
    }
    let (_, provider) = ENDINGS.iter().find(|(ending, _)| host.ends_with(ending))?;
    Hosting::shown_by(*provider, "target", "host", &host)
}

/// A server that shows its own process is one whose keeper did not hide it.
fn by_process(server: &Server) -> Option<Hosting> {
    let info = server.info.as_ref().ok()?;
    let (pid, executable) = (info.get("process_id")?, info.get("executable")?);
    if pid == "1" {
        // The first process of its own namespace: an image's entry point.
        return Hosting::shown_by(Provider::Container, "INFO", "process_id", pid);
    }
    if executable.starts_with('/') && server.config.values().any(Result::is_ok) {
        return Hosting::shown_by(Provider::SelfManaged, "INFO", "executable", executable);
    }
    None
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
            ("", Some("a.b.euw1.cache.amazonaws.com"), Provider::ElastiCache),
            ("", Some("clustercfg.x.y.memorydb.us-east-1.amazonaws.com"), Provider::MemoryDb),
            ("", Some("redis-1.c1.eu.ec2.redns.redis-cloud.com"), Provider::RedisCloud),
            ("", Some("shop.redis.cache.windows.net"), Provider::AzureCache),
            ("", Some("shop.westeurope.redis.azure.net"), Provider::AzureManagedRedis),
            ("process_id:1\nexecutable:/data/redis-server", Some("redis"), Provider::Container),
            ("process_id:77\nexecutable:-", Some("10.0.0.3"), Provider::Unknown),
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
}
