//! The lines of configuration in the words of a managed service.

use serde::Serialize;

use crate::decisions::cache::Line;
use crate::facts::Provider;
use crate::rules::remedy::SERVICES;

/// How one line is set on the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    pub name: &'static str,
    pub way: String,
}

/// The service, and its way to each line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Managed {
    pub service: String,
    pub settings: Vec<Setting>,
}

/// What is off here is off there, unless somebody has switched it on.
const OFF: &str = "nothing to set: keep the backups of the service off where it lets you";
const NOTHING: &str = "nothing to do: the service sees to it";

impl Managed {
    /// Nothing for servers of one's own.
    pub fn of(provider: Provider, lines: &[Line]) -> Option<Self> {
        let service = SERVICES.iter().find(|service| service.provider == provider)?;
        let way = |line: &Line| match (line.name, line.value.trim_matches('"')) {
            ("save", "") | ("appendonly", "no") => OFF.to_owned(),
            (name, value) => service.setting(name, value).unwrap_or_else(|| NOTHING.to_owned()),
        };
        let settings = lines.iter().map(|line| Setting { name: line.name, way: way(line) }).collect();
        Some(Self { service: provider.to_string(), settings })
    }

    pub fn way(&self, name: &str) -> &str {
        self.settings.iter().find(|setting| setting.name == name).map_or("", |setting| &setting.way)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_way_on_every_service() {
        let line = |name: &'static str, value: &str| Line { name, value: value.to_owned(), because: String::new() };
        let lines = [
            line("maxmemory", "1073741824"),
            line("maxmemory-policy", "allkeys-lru"),
            line("save", "\"\""),
            line("lazyfree-lazy-expire", "yes"),
        ];
        for service in SERVICES {
            let managed = Managed::of(service.provider, &lines).unwrap();
            for line in &lines {
                let way = managed.way(line.name);
                assert!(!way.is_empty(), "{}: {}", managed.service, line.name);
                assert!(service.allows.contains(&line.name) || !way.starts_with("CONFIG SET"), "{way}");
            }
        }
        let amazon = Managed::of(Provider::ElastiCache, &lines).unwrap();
        assert!(amazon.way("maxmemory-policy").ends_with("ParameterName=maxmemory-policy,ParameterValue=allkeys-lru"));
        assert!(amazon.way("maxmemory").starts_with("choose a larger node type"), "{}", amazon.way("maxmemory"));
        assert_eq!(amazon.way("save"), OFF);
        assert_eq!(Managed::of(Provider::SelfManaged, &lines), None);
    }
}
