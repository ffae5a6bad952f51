//! The facts of Lua on a server that break home-made scripts: each is seen on the server, and a rule finds its script.

use godmode_redis::facts::{Engine, Fields};
use godmode_redis::lint::{self, Call};
use godmode_redis::proof::say;
use godmode_redis::scripts::{Names, Said};

use crate::stage::node::Node;
use crate::stage::setup::Setup;

/// What is so, the script that trips over it, what the server answers to it as a session says it, and the rule.
const FACTS: &[(&str, &str, &str, &str)] = &[
    (
        "a number becomes text of 14 digits",
        "local n = 1700000000 * 1000000 + 123456 return {'' .. n, string.format('%.0f', n)}",
        r#"["1.7000000001235e+15", "1700000000123456"]"#,
        "digits-lost",
    ),
    ("a returned number loses its fraction", "return 3.99 + tonumber(ARGV[1]) * 0.0", "3", "fraction-in-reply"),
    ("a list ends at the first nil", "return {1, nil, 3}", "[1]", "nil-in-reply"),
    ("false is nil in a reply", "return ARGV[1] == ARGV[2]", "nil", "boolean-in-reply"),
    ("a field of a table is no part of a reply", "return {1, name = 'x'}", "[1]", "fields-lost-in-reply"),
    (
        "a miss is false and not nil",
        "return {redis.call('GET', KEYS[1]) == nil and 1 or 0}",
        "[0]",
        "miss-compared-with-nil",
    ),
    ("zero is true", "if redis.call('EXISTS', KEYS[1]) then return 1 end return 2", "1", "zero-is-true"),
    (
        "unpack gives at most some 7999 values",
        "local t = {} for i = 1, 9000 do redis.call('RPUSH', KEYS[1], i) end \
         return redis.call('SADD', KEYS[2], unpack(redis.call('LRANGE', KEYS[1], 0, -1)))",
        "(error) of: too many results to unpack",
        "unpack-unbounded",
    ),
    (
        "integers above 2^53 lose precision",
        "return string.format('%.0f', 9007199254740995)",
        r#""9007199254740996""#,
        "beyond-2-to-53",
    ),
    ("globals are refused", "x = 1 return x", "(error) of: ", "global-variable"),
    ("os.time is not there", "return os.time()", "(error) of: ", "absent-library"),
    (
        "an empty table is an object in JSON",
        "local out = {} for i = 2, #ARGV do out[#out + 1] = ARGV[i] end return cjson.encode(out)",
        r#""{}""#,
        "empty-array-encoded",
    ),
    (
        "replicate_commands does nothing any more",
        "return redis.replicate_commands() and 1 or 0",
        "1",
        "replicate-commands-leftover",
    ),
    (
        "a key does not expire while a script runs",
        "redis.call('SET', KEYS[1], 1, 'PX', 1) local turns = 0 local there = 1 \
         repeat for i = 1, 1000000 do end turns = turns + 1 there = redis.call('EXISTS', KEYS[1]) until there == 0 or turns > 9 \
         return there",
        "1",
        "expiry-awaited",
    ),
    (
        "an error that pcall catches is no error to the caller",
        "redis.pcall('INCR', KEYS[1], 'too', 'many') return 1",
        "1",
        "error-swallowed",
    ),
];

fn fits(wanted: &str, said: &Said) -> bool {
    match (wanted.strip_prefix("(error) of: "), said) {
        (Some(part), Said::Error(error)) => error.contains(part),
        (Some(_), _) => false,
        (None, said) => {
            let text = wanted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let pattern = godmode_redis::page::session::pattern(wanted);
            matches!((text, said), (Some(text), Said::Text(other)) if text == other)
                || pattern.is_some_and(|pattern| pattern.fits(said, &mut Names::new()))
        }
    }
}

#[tokio::test]
async fn each_fact_of_lua_is_so_on_this_server_and_has_its_rule() {
    let node = Node::start(&Setup::new(&[])).await;
    let mut connection = node.connect().await.unwrap();
    for (fact, script, wanted, rule) in FACTS {
        let verdict = lint::check(script.as_bytes(), &Call::default()).unwrap();
        let found: Vec<&str> = verdict.findings.iter().map(|finding| finding.rule).collect();
        assert!(found.contains(rule), "{fact}: {rule} is quiet, {found:?} are not");
        say(&mut connection, &["FLUSHALL".into()]).await;
        let eval = ["EVAL", script, "2", "k:{f}", "l:{f}", "1"].map(str::to_owned);
        let said = say(&mut connection, &eval).await;
        assert!(fits(wanted, &said), "{fact}: the server says {said:?}");
    }
}

#[tokio::test]
async fn the_clock_stands_still_from_redis_7_2_on() {
    let node = Node::start(&Setup::new(&[])).await;
    let engine = Engine::from_info(&Fields::parse(&node.ask::<String>("INFO server").await.unwrap())).unwrap();
    let mut connection = node.connect().await.unwrap();
    let script = "local a = redis.call('TIME') for i = 1, 3000000 do end local b = redis.call('TIME') \
        return a[1] == b[1] and a[2] == b[2] and 1 or 0";
    let verdict = lint::check(script.as_bytes(), &Call::default()).unwrap();
    assert!(verdict.findings.iter().any(|finding| finding.rule == "clock-read-twice"));
    let said = say(&mut connection, &["EVAL", script, "0"].map(str::to_owned)).await;
    assert_eq!(said, Said::Integer(engine.at_least((7, 2), (0, 0)).into()), "{engine}");
}

#[tokio::test]
async fn random_numbers_are_the_same_on_every_server() {
    let script = "return {math.random(1000000000)}";
    let verdict = lint::check(script.as_bytes(), &Call::default()).unwrap();
    assert!(verdict.findings.iter().any(|finding| finding.rule == "random-repeats"));
    let mut said = Vec::new();
    for _ in 0..2 {
        let node = Node::start(&Setup::new(&[])).await;
        let mut connection = node.connect().await.unwrap();
        said.push(say(&mut connection, &["EVAL", script, "0"].map(str::to_owned)).await);
    }
    assert!(matches!(said[0], Said::List(_)) && said[0] == said[1], "{said:?}");
}
