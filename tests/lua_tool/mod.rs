//! The tool for Lua: which script it takes, how it is called, what it proves, and what a hostile script can do.

mod hostile;
mod needs;

use std::process::Command;

use godmode_redis::facts::Engine;
use godmode_redis::probe::Target;
use godmode_redis::scripts::{Choice, all, choose};
use godmode_redis::tools::{GenerateLua, Tool as _, Watch};
use serde_json::{Value, json};

use crate::stage::{Ran, binary, node, run};

const CLIENTS: [&str; 11] = [
    "redis-cli",
    "redis-py",
    "node-redis",
    "ioredis",
    "go-redis",
    "jedis",
    "lettuce",
    "stackexchange.redis",
    "redis-rs",
    "phpredis",
    "redis-rb",
];

/// The verb with the server of the suite and no other.
fn verb(arguments: &[&str]) -> Command {
    let mut command = binary(&["lua"]);
    command.args(arguments).env("GODMODE_REDIS_SERVER", node::program()).env("PATH", "");
    command
}

async fn lua(arguments: &[&str]) -> Ran {
    run(verb(arguments)).await
}

/// The answer to an agent, without a program around it.
pub async fn answer(input: Value) -> anyhow::Result<Value> {
    let target = Target::parse("redis://127.0.0.1:1")?;
    Ok(serde_json::to_value(GenerateLua::run(&target, serde_json::from_value(input)?, &Watch::default()).await?)?)
}

async fn json(arguments: &[&str]) -> Value {
    lua(&[arguments, &["--json"]].concat()).await.json()
}

fn ids(choice: Choice) -> Vec<&'static str> {
    match choice {
        Choice::One { found: script, .. } => vec![script.id],
        Choice::Several(scripts) => scripts.iter().map(|script| script.id).collect(),
        Choice::Unknown => Vec::new(),
    }
}

#[test]
fn a_script_is_found_by_its_name_and_by_each_phrase_on_its_page() {
    for (_, script) in all() {
        assert_eq!(ids(choose(script.id)), [script.id]);
        assert!(!script.words().is_empty(), "{}: no words", script.id);
        for words in script.words() {
            assert!(ids(choose(words)).contains(&script.id), "{words:?} does not lead to {}", script.id);
        }
    }
}

#[test]
fn a_clear_need_gives_one_script_and_an_unclear_one_all_that_fit() {
    for (need, wanted) in [
        ("an exact rate limit per user", "sliding-log"),
        ("Leaky bucket", "gcra"),
        ("distributed lock", "lock-acquire"),
        ("how do I unlock?", "lock-release"),
        ("priority queue", "priority-push"),
        ("who is online", "presence-beat"),
        ("compare and swap", "compare-and-set"),
        ("stale while revalidate", "stale-get"),
    ] {
        assert_eq!(ids(choose(need)), [wanted], "{need}");
    }
    let limiters = ["fixed-window", "sliding-log", "sliding-counter", "token-bucket", "gcra"];
    assert_eq!(ids(choose("rate limiting")), limiters);
    assert_eq!(ids(choose("sliding window")), ["sliding-log", "sliding-counter"]);
    assert!(ids(choose("lock")).len() > 3);
    for need in ["", "the", "a script for redis", "weather forecast", "\u{0}\u{202e}", &"x".repeat(100_000)] {
        assert_eq!(choose(need), Choice::Unknown, "{}", need.len());
    }
    // What was not understood is told.
    let Choice::One { ignored, .. } = choose("distributed lock for invoices") else { panic!("not one") };
    assert_eq!(ignored, ["invoices"]);
    // Half understood is asked back, though only one fits.
    assert!(matches!(choose("mutex of purple invoices elephants"), Choice::Several(scripts) if scripts.len() == 1));
}

#[tokio::test]
async fn an_unclear_need_is_answered_by_what_tells_the_candidates_apart() {
    let report = json(&["rate limit"]).await;
    assert_eq!(report["answer"], "candidates");
    let candidates = report["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 5);
    assert!(candidates.iter().all(|candidate| candidate["promise"].as_str().unwrap().len() > 40));
    let families = json(&["weather forecast"]).await;
    assert_eq!(families["answer"], "unknown");
    assert_eq!(families["families"].as_array().unwrap().len(), 7);
    for arguments in [&[][..], &["gcra", "--script", "return 1"]] {
        let ran = lua(arguments).await;
        assert_eq!(ran.code, 2, "{ran:?}");
    }
}

/// For each client and delivery: nothing left to fill in, and all that the call needs.
#[tokio::test]
async fn every_script_is_called_in_every_language() {
    for (_, script) in all() {
        let keys: Vec<&str> = script.keys().iter().map(|key| key.example).collect();
        for client in CLIENTS {
            for delivery in ["evalsha", "function"] {
                let asked = json!({"need": script.id, "client": client, "delivery": delivery, "prove": false});
                let report = answer(asked).await.unwrap();
                let code = report["call"]["text"].as_str().unwrap();
                let filled = code.replace("{{\"", "").replace("{{'", "");
                assert!(
                    !filled.contains("{{") && !code.contains("\n=== "),
                    "{client} {delivery} {}: {code}",
                    script.id
                );
                assert!(keys.iter().all(|key| code.contains(key)), "{client} {delivery}: {code}");
                let named = if delivery == "evalsha" { script.sha1() } else { script.function_name() };
                assert!(code.contains(&named), "{client} {delivery}: {code}");
                assert!(code.contains(report["file"].as_str().unwrap()), "{client} {delivery}: {code}");
                assert!(report["call"]["tried"].as_str().unwrap().len() > 20);
                let text = report["text"].as_str().unwrap();
                assert_eq!(text == script.lua, delivery == "evalsha");
                assert_eq!(report["sha1"], script.sha1());
            }
        }
    }
}

#[tokio::test]
async fn a_native_command_goes_first_where_the_engine_has_it() {
    let release =
        ["lock-release", "--keys", "lock:{a}", "--set", "token=t-1", "--prove", "false", "--client", "redis-py"];
    let on = async |more: &[&str]| json(&[&release[..], more].concat()).await;
    let report = on(&["--engine", "valkey 9.1"]).await;
    assert_eq!(report["delivery"], "native");
    assert!(report["call"]["text"].as_str().unwrap().contains(r#""DELIFEQ", "lock:{a}", "t-1""#), "{report}");
    assert_eq!(report["acl"], "+delifeq");
    assert_eq!(report["reply"][0]["about"], "1", "the command's own answer: {report}");
    assert!(!report["instead"].to_string().contains("Redis"), "it is for Valkey: {report}");
    assert!(report["call"]["tried"].as_str().unwrap().starts_with("not run in this language"), "{report}");
    assert_eq!(on(&["--engine", "redis 8.2"]).await["delivery"], "evalsha");
    assert_eq!(on(&["--engine", "redis 8.4"]).await["delivery"], "native");
    assert_eq!(on(&[]).await["delivery"], "evalsha");
    assert_eq!(on(&["--engine", "valkey 9.1", "--delivery", "evalsha"]).await["delivery"], "evalsha");
    for (arguments, words) in [
        (&["lock-release", "--delivery", "native"][..], "name it"),
        (&["gcra", "--delivery", "native", "--engine", "redis 8.6"], "no command"),
        (&["gcra", "--delivery", "function", "--engine", "redis 6.2"], "functions came with Redis 7.0"),
        (&["gcra", "--engine", "redis 6.0"], "needs Redis 6.2"),
        (&["gcra", "--engine", "memcached 1.6"], "no engine"),
        (&["gcra", "--engine", "redis"], "needs a version"),
    ] {
        let ran = lua(arguments).await;
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
}

/// With other arguments the command would do something else.
#[tokio::test]
async fn a_native_command_is_given_only_for_arguments_with_which_it_does_the_same() {
    let with = async |set: &[&str], more: &[&str]| {
        let set: Vec<&str> = set.iter().flat_map(|&one| ["--set", one]).collect();
        lua(&[&["compare-and-set", "--engine", "redis 8.4", "--prove", "false", "--json"], set.as_slice(), more]
            .concat())
        .await
    };
    let kept = with(&["ttl=0"], &[]).await.json();
    assert!(kept["call"]["text"].as_str().unwrap().contains("'IFEQ' '{\"v\":1}' 'KEEPTTL'"), "{kept}");
    assert!(kept["reply"].to_string().contains("OK") && !kept["reply"].to_string().contains("0 or 1"), "{kept}");
    let absent = with(&["expected="], &[]).await.json();
    assert_eq!(absent["delivery"], "evalsha", "{absent}");
    assert!(absent["instead"][0].as_str().unwrap().contains("where expected is not empty and ttl > 0"), "{absent}");
    let refused = with(&["expected="], &["--delivery", "native"]).await;
    assert!(refused.code == 2 && refused.err.contains("only where expected is not empty"), "{refused:?}");
    let unseen = json(&["fixed-window", "--engine", "redis 8.8"]).await;
    let runs = unseen["proof"]["runs"].as_array().unwrap();
    let command = runs.iter().find(|run| run["way"] == "the command in its place").unwrap();
    assert!(
        command["went"] == "as-the-page-says" || command["why"].as_str().unwrap().contains("no server here"),
        "{unseen}"
    );
    let stream = json(&["stream-append", "--engine", "redis 8.6", "--prove", "false"]).await;
    assert_eq!(stream["delivery"], "evalsha", "what is near is not the same: {stream}");
}

#[tokio::test]
async fn a_value_is_held_to_its_range_and_a_key_to_its_slot() {
    let report =
        json(&["sliding-log", "--set", "limit=7", "--set", "window_ms=500", "--keys", "a", "--prove", "false"]).await;
    assert!(report["call"]["text"].as_str().unwrap().contains("1 'a' '7' '500' '1'"), "{report}");
    for (arguments, words) in [
        (&["sliding-log", "--set", "limit=0"][..], "limit is \"0\" but must be an integer from 1 to 10000"),
        (&["sliding-log", "--set", "limit=1.5"], "from 1 to 10000"),
        (&["sliding-log", "--set", "limit=+5"], "from 1 to 10000"),
        (&["sliding-log", "--set", "speed=1"], "its parameters are limit, window, cost"),
        (&["sliding-log", "--set", "limit"], "NAME=VALUE"),
        (&["rw-acquire", "--set", "mode=both"], "one of read, write"),
        (&["lock-release", "--set", "token="], "1 to 200 bytes"),
        (&["lock-release", "--set", "token=\u{1b}[2J"], "printable"),
        (&["sliding-log", "--keys", "a,b"], "takes 1 keys (log), not 2"),
        (&["lock-acquire", "--keys", "a,b", "--cluster"], "different slots"),
    ] {
        let ran = lua(arguments).await;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(words), "{words}: {}", ran.err);
    }
    let apart = json(&["lock-acquire", "--keys", "a,b", "--prove", "false"]).await;
    assert!(apart["slots"].as_str().unwrap().contains("CROSSSLOT"), "{apart}");
}

#[tokio::test]
async fn the_proof_is_a_run_on_this_server_or_says_that_there_was_none() {
    let report = json(&["lock-acquire"]).await;
    let runs = report["proof"]["runs"].as_array().unwrap();
    assert!(runs.iter().any(|run| run["went"] == "as-the-page-says"), "{report}");
    for run in runs {
        let old = run["went"] == "not-run" && run["why"].as_str().unwrap().contains("Redis 7.0");
        assert!(old || run["went"] == "as-the-page-says" && run["steps"].as_u64().unwrap() > 10, "{run}");
    }
    assert_eq!(runs.len(), 3, "{report}");
    let mut nothing = verb(&["lock-acquire", "--markdown"]);
    nothing.env_remove("GODMODE_REDIS_SERVER");
    let ran = run(nothing).await;
    assert!(
        ran.out.contains("not proven") && ran.out.contains("no redis-server or valkey-server was found"),
        "{ran:?}"
    );
    assert!(ran.out.contains("rules are clear"), "the static checks are told: {}", ran.out);
    let mut broken = verb(&["lock-acquire", "--markdown"]);
    broken.env("GODMODE_REDIS_SERVER", "/nowhere/redis-server");
    let ran = run(broken).await;
    assert!(ran.out.contains("**not run**") && ran.out.contains("/nowhere/redis-server"), "{}", ran.out);
}

#[tokio::test]
async fn nothing_connects_to_the_target_unless_it_is_asked() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("redis://{}", silent.local_addr().unwrap());
    silent.set_nonblocking(true).unwrap();
    assert_eq!(lua(&["gcra", "--url", &url]).await.code, 0);
    assert!(silent.accept().is_err(), "somebody connected");
    let server = crate::stage::server(&[]).await;
    let place = crate::stage::url(&server);
    let report = json(&["gcra", "--probe", "--url", &place, "--prove", "false"]).await;
    assert!(report["server"].as_str().is_some_and(|server| server.contains('.')), "{report}");
    let mut connection = server.connect().await.unwrap();
    let info = crate::stage::say(&mut connection, "INFO commandstats").await;
    assert!(!format!("{info:?}").contains("eval"), "a script ran on the target");
}

#[tokio::test]
async fn a_script_of_ones_own_is_read_and_run() {
    let report = json(&["--script", "return {KEYS[1], ARGV[1] + 1}", "--keys", "k", "--args", "41"]).await;
    assert_eq!(report["answer"], "check");
    assert_eq!(report["trials"]["runs"][0]["reply"], "«[\"k\", 42]»", "{report}");
    let unrun = lua(&["--script", "return redis.call('GET', KEYS[1])", "--markdown"]).await;
    assert!(unrun.out.contains("give an example call"), "{}", unrun.out);
    let two = "#!lua name=two\nredis.register_function('one', function(keys, args) return args[1] + 1 end)\n\
        redis.register_function('other', function() return 'b' end)";
    let named = json(&["--script", two, "--function", "one", "--args", "4"]).await;
    let server: Engine = named["trials"]["runs"][0]["server"].as_str().unwrap().to_lowercase().parse().unwrap();
    if server.at_least((7, 0), (0, 0)) {
        assert_eq!(named["trials"]["runs"][0]["reply"], "«5»", "{named}");
        let unnamed = lua(&["--script", two, "--args", "4"]).await;
        assert!(unnamed.out.contains("name one of them") && unnamed.out.contains("other"), "{}", unnamed.out);
        let single = two.lines().take(2).collect::<Vec<_>>().join("\n");
        let only = json(&["--script", &single, "--args", "4"]).await;
        assert_eq!(only["trials"]["runs"][0]["reply"], "«5»", "{only}");
    }
    let fails = lua(&["--script", "while true do end", "--fail-on", "critical", "--prove", "false"]).await;
    assert_eq!(fails.code, 1, "{fails:?}");
}

/// Each key that is not named lies on another node: it is never luck that decides.
#[tokio::test]
async fn in_a_cluster_a_key_that_was_not_named_is_found_out() {
    let ran = async |script: &str, keys: &str| {
        json(&["--script", script, "--cluster", "--keys", keys]).await["trials"]["runs"][0].clone()
    };
    let (undeclared, declared, tagged, apart) = tokio::join!(
        ran("return redis.call('GET', KEYS[1] .. ':more')", "user-1"),
        ran("return redis.call('SET', KEYS[1], 1)", "user-1"),
        ran("return redis.call('GET', KEYS[1] .. ':more')", "{user-1}"),
        ran("return redis.call('MGET', KEYS[1], KEYS[2])", "user-1,user-2"),
    );
    assert_eq!(undeclared["ended"], "failed", "{undeclared}");
    assert!(undeclared["next"].as_str().unwrap().contains("name every key in KEYS"), "{undeclared}");
    assert_eq!((&declared["ended"], &tagged["ended"]), (&"answered".into(), &"answered".into()), "{declared} {tagged}");
    assert!(apart["next"].as_str().unwrap().contains("the same hash tag"), "{apart}");
}

#[test]
fn an_agent_gets_the_script_the_call_and_the_proof() {
    let mut client = crate::mcp::Client::connected("redis://127.0.0.1:1");
    let mut call = |arguments: Value| client.ask("tools/call", json!({"name": "generate_lua", "arguments": arguments}));
    let parameters = json!({"limit": 5, "window": "1000"});
    let result = call(json!({"need": "exact rate limit", "parameters": parameters, "client": "redis-py"}));
    let text = result["content"][0]["text"].as_str().unwrap();
    assert_ne!(result["isError"], true, "{text}");
    for part in ["```lua\n", "```python\n", r#"["5", "1000", "1"]"#, "## Proof", "**ran**", "## Reply"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let result = call(json!({"script": "return redis.call('GET', 'a' .. ARGV[1])", "keys": [], "args": ["```\n# x"]}));
    assert!(result["content"][0]["text"].as_str().unwrap().contains("**answered**"), "{result}");
    // Of files an agent reads the scripts of the project.
    let result = call(json!({"path": "skill/redis/references/lua/limiters/gcra.lua", "prove": false}));
    assert!(result["content"][0]["text"].as_str().unwrap().contains("Check of a script"), "{result}");
    for path in ["../outside.lua", "/etc/passwd", "Cargo.toml", "skill"] {
        let result = call(json!({"path": path}));
        assert_eq!(result["isError"], true, "{path}: {result}");
        assert!(result["content"][0]["text"].as_str().unwrap().contains("text in script"), "{path}: {result}");
    }
    // Any other is for whoever sits at the terminal.
    let result = call(json!({"file": "/etc/passwd"}));
    assert_eq!(result["isError"], true);
    assert!(result["content"][0]["text"].as_str().unwrap().contains("unknown field `file`"), "{result}");
}
