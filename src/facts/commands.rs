//! The composed fields of INFO, taken apart: commands, errors, databases, replicas, size histograms.

use serde::Serialize;

use super::fields::{Fields, part, word};
use super::foreign::Foreign;

/// How a command was used since the counters were last reset: `cmdstat_hgetall`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CommandUse {
    pub name: Foreign,
    pub calls: u64,
    pub usec: u64,
    pub failed: u64,
}

impl CommandUse {
    pub fn all(info: &Fields) -> Vec<Self> {
        info.starting("cmdstat_")
            .filter_map(|(name, value)| {
                Some(Self {
                    name: Foreign::command(name),
                    calls: part(value, "calls")?,
                    usec: part(value, "usec")?,
                    failed: part(value, "failed_calls").unwrap_or(0),
                })
            })
            .collect()
    }

    /// Microseconds of server time per call.
    pub fn per_call(&self) -> f64 {
        if self.calls == 0 { 0.0 } else { self.usec as f64 / self.calls as f64 }
    }

    /// What was used since `before`; `None` when the counters were reset between.
    pub fn since(&self, before: &[Self]) -> Option<Self> {
        let Some(old) = before.iter().find(|old| old.name == self.name) else {
            return Some(self.clone());
        };
        Some(Self {
            name: self.name.clone(),
            calls: self.calls.checked_sub(old.calls)?,
            usec: self.usec.checked_sub(old.usec)?,
            failed: self.failed.saturating_sub(old.failed),
        })
    }
}

/// How often the server answered with one kind of error: `errorstat_WRONGTYPE`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorCount {
    pub code: Foreign,
    pub count: u64,
}

impl ErrorCount {
    pub fn all(info: &Fields) -> Vec<Self> {
        info.starting("errorstat_")
            .filter_map(|(code, value)| Some(Self { code: Foreign::command(code), count: part(value, "count")? }))
            .collect()
    }
}

/// One logical database: `db0:keys=3,expires=1,avg_ttl=0`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Database {
    pub index: u32,
    pub keys: u64,
    /// Keys that carry a TTL.
    pub expires: u64,
}

impl Database {
    pub fn all(info: &Fields) -> Vec<Self> {
        info.starting("db")
            .filter_map(|(index, value)| {
                Some(Self { index: index.parse().ok()?, keys: part(value, "keys")?, expires: part(value, "expires")? })
            })
            .collect()
    }
}

/// A replica as its primary sees it: `slave0:ip=...,state=online,offset=...,lag=0`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replica {
    pub address: Foreign,
    pub state: Foreign,
    pub offset: u64,
    /// Seconds since the replica last acknowledged.
    pub lag: u64,
}

impl Replica {
    pub fn all(info: &Fields) -> Vec<Self> {
        info.starting("slave")
            .filter(|(n, _)| n.chars().all(|c| c.is_ascii_digit()))
            .filter_map(|(_, value)| {
                Some(Self {
                    address: Foreign::value(&format!("{}:{}", word(value, "ip")?, word(value, "port")?)),
                    state: Foreign::value(word(value, "state")?),
                    offset: part(value, "offset")?,
                    lag: part(value, "lag").unwrap_or(0),
                })
            })
            .collect()
    }
}

/// Keys of one type whose size or length is at least `from`: INFO keysizes, Redis 8.0 and later.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SizeBucket {
    /// `strings_sizes`, `hashes_items`, ...
    pub what: String,
    pub from: u64,
    pub keys: u64,
}

impl SizeBucket {
    pub fn all(info: &Fields) -> Vec<Self> {
        let mut buckets = Vec::new();
        for (name, value) in info.starting("db") {
            let Some((_, what)) = name.split_once("_distrib_") else { continue };
            for (from, keys) in value.split(',').filter_map(|pair| pair.split_once('=')) {
                if let (Some(from), Ok(keys)) = (power_of_two(from), keys.parse()) {
                    buckets.push(Self { what: what.to_owned(), from, keys });
                }
            }
        }
        buckets
    }
}

/// `64` and `128K` as INFO keysizes writes them.
fn power_of_two(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(['K', 'M', 'G', 'T']);
    let unit = match text.get(digits.len()..)? {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        _ => 40,
    };
    digits.parse::<u64>().ok()?.checked_shl(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn composed_fields_come_apart() {
        let info = Fields::parse(
            "cmdstat_get:calls=10,usec=50,usec_per_call=5.00,rejected_calls=0,failed_calls=2\n\
             errorstat_WRONGTYPE:count=7\n\
             db0:keys=30,expires=10,avg_ttl=0\n\
             db0_distrib_strings_sizes:1=3,64=2,128K=1\n\
             slave0:ip=10.0.0.2,port=6379,state=online,offset=84,lag=1\n\
             slave_priority:100\n",
        );
        let commands = CommandUse::all(&info);
        assert_eq!(commands.len(), 1);
        assert_eq!((commands[0].calls, commands[0].failed, commands[0].per_call()), (10, 2, 5.0));
        assert_eq!(ErrorCount::all(&info), [ErrorCount { code: Foreign::value("WRONGTYPE"), count: 7 }]);
        assert_eq!(Database::all(&info), [Database { index: 0, keys: 30, expires: 10 }]);
        assert_eq!(Replica::all(&info)[0].address, "10.0.0.2:6379");
        let last = SizeBucket::all(&info).pop().unwrap();
        assert_eq!((last.what.as_str(), last.from, last.keys), ("strings_sizes", 131_072, 1));
    }

    #[test]
    fn a_reset_counter_is_not_a_negative_rate() {
        let now = CommandUse { name: Foreign::value("get"), calls: 3, usec: 9, failed: 0 };
        let before = [CommandUse { name: Foreign::value("get"), calls: 10, usec: 50, failed: 0 }];
        assert_eq!(now.since(&before), None);
        assert_eq!(now.since(&[]).unwrap().calls, 3);
    }
}
