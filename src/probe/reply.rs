//! Takes replies apart into facts, and drops on arrival what must not be kept.

use std::collections::{BTreeMap, BTreeSet};

use redis::Value;

use crate::facts::{CommandHistogram, Foreign, LatencyEvent, Micros, UserFlags, foreign};

/// Text of a reply; bytes that are not UTF-8 are escaped.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(foreign::utf8(bytes)),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text.clone()),
        Value::Okay => Some("OK".into()),
        Value::Int(n) => Some(n.to_string()),
        Value::Double(n) => Some(n.to_string()),
        _ => None,
    }
}

pub fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Int(n) => u64::try_from(*n).ok(),
        other => text(other)?.parse().ok(),
    }
}

fn list(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) | Value::Set(items) => items,
        _ => &[],
    }
}

/// Name and value, from a RESP3 map or from a flat RESP2 array.
fn pairs(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Map(pairs) => pairs.iter().filter_map(|(name, value)| Some((text(name)?, value))).collect(),
        other => list(other)
            .chunks_exact(2)
            .filter_map(|pair| if let [name, value] = pair { Some((text(name)?, value)) } else { None })
            .collect(),
    }
}

/// The value of one parameter; `None` when this version has no such parameter.
pub fn parameter(value: &Value) -> Option<String> {
    pairs(value).into_iter().next().and_then(|(_, value)| text(value)).map(|value| foreign::clean(&value))
}

/// MEMORY STATS: the numbers; nested maps per database are left out.
pub fn numbers(value: &Value) -> BTreeMap<String, f64> {
    pairs(value).into_iter().filter_map(|(name, value)| Some((name, text(value)?.parse().ok()?))).collect()
}

/// A map of texts.
pub fn texts(value: &Value) -> BTreeMap<String, String> {
    pairs(value).into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()
}

/// A list of such maps.
pub fn rows(value: &Value) -> Vec<BTreeMap<String, String>> {
    list(value).iter().map(texts).collect()
}

/// ACL GETUSER: the flags, and not the password hashes beside them.
pub fn user_flags(value: &Value) -> Option<UserFlags> {
    let flags = pairs(value).into_iter().find(|(name, _)| name == "flags")?.1;
    Some(UserFlags(list(flags).iter().filter_map(text).collect::<BTreeSet<_>>()))
}

pub fn latency_events(value: &Value) -> Vec<LatencyEvent> {
    let event = |row: &Value| match list(row) {
        // Later versions append fields.
        [event, at, latest, worst, ..] => {
            Some(LatencyEvent::new(&text(event)?, number(at)?, number(latest)?, number(worst)?))
        }
        _ => None,
    };
    list(value).iter().filter_map(event).collect()
}

pub fn histograms(value: &Value) -> Vec<CommandHistogram> {
    let histogram = |(command, value): (String, &Value)| {
        let parts = pairs(value);
        let part = |name: &str| parts.iter().find(|(n, _)| n == name).map(|(_, value)| *value);
        let buckets = pairs(part("histogram_usec")?);
        Some(CommandHistogram {
            command: Foreign::command(&command),
            calls: number(part("calls")?)?,
            buckets: buckets
                .into_iter()
                .filter_map(|(upper, calls)| Some((upper.parse().ok()?, number(calls)?)))
                .collect(),
        })
    };
    pairs(value).into_iter().filter_map(histogram).collect()
}

/// A SLOWLOG entry before its arguments are dropped. It never leaves `probe`.
pub struct RawSlow {
    pub at: u64,
    pub took: Micros,
    pub arguments: Vec<Vec<u8>>,
}

impl RawSlow {
    pub fn command(&self) -> String {
        self.arguments.first().map(|name| foreign::clean_bytes(name).to_lowercase()).unwrap_or_default()
    }
}

pub fn slowlog(value: &Value) -> Vec<RawSlow> {
    let entry = |row: &Value| match list(row) {
        [_, at, took, arguments, ..] => Some(RawSlow {
            at: number(at)?,
            took: Micros(number(took)?),
            arguments: list(arguments)
                .iter()
                .filter_map(|argument| if let Value::BulkString(bytes) = argument { Some(bytes.clone()) } else { None })
                .collect(),
        }),
        _ => None,
    };
    list(value).iter().filter_map(entry).collect()
}

/// COMMAND INFO: each command the server has, and the place of its first key (0 = it takes none there).
pub fn commands(value: &Value) -> BTreeMap<String, usize> {
    let command = |row: &Value| match list(row) {
        [name, _, _, first_key, ..] => Some((text(name)?.to_lowercase(), number(first_key).unwrap_or(0) as usize)),
        _ => None,
    };
    list(value).iter().filter_map(command).collect()
}

/// A row of the server's table of commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRow {
    /// Its first name: `rename-command` changes under which name a command is called, not what it is.
    pub name: String,
    /// Flags, and ACL categories without their `@`.
    pub flags: BTreeSet<String>,
}

/// COMMAND INFO, a row for each name that was asked about; `None` where the server has no such command.
pub fn command_rows(value: &Value) -> Vec<Option<CommandRow>> {
    let row = |row: &Value| {
        let fields = list(row);
        // Flags are the third field, categories the seventh.
        let flags = [2, 6].into_iter().filter_map(|place| fields.get(place)).flat_map(list).filter_map(text);
        Some(CommandRow {
            name: text(fields.first()?)?.to_lowercase(),
            flags: flags.map(|flag| flag.trim_start_matches('@').to_lowercase()).collect(),
        })
    };
    list(value).iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn password_hashes_are_dropped_on_arrival() {
        let reply = Value::Array(vec![
            bulk("flags"),
            Value::Array(vec![bulk("on"), bulk("nopass")]),
            bulk("passwords"),
            Value::Array(vec![bulk("5e884898da28")]),
        ]);
        assert!(user_flags(&reply).unwrap().has("nopass"));
        assert!(!format!("{:?}", user_flags(&reply)).contains("5e88"));
    }

    #[test]
    fn a_map_reads_the_same_in_both_protocols() {
        let flat = Value::Array(vec![bulk("maxmemory"), bulk("100")]);
        let map = Value::Map(vec![(bulk("maxmemory"), bulk("100"))]);
        assert_eq!(parameter(&flat), parameter(&map));
        assert_eq!(parameter(&Value::Array(vec![])), None);
        assert_eq!(numbers(&flat).get("maxmemory"), Some(&100.0));
    }

    #[test]
    fn replies_of_a_wrong_shape_are_passed_over() {
        let odd = Value::Array(vec![Value::Nil, Value::Int(3), Value::Array(vec![Value::Nil])]);
        assert!(latency_events(&odd).is_empty() && slowlog(&odd).is_empty() && commands(&odd).is_empty());
        assert!(histograms(&odd).is_empty() && user_flags(&odd).is_none());
        assert_eq!(command_rows(&odd), [None, None, None]);
    }
}
