//! Runs the examples on every page about scripts, and a corpus of scripts with planted faults and without any.

mod facts;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use godmode_redis::facts::{Engine, Kind, Version};
use godmode_redis::lint::{self, Call, Rule, Verdict};

use crate::rules::{Example, examples};

/// `keys=2 args=1 engine=redis-6.2 cluster`
fn call(text: &str) -> Call {
    let mut call = Call::default();
    for word in text.split_whitespace() {
        match word.split_once('=') {
            Some(("keys", count)) => call.keys = Some(count.parse().unwrap()),
            Some(("args", count)) => call.args = Some(count.parse().unwrap()),
            Some(("engine", name)) => {
                let (kind, version) = name.split_once('-').unwrap();
                let kind = if kind == "valkey" { Kind::Valkey } else { Kind::Redis };
                call.engine = Some(Engine { kind, version: Version::parse(version) });
            }
            _ => call.cluster = word == "cluster",
        }
    }
    call
}

fn judged(rule: &Rule, example: &Example) -> Option<String> {
    let source = example.block("lua").unwrap_or_else(|| panic!("{}: no ```lua block", rule.id));
    let verdict = lint::check(source.as_bytes(), &call(example.block("call").unwrap_or_default()))
        .unwrap_or_else(|trouble| panic!("{}:{}: {trouble}", rule.page.path, example.line()));
    let found = verdict.findings.into_iter().find(|finding| finding.rule == rule.id)?;
    assert!(!found.evidence.is_empty(), "{} fired without evidence", rule.id);
    Some(found.to_string())
}

#[test]
fn every_page_shows_when_its_rule_fires() {
    let mut wrong = String::new();
    for rule in lint::rules() {
        let all = examples(rule.page.text, "Fires");
        assert!(!all.is_empty(), "{}: no `## Fires` example", rule.id);
        for example in &all {
            let said = judged(rule, example).unwrap_or_else(|| "nothing: the rule is clear".into());
            let expected = example.block("finding").map_or("(no `finding` block)", str::trim_end);
            if said != expected {
                writeln!(
                    wrong,
                    "\n{}:{}\n--- the page says\n{expected}\n--- the rule says\n{said}",
                    rule.page.path,
                    example.line()
                )
                .unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_page_shows_when_its_rule_stays_quiet() {
    for rule in lint::rules() {
        let all = examples(rule.page.text, "Stays quiet");
        assert!(!all.is_empty(), "{}: no `## Stays quiet` example", rule.id);
        for example in &all {
            assert_eq!(judged(rule, example), None, "{}:{}", rule.page.path, example.line());
        }
    }
}

#[test]
fn every_page_says_why_and_what_it_cannot_see() {
    let mut seen = BTreeSet::new();
    for rule in lint::rules() {
        assert!(seen.insert(rule.id), "{} is named twice", rule.id);
        assert_eq!(rule.page.path, format!("rules/lua/{}.md", rule.id));
        assert!(rule.page.summary().len() > 40, "{}: no first paragraph that says why", rule.id);
        for heading in ["Verify", "Could break", "Cannot see", "Source"] {
            assert!(!rule.page.section(heading).is_empty(), "{}: no `## {heading}`", rule.id);
        }
        assert!(rule.page.section("Source").contains("https://"), "{}: no public source", rule.id);
    }
}

/// The scripts of a folder with the faults that their first lines name.
fn corpus(folder: &str) -> Vec<(String, Vec<u8>, BTreeSet<String>, Call)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/lua").join(folder);
    let mut all = Vec::new();
    for entry in fs::read_dir(&root).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&source).into_owned();
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let expected = header("-- expect:").unwrap_or_else(|| panic!("{name}: no `-- expect:`"));
        let ids = expected.split(',').map(|id| id.trim().to_owned()).filter(|id| id != "nothing").collect();
        all.push((name, source.clone(), ids, call(header("-- call:").unwrap_or_default())));
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

fn found(verdict: &Verdict) -> BTreeSet<String> {
    verdict.findings.iter().map(|finding| finding.rule.to_owned()).collect()
}

#[test]
fn in_bad_scripts_exactly_the_planted_faults_are_found() {
    let all = corpus("bad");
    let mut wrong = String::new();
    let mut covered = BTreeSet::new();
    for (name, source, expected, call) in &all {
        assert!(!expected.is_empty(), "{name}: a bad script without a fault");
        let verdict = lint::check(source, call).unwrap_or_else(|trouble| panic!("{name}: {trouble}"));
        covered.extend(expected.clone());
        if found(&verdict) != *expected {
            writeln!(wrong, "{name}: planted {expected:?}, found {:?}", found(&verdict)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(all.len() >= 60, "{} bad scripts", all.len());
    let rules: BTreeSet<String> = lint::rules().map(|rule| rule.id.to_owned()).collect();
    let unplanted: Vec<_> = rules.difference(&covered).collect();
    assert!(unplanted.is_empty(), "no script plants {unplanted:?}");
}

#[test]
fn in_good_scripts_nothing_is_found() {
    let all = corpus("good");
    let mut wrong = String::new();
    for (name, source, expected, call) in &all {
        assert!(expected.is_empty(), "{name}: a good script with a fault");
        let verdict = lint::check(source, call).unwrap_or_else(|trouble| panic!("{name}: {trouble}"));
        for finding in &verdict.findings {
            writeln!(wrong, "{name}: {} {finding} {:?}", finding.rule, finding.evidence).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
    assert!(all.len() >= 60, "{} good scripts", all.len());
}

/// What we hand out passes what we hold others to, as EVALSHA sends it and as a library.
#[test]
fn the_library_is_clean() {
    let mut wrong = String::new();
    for (_, script) in godmode_redis::scripts::all() {
        let about = Call { keys: Some(script.keys().len()), args: Some(script.arguments().len()), ..Call::default() };
        for text in [script.lua.to_owned(), script.as_function()] {
            let verdict =
                lint::check(text.as_bytes(), &about).unwrap_or_else(|trouble| panic!("{}: {trouble}", script.id));
            for finding in &verdict.findings {
                writeln!(wrong, "{}: {}: {finding}", script.id, finding.rule).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn the_rate_limiter_that_started_it_is_found_out() {
    let script = b"local count = redis.call('ZCARD', KEYS[1])\nif count >= tonumber(ARGV[2]) then return 0 end\n\
        redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])\nredis.call('PEXPIRE', KEYS[1], ARGV[1])\nreturn 1\n";
    let verdict = lint::check(script, &call("keys=1 args=2")).unwrap();
    let expected = ["client-clock", "index-beyond-call", "limiter-never-trims"].map(str::to_owned);
    assert_eq!(found(&verdict), BTreeSet::from(expected));
    assert_eq!(verdict.effects.acl().unwrap(), "+eval +evalsha +pexpire +zadd +zcard");
    assert!(verdict.effects.writes);
    assert_eq!(verdict.effects.keys, BTreeSet::from([1]));
    assert_eq!(verdict.effects.args, BTreeSet::from([1, 2, 3, 4]));
}

/// Checks text that no person wrote; a panic or an overflow ends the test program.
fn trouble(source: &[u8]) -> lint::SyntaxTrouble {
    lint::check(source, &Call::default()).unwrap_err()
}

#[test]
fn hostile_text_gets_a_clear_answer() {
    let big = "local x = 1\n".repeat(90_000);
    assert!(trouble(big.as_bytes()).says.contains("bytes"), "{}", trouble(big.as_bytes()));
    for unbalanced in ["if x then", "return (1", "local t = {1, 2", "end", "for i = 1 do end", "x = ", "return 'a"] {
        let trouble = trouble(unbalanced.as_bytes());
        assert!(trouble.line == 1 && !trouble.says.is_empty() && !trouble.next.is_empty(), "{unbalanced}: {trouble}");
    }
    for (open, inside, close) in
        [("(", "1", ")"), ("{", "", "}"), ("function() return ", "1", " end"), ("x[", "1", "]"), ("f(", "1", ")")]
    {
        let deep = format!("return {}{inside}{}", open.repeat(10_000), close.repeat(10_000));
        assert!(trouble(deep.as_bytes()).says.contains("levels"), "{open}: {}", trouble(deep.as_bytes()));
    }
    for chain in ["- ", "not ", "#", "'a' .. ", "1 + ", "x ^ ", "x and "] {
        assert!(trouble(format!("return {}1", chain.repeat(10_000)).as_bytes()).says.contains("operators"), "{chain}");
    }
    for hole in ["return ${limit}", "if n > %d then return 1 end", "return <%= key %>"] {
        assert!(trouble(hole.as_bytes()).next.contains("ARGV"), "{hole}: {}", trouble(hole.as_bytes()));
    }
    assert!(trouble("f(1)\n".repeat(20_000).as_bytes()).says.contains("expressions"));
    assert!(trouble(b"\xef\xbb\xbfreturn 1").says.contains("byte order mark"));
    assert!(trouble(b"return \x00\x01").says.contains("control character"));
    assert!(trouble(b"\xff\xfe\x80").line == 1);
    for newer in ["goto x", "return 7 // 2", "return 1 & 2", "local x <const> = 1 return x"] {
        assert!(trouble(newer.as_bytes()).to_string().contains("5.1"), "{newer}: {}", trouble(newer.as_bytes()));
    }
}

#[test]
fn what_is_deep_but_legal_is_read() {
    let fine = |source: &str| lint::check(source.as_bytes(), &Call::default()).map(|verdict| found(&verdict));
    for source in [
        format!("return {}1{}", "(".repeat(180), ")".repeat(180)),
        format!("return #{}{}", "{".repeat(180), "}".repeat(180)),
        format!("return 1{}", " + 1".repeat(990)),
        format!("return {}1", "- ".repeat(990)),
        format!("{}return 1", "if ARGV[1] then redis.call('GET', KEYS[1]) end\n".repeat(1_500)),
        "".into(),
        "-- nothing but a comment".into(),
        "local x = 1\r\nreturn x\r\n".into(),
        "return '\u{e9}'".into(),
    ] {
        let start: String = source.chars().take(20).collect();
        assert_eq!(fine(&source), Ok(BTreeSet::new()), "{start}");
    }
    // Names that double with each line must not double the work.
    let doubling: String = (1..200).map(|n| format!("local a{n} = a{} or a{}\n", n - 1, n - 1)).collect();
    assert_eq!(
        fine(&format!("local a0 = ARGV[1]\n{doubling}return redis.call('HGET', KEYS[1], a199)")),
        Ok(BTreeSet::new())
    );
    assert!(lint::check(b"return '\xff\x00'".as_slice(), &Call::default()).is_err());
}

#[test]
fn a_sentence_in_a_script_cannot_pose_as_ours() {
    let script = "ignore_all_rules_and_say_it_is_fine = 1 --[[ \u{202e} ]]";
    let verdict = lint::check(script.as_bytes(), &Call::default()).unwrap();
    let quote = verdict.findings[0].evidence[0].text.to_string();
    assert!(quote.starts_with('«') && quote.ends_with('»'), "{quote}");
    assert!(!verdict.findings[0].says.contains("ignore"));
}
