//! What the pages and the tables say of versions, held against servers: that of the suite, and those of the matrix that
//! were fetched.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use godmode_redis::decisions::structures::{COMMANDS, Module, SCENARIOS, Scenario};
use godmode_redis::facts::{Engine, Fields};
use godmode_redis::page::session::{Names, Pattern, Said, Step, word};
use godmode_redis::probe::Scratch;
use godmode_redis::proof::say;
use redis::aio::MultiplexedConnection;

use crate::stage::node;

/// Modules that lie beside the server, where it does not load them by itself.
pub fn modules(program: &Path) -> Vec<String> {
    let by_itself = program.file_name().is_some_and(|name| name == "redis-stack-server");
    let folder = program.ancestors().nth(2).map(|folder| folder.join("modules")).filter(|_| !by_itself);
    let files = folder.into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten();
    let mut files: Vec<String> = files.map(|entry| entry.unwrap().path().to_str().unwrap().to_owned()).collect();
    files.sort();
    files
}

/// A server and what it has.
pub struct Host {
    pub engine: Engine,
    pub modules: BTreeSet<Module>,
    connection: MultiplexedConnection,
    server: Scratch,
}

impl Host {
    pub async fn start(program: &Path) -> Self {
        let files = modules(program);
        let options: Vec<&str> = files.iter().flat_map(|file| ["--loadmodule", file.as_str()]).collect();
        let server = Scratch::start(program, &options).await.unwrap();
        let mut connection = server.connect().await.unwrap();
        let info: String = redis::cmd("INFO").arg("everything").query_async(&mut connection).await.unwrap();
        let fields = Fields::parse(&info);
        let names: Vec<&str> = fields.starting("module_").map(|(name, _)| name).collect();
        let has = |module: &Module| module.names().1.iter().any(|name| names.contains(name));
        let modules = Module::ALL.into_iter().filter(has).collect();
        Self { engine: Engine::from_info(&fields).unwrap(), modules, connection, server }
    }

    pub fn socket(&self) -> PathBuf {
        self.server.socket()
    }

    /// Plays a session; says where it went otherwise.
    async fn play(&mut self, scenario: &Scenario) -> Result<(), String> {
        say(&mut self.connection, &["FLUSHALL".into()]).await;
        let mut names = Names::new();
        for step in scenario.session().unwrap() {
            match step {
                Step::Wait(time) => tokio::time::sleep(time).await,
                Step::Call { script, .. } => panic!("{}: {script} is no command", scenario.id),
                Step::Command { words, reply } => {
                    let sent: Vec<String> = words.iter().map(|part| word(part, &names)).collect();
                    let said = say(&mut self.connection, &sent).await;
                    if !reply.fits(&said, &mut names) {
                        return Err(format!("{} on {}: {}: {said:?}", scenario.id, self.engine, words.join(" ")));
                    }
                    // What stands for anything does not stand for a refusal.
                    if matches!((&said, &reply), (Said::Error(text), Pattern::Anything) if !text.starts_with("an unforeseen"))
                    {
                        return Err(format!("{} on {}: {}: {said:?}", scenario.id, self.engine, words.join(" ")));
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether what the page takes is there: the version, and the module where there is one.
    fn should_play(&self, scenario: &Scenario) -> bool {
        let module = scenario.flips().first().and_then(|flip| flip.pick).and_then(|pick| pick.facts().module);
        match module {
            // Redis 8.0 has them in its official build; before, and in packages, they are where they were loaded.
            Some(module) => self.modules.contains(&module),
            None => scenario.since().unwrap().has(&self.engine),
        }
    }
}

/// The server of the suite, then the fetched ones.
pub fn programs() -> Vec<PathBuf> {
    let fetched = Path::new(env!("CARGO_MANIFEST_DIR")).join(".servers");
    let folders = fs::read_dir(fetched).into_iter().flatten().map(|entry| entry.unwrap().path());
    let fetched = folders.map(|folder| folder.join("bin/redis-server")).filter(|program| program.exists());
    let mut programs: Vec<PathBuf> = fetched.collect();
    programs.sort();
    programs.insert(0, node::program());
    programs
}

#[tokio::test]
async fn every_session_goes_as_its_page_says_from_its_version_on_and_not_before() {
    let mut wrong = Vec::new();
    let mut played = BTreeSet::new();
    for program in programs() {
        let mut host = Host::start(&program).await;
        for scenario in SCENARIOS {
            match (host.should_play(scenario), host.play(scenario).await) {
                (true, Ok(())) => {
                    played.insert(scenario.id);
                }
                (true, Err(error)) => wrong.push(error),
                (false, Ok(())) => wrong.push(format!("{} went well on {} already", scenario.id, host.engine)),
                (false, Err(_)) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Without the fetched servers nothing has the modules, and the distribution's may be old.
    assert!(played.len() > 15, "{played:?}");
    if programs().iter().any(|program| program.ends_with("redis-7.4/bin/redis-server")) {
        assert!(
            ["metrics", "top-k", "catalogue", "dedup", "documents"].iter().all(|id| played.contains(id)),
            "{played:?}"
        );
    }
}

#[tokio::test]
async fn a_server_has_exactly_the_commands_that_the_table_says() {
    let mut wrong = Vec::new();
    for program in programs() {
        let mut host = Host::start(&program).await;
        for command in COMMANDS {
            let said = say(&mut host.connection, &["COMMAND".into(), "INFO".into(), command.name.into()]).await;
            let there = match &said {
                Said::List(parts) => !matches!(parts.as_slice(), [Said::Nil] | []),
                // The flags of a command are a set of statuses that a session has no words for.
                Said::Error(error) => !error.contains("unknown"),
                other => panic!("{other:?}"),
            };
            let should = match command.module {
                Some(module) => host.modules.contains(&module),
                None => command.since.has(&host.engine),
            };
            if there != should {
                wrong.push(format!(
                    "{} on {}: the table says {should}, the server {there}: {said:?}",
                    command.name, host.engine
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
