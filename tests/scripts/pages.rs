//! What the pages of the scripts say, held against the Lua and against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use godmode_redis::facts::Kind;
use godmode_redis::proof::keys_of;
use godmode_redis::scripts::{self, Argument, FAMILIES, Range, Step};

use super::Outcome;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_page_has_all_that_it_promises_to_say() {
    for (family, script) in scripts::all() {
        let (id, page) = (script.id, script.page);
        assert_eq!(page.path, format!("lua/{}/{id}.md", family.id));
        assert!(page.summary().len() > 40, "{id}: no promise");
        for heading in ["Cost", "Retry", "Failover", "Clock", "Session", "Source"] {
            assert!(!page.section(heading).is_empty(), "{id}: no `## {heading}`");
        }
        assert!(family.id != "limiters" || !page.section("Bound").is_empty(), "{id}: a limiter without its bound");
        for (heading, read) in
            [("Keys", script.keys().len()), ("Arguments", script.arguments().len()), ("Reply", script.reply().len())]
        {
            assert_eq!(page.rows(heading).len(), read, "{id}: a row of {heading} cannot be read");
        }
        assert!(!script.keys().is_empty() && !script.reply().is_empty(), "{id}");
        for engine in [Kind::Redis, Kind::Valkey] {
            assert!(script.since(&engine).is_some(), "{id}: since when on {engine:?}?");
        }
        assert_eq!(
            script.replaced_by().len(),
            page.rows("Instead").len(),
            "{id}: a command in its place cannot be read"
        );
        script.session().unwrap();
    }
}

#[test]
fn an_example_is_within_its_range_and_its_keys_share_a_slot() {
    for (_, script) in scripts::all() {
        for argument in script.arguments() {
            assert!(admits(&argument), "{}: the example of {}", script.id, argument.name);
        }
        let tags: BTreeSet<&str> = script.keys().iter().map(|key| tag(key.example)).collect();
        assert_eq!(tags.len(), 1, "{}: {tags:?}", script.id);
        for step in script.session().unwrap() {
            if let Step::Call { script: id, keys, .. } = step {
                let tags: BTreeSet<&str> = keys.iter().map(|key| tag(key)).collect();
                assert_eq!(tags.len(), 1, "{}: {id} {keys:?}", script.id);
            }
        }
    }
}

fn admits(argument: &Argument) -> bool {
    match &argument.range {
        Range::Integer { low, high } => argument.example.parse().is_ok_and(|n| (*low..=*high).contains(&n)),
        Range::Bytes { low, high } => (*low..=*high).contains(&argument.example.len()),
        Range::Words(words) => words.contains(&argument.example),
    }
}

/// What stands in braces, as a cluster sees it.
fn tag(key: &str) -> &str {
    key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).expect("a hash tag").0
}

#[test]
fn sessions_do_not_meet() {
    let mut owner: BTreeMap<String, &str> = BTreeMap::new();
    for (_, script) in scripts::all() {
        for key in keys_of(script, &script.session().unwrap()) {
            let before = owner.insert(key.clone(), script.id);
            assert!(before.is_none_or(|id| id == script.id), "{key}: {before:?} and {}", script.id);
        }
    }
}

#[test]
fn a_page_declares_the_commands_that_its_script_uses() {
    for (_, script) in scripts::all() {
        let used: BTreeSet<String> = script
            .lua
            .split("redis.call('")
            .skip(1)
            .map(|rest| rest.split('\'').next().unwrap().to_lowercase())
            .collect();
        let declared: BTreeSet<String> =
            script.acl().iter().map(|grant| grant[1..].split('|').next().unwrap().to_owned()).collect();
        assert_eq!(used, declared, "{}", script.id);
        // All keys come by KEYS: a name that is put together is not declared, and lies in any slot.
        assert!(!script.lua.contains("redis.pcall") && !script.lua.contains("KEYS[1] .."), "{}", script.id);
    }
}

#[test]
fn every_file_of_the_library_belongs_to_a_script() {
    let known: BTreeSet<PathBuf> = scripts::all()
        .flat_map(|(_, script)| ["md", "lua"].map(|ending| Path::new(script.page.path).with_extension(ending)))
        .collect();
    let references = root().join("skill/redis/references");
    for family in FAMILIES {
        for entry in fs::read_dir(references.join("lua").join(family.id)).unwrap() {
            let path = entry.unwrap().path();
            assert!(known.contains(path.strip_prefix(&references).unwrap()), "{} belongs to no script", path.display());
        }
    }
    let folders = fs::read_dir(references.join("lua")).unwrap().count();
    assert_eq!(folders, FAMILIES.len(), "a folder for each family, and each in FAMILIES");
    let ids: BTreeSet<&str> = scripts::all().map(|(_, script)| script.id).collect();
    assert_eq!(ids.len(), scripts::all().count(), "two scripts of one name");
}

/// `BLESS=1` writes the measured number of commands into the pages.
pub fn write_calls(outcomes: &[Outcome]) {
    for (id, outcome) in outcomes {
        let (Ok(Some((low, high))), Some(script)) = (outcome, scripts::find(id)) else { continue };
        let path = root().join("skill/redis/references").join(script.page.path);
        let text = fs::read_to_string(&path).unwrap();
        let line = text.lines().find(|line| line.starts_with("| calls |")).unwrap();
        fs::write(&path, text.replace(line, &format!("| calls | {low}..{high} |"))).unwrap();
    }
}
