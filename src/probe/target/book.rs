//! Named targets from a file, so that nobody has to say a URL with a secret to a tool.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::url::PORT;
use super::{Address, Protocol, Reach, Secret, Target, Tls};
use crate::facts::foreign;
use crate::probe::Trouble;
use crate::probe::trouble::Obstacle;

/// The name of the file, in the project or in the user's configuration folder.
const FILE: &str = "godmode-redis.toml";
/// Names the file outright.
const VARIABLE: &str = "GODMODE_REDIS_CONFIG";

/// Named targets, and what a raw URL may be.
#[derive(Debug, Clone)]
pub struct Book {
    fallback: Result<Target, Trouble>,
    named: Result<BTreeMap<String, Result<Target, Trouble>>, Trouble>,
    /// Hosts that a raw URL may name; none = no raw URL.
    allowed_hosts: Vec<String>,
}

/// Who wrote a file. A project may come from a stranger, and its file is read without anybody having looked at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Author {
    User,
    Project,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    targets: BTreeMap<String, Entry>,
    mcp: Mcp,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Mcp {
    allow_hosts: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Entry {
    url: String,
    user: Option<String>,
    password_env: Option<String>,
    password_file: Option<PathBuf>,
    password_command: Option<String>,
    sentinel_user: Option<String>,
    sentinel_password_env: Option<String>,
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    insecure: bool,
    protected: bool,
    protocol: Option<Protocol>,
    addresses: BTreeMap<String, String>,
}

// The URL may hold a password.
impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entry")
    }
}

impl Book {
    /// The file that is named, or the project's, or the user's; with no file there are no named targets.
    pub fn open(file: Option<&Path>, fallback: Result<Target, Trouble>) -> Self {
        let named = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let found = match file.map(Path::to_path_buf).or(named) {
            Some(path) => Some((path, Author::User)),
            None => [(project_file(), Author::Project), (user_file(), Author::User)]
                .into_iter()
                .find_map(|(path, author)| Some((path.filter(|path| path.is_file())?, author))),
        };
        let read = found.map_or_else(|| Ok(File::default()), |(path, author)| File::read(&path, author));
        match read {
            Ok(file) => Self {
                fallback,
                allowed_hosts: file.mcp.allow_hosts,
                named: Ok(file.targets.into_iter().map(|(name, entry)| (name, entry.target())).collect()),
            },
            Err(trouble) => Self { fallback, allowed_hosts: Vec::new(), named: Err(trouble) },
        }
    }

    /// What a tool means by `target`: nothing for the fallback, a name, or an allowed URL.
    pub fn find(&self, target: &str) -> Result<Target, Trouble> {
        let target = target.trim();
        if target.is_empty() {
            return self.fallback.clone();
        }
        if target.contains([':', '/', '@']) {
            return self.raw(target);
        }
        let named = self.named.as_ref().map_err(Clone::clone)?;
        named.get(target).cloned().unwrap_or_else(|| {
            let names: Vec<&str> = named.keys().map(String::as_str).collect();
            let there = if names.is_empty() { "none is configured".into() } else { names.join(", ") };
            let asked = foreign::bounded(target, 40);
            Err(Trouble::new(Obstacle::NoSuchTarget, format!("There is no target named {asked:?} ({there})")))
        })
    }

    /// A URL in an argument is in the transcript of a conversation: without a password, and only to hosts on the list.
    fn raw(&self, url: &str) -> Result<Target, Trouble> {
        let refused = |why: &str| Err(Trouble::new(Obstacle::RawUrl, format!("This raw URL is refused: {why}")));
        let target = Target::parse(url)?;
        if target.password.is_some() {
            return refused("it holds a password, and arguments are recorded");
        }
        let (Reach::Servers(addresses) | Reach::Sentinels { addresses, .. }) = &target.reach;
        let allowed = |address: &Address| {
            let host = address.host().unwrap_or("unix");
            self.allowed_hosts.iter().any(|pattern| matches(pattern, host))
        };
        match addresses.iter().all(allowed) {
            true => Ok(target),
            false if self.allowed_hosts.is_empty() => refused("the operator allowed none"),
            false => refused("its host is not on the operator's list"),
        }
    }
}

/// A host, or `*.` and a domain.
fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(ending) => ending.starts_with('.') && host.ends_with(ending),
        None => pattern.eq_ignore_ascii_case(host),
    }
}

/// The project's file: in this folder, or above it up to the root of its repository.
fn project_file() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let root = here.ancestors().position(|folder| folder.join(".git").exists()).unwrap_or(0);
    here.ancestors().take(root + 1).map(|folder| folder.join(FILE)).find(|path| path.is_file())
}

fn user_file() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(folder.join("godmode-redis").join(FILE))
}

impl File {
    fn read(path: &Path, author: Author) -> Result<Self, Trouble> {
        let trouble = |why: String| Trouble::new(Obstacle::BadFile, format!("{} {why}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| trouble(format!("cannot be read ({error})")))?;
        // `message` leaves out the lines of the file, which may hold a password.
        let file: Self = toml::from_str(&text).map_err(|error| {
            let line = error.span().map(|span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
            let place = line.map(|line| format!(" at line {line}")).unwrap_or_default();
            trouble(format!("is not what we expect{place}: {}", foreign::clean(error.message())))
        })?;
        if author == Author::Project {
            for (name, entry) in &file.targets {
                entry.refuse_what_only_a_user_may(name).map_err(&trouble)?;
            }
            if !file.mcp.allow_hosts.is_empty() {
                return Err(trouble("sets allow_hosts, which only the user's own file may".into()));
            }
        }
        Ok(file)
    }
}

impl Entry {
    /// A repository that somebody cloned must not run commands, nor send this user's files or variables to its own host.
    fn refuse_what_only_a_user_may(&self, name: &str) -> Result<(), String> {
        let name = foreign::bounded(name, 40);
        let ours = |variable: &Option<String>| {
            variable
                .as_deref()
                .is_none_or(|name| ["REDIS", "VALKEY", "GODMODE"].iter().any(|ours| name.starts_with(ours)))
        };
        if self.password_command.is_some() || self.password_file.is_some() {
            return Err(format!(
                "gives target {name:?} a password_command or password_file, which only the user's own file may"
            ));
        }
        if !ours(&self.password_env) || !ours(&self.sentinel_password_env) {
            return Err(format!(
                "takes the password of target {name:?} from a variable that does not begin with REDIS, VALKEY or GODMODE, \
                 which only the user's own file may"
            ));
        }
        Ok(())
    }

    fn target(self) -> Result<Target, Trouble> {
        let mut target = Target::parse(&self.url)?;
        let given = [
            self.password_env.map(Secret::Variable),
            self.password_file.map(Secret::File),
            self.password_command.map(Secret::Command),
        ];
        target.password = given.into_iter().flatten().next().or(target.password);
        target.user = self.user.or(target.user);
        target.sentinel_user = self.sentinel_user;
        target.sentinel_password = self.sentinel_password_env.map(Secret::Variable);
        target.protected = self.protected;
        target.protocol = self.protocol.unwrap_or(target.protocol);
        target.tls =
            Tls { ca: self.ca, identity: self.certificate.zip(self.key), insecure: self.insecure, ..target.tls };
        for (announced, dial) in self.addresses {
            let announced = Address::parse(&announced, PORT)?;
            target.addresses.insert(announced.to_string(), Address::parse(&dial, PORT)?);
        }
        Ok(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(text: &str, author: Author) -> Book {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, text).unwrap();
        let fallback = Target::parse("redis://fallback");
        match File::read(&path, author) {
            Ok(file) => Book {
                fallback,
                allowed_hosts: file.mcp.allow_hosts,
                named: Ok(file.targets.into_iter().map(|(name, entry)| (name, entry.target())).collect()),
            },
            Err(trouble) => Book { fallback, allowed_hosts: Vec::new(), named: Err(trouble) },
        }
    }

    #[test]
    fn a_named_target_brings_all_that_is_known_of_it() {
        let book = book(
            "[targets.prod]\nurl = 'rediss://a:1,b:2'\nuser = 'watcher'\npassword_command = 'token'\nca = '/ca.pem'\n\
             protected = true\nprotocol = 'resp2'\n[targets.prod.addresses]\n'10.0.0.1:6379' = '127.0.0.1:7001'\n",
            Author::User,
        );
        let prod = book.find("prod").unwrap();
        assert_eq!(prod.to_string(), "rediss://watcher@a:1,b:2");
        assert_eq!(prod.password, Some(Secret::Command("token".into())));
        assert!(prod.protected && prod.tls.ca.is_some() && prod.addresses.len() == 1);
        assert_eq!(prod.protocol, Protocol::Resp2);
        assert_eq!(book.find("").unwrap().to_string(), "redis://fallback:6379");
        assert!(book.find("prd").unwrap_err().to_string().contains("prod"));
    }

    #[test]
    fn a_raw_url_needs_the_operators_leave() {
        let closed = book("", Author::User);
        assert!(closed.find("redis://h:1").unwrap_err().to_string().contains("allowed none"));
        let open = book("[mcp]\nallow_hosts = ['*.stage.example', '127.0.0.1']\n", Author::User);
        for (url, fine) in [
            ("redis://127.0.0.1:7000", true),
            ("redis://a.stage.example", true),
            ("redis://stage.example", false),
            ("redis://evilstage.example", false),
            ("redis://127.0.0.1,10.0.0.1", false),
            ("redis://:s3cret@127.0.0.1", false),
            ("unix:///run/redis.sock", false),
        ] {
            assert_eq!(open.find(url).is_ok(), fine, "{url}");
        }
    }

    #[test]
    fn a_projects_file_cannot_run_or_send_anything() {
        for (text, word) in [
            ("[targets.x]\nurl='redis://h'\npassword_command='curl evil'", "password_command"),
            ("[targets.x]\nurl='redis://h'\npassword_file='/root/.ssh/id_rsa'", "password_file"),
            ("[targets.x]\nurl='redis://h'\npassword_env='AWS_SECRET_ACCESS_KEY'", "variable"),
            ("[mcp]\nallow_hosts=['*.x']", "allow_hosts"),
        ] {
            assert!(book(text, Author::Project).find("x").unwrap_err().to_string().contains(word), "{text}");
            assert!(!matches!(book(text, Author::User).find("x"), Err(trouble) if trouble.to_string().contains(word)));
        }
        assert!(book("[targets.x]\nurl='redis://h'\npassword_env='REDIS_PASSWORD'", Author::Project).find("x").is_ok());
    }

    #[test]
    fn a_broken_file_is_named_without_its_lines() {
        let said = book("[targets.x]\nurl = 'redis://:s3cret@h'\nusr = 's3cret'\n", Author::User).find("x");
        let said = said.unwrap_err().to_string();
        assert!(said.contains(FILE) && said.contains("line 3") && !said.contains("s3cret"), "{said}");
    }
}
