//! Named targets from a file, so that nobody has to say a URL with a secret to a tool.

use std::collections::BTreeMap;
use std::net::IpAddr;
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
        let users = user_file().filter(|path| path.is_file());
        let project = || project_file().filter(|path| path.is_file());
        let (path, author) = match file.map(Path::to_path_buf).or(named) {
            Some(path) => (Some(path), Author::User),
            None => match project() {
                Some(path) => (Some(path), Author::Project),
                None => (users.clone(), Author::User),
            },
        };
        let file = path.map_or_else(|| Ok(File::default()), |path| File::read(&path, author));
        let trusted = match author {
            Author::User => Vec::new(),
            // A user's file that cannot be read trusts nobody.
            Author::Project => {
                users.and_then(|path| File::read(&path, Author::User).ok()).unwrap_or_default().mcp.allow_hosts
            }
        };
        Self::of(file, author, trusted, fallback)
    }

    /// `trusted` are the hosts that the user's own file allows, beside those of the file itself.
    fn of(
        file: Result<File, Trouble>,
        author: Author,
        trusted: Vec<String>,
        fallback: Result<Target, Trouble>,
    ) -> Self {
        match file {
            Ok(file) => {
                let allowed_hosts = [trusted, file.mcp.allow_hosts].concat();
                let target = |(name, entry): (String, Entry)| {
                    let target = entry.by(author, &name, &allowed_hosts).and_then(Entry::target);
                    (name, target)
                };
                Self { fallback, named: Ok(file.targets.into_iter().map(target).collect()), allowed_hosts }
            }
            Err(trouble) => Self { fallback, allowed_hosts: trusted, named: Err(trouble) },
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
        let allowed = |address: &Address| is_allowed(&self.allowed_hosts, address);
        match addresses.iter().all(allowed) {
            true => Ok(target),
            false if self.allowed_hosts.is_empty() => refused("the operator allowed none"),
            false => refused("its host is not on the operator's list"),
        }
    }
}

fn is_allowed(hosts: &[String], address: &Address) -> bool {
    let host = address.host().unwrap_or("unix");
    hosts.iter().any(|pattern| matches(pattern, host))
}

/// Whether what is sent there stays on this machine.
fn is_here(address: &Address) -> bool {
    address.host().is_none_or(|host| {
        host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
    })
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
        if author == Author::Project && !file.mcp.allow_hosts.is_empty() {
            return Err(trouble("sets allow_hosts, which only the user's own file may".into()));
        }
        Ok(file)
    }
}

impl Entry {
    /// The entry as its author may write it. A repository that somebody cloned must not run commands, read this user's files,
    /// or send this user's passwords to its own host.
    fn by(self, author: Author, name: &str, allowed_hosts: &[String]) -> Result<Self, Trouble> {
        if author == Author::User {
            return Ok(self);
        }
        let name = foreign::bounded(name, 40);
        let refused = |what: &str| {
            let says = format!("The project's {FILE} {what} for target {name:?}, which only the user's own file may");
            Err(Trouble::new(Obstacle::NotTheProjects, says))
        };
        if self.password_command.is_some() {
            return refused("gives a password_command");
        }
        if [&self.password_file, &self.ca, &self.certificate, &self.key].into_iter().any(Option::is_some) {
            return refused("names a file to read (password_file, ca, certificate or key)");
        }
        let variables: Vec<&String> = [&self.password_env, &self.sentinel_password_env].into_iter().flatten().collect();
        if variables.is_empty() {
            return Ok(self);
        }
        if !variables.iter().all(|name| ["REDIS", "VALKEY", "GODMODE"].iter().any(|ours| name.starts_with(ours))) {
            return refused("takes a password from a variable that does not begin with REDIS, VALKEY or GODMODE");
        }
        // Whoever wrote the file also wrote where the password goes.
        let places = self.places()?;
        if !places.iter().all(|place| is_here(place) || is_allowed(allowed_hosts, place)) {
            return refused("sends a password to a host that is neither this machine nor in the user's allow_hosts");
        }
        if self.insecure && !places.iter().all(is_here) {
            return refused("sends a password without checking the server's certificate");
        }
        Ok(self)
    }

    /// What is dialled by what stands here.
    fn places(&self) -> Result<Vec<Address>, Trouble> {
        let dialled = self.addresses.values().map(|dial| Address::parse(dial, PORT));
        let mut places = dialled.collect::<Result<Vec<Address>, Trouble>>()?;
        let target = Target::parse(&self.url)?;
        let (Reach::Servers(given) | Reach::Sentinels { addresses: given, .. }) = target.reach;
        let announced = self.addresses.keys().map(|announced| Address::parse(announced, PORT));
        let announced = announced.collect::<Result<Vec<Address>, Trouble>>()?;
        places.extend(given.into_iter().filter(|address| !announced.contains(address)));
        Ok(places)
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
        book_with(text, author, &[])
    }

    fn book_with(text: &str, author: Author, trusted: &[&str]) -> Book {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        std::fs::write(&path, text).unwrap();
        let trusted = trusted.iter().map(|host| (*host).to_owned()).collect();
        Book::of(File::read(&path, author), author, trusted, Target::parse("redis://fallback"))
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
    fn a_projects_file_cannot_run_read_or_send_anything() {
        for (more, word) in [
            ("password_command='curl evil'", "password_command"),
            ("password_file='/root/.ssh/id_rsa'", "names a file"),
            ("ca='/root/.ssh/id_rsa'", "names a file"),
            ("certificate='/c.pem'\nkey='/root/.ssh/id_rsa'", "names a file"),
            ("password_env='AWS_SECRET_ACCESS_KEY'", "does not begin with"),
            ("password_env='REDIS_PASSWORD'", "sends a password to a host"),
            ("sentinel_password_env='REDIS_PASSWORD'", "sends a password to a host"),
        ] {
            let text = format!("[targets.x]\nurl='redis://h'\n{more}\n[targets.y]\nurl='redis://h'\n");
            let project = book(&text, Author::Project);
            let said = project.find("x").unwrap_err().to_string();
            assert!(said.contains(word) && said.contains("--config"), "{text}: {said}");
            assert!(project.find("y").is_ok(), "the others can be used");
            assert!(book(&text, Author::User).find("x").is_ok(), "{text}");
        }
        let allowing = book("[mcp]\nallow_hosts=['*.x']", Author::Project);
        assert!(allowing.find("x").unwrap_err().to_string().contains("allow_hosts"));
    }

    #[test]
    fn a_password_goes_where_the_user_lets_a_project_send_it() {
        let login = "password_env='REDIS_PASSWORD'";
        for (target, fine) in [
            ("url='redis://127.0.0.1:7000,localhost,[::1]:7001'", true),
            ("url='unix:///run/redis.sock'", true),
            ("url='rediss://cache.example.com'", true),
            ("url='rediss://cache.example.com'\ninsecure=true", false),
            ("url='rediss://127.0.0.1'\ninsecure=true", true),
            ("url='redis://cache.example.com,evil.com'", false),
            ("url='redis://localhost.evil.com'", false),
            ("url='redis+sentinel://evil.com/mymaster'", false),
            ("url='redis://127.0.0.1'\naddresses={'127.0.0.1:6379'='evil.com:6379'}", false),
            ("url='redis://10.0.0.1'\naddresses={'10.0.0.1:6379'='127.0.0.1:6379'}", true),
        ] {
            let text = format!("[targets.x]\n{login}\n{target}\n");
            let found = book_with(&text, Author::Project, &["cache.example.com"]).find("x");
            assert_eq!(found.is_ok(), fine, "{target}: {found:?}");
        }
    }

    #[test]
    fn a_broken_file_is_named_without_its_lines() {
        let said = book("[targets.x]\nurl = 'redis://:s3cret@h'\nusr = 's3cret'\n", Author::User).find("x");
        let said = said.unwrap_err().to_string();
        assert!(said.contains(FILE) && said.contains("line 3") && !said.contains("s3cret"), "{said}");
    }
}
