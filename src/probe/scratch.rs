//! A throwaway server of our own: private socket, own folder, gone when dropped. Only here do we write.

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

use super::target::Secret;
use super::{Address, Target};

/// Names server programs, before anything on PATH.
const VARIABLE: &str = "GODMODE_REDIS_SERVER";
const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];
const SOCKET: &str = "socket";
/// Holds the password, which no list of processes may show.
const FILE: &str = "conf";
const START: Duration = Duration::from_secs(10);
const SHELL: &str = "/bin/sh";

/// Becomes the server, unless the watchdog was told meanwhile that nobody wants one. A system without this limit of
/// memory starts it all the same.
const LAUNCH: &str = r#"echo $$ >pid && [ ! -e gone ] && { ulimit -v "$1" 2>/dev/null; shift; exec "$@"; }"#;

/// Ends a server whose owner could not: its standard input closes when we are gone, however we went; a signal to all of
/// us does not reach it. It is there before the server. Then the process and the folder go too.
const WATCHDOG: &str = r#"trap '' INT TERM HUP; read -r _; PATH=/usr/bin:/bin; cd "$1" || exit
: >gone; kill -9 "$(cat pid)" 2>/dev/null; cd / && rm -rf -- "$1""#;

/// A `redis-server` or `valkey-server` on this machine.
pub fn find_server() -> Option<PathBuf> {
    find_servers().into_iter().next()
}

/// Every one of them, those that the variable names first; a program that has two names counts once.
pub fn find_servers() -> Vec<PathBuf> {
    let named = env::var_os(VARIABLE).unwrap_or_default();
    let named = env::split_paths(&named).filter(|path| !path.as_os_str().is_empty()).collect::<Vec<_>>();
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    let on_path = PROGRAMS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    let mut known = BTreeSet::new();
    let is_new = |program: &PathBuf| known.insert(program.canonicalize().unwrap_or_else(|_| program.clone()));
    named.into_iter().chain(on_path.filter(|program| program.is_file())).filter(is_new).collect()
}

/// A running throwaway server.
#[derive(Debug)]
pub struct Scratch {
    child: Child,
    watchdog: Child,
    folder: TempDir,
    password: Option<Secret>,
}

impl Scratch {
    /// Starts `program` without persistence; `options` are in the form of its command line: `--maxmemory 32mb`.
    pub async fn start(program: &Path, options: &[&str]) -> Result<Self> {
        Self::launch(program, options, "unlimited", None).await
    }

    /// The same for a server that the system gives no more than so much memory. One that opens a port wants a password.
    pub async fn start_small(program: &Path, options: &[&str], bytes: u64, password: Option<&str>) -> Result<Self> {
        Self::launch(program, options, &(bytes / 1024).to_string(), password).await
    }

    async fn launch(program: &Path, options: &[&str], kilobytes: &str, password: Option<&str>) -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("godmode-redis-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .context("no folder for a scratch server")?;
        let mut command = Command::new(SHELL);
        command.current_dir(folder.path()).args(["-c", LAUNCH, "launch", kilobytes]).arg(program);
        if let Some(password) = password {
            fs::write(folder.path().join(FILE), format!("requirepass {password}\n"))?;
            command.arg(FILE);
        }
        let log = File::create(folder.path().join("log"))?;
        command
            // A full path, since an option may change the server's folder.
            .arg("--unixsocket")
            .arg(folder.path().join(SOCKET))
            .args(["--port", "0", "--unixsocketperm", "700"])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut watchdog = watch(folder.path())?;
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                let _ = watchdog.kill();
                let _ = watchdog.wait();
                return Err(error).with_context(|| format!("cannot start {}", program.display()));
            }
        };
        let password = password.map(|password| Secret::Plain(password.to_owned()));
        let mut scratch = Self { child, watchdog, folder, password };
        match tokio::time::timeout(START, scratch.answers()).await {
            Ok(Ok(())) => Ok(scratch),
            Ok(Err(error)) => Err(error),
            Err(_) => bail!("{} did not answer within {} s\n{}", program.display(), START.as_secs(), scratch.log()),
        }
    }

    async fn answers(&mut self) -> Result<()> {
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the scratch server ended at once ({status})\n{}", self.log());
            }
            if let Ok(mut connection) = self.connect().await {
                let pong = redis::cmd("PING").exec_async(&mut connection).await;
                // An error with a code is an answer too: NOAUTH, LOADING.
                if pong.map_or_else(|error| error.code().is_some(), |()| true) {
                    return Ok(());
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
    }

    /// The server as a target to look at.
    pub fn target(&self) -> Result<Target> {
        let target = Target::parse(&format!("unix://{}", self.socket().display()))?;
        Ok(Target { password: self.password.clone(), ..target })
    }

    /// A connection that may do anything: the server is ours.
    pub async fn connect(&self) -> Result<MultiplexedConnection> {
        let client = self.target()?.at(&Address::Unix(self.socket())).client().await?;
        let patient = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        Ok(client.get_multiplexed_async_connection_with_config(&patient).await?)
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the server at once, whatever it is at.
    pub fn kill(&mut self) {
        // It holds nothing worth a clean shutdown.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// How much memory the server really takes, where the system tells (Linux).
    pub fn resident_bytes(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    }

    /// Whether it ended by itself.
    pub fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// The end of what the server wrote, for an error message.
    fn log(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.iter().rev().take(5).rev().copied().collect::<Vec<_>>().join("\n")
    }
}

/// The shell is the watchdog: it needs no thread of ours and outlives us.
fn watch(folder: &Path) -> Result<Child> {
    Command::new(SHELL)
        .args(["-c", WATCHDOG, "watchdog"])
        .arg(folder)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start /bin/sh, which ends a scratch server when we cannot")
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.kill();
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
    }
}
