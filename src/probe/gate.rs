//! The gate: a declared question is sent only when the server's own table of commands finds it as harmless as we do.

use std::collections::BTreeMap;

use redis::Value;

use super::ask::Ask;
use super::every::{every_ask, every_sentinel_ask};
use super::reply::{self, CommandRow};
use crate::facts::{Foreign, Known, Missing, foreign};

/// Flags and ACL categories of a command that changes data, holds up the server or its caller, or runs what others wrote.
/// No question may carry one.
const NEVER: [&str; 6] = ["write", "denyoom", "may_replicate", "blocking", "pubsub", "scripting"];
/// Flags and categories that a question may carry when it declares them: [`Ask::accepts`].
const ALARMING: [&str; 2] = ["admin", "dangerous"];

/// What one server's table says about the commands we know.
#[derive(Debug, Clone)]
pub struct Gate {
    table: Known<BTreeMap<String, CommandRow>>,
    /// From Redis 7.0 and Valkey 7.2 a table has rows for subcommands.
    lists_subcommands: bool,
}

impl Gate {
    /// Reads the answer to COMMAND INFO about these names.
    pub fn new(names: &[&str], answer: Known<Value>) -> Self {
        let table = answer.and_then(|value| {
            let rows = reply::command_rows(&value);
            if rows.len() != names.len() {
                return Err(Missing::new("COMMAND INFO", "the answer has a shape we do not know"));
            }
            let named = names.iter().map(|name| name.to_lowercase()).zip(rows);
            Ok(named.filter_map(|(name, row)| Some((name, row?))).collect())
        });
        let lists_subcommands = table.iter().flat_map(BTreeMap::keys).any(|name| name.contains('|'));
        Self { table, lists_subcommands }
    }

    /// Only a Sentinel has the command SENTINEL.
    pub fn is_sentinel(&self) -> bool {
        self.table.as_ref().is_ok_and(|table| table.contains_key("sentinel"))
    }

    /// A Sentinel has no SCAN. A server that hides its table is not known to hold data.
    pub fn holds_data(&self) -> bool {
        self.table.as_ref().is_ok_and(|table| table.contains_key("scan"))
    }

    /// Whether the question may be sent; if not, what a report says in place of the answer.
    pub fn admit(&self, ask: &Ask) -> Known<()> {
        self.judge(ask).map_err(|why| Missing::new(ask.fact(), why))
    }

    /// Whether the server's own table agrees to it: what is only a courtesy is not sent on our word alone.
    pub fn lists(&self, ask: &Ask) -> bool {
        self.table.is_ok() && self.judge(ask).is_ok()
    }

    /// [`Self::admit`] for the name of a command, as `config|get`: only the name of a question of ours can pass.
    pub fn admit_command(&self, name: &str) -> Known<()> {
        let ask = every_ask().into_iter().chain(every_sentinel_ask()).find(|ask| ask.command() == name);
        ask.map_or_else(|| Err(Missing::new(foreign::bounded(name, 40), "we never ask this")), |ask| self.admit(&ask))
    }

    fn judge(&self, ask: &Ask) -> Result<(), String> {
        let table = match (&self.table, ask) {
            (Ok(table), _) => table,
            // The question that was not answered is not put again.
            (Err(missing), Ask::Commands(_)) => return Err(missing.why.clone()),
            // A server that keeps its table to itself, or from our user, is asked what we declare: the list alone decides,
            // and none of it writes on any server we know.
            (Err(_), _) => return Ok(()),
        };
        let (name, container) = (ask.command(), ask.container());
        if let Some(row) = table.get(name) {
            return judge_row(name, row, ask.accepts());
        }
        match table.get(container) {
            // A container is flagged as its most alarming subcommand is, so here `admin` says nothing about ours.
            Some(row) if !self.lists_subcommands && !ask.came_with_7_0() => judge_row(container, row, &ALARMING),
            _ => Err(absent(ask)),
        }
    }
}

fn judge_row(name: &str, row: &CommandRow, accepted: &[&str]) -> Result<(), String> {
    if row.name != name {
        let other = Foreign::command(&row.name.to_uppercase());
        return Err(format!("this server calls {other} by the name {}, so it was not asked", shown(name)));
    }
    let beyond = |flag: &&&str| row.flags.contains(**flag) && !accepted.contains(*flag);
    let never = NEVER.iter().find(|flag| row.flags.contains(**flag));
    match never.or_else(|| ALARMING.iter().find(beyond)) {
        Some(flag) => Err(format!("this server flags {} as {flag}, so it was not asked", shown(name))),
        None => Ok(()),
    }
}

/// Why there is no answer from a server that does not have the command.
pub fn absent(ask: &Ask) -> String {
    format!("this server has no {} (too old, renamed, or hidden by a managed service)", shown(ask.command()))
}

/// `config|get` as a person writes it.
fn shown(command: &str) -> String {
    command.replace('|', " ").to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row as a server sends it: name, arity, flags, three places of keys, ACL categories.
    fn row(name: &str, flags: &[&str], categories: &[&str]) -> Value {
        let list =
            |words: &[&str]| Value::Array(words.iter().map(|word| Value::SimpleString((*word).into())).collect());
        let place = || Value::Int(0);
        let name = Value::BulkString(name.into());
        Value::Array(vec![name, Value::Int(-2), list(flags), place(), place(), place(), list(categories)])
    }

    fn gate(rows: &[(&str, Value)]) -> Gate {
        let names: Vec<&str> = rows.iter().map(|(name, _)| *name).collect();
        Gate::new(&names, Ok(Value::Array(rows.iter().map(|(_, row)| row.clone()).collect())))
    }

    fn why(gate: &Gate, ask: &Ask) -> String {
        gate.admit(ask).unwrap_err().why
    }

    #[test]
    fn what_a_server_flags_as_worse_than_declared_is_not_asked() {
        for (flags, categories, word) in [
            (&["write"][..], &["@write"][..], "write"),
            (&[], &["@write"], "write"),
            (&["WRITE"], &[], "write"),
            (&["blocking"], &[], "blocking"),
            (&[], &["@blocking"], "blocking"),
            (&["denyoom"], &[], "denyoom"),
            (&["may_replicate"], &[], "may_replicate"),
            (&["noscript"], &["@scripting"], "scripting"),
            (&["admin"], &["@admin", "@dangerous"], "admin"),
        ] {
            let gate = gate(&[("info", row("info", flags, categories))]);
            assert_eq!(why(&gate, &Ask::Info), format!("this server flags INFO as {word}, so it was not asked"));
        }
        let fine = gate(&[("info", row("info", &["loading", "a_flag_of_2030"], &["@slow", "@dangerous"]))]);
        assert_eq!(fine.admit(&Ask::Info), Ok(()));
        let dangerous = gate(&[("ping", row("ping", &[], &["@dangerous"]))]);
        assert!(why(&dangerous, &Ask::Ping).contains("flags PING as dangerous"));
    }

    #[test]
    fn no_question_declares_what_no_question_may_be() {
        for ask in every_ask() {
            assert!(ask.accepts().iter().all(|flag| ALARMING.contains(flag) && !NEVER.contains(flag)), "{ask}");
        }
    }

    #[test]
    fn what_a_server_does_not_list_is_not_asked() {
        let gate = gate(&[("info", row("info", &[], &[])), ("client|list", Value::Nil), ("client", Value::Nil)]);
        assert!(why(&gate, &Ask::Clients).starts_with("this server has no CLIENT LIST"));
        assert!(why(&gate, &Ask::LatencyHistogram).starts_with("this server has no LATENCY HISTOGRAM"));
        assert_eq!(gate.admit(&Ask::Info), Ok(()));
    }

    #[test]
    fn a_name_that_calls_another_command_is_not_asked() {
        let harmless = gate(&[("info", row("debug", &[], &[]))]);
        assert_eq!(why(&harmless, &Ask::Info), "this server calls DEBUG by the name INFO, so it was not asked");
        let upper = gate(&[("info", row("INFO", &[], &[]))]);
        assert_eq!(upper.admit(&Ask::Info), Ok(()));
    }

    #[test]
    fn a_container_speaks_for_its_subcommands_only_where_they_are_not_listed() {
        let cluster = || ("cluster", row("cluster", &["admin"], &["@admin", "@dangerous"]));
        let old = gate(&[cluster(), ("cluster|info", Value::Nil), ("latency", row("latency", &["admin"], &[]))]);
        assert_eq!(old.admit(&Ask::ClusterInfo), Ok(()), "only the container is known to be admin");
        assert!(why(&old, &Ask::LatencyHistogram).contains("has no LATENCY HISTOGRAM"));
        let writes = gate(&[("cluster", row("cluster", &["write"], &[])), ("cluster|info", Value::Nil)]);
        assert!(why(&writes, &Ask::ClusterInfo).contains("flags CLUSTER as write"));
        let new = gate(&[cluster(), ("cluster|info", Value::Nil), ("config|get", row("config|get", &["admin"], &[]))]);
        assert!(why(&new, &Ask::ClusterInfo).contains("has no CLUSTER INFO"));
        let worse = gate(&[cluster(), ("cluster|info", row("cluster|info", &["admin"], &[]))]);
        assert!(why(&worse, &Ask::ClusterInfo).contains("flags CLUSTER INFO as admin"));
    }

    #[test]
    fn without_a_table_the_declared_list_decides() {
        let denied = Gate::new(&[], Err(Missing::new("COMMAND INFO", "denied to our user; grant +command|info")));
        let odd = gate(&[("info", row("info", &[], &[]))]);
        let odd = Gate { table: Gate::new(&["info"], Ok(Value::Okay)).table, ..odd };
        for gate in [denied, odd] {
            for ask in every_ask() {
                assert_eq!(gate.admit(&ask).is_ok(), ask != Ask::Commands(Vec::new()), "{ask}");
            }
            assert_eq!(gate.admit_command("flushall").unwrap_err().why, "we never ask this");
        }
    }
}
