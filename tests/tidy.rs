//! The promises of ARCHITECTURE.md: layers look down, files say what they are for, one fact lives in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use godmode_redis::probe::{PARAMETERS, acl_line, every_ask};
use godmode_redis::rules::{self, TOPICS};
use godmode_redis::{handbook, lint};

const REFERENCES: &str = "skill/redis/references";

/// Each module and what it may use. A module is not listed twice, and everything is listed.
#[rustfmt::skip]
const LAYERS: &[(&str, &[&str])] = &[
    ("page",     &[]),
    ("facts",    &[]),
    ("print",    &["facts"]),
    ("probe",    &["facts"]),
    ("footprint", &["facts"]),
    ("forecast", &["facts"]),
    ("decisions", &["page", "facts", "footprint", "forecast"]),
    ("families", &["facts"]),
    ("census",   &["facts", "footprint", "families"]),
    ("rules",    &["page", "facts", "footprint", "census"]),
    ("scripts",  &["page", "facts"]),
    ("lint",     &["page", "facts", "decisions", "rules"]),
    ("proof",    &["facts", "footprint", "forecast", "decisions", "probe", "scripts"]),
    ("tools",    &["facts", "page", "print", "footprint", "forecast", "decisions", "families", "census", "probe", "rules", "scripts", "lint", "proof"]),
    ("handbook", &["page", "decisions", "probe", "rules", "scripts", "lint"]),
    ("demo",     &["print", "probe", "rules", "tools"]),
    ("cli",      &["facts", "print", "probe", "rules", "tools", "handbook", "demo", "mcp"]),
    ("mcp",      &["facts", "print", "probe", "tools", "handbook"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

/// Files below a folder with one of these endings, as paths from the root.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let inner = path.strip_prefix(root()).unwrap().to_path_buf();
        if path.is_dir() {
            found.extend(files(&inner.to_string_lossy(), ending));
        } else if inner.to_string_lossy().ends_with(ending) {
            found.push(inner);
        }
    }
    found.sort();
    found
}

/// The lines of a file before its tests.
fn code(path: &Path) -> String {
    read(path).lines().take_while(|line| !line.starts_with("#[cfg(test)]")).map(|line| format!("{line}\n")).collect()
}

#[test]
fn modules_only_look_down() {
    let lib = read("src/lib.rs");
    let modules: Vec<&str> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")).map(|name| name.trim_end_matches(';')).collect();
    let listed: Vec<&str> = LAYERS.iter().map(|(module, _)| *module).collect();
    assert_eq!(sorted(&modules), sorted(&listed), "src/lib.rs and LAYERS name different modules");
    for path in files("src", ".rs") {
        let inner = path.strip_prefix("src").unwrap();
        let module = inner.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned();
        let Some((_, may_use)) = LAYERS.iter().find(|(name, _)| *name == module) else { continue };
        for name in &listed {
            let uses = code(&path).lines().any(|line| names(line, name));
            assert!(!uses || *name == module || may_use.contains(name), "{} uses {name}", path.display());
        }
    }
}

/// Whether a line reaches for a module of the crate, alone or in braces.
fn names(line: &str, module: &str) -> bool {
    let Some((_, path)) = line.split_once("crate::") else { return false };
    match path.strip_prefix('{') {
        Some(list) => list.split([',', '}']).any(|item| item.trim().split("::").next() == Some(module)),
        None => path.split(|c: char| !c.is_alphanumeric() && c != '_').next() == Some(module),
    }
}

fn sorted<'a>(names: &[&'a str]) -> Vec<&'a str> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

#[test]
fn only_probe_opens_a_connection() {
    for path in files("src", ".rs") {
        let inner = path.strip_prefix("src").unwrap();
        // The demo and the proof write to throwaway servers of their own.
        if ["probe", "demo", "proof"].iter().any(|room| inner.starts_with(room)) {
            continue;
        }
        for word in ["redis::", "TcpStream", "UnixStream"] {
            let reaches = code(&path).lines().any(|line| line.contains(word) && !line.contains("godmode_redis::"));
            assert!(!reaches, "{} uses {word}", path.display());
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_small() {
    for path in files("src", ".rs").into_iter().chain(files("tests", ".rs")).chain(files("benches", ".rs")) {
        let text = read(&path);
        let first = text.lines().next().unwrap_or("");
        assert!(first.starts_with("//! ") && first.len() > 20, "{}: {first}", path.display());
        assert!(!first.to_lowercase().contains("this module"), "{}", path.display());
        let lines = text.lines().count();
        assert!(lines <= 400, "{} has {lines} lines", path.display());
    }
}

#[test]
fn nothing_is_orphaned() {
    let registered: Vec<String> = rules::all()
        .map(|(_, rule)| rule.page.path)
        .chain(lint::rules().map(|rule| rule.page.path))
        .map(str::to_owned)
        .collect();
    for path in files(&format!("{REFERENCES}/rules"), ".md") {
        let page = path.strip_prefix(REFERENCES).unwrap().to_string_lossy().into_owned();
        assert!(registered.contains(&page), "{page} belongs to no rule");
    }
    for topic in TOPICS {
        let written = files(&format!("src/rules/{}", topic.id), ".rs").len() - 1;
        assert_eq!(written, topic.rules.len(), "src/rules/{}: a file for each rule, and each in its list", topic.id);
    }
}

#[test]
fn every_parameter_that_a_rule_reads_is_asked_for() {
    // A parameter has a dash where INFO has an underscore; one word may be either.
    for path in files("src/rules", ".rs").into_iter().chain(files("src/tools", ".rs")) {
        let text = code(&path);
        for name in text.split('"').skip(1).step_by(2) {
            let parameter = name.contains('-') && name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            let is_rule = rules::all().any(|(_, rule)| rule.id == name);
            let known = PARAMETERS.contains(&name);
            let reads = ["word", "number", "signed", "bytes", "is_on", "ratio"]
                .iter()
                .any(|method| text.contains(&format!("{method}(\"{name}\")")));
            assert!(!parameter || is_rule || !reads || known, "{} reads {name}; add it to PARAMETERS", path.display());
        }
    }
    for parameter in PARAMETERS {
        let quoted = format!("\"{parameter}\"");
        let read = files("src", ".rs")
            .iter()
            .filter(|path| !path.ends_with("ask.rs"))
            .any(|path| read(path).contains(&quoted));
        assert!(read, "{parameter} is asked for and read by nobody");
    }
}

#[test]
fn generated_pages_are_current() {
    for page in handbook::generated() {
        let path = Path::new(REFERENCES).join(&page.path);
        if std::env::var_os("BLESS").is_some() {
            fs::write(root().join(&path), &page.body).unwrap();
        }
        assert!(read(&path) == page.body, "{} is stale; run `make bless`", path.display());
    }
}

#[test]
fn links_resolve() {
    let pages = ["skill", ".claude-plugin"].iter().flat_map(|folder| files(folder, ".md"));
    let documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(PathBuf::from);
    for path in pages.chain(documents) {
        for link in read(&path).split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if file.is_empty() || file.contains("://") {
                continue;
            }
            let target = root().join(&path).parent().unwrap().join(file);
            assert!(target.exists(), "{}: {link} leads nowhere", path.display());
        }
    }
}

#[test]
fn there_is_one_version() {
    let version = env!("CARGO_PKG_VERSION");
    let plugin: serde_json::Value = serde_json::from_str(&read(".claude-plugin/plugin.json")).unwrap();
    assert_eq!(plugin["version"], version);
    let market: serde_json::Value = serde_json::from_str(&read(".claude-plugin/marketplace.json")).unwrap();
    assert_eq!(market["plugins"][0].get("version"), None, "plugin.json has the version");
    assert!(read("CHANGELOG.md").contains(&format!("## {version}")));
    let skill = read("skill/redis/SKILL.md");
    assert!(!skill.contains("version:") || skill.contains(&format!("version: \"{version}\"")));
}

#[test]
fn the_readme_shows_the_commands_and_the_acl_line_that_hold() {
    let readme = read("README.md");
    for words in ["make demo", "make test", acl_line("godmode", &every_ask()).as_str()] {
        assert!(readme.contains(words), "README.md does not show: {words}");
    }
    let makefile = read("Makefile");
    assert!(makefile.contains("\ndemo:") && makefile.contains("\ntest:"));
    assert!(read(".ci/run").contains("make test"));
}

#[test]
fn the_skill_names_only_tools_that_exist() {
    let tools = [
        "audit_memory",
        "design_cache",
        "generate_lua",
        "inspect_server",
        "plan_topology",
        "recommend_structure",
        "simulate",
    ];
    let skill = read("skill/redis/SKILL.md");
    for name in skill.split("mcp__plugin_godmode_redis__").skip(1) {
        let name: String = name.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        assert!(tools.contains(&name.as_str()), "SKILL.md allows {name}");
    }
    // A folded block: the indented lines after its key.
    let block = skill.lines().skip_while(|line| !line.starts_with("description:")).skip(1);
    let description = block.take_while(|line| line.starts_with(' ')).map(str::trim).collect::<Vec<_>>().join(" ");
    assert!((100..=1_024).contains(&description.len()) && !description.contains(['<', '>']), "{}", description.len());
    for trigger in ["design a cache", "redis cluster"] {
        assert!(description.to_lowercase().contains(trigger), "the description does not trigger on {trigger:?}");
    }
}

#[test]
fn evidence_names_no_field_that_no_server_reports() {
    // Every INFO name a page shows was seen in the recorded INFO of some server, or is a composed name.
    let mut known = BTreeMap::new();
    for path in files("tests/fixtures/info", ".txt") {
        for line in read(&path).lines().filter_map(|line| line.split_once(':')) {
            known.insert(line.0.to_owned(), path.clone());
        }
    }
    for (_, rule) in rules::all() {
        let mut inside = false;
        for line in rule.page.text.lines() {
            if line.starts_with("```") {
                inside = line == "```info" || line.starts_with("```earlier");
            } else if inside {
                let name = line.split(':').next().unwrap();
                let composed =
                    ["cmdstat_", "errorstat_", "db", "slave", "latency_"].iter().any(|p| name.starts_with(p));
                assert!(composed || known.contains_key(name), "{}: no server reports {name}", rule.page.path);
            }
        }
    }
}

/// The names in each recorded CONFIG.
fn parameters_by_server() -> BTreeMap<String, BTreeSet<String>> {
    let mut servers = BTreeMap::new();
    for path in files("tests/fixtures/config", ".txt") {
        let names = read(&path).lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
        servers.insert(path.file_stem().unwrap().to_string_lossy().into_owned(), names);
    }
    servers
}

#[test]
fn every_parameter_is_one_that_some_server_has() {
    let servers = parameters_by_server();
    let has = |server: &str, name: &str| servers[server].contains(name);
    let known = |name: &str| servers.keys().any(|server| has(server, name));
    let unknown: Vec<&&str> = PARAMETERS.iter().filter(|name| !known(name)).collect();
    assert!(unknown.is_empty(), "no server has {unknown:?}");
    // What the engines renamed is asked for under both names, so that each of them has one.
    for server in servers.keys() {
        for part in ["hash-max", "zset-max"] {
            let names = [format!("{part}-listpack-entries"), format!("{part}-ziplist-entries")];
            assert!(
                names.iter().any(|name| has(server, name) && PARAMETERS.contains(&name.as_str())),
                "{server}: {part}"
            );
        }
    }
    for (_, rule) in rules::all() {
        let mut inside = false;
        for line in rule.page.text.lines() {
            if line.starts_with("```") {
                inside = line == "```config";
            } else if inside {
                let name = line.split(' ').next().unwrap();
                assert!(known(name), "{}: no server has the parameter {name}", rule.page.path);
                assert!(PARAMETERS.contains(&name), "{}: nobody asks for {name}", rule.page.path);
            }
        }
    }
}

#[test]
fn recordings_come_in_pairs_and_name_no_machine() {
    let recorded = |folder: &str| -> BTreeSet<String> {
        let names =
            files(folder, ".txt").into_iter().map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
        names.filter(|name| !name.ends_with("-replica") && !name.ends_with("-orphan")).collect()
    };
    assert_eq!(recorded("tests/fixtures/info"), recorded("tests/fixtures/config"));
    for path in files("tests/fixtures", ".txt") {
        for line in read(&path).lines() {
            assert!(
                !["/tmp", "/home", "/root", "/work"].iter().any(|place| line.contains(place)),
                "{}: {line}",
                path.display()
            );
            let (name, value) = line.split_once(' ').unwrap_or((line, "-"));
            let secret = ["requirepass", "masterauth", "primaryauth"].contains(&name) || name.ends_with("-pass");
            assert!(!secret || value == "-", "{}: {line}", path.display());
        }
    }
}
