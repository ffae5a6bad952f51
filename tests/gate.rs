//! The gate against the tables of real servers: what is declared passes, nothing else does, and no text makes a question.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use godmode_redis::facts::{ErrorCount, Fields};
use godmode_redis::probe::{Ask, Gate, acl_line, every_ask, every_sentinel_ask};
use godmode_redis::tools::asks_by_verb;
use redis::Value;
use redis::aio::MultiplexedConnection;

use crate::stage::node::Node;
use crate::stage::setup::Setup;
use crate::stage::{CANARY, binary, grant, inspect, rules, run, say, server, url};

/// Commands that write, block, listen, run code or change the server, under the name that tables give them. All versions
/// have these; what else a server flags so is read from its table.
#[rustfmt::skip]
const HARMFUL: &[(&str, &str)] = &[
    ("set", "SET a 2"), ("getdel", "GETDEL a"), ("del", "DEL a"), ("rename", "RENAME a b"), ("expire", "EXPIRE a 1"),
    ("copy", "COPY a b"), ("lpush", "LPUSH l 1"), ("blpop", "BLPOP l 0"), ("xadd", "XADD s * f v"), ("sort", "SORT l"),
    ("restore", "RESTORE a 0 x"), ("migrate", "MIGRATE 127.0.0.1 1 a 0 1"), ("swapdb", "SWAPDB 0 1"),
    ("flushdb", "FLUSHDB"), ("flushall", "FLUSHALL"), ("subscribe", "SUBSCRIBE c"), ("publish", "PUBLISH c m"),
    ("eval", "EVAL return 0"), ("script|flush", "SCRIPT FLUSH"), ("keys", "KEYS *"), ("monitor", "MONITOR"),
    ("shutdown", "SHUTDOWN NOSAVE"), ("debug", "DEBUG SLEEP 0"), ("config|set", "CONFIG SET hz 20"),
    ("config|resetstat", "CONFIG RESETSTAT"), ("config|rewrite", "CONFIG REWRITE"), ("client|kill", "CLIENT KILL ID 9"),
    ("client|pause", "CLIENT PAUSE 1"), ("acl|setuser", "ACL SETUSER other on"), ("acl|deluser", "ACL DELUSER other"),
    ("replicaof", "REPLICAOF NO ONE"), ("failover", "FAILOVER ABORT"), ("bgsave", "BGSAVE"), ("save", "SAVE"),
    ("bgrewriteaof", "BGREWRITEAOF"), ("slowlog|reset", "SLOWLOG RESET"), ("latency|reset", "LATENCY RESET"),
    ("cluster|reset", "CLUSTER RESET"), ("module|load", "MODULE LOAD x"),
];

/// One answer, or one error, of a server.
async fn tried(connection: &mut MultiplexedConnection, words: &[String]) -> redis::RedisResult<Value> {
    redis::cmd(&words[0]).arg(&words[1..]).query_async(connection).await
}

fn split(words: &str) -> Vec<String> {
    words.split_whitespace().map(Into::into).collect()
}

fn items(value: &Value) -> &[Value] {
    if let Value::Array(items) = value { items } else { &[] }
}

fn text(value: &Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Value::SimpleString(text) => text.clone(),
        other => panic!("{other:?}"),
    }
}

/// Commands that need no permission, by the name that tables before 7.0 give them without a flag.
const LOGIN: [&str; 4] = ["auth", "hello", "quit", "reset"];

/// A command or a subcommand in the server's own table.
struct Row {
    name: String,
    arity: i64,
    /// Flags, and ACL categories without their `@`.
    flags: BTreeSet<String>,
    fields: Vec<Value>,
}

impl Row {
    fn of(value: &Value) -> Self {
        let fields = items(value).to_vec();
        let Value::Int(arity) = fields[1] else { panic!("{value:?}") };
        let flags = items(&fields[2]).iter().chain(items(&fields[6])).map(text);
        let flags = flags.map(|flag| flag.trim_start_matches('@').to_owned()).collect();
        // Modules name commands in capitals.
        Self { name: text(&fields[0]).to_lowercase(), arity, flags, fields }
    }

    /// Rows of the subcommands, from 7.0.
    fn inner(&self) -> Vec<Self> {
        self.fields.get(9).map_or(&[][..], items).iter().map(Self::of).collect()
    }

    /// Whether it writes, waits, runs what others wrote, or is for an administrator.
    fn is_harmful(&self) -> bool {
        #[rustfmt::skip]
        let harmful = [
            "write", "denyoom", "may_replicate", "blocking", "pubsub", "scripting", "admin", "dangerous",
        ];
        harmful.iter().any(|flag| self.flags.contains(*flag))
    }

    /// Its words, and as many more as it takes.
    fn call(&self) -> Vec<String> {
        let mut words: Vec<String> = self.name.split('|').map(Into::into).collect();
        let least = self.arity.unsigned_abs() as usize;
        words.resize(least.max(words.len()), "1".into());
        words
    }
}

/// All that COMMAND tells: commands, and their subcommands where they are listed.
async fn rows(connection: &mut MultiplexedConnection) -> Vec<Row> {
    let table = say(connection, "COMMAND").await;
    items(&table)
        .iter()
        .map(Row::of)
        .flat_map(|row| {
            let mut all = row.inner();
            all.push(row);
            all
        })
        .collect()
}

/// Every command and subcommand, by COMMAND and, where there is one, COMMAND LIST.
async fn all_names(connection: &mut MultiplexedConnection) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = rows(connection).await.into_iter().map(|row| row.name).collect();
    if let Ok(list) = tried(connection, &split("COMMAND LIST")).await {
        names.extend(items(&list).iter().map(|name| text(name).to_lowercase()));
    }
    names
}

/// The server's table of these commands.
async fn table(connection: &mut MultiplexedConnection, names: &[&str]) -> Value {
    say(connection, &format!("COMMAND INFO {}", names.join(" "))).await
}

fn passes(gate: &Gate, name: &str) -> bool {
    gate.admit_command(name).is_ok()
}

/// Tries all that a server lists, and what we declare, against the gate; what passes must be what is declared and listed.
async fn only_the_declared_pass(connection: &mut MultiplexedConnection) -> BTreeSet<String> {
    let listed = all_names(connection).await;
    let asks: Vec<Ask> = every_ask().into_iter().chain(every_sentinel_ask()).collect();
    let declared: BTreeSet<String> = asks.iter().map(|ask| ask.command().to_owned()).collect();
    let names: Vec<&str> = listed.union(&declared).map(String::as_str).collect();
    let gate = Gate::new(&names, Ok(table(connection, &names).await));

    let passed: BTreeSet<String> = names.iter().filter(|name| passes(&gate, name)).map(|name| (*name).into()).collect();
    // Redis 6.2 lists no subcommands, so containers speak for those of our questions that it can have.
    let lists_subcommands = listed.iter().any(|name| name.contains('|'));
    let there = |ask: &&Ask| {
        listed.contains(ask.command()) || !lists_subcommands && listed.contains(ask.container()) && !ask.came_with_7_0()
    };
    let expected: BTreeSet<String> = asks.iter().filter(there).map(|ask| ask.command().to_owned()).collect();
    assert_eq!(passed, expected);
    // A name in another spelling, or with more in it, is not the name of a question either.
    for name in ["INFO", "info ", "info\r\nFLUSHALL", "config", "config|get|x", "config get", "sentinel", ""] {
        assert!(!passes(&gate, name), "{name:?}");
    }
    passed
}

#[tokio::test]
async fn every_command_of_the_server_is_tried_and_exactly_the_declared_pass() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    let listed = all_names(&mut connection).await;
    assert!(listed.len() > 200 && listed.contains("flushall") && listed.contains("get"), "{listed:?}");
    let passed = only_the_declared_pass(&mut connection).await;
    assert!(passed.len() > 24 && !passed.iter().any(|name| name.starts_with("sentinel")), "{passed:?}");
}

#[tokio::test]
async fn every_command_of_a_sentinel_is_tried_and_exactly_the_declared_pass() {
    let node = Node::start(&Setup::default().sentinel()).await;
    let passed = only_the_declared_pass(&mut node.connect().await.unwrap()).await;
    let ours = passed.iter().filter(|name| name.starts_with("sentinel|")).count();
    assert_eq!(ours, every_sentinel_ask().len(), "{passed:?}");
}

#[tokio::test]
async fn under_the_flags_of_a_harmful_command_no_question_passes() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    let rows = rows(&mut connection).await;
    let row = |name: &str| rows.iter().find(|row| row.name == name);
    // Where subcommands are not listed, a container is flagged as the worst of them.
    let fixed = HARMFUL.iter().map(|(name, _)| {
        let row = row(name).or_else(|| row(name.split('|').next().unwrap()));
        row.unwrap_or_else(|| panic!("{name} is not in the table"))
    });
    let flagged: Vec<&Row> = rows.iter().filter(|row| row.is_harmful()).collect();
    assert!(flagged.len() > 100, "{}", flagged.len());
    for row in fixed.chain(flagged) {
        let mut fields = row.fields.clone();
        fields[0] = Value::BulkString("dbsize".into());
        let gate = Gate::new(&["dbsize"], Ok(Value::Array(vec![Value::Array(fields)])));
        let why = gate.admit(&Ask::Dbsize).unwrap_err().why;
        assert!(why.starts_with("this server flags DBSIZE as "), "{}: {why}", row.name);
    }
}

#[tokio::test]
async fn what_was_renamed_away_is_not_asked_and_provokes_no_error() {
    let away = ["CONFIG", "LATENCY", "SLOWLOG"];
    let options: Vec<&str> = away.iter().flat_map(|name| ["--rename-command", name, ""]).collect();
    let server = server(&options).await;
    let report = inspect(&url(&server), &[]).await;
    let mut connection = server.connect().await.unwrap();
    let info: String = redis::cmd("INFO").arg("everything").query_async(&mut connection).await.unwrap();
    assert_eq!(ErrorCount::all(&Fields::parse(&info)), []);
    let why = |rule: &str| {
        let mut rows = report["not_checked"].as_array().unwrap().iter();
        rows.find(|row| row["rule"] == rule).unwrap()["why"].as_str().unwrap().to_owned()
    };
    assert!(why("slow-commands").contains("this server has no SLOWLOG GET"), "{report:#}");
    assert!(why("latency-spikes").contains("this server has no LATENCY LATEST"), "{report:#}");
    assert!(why("slowlog-off").contains("this server has no CONFIG GET"), "{report:#}");
}

#[tokio::test]
async fn a_name_behind_which_another_command_hides_is_not_sent() {
    // The operator's idea of hiding FLUSHALL: our INFO would empty the server.
    let server = server(&["--rename-command", "INFO", "INFORM", "--rename-command", "FLUSHALL", "INFO"]).await;
    let mut connection = server.connect().await.unwrap();
    say(&mut connection, "SET a 1").await;
    let report = inspect(&url(&server), &["--interval", "0"]).await;
    assert_eq!(say(&mut connection, "GET a").await, Value::BulkString("1".into()));
    let why = report["nodes"][0]["overview"]["engine"]["why"].as_str().unwrap();
    assert_eq!(why, "this server calls FLUSHALL by the name INFO, so it was not asked");
    assert!(rules(&report, "not_checked").contains(&"maxmemory-unset".into()));
}

#[tokio::test]
async fn where_the_table_is_denied_the_declared_list_decides() {
    let server = server(&[]).await;
    let mut connection = server.connect().await.unwrap();
    let line = acl_line("blind", &every_ask()).replace("CHOOSE-A-PASSWORD", CANARY).replace(" +command|info", "");
    grant(&mut connection, &line).await;
    let report = inspect(&url(&server).replace("unix://", &format!("unix://blind:{CANARY}@")), &[]).await;
    assert_eq!(report["nodes"][0]["overview"]["user"], "blind");
    assert_eq!(rules(&report, "not_checked"), rules(&inspect(&url(&server), &[]).await, "not_checked"));
    let info: String = redis::cmd("INFO").arg("everything").query_async(&mut connection).await.unwrap();
    let denied = ErrorCount::all(&Fields::parse(&info)).into_iter().find(|error| error.code == "NOPERM");
    // The connection that finds the deployment is the one that looks at its only node.
    assert_eq!(denied.map(|error| error.count), Some(1), "a denied table is asked for once a connection");
}

#[tokio::test]
async fn the_printed_user_may_ask_every_question_and_do_no_harm() {
    let server = server(&[]).await;
    let mut admin = server.connect().await.unwrap();
    let rows = rows(&mut admin).await;
    for (verb, asks) in asks_by_verb() {
        let printed = run(binary(&["permissions", verb, "--user", "watcher"])).await.out;
        assert_eq!(printed.trim(), acl_line("watcher", &asks));
        say(&mut admin, "ACL DELUSER watcher").await;
        let refused = grant(&mut admin, &printed.replace("CHOOSE-A-PASSWORD", CANARY)).await;
        let mut watcher = server.connect().await.unwrap();
        say(&mut watcher, &format!("AUTH watcher {CANARY}")).await;
        let has_dryrun = all_names(&mut admin).await.contains("acl|dryrun");
        let dryrun = |words: &[String]| [split("ACL DRYRUN watcher"), words.to_vec()].concat();

        for ask in &asks {
            // Older servers have neither these nor a grant for them; Redis 6.2 takes a grant of any subcommand.
            if ask.came_with_7_2() && !all_names(&mut admin).await.contains(ask.command()) {
                assert!(refused > 0 || !has_dryrun, "{ask}");
                continue;
            }
            let words: Vec<String> = ask.words().iter().map(ToString::to_string).collect();
            if has_dryrun {
                assert_eq!(tried(&mut admin, &dryrun(&words)).await.unwrap(), Value::Okay, "{verb}: {ask}");
            }
            // It may fail for another reason: CLUSTER INFO does where there is no cluster.
            let code = tried(&mut watcher, &words).await.err().and_then(|error| error.code().map(str::to_owned));
            assert_ne!(code.as_deref(), Some("NOPERM"), "{verb}: {ask}");
        }
        say(&mut admin, "SET a 1").await;
        // Reading keys is no harm to the server, and still no business of a user who only looks at servers.
        let reads_keys = asks.iter().any(|ask| matches!(ask, Ask::Scan(_)));
        let private: &[&str] = if reads_keys { &["GET a"] } else { &["GET a", "SCAN 0", "OBJECT ENCODING a"] };
        for words in HARMFUL.iter().map(|(_, words)| words).chain(private) {
            if has_dryrun {
                let said = text(&tried(&mut admin, &dryrun(&split(words))).await.unwrap());
                assert!(said.contains("no permissions"), "{words}: {said}");
            }
            let refused = tried(&mut watcher, &split(words)).await.unwrap_err();
            // From 7.0 DEBUG and MODULE are refused to everybody before the user is looked at.
            let to_all = refused.detail().is_some_and(|detail| detail.contains("command not allowed"));
            assert!(refused.code() == Some("NOPERM") || to_all, "{words}: {refused}");
        }
        let mut refused = 0;
        for row in &rows {
            // Commands of the login itself are everybody's, and a container is nothing to call.
            let own = asks.iter().any(|ask| ask.command() == row.name || ask.container() == row.name);
            if own || row.flags.contains("no_auth") || LOGIN.contains(&row.name.as_str()) || !row.inner().is_empty() {
                continue;
            }
            let said = if has_dryrun {
                text(&tried(&mut admin, &dryrun(&row.call())).await.unwrap())
            } else {
                tried(&mut watcher, &row.call()).await.unwrap_err().to_string()
            };
            assert!(said.contains("no permissions") || said.contains("NOPERM"), "{verb}: {}: {said}", row.name);
            refused += 1;
        }
        assert!(refused > 150, "{refused}");
        assert_eq!(say(&mut admin, "GET a").await, Value::BulkString("1".into()));
    }
}

#[tokio::test]
async fn permissions_are_printed_for_a_verb_that_exists() {
    let all = run(binary(&["permissions"])).await;
    assert_eq!(all.out.trim(), acl_line("godmode", &every_ask()));
    let by_verb = asks_by_verb();
    let needed: BTreeSet<&str> = by_verb.iter().flat_map(|(_, asks)| asks).map(Ask::command).collect();
    assert_eq!(needed, every_ask().iter().map(Ask::command).collect(), "a question that no verb asks");
    let wrong = run(binary(&["permissions", "flushall"])).await;
    assert!(wrong.code == 2 && wrong.out.is_empty() && wrong.err.contains("[possible values: inspect"), "{wrong:?}");
}

/// The variable parts of a question have private insides, and only `probe` makes them: whoever reads a model's text or
/// a user's cannot. The compiler enforces it; this keeps it so.
#[test]
fn no_question_can_hold_text_from_outside() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read = |path: &str| fs::read_to_string(source.join(path)).unwrap();
    let (ask, names) = (read("probe/ask.rs"), read("probe/name.rs"));
    let variants = ask.split_once("pub enum Ask {").unwrap().1.split_once("\n}").unwrap().0;
    let held: BTreeSet<&str> = variants
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
        .filter_map(|line| line.strip_suffix("),")?.split_once('(').map(|(_, held)| held))
        .collect();
    assert_eq!(
        held,
        BTreeSet::from([
            "IndexName",
            "KeyQuestion, KeyName",
            "Parameter",
            "PrimaryName",
            "ScanStep",
            "Vec<CommandName>",
            "u16",
            "u32"
        ])
    );
    assert!(!variants.contains('{'), "a variant with named fields");
    for declared in [
        "pub struct Parameter(&'static str);",
        "pub struct CommandName(String);",
        "pub struct PrimaryName(String);",
        "pub struct IndexName(String);",
        "pub(super) fn new(name: &str) -> Option<Self>",
    ] {
        assert!(names.contains(declared), "{declared}");
    }
    // A key's name is an answer of the server; a step of SCAN is two numbers.
    let key = read("probe/key_question.rs");
    for declared in ["pub struct KeyName(Vec<u8>);", "pub(super) fn new(name: Vec<u8>) -> Self"] {
        assert!(key.contains(declared), "{declared}");
    }
    let step = key.split_once("pub struct ScanStep {").unwrap().1.split_once("\n}").unwrap().0;
    assert!(!step.contains("String") && !step.contains("Vec"), "{step}");
    let exported = read("probe/mod.rs");
    for private in ["pub mod", "IndexName", "KeyName", "ScanStep", "CommandName", "Parameter", "PrimaryName", "Link"] {
        assert!(!exported.contains(private), "probe exports {private}");
    }
}
