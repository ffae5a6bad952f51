//! Takes replies apart into facts, and drops on arrival what must not be kept.

use std::collections::{BTreeMap, BTreeSet};

use redis::Value;

use crate::facts::{
    AclUser, Bytes, CommandHistogram, Element, Foreign, Groups, HotKeys, KeyType, LatencyEvent, Micros, Pair,
    SearchIndex, SlotUse, foreign,
};

/// Text of a reply; bytes that are not UTF-8 are escaped.
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(foreign::utf8(bytes)),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text.clone()),
        Value::Okay => Some("OK".into()),
        Value::Int(n) => Some(n.to_string()),
        Value::Double(n) => Some(n.to_string()),
        Value::Boolean(yes) => Some(u8::from(*yes).to_string()),
        Value::BigNumber(digits) => Some(foreign::utf8(digits)),
        Value::Attribute { data, .. } => text(data),
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
        Value::Attribute { data, .. } => list(data),
        _ => &[],
    }
}

/// Name and value, from a RESP3 map or from a flat RESP2 array.
fn pairs(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Map(pairs) => pairs.iter().filter_map(|(name, value)| Some((text(name)?, value))).collect(),
        Value::Attribute { data, .. } => pairs(data),
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

/// XINFO GROUPS: how much the worst group has to do; names are dropped here.
pub fn groups(value: &Value) -> Groups {
    let rows: Vec<_> = list(value).iter().map(numbers).collect();
    let most = |name: &str| rows.iter().filter_map(|row| row.get(name).copied()).reduce(f64::max);
    Groups {
        many: rows.len() as u64,
        pending: most("pending").unwrap_or(0.0) as u64,
        lag: most("lag").map(|lag| lag as u64),
    }
}

/// HRANDFIELD, ZRANDMEMBER or SRANDMEMBER with a count: how long elements are. Their text ends here.
pub fn elements(value: &Value, held: KeyType) -> Vec<Pair> {
    // RESP3 sends pairs where RESP2 sends one after another, and a score as a number.
    let mut flat: Vec<&Value> = Vec::new();
    for one in list(value) {
        if let Value::Array(pair) = one { flat.extend(pair) } else { flat.push(one) }
    }
    let element = |value: &Value| match value {
        Value::Double(score) => Element::of(score.to_string().as_bytes()),
        Value::BulkString(bytes) => Element::of(bytes),
        _ => Element::Text(0),
    };
    match held {
        KeyType::Hash | KeyType::Zset => {
            flat.chunks_exact(2).filter_map(|pair| Some((element(pair.first()?), element(pair.last()?)))).collect()
        }
        _ => flat.into_iter().map(|member| (element(member), Element::Text(0))).collect(),
    }
}

/// ACL GETUSER: flags and rules for commands, and not the password hashes beside them.
pub fn user(value: &Value) -> Option<AclUser> {
    let parts = pairs(value);
    let part = |name: &str| parts.iter().find(|(found, _)| found == name).map(|(_, value)| *value);
    Some(AclUser {
        flags: list(part("flags")?).iter().filter_map(text).collect(),
        commands: part("commands").and_then(text).unwrap_or_default(),
        selectors: part("selectors").is_some_and(|selectors| !list(selectors).is_empty()),
    })
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

/// CLUSTER SLOT-STATS.
pub fn slots(value: &Value) -> Vec<SlotUse> {
    let of = |row: &Value| {
        let [slot, counters] = list(row) else { return None };
        let (_, usec) = pairs(counters).into_iter().find(|(name, _)| name == "cpu-usec")?;
        Some(SlotUse { slot: number(slot)?, usec: number(usec)? })
    };
    list(value).iter().filter_map(of).collect()
}

/// HOTKEYS GET; in a Cluster a list of one for this node. `None` without a session.
pub fn hot_keys(value: &Value) -> Option<HotKeys> {
    let row = match value {
        Value::Array(rows) => {
            rows.first().filter(|row| matches!(row, Value::Array(_) | Value::Map(_))).unwrap_or(value)
        }
        _ => value,
    };
    let parts: BTreeMap<String, &Value> = pairs(row).into_iter().collect();
    let part = |name: &str| parts.get(name).copied();
    let count = |name: &str| part(name).and_then(number);
    let keys = |name: &str| {
        let pairs = part(name).map(pairs).unwrap_or_default();
        pairs.into_iter().filter_map(|(key, used)| Some((Foreign::name(&key), number(used)?))).collect()
    };
    Some(HotKeys {
        counting: count("tracking-active")? == 1,
        sample_ratio: count("sample-ratio")?,
        milliseconds: count("collection-duration-ms").unwrap_or_default(),
        by_cpu: keys("by-cpu-time-us"),
        by_net: keys("by-net-bytes"),
    })
}

/// A list of names, those that are UTF-8.
pub fn names(value: &Value) -> Vec<String> {
    let name = |value: &Value| match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::SimpleString(name) => Some(name.clone()),
        _ => None,
    };
    list(value).iter().filter_map(name).collect()
}

/// FT.INFO: what an index is over, how much it holds, and what went wrong.
pub fn search_index(name: &str, value: &Value) -> SearchIndex {
    let parts: BTreeMap<String, &Value> = pairs(value).into_iter().collect();
    let count = |name: &str| parts.get(name).and_then(|value| text(value)?.parse::<f64>().ok());
    let definition = parts.get("index_definition").map(|value| pairs(value)).unwrap_or_default();
    let prefixes = definition.iter().find(|(name, _)| name == "prefixes").map(|(_, value)| list(value));
    let sizes = parts.keys().filter(|name| name.ends_with("_sz_mb") || name.ends_with("_size_mb"));
    let sum = || sizes.filter_map(|name| count(name)).sum();
    SearchIndex {
        name: Foreign::name(name),
        documents: count("num_docs").map(|many| many as u64),
        failures: count("hash_indexing_failures").unwrap_or_default() as u64,
        indexing: count("indexing").is_some_and(|indexing| indexing > 0.0),
        prefixes: prefixes.unwrap_or_default().iter().filter_map(text).map(|prefix| Foreign::name(&prefix)).collect(),
        bytes: Bytes((count("total_index_memory_sz_mb").unwrap_or_else(sum) * f64::from(1 << 20)) as u64),
    }
}

/// HELLO: the version of the protocol that the connection speaks from now on.
pub fn protocol(value: &Value) -> Option<u64> {
    number(pairs(value).into_iter().find(|(name, _)| name == "proto")?.1)
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
        assert!(user(&reply).unwrap().has("nopass"));
        assert!(!format!("{:?}", user(&reply)).contains("5e88"));
    }

    #[test]
    fn a_map_reads_the_same_in_both_protocols() {
        let flat = Value::Array(vec![bulk("maxmemory"), bulk("100")]);
        let map = Value::Map(vec![(bulk("maxmemory"), bulk("100"))]);
        assert_eq!(parameter(&flat), parameter(&map));
        assert_eq!(parameter(&Value::Array(vec![])), None);
        assert_eq!(numbers(&flat).get("maxmemory"), Some(&100.0));
    }

    fn verbatim(text: &str) -> Value {
        Value::VerbatimString { format: redis::VerbatimFormat::Text, text: text.into() }
    }

    #[test]
    fn every_kind_of_scalar_is_text_or_a_number() {
        for (value, shown) in [
            (verbatim("a:1"), "a:1"),
            (Value::SimpleString("a".into()), "a"),
            (Value::Double(1.5), "1.5"),
            (Value::Double(3.0), "3"),
            (Value::Boolean(true), "1"),
            (Value::BigNumber(b"36893488147419103232".to_vec()), "36893488147419103232"),
            (Value::Attribute { data: Box::new(bulk("a")), attributes: vec![(bulk("ttl"), Value::Int(1))] }, "a"),
        ] {
            assert_eq!(text(&value).as_deref(), Some(shown), "{value:?}");
        }
        assert_eq!([text(&Value::Nil), text(&Value::Map(vec![]))], [None, None]);
        assert_eq!(number(&Value::Double(3.0)), Some(3));
        assert_eq!([number(&Value::Double(-1.0)), number(&Value::Double(f64::NAN)), number(&Value::Nil)], [None; 3]);
    }

    #[test]
    fn every_reader_reads_the_shapes_of_resp3_as_those_of_resp2() {
        let set = |words: &[&str]| Value::Set(words.iter().map(|word| bulk(word)).collect());
        let array = |words: &[&str]| Value::Array(words.iter().map(|word| bulk(word)).collect());
        let flat = |map: &[(&str, Value)]| Value::Array(map.iter().flat_map(|(k, v)| [bulk(k), v.clone()]).collect());
        let map = |map: &[(&str, Value)]| Value::Map(map.iter().map(|(k, v)| (bulk(k), v.clone())).collect());

        let rules = || ("commands", bulk("-@all +ping"));
        let old = flat(&[("flags", array(&["on", "nopass"])), ("passwords", array(&["5e88"])), rules()]);
        let new = map(&[("flags", set(&["on", "nopass"])), ("passwords", array(&["5e88"])), rules()]);
        assert_eq!(user(&old), user(&new));
        assert!(user(&new).unwrap().has("nopass") && user(&new).unwrap().can_only_greet());
        let more = ("selectors", Value::Array(vec![map(&[("commands", bulk("+get"))])]));
        assert!(!user(&map(&[("flags", set(&[])), rules(), more])).unwrap().can_only_greet());

        let old = flat(&[("peak.allocated", Value::Int(7)), ("fragmentation", bulk("1.25")), ("db.0", flat(&[]))]);
        let new = map(&[("peak.allocated", Value::Int(7)), ("fragmentation", Value::Double(1.25)), ("db.0", map(&[]))]);
        assert_eq!(numbers(&old), numbers(&new));
        assert_eq!(numbers(&new).len(), 2);

        let buckets = [("1", Value::Int(3)), ("2", Value::Int(4))];
        let old =
            flat(&[("get", flat(&[("calls", Value::Int(4)), ("histogram_usec", flat(&[("1", Value::Int(3))]))]))]);
        let new = map(&[("get", map(&[("calls", Value::Int(4)), ("histogram_usec", map(&buckets))]))]);
        assert_eq!(histograms(&old)[0].buckets, [(1, 3)]);
        assert_eq!(histograms(&new)[0].buckets, [(1, 3), (2, 4)]);

        let row = |flags, categories| {
            let place = || Value::Int(1);
            Value::Array(vec![bulk("get"), Value::Int(2), flags, place(), place(), place(), categories])
        };
        let old = Value::Array(vec![row(array(&["readonly"]), array(&["@read"])), Value::Nil]);
        let new = Value::Array(vec![row(set(&["readonly"]), set(&["@read"])), Value::Nil]);
        assert_eq!(command_rows(&old), command_rows(&new));
        assert!(command_rows(&new)[0].as_ref().unwrap().flags.contains("read"));
        assert_eq!((commands(&new), commands(&new).get("get")), (commands(&old), Some(&1)));

        let sentinel = [("name", bulk("main")), ("port", bulk("7000"))];
        assert_eq!(texts(&flat(&sentinel)), texts(&map(&sentinel)));
        assert_eq!(rows(&Value::Array(vec![flat(&sentinel)])), rows(&Value::Array(vec![map(&sentinel)])));
        let hello = [("server", bulk("redis")), ("proto", Value::Int(3)), ("modules", array(&[]))];
        assert_eq!((protocol(&map(&hello)), protocol(&flat(&hello))), (Some(3), Some(3)));
        assert_eq!(protocol(&Value::Okay), None);
    }

    #[test]
    fn replies_of_a_wrong_shape_are_passed_over() {
        let odd = Value::Array(vec![Value::Nil, Value::Int(3), Value::Array(vec![Value::Nil])]);
        assert!(latency_events(&odd).is_empty() && slowlog(&odd).is_empty() && commands(&odd).is_empty());
        assert!(histograms(&odd).is_empty() && user(&odd).is_none());
        assert_eq!(command_rows(&odd), [None, None, None]);
    }
}
