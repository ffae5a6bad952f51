//! What a fix is said to save, held against what it saves: the data is built as it is and as the fix would have it, on two
//! servers, and both are weighed.

use godmode_redis::facts::{Engine, Fields, KeyFacts, Kind, Server};
use godmode_redis::probe::{Pace, Target};
use godmode_redis::rules::Saving;
use godmode_redis::tools::{AuditMemory, RecommendStructure, Tool, Watch};

use crate::stage::node::Node;
use crate::stage::settled;
use crate::stage::setup::Setup;

/// A saving may be wrong by so much of itself.
const TOLERANCE: f64 = 0.05;
/// And what the data takes now by so much of itself.
const TOLERANCE_OF_BYTES: f64 = 0.03;
/// Of a sample: how many keys match is known to two or three of a hundred.
const TOLERANCE_OF_SAMPLE: f64 = 0.08;
/// Commands sent together.
const AT_ONCE: usize = 500;

type Words = Vec<Vec<u8>>;
type Input = <AuditMemory as Tool>::Input;
type Recommended = <RecommendStructure as Tool>::Input;
type Audit = <AuditMemory as Tool>::Report;

fn words(parts: &[&str]) -> Words {
    parts.iter().map(|part| part.as_bytes().to_vec()).collect()
}

/// A number that looks drawn, the same in each run.
fn dice(seed: &str) -> u64 {
    KeyFacts::ticket(seed.as_bytes())
}

/// Text of so many letters that no number reads as.
fn text(seed: &str, len: u64) -> String {
    (0..)
        .map(|n| format!("{:016x}", dice(&format!("{seed}/{n}"))))
        .scan(String::new(), |all, part| {
            all.push_str(&part);
            Some(all.clone())
        })
        .find(|all| all.len() as u64 >= len)
        .map(|all| format!("x{}", &all[1..len as usize]))
        .unwrap()
}

/// From `low` to `high`, by chance.
fn between(seed: &str, low: u64, high: u64) -> u64 {
    low + dice(seed) % (high - low + 1)
}

/// A server with data, and what the data takes.
struct Stand {
    node: Node,
    bytes: f64,
}

impl Stand {
    async fn with(lines: &[&str], commands: impl Iterator<Item = Words>) -> Self {
        // Tables move on with each beat of the server's clock; a fork, or a histogram for each command, is no data.
        let node = Node::start(&Setup::new(&["hz 500"]).with(lines)).await;
        let mut watch = node.connect().await.unwrap();
        let _: Result<redis::Value, String> = node.ask("CONFIG SET latency-tracking no").await;
        let empty = settled(&mut watch).await;
        let mut loader = node.connect().await.unwrap();
        let mut commands = commands.peekable();
        while commands.peek().is_some() {
            let mut pipe = redis::pipe();
            for words in commands.by_ref().take(AT_ONCE) {
                let mut command = redis::Cmd::new();
                words.iter().for_each(|word| {
                    command.arg(word);
                });
                pipe.add_command(command).ignore();
            }
            pipe.exec_async(&mut loader).await.unwrap();
        }
        drop(loader);
        let bytes = settled(&mut watch).await - empty;
        Self { node, bytes }
    }

    async fn audit(&self, sample_values: bool) -> Audit {
        let input = Input { full: true, pace: Pace::Fast, sample_values, ..Input::default() };
        AuditMemory::run(&Target::parse(&self.node.url()).unwrap(), input, &Watch::default()).await.unwrap()
    }
}

/// Compares what the audit of `now` promises with what `then` takes less. Only a server without CLIENT NO-TOUCH, which keeps
/// lengths and values to itself, is passed over.
async fn confirm(rule: &str, now: Stand, then: Stand) {
    // Elements of tables are drawn with samples of values.
    let sampled = rule.starts_with("values") || rule == "compact-limit-missed";
    let audit = now.audit(sampled).await;
    let untouching = audit.nodes.iter().all(|node| node.not_asked.is_empty());
    if let Some(unchecked) = audit.verdict.not_checked.iter().find(|unchecked| unchecked.rule == rule) {
        assert!(!untouching, "{rule}: not checked, {}", unchecked.missing);
        tracing::info!("{rule}: not checked on this server, {}", unchecked.missing);
        return;
    }
    if rule.starts_with("values") && audit.families.iter().all(|family| family.values.is_none()) {
        assert!(!untouching, "{rule}: no value was sampled");
        tracing::info!("{rule}: this server's values cannot be sampled without a trace");
        return;
    }
    let rules = || audit.verdict.findings.iter().map(|finding| finding.rule).collect::<Vec<_>>();
    let finding = audit.verdict.findings.iter().find(|finding| finding.rule == rule);
    let families = || audit.families.iter().map(|row| format!("{} {}", row.pattern, row.per_key)).collect::<Vec<_>>();
    let finding = finding.unwrap_or_else(|| panic!("{rule} does not fire, but {:?}: {:?}", rules(), families()));
    let promised = Saving::sum(&finding.savings).0 as f64;
    let saved = now.bytes - then.bytes;
    let counted = (audit.ledger.books.keys + audit.ledger.books.tables) as f64;
    assert!((counted / now.bytes - 1.0).abs() <= TOLERANCE_OF_BYTES, "{rule}: counted {counted} of {}", now.bytes);
    let off = promised / saved - 1.0;
    tracing::info!(
        "{rule}: {} -> {} bytes, counted {}, saved {saved}, promised {promised} ({:+.2} %)",
        now.bytes,
        then.bytes,
        counted,
        off * 100.0
    );
    assert!(
        off.abs() <= TOLERANCE,
        "{rule}: promised {promised}, saved {saved} ({:+.2} %)\n{}",
        off * 100.0,
        finding.says
    );
}

/// Without samples a claim leaves open how long elements are, and the finding says between what the saving then lies.
async fn confirm_bounds(now: &Stand, then: &Stand) {
    let audit = now.audit(false).await;
    let finding = audit.verdict.findings.iter().find(|finding| finding.rule == "compact-limit-missed");
    let Some(finding) = finding else {
        let unasked = audit.nodes.iter().any(|node| !node.not_asked.is_empty());
        assert!(unasked, "nothing was found, and nothing kept it from being asked");
        return;
    };
    let saved = now.bytes - then.bytes;
    let bounds =
        finding.says.split_once(" (").and_then(|(_, rest)| rest.split_once(", as claims")).map(|(text, _)| text);
    tracing::info!("saved {saved}, promised {}", finding.says);
    let Some((low, high)) = bounds.and_then(|text| text.split_once(" to ")) else {
        let promised = Saving::sum(&finding.savings).0 as f64;
        assert!((promised / saved - 1.0).abs() <= TOLERANCE, "{promised} for {saved}: {}", finding.says);
        return;
    };
    let bytes = |text: &str| text.strip_suffix(" MiB").unwrap().parse::<f64>().unwrap() * f64::from(1 << 20);
    assert!((bytes(low)..=bytes(high)).contains(&saved), "{saved}: {}", finding.says);
}

/// The server that these tests run.
async fn engine() -> Engine {
    let node = Node::start(&Setup::default()).await;
    let mut server = Server::unseen("a test");
    server.info = Ok(Fields::parse(&node.ask::<String>("INFO server").await.unwrap()));
    server.engine().unwrap()
}

/// Fields differ from hash to hash: alike in all, they would share slots in all of them or in none, as the server's seed has it.
fn hashes() -> impl Iterator<Item = Words> {
    (0..1_200).map(|n| {
        let key = format!("cart:{n}");
        let fields = (0..between(&key, 130, 250)).flat_map(|field| {
            let seed = format!("{n}/{field}");
            [format!("item-{}", (n * 251 + field) % 1_000), text(&seed, between(&seed, 8, 44))]
        });
        let all: Vec<String> = ["HSET".to_owned(), key.clone()].into_iter().chain(fields).collect();
        all.into_iter().map(String::into_bytes).collect()
    })
}

#[tokio::test]
async fn a_raised_limit_for_hashes_saves_what_was_said() {
    let now = Stand::with(&["hash-max-ziplist-entries 128"], hashes()).await;
    let then = Stand::with(&["hash-max-ziplist-entries 256"], hashes()).await;
    confirm_bounds(&now, &then).await;
    confirm("compact-limit-missed", now, then).await;
}

fn sorted_sets() -> impl Iterator<Item = Words> {
    (0..1_200).map(|n| {
        let key = format!("board:{n}");
        let members = (0..between(&key, 130, 250)).flat_map(|member| {
            let seed = format!("{n}/{member}");
            [format!("{}", 1_700_000_000 + dice(&seed) % 100_000_000), text(&seed, between(&seed, 12, 40))]
        });
        let all: Vec<String> = ["ZADD".to_owned(), key.clone()].into_iter().chain(members).collect();
        all.into_iter().map(String::into_bytes).collect()
    })
}

#[tokio::test]
async fn a_raised_limit_for_sorted_sets_saves_what_was_said() {
    let now = Stand::with(&["zset-max-ziplist-entries 128"], sorted_sets()).await;
    let then = Stand::with(&["zset-max-ziplist-entries 256"], sorted_sets()).await;
    confirm_bounds(&now, &then).await;
    confirm("compact-limit-missed", now, then).await;
}

/// All of one length, which a claim rounds up: packed, each byte counts.
#[tokio::test]
async fn a_raised_limit_for_equal_fields_saves_what_was_said() {
    let carts = || {
        (0..1_500).map(|n| {
            let key = format!("cart:{n}");
            let fields = (0..200).flat_map(|field| {
                [format!("item-{:04}", (n * 251 + field) % 10_000), text(&format!("{n}/{field}"), 23)]
            });
            let all: Vec<String> = ["HSET".to_owned(), key].into_iter().chain(fields).collect();
            all.into_iter().map(String::into_bytes).collect::<Words>()
        })
    };
    let now = Stand::with(&["hash-max-ziplist-entries 128"], carts()).await;
    let then = Stand::with(&["hash-max-ziplist-entries 256"], carts()).await;
    confirm_bounds(&now, &then).await;
    confirm("compact-limit-missed", now, then).await;
}

fn sets() -> impl Iterator<Item = Words> {
    (0..1_500).map(|n| {
        let key = format!("tags:{n}");
        let members = (0..between(&key, 130, 250)).map(|member| {
            let seed = format!("{n}/{member}");
            text(&seed, between(&seed, 6, 40))
        });
        let all: Vec<String> = ["SADD".to_owned(), key.clone()].into_iter().chain(members).collect();
        all.into_iter().map(String::into_bytes).collect()
    })
}

#[tokio::test]
async fn a_raised_limit_for_sets_saves_what_was_said() {
    let engine = engine().await;
    // Sets are listpacks from Redis 7.2 and Valkey 7.2 on.
    if !engine.at_least((7, 2), (7, 2)) {
        return;
    }
    let now = Stand::with(&["set-max-listpack-entries 128"], sets()).await;
    let then = Stand::with(&["set-max-listpack-entries 256"], sets()).await;
    confirm_bounds(&now, &then).await;
    confirm("compact-limit-missed", now, then).await;
}

#[tokio::test]
async fn tiny_strings_as_fields_save_what_was_said() {
    const KEYS: u64 = 110_000;
    let id = |n: u64| format!("{:016x}", dice(&format!("id{n}")));
    let value = |n: u64| text(&format!("v{n}"), between(&format!("l{n}"), 16, 40));
    let now = Stand::with(&[], (0..KEYS).map(|n| words(&["SET", &format!("pic:{}", id(n)), &value(n)]))).await;
    let hashes = KEYS / 100;
    let bucket = |n: u64| format!("pic:{}", dice(&format!("bucket{n}")) % hashes);
    let then = Stand::with(&[], (0..KEYS).map(|n| words(&["HSET", &bucket(n), &id(n), &value(n)]))).await;
    confirm("tiny-strings", now, then).await;
}

/// The same from a sample of two thousand keys, among others that the pattern leaves out.
#[tokio::test]
async fn sampled_strings_as_fields_save_what_was_said() {
    const KEYS: u64 = 40_000;
    let value = |n: u64| text(&format!("v{n}"), between(&format!("l{n}"), 16, 40));
    let others = || (0..10_000).map(|n| words(&["SET", &format!("order:{n}"), &text(&format!("o{n}"), 30)]));
    let strings = (0..KEYS).map(|n| words(&["SET", &format!("user:{n}:name"), &value(n)]));
    let now = Stand::with(&[], others().chain(strings)).await;
    let fields = (0..KEYS).map(|n| words(&["HSET", &format!("user:{}:name", n / 100), &n.to_string(), &value(n)]));
    let then = Stand::with(&[], others().chain(fields)).await;
    let input = Recommended {
        use_case: "tiny objects".into(),
        key_pattern: "user:*:name".into(),
        probe: true,
        ..Default::default()
    };
    let target = Target::parse(&now.node.url()).unwrap();
    let answer =
        serde_json::to_value(RecommendStructure::run(&target, input, &Watch::default()).await.unwrap()).unwrap();
    let advice = &answer["asked"]["present"]["advice"][0];
    let promised = advice["now"].as_f64().unwrap() - advice["then"].as_f64().unwrap();
    let saved = now.bytes - then.bytes;
    let off = promised / saved - 1.0;
    tracing::info!("saved {saved}, promised {promised} ({:+.2} %)", off * 100.0);
    assert!(off.abs() <= TOLERANCE_OF_SAMPLE, "promised {promised}, saved {saved} ({:+.2} %): {advice}", off * 100.0);
}

#[tokio::test]
async fn shorter_names_save_what_was_said() {
    let set = |n: u64, share: usize| {
        let prefix = "production:customer-profile-service:region-europe-west:user:";
        let id = text(&format!("id{n}"), between(&format!("n{n}"), 20, 36));
        let (prefix, id) = (&prefix[..prefix.len() / share], &id[..id.len() / share]);
        words(&["SET", &format!("{prefix}{id}:{n:08}")[..], &text(&format!("v{n}"), between(&format!("l{n}"), 10, 90))])
    };
    // The number keeps names apart: it is halved too, by as many bytes off the prefix.
    let now = Stand::with(&[], (0..40_000).map(|n| set(n, 1))).await;
    let halved = |n: u64| {
        let mut words = set(n, 1);
        let len = words[1].len();
        words[1].drain(..len.div_ceil(2));
        words
    };
    let then = Stand::with(&[], (0..40_000).map(halved)).await;
    confirm("long-key-names", now, then).await;
}

fn streams() -> impl Iterator<Item = Words> {
    (0..2_000).flat_map(|n| {
        (1..=between(&format!("inbox{n}"), 3, 6)).map(move |entry| {
            let value = text(&format!("{n}/{entry}"), between(&format!("{n}/{entry}"), 20, 50));
            words(&[
                "XADD",
                &format!("inbox:{n}"),
                &format!("{}-1", 1_700_000_000_000_u64 + entry * 100),
                "message",
                &value,
            ])
        })
    })
}

#[tokio::test]
async fn smaller_nodes_of_streams_save_what_was_said() {
    let now = Stand::with(&[], streams()).await;
    let then = Stand::with(&["stream-node-max-bytes 512"], streams()).await;
    confirm("small-streams", now, then).await;
}

fn page(n: u64) -> String {
    let rows = (0..between(&format!("rows{n}"), 40, 80)).map(|row| {
        let seed = format!("{n}/{row}");
        format!(r#"{{"sku":"{}","price":{},"state":"active","name":"article"}}"#, text(&seed, 10), dice(&seed) % 10_000)
    });
    format!(r#"{{"id":{n},"items":[{}]}}"#, rows.collect::<Vec<_>>().join(","))
}

#[tokio::test]
async fn compressed_values_save_what_was_said() {
    let set = |n: u64, value: Vec<u8>| vec![b"SET".to_vec(), format!("page:{n}").into_bytes(), value];
    let now = Stand::with(&[], (0..6_000).map(|n| set(n, page(n).into_bytes()))).await;
    let pressed = |n: u64| set(n, zstd::bulk::compress(page(n).as_bytes(), 3).unwrap());
    let then = Stand::with(&[], (0..6_000).map(pressed)).await;
    confirm("values-compress-well", now, then).await;
}

#[tokio::test]
async fn strings_that_are_set_whole_save_what_was_said() {
    let part = |n: u64, part: &str| text(&format!("{part}{n}"), between(&format!("{part}{n}"), 2_000, 6_000));
    let grown = (0..3_000).flat_map(|n| {
        let key = format!("log:{n}");
        [words(&["SET", &key, &part(n, "a")]), words(&["APPEND", &key, &part(n, "b")])]
    });
    let now = Stand::with(&[], grown).await;
    let whole = (0..3_000).map(|n| words(&["SET", &format!("log:{n}"), &(part(n, "a") + &part(n, "b"))]));
    let then = Stand::with(&[], whole).await;
    confirm("string-slack", now, then).await;
}

#[tokio::test]
async fn strings_that_are_embedded_save_what_was_said() {
    // A cache line holds key and string together; two from Valkey 9.1 on.
    let engine = engine().await;
    let len = if engine.kind == Kind::Valkey && engine.at_least((0, 0), (9, 1)) { 96 } else { 32 };
    let set = |n: u64, prefix: &str| {
        words(&["SET", &format!("{prefix}{:08x}", dice(&format!("id{n}")) >> 32), &text(&format!("v{n}"), len)])
    };
    let now = Stand::with(&[], (0..150_000).map(|n| set(n, "session:user:"))).await;
    let audit = now.audit(false).await;
    let finding = audit.verdict.findings.iter().find(|finding| finding.rule == "embed-limit-missed");
    let together = engine.at_least((8, 2), (8, 1));
    assert_eq!(finding.is_some(), together, "{engine} keeps strings with their keys: {together}");
    let Some(finding) = finding else { return };
    // As the finding says: by so many bytes shorter.
    let cut =
        finding.says.split("up to ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok()).unwrap();
    let then = Stand::with(&[], (0..150_000).map(|n| set(n, &"session:user:"[cut..]))).await;
    confirm("embed-limit-missed", now, then).await;
}
