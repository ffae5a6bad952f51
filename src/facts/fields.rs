//! INFO as the server prints it: names and values under Redis' own names.

use std::collections::BTreeMap;

use super::foreign;

/// `name:value` lines; section headings are dropped, since no name occurs twice. But for modules, a line each: that of
/// `bf` is `module_bf` too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(BTreeMap<String, String>);

/// A field longer than this is not one we read.
const LONGEST_VALUE: usize = 2_000;

impl Fields {
    pub fn parse(text: &str) -> Self {
        text.lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (foreign::clean(name.trim()), foreign::bounded(value.trim(), LONGEST_VALUE)))
            .flat_map(|(name, value)| {
                let module = if name == "module" { word(&value, "name") } else { None };
                let module = module.map(|module| (format!("module_{module}"), value.clone()));
                [Some((name, value)), module].into_iter().flatten()
            })
            .collect()
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.parse().ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fields whose name starts with `prefix`, by what follows it: `cmdstat_` gives (`get`, `calls=1,...`).
    pub fn starting<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0
            .range(prefix.to_owned()..)
            .map_while(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }
}

impl FromIterator<(String, String)> for Fields {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

/// One number out of a composed value: `part("calls=3,usec=40", "usec")` is 40.
pub fn part<T: std::str::FromStr>(value: &str, name: &str) -> Option<T> {
    word(value, name)?.parse().ok()
}

/// One word out of a composed value.
pub fn word<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.split(',').find_map(|pair| pair.split_once('=').filter(|(n, _)| *n == name).map(|(_, v)| v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_is_kept() {
        let info = Fields::parse("module:name=bf,ver=20802,api=1\r\nmodule:name=ReJSON,ver=20803\r\n");
        let names: Vec<&str> = info.starting("module_").map(|(name, _)| name).collect();
        assert_eq!(names, ["ReJSON", "bf"]);
    }

    #[test]
    fn info_is_read_under_its_own_names() {
        let info =
            Fields::parse("# Memory\r\nused_memory:1024\r\n\r\ncmdstat_config|get:calls=3,usec=40\r\nbroken line\r\n");
        assert_eq!(info.number("used_memory"), Some(1024.0));
        assert_eq!(info.starting("cmdstat_").collect::<Vec<_>>(), [("config|get", "calls=3,usec=40")]);
        assert_eq!(part::<u64>("calls=3,usec=40", "usec"), Some(40));
        assert_eq!(part::<u64>("calls=3", "usec"), None);
    }
}
