//! A throwaway server of our own: private socket, own folder, gone when dropped. Only here do we write.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use tempfile::TempDir;

use super::{Address, Target};

/// Names a server program, before anything on PATH.
const VARIABLE: &str = "GODMODE_REDIS_SERVER";
const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];
const SOCKET: &str = "socket";
const START: Duration = Duration::from_secs(10);

/// A `redis-server` or `valkey-server` on this machine.
pub fn find_server() -> Option<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        return Some(named.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).collect();
    PROGRAMS.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file()))
}

/// A running throwaway server.
#[derive(Debug)]
pub struct Scratch {
    child: Child,
    folder: TempDir,
}

impl Scratch {
    /// Starts `program` without persistence; `options` are in the form of its command line: `--maxmemory 32mb`.
    pub async fn start(program: &Path, options: &[&str]) -> Result<Self> {
        let folder =
            tempfile::Builder::new().prefix("godmode-redis-").tempdir().context("no folder for a scratch server")?;
        let log = File::create(folder.path().join("log"))?;
        let child = Command::new(program)
            .current_dir(folder.path())
            // A full path, since an option may change the server's folder.
            .arg("--unixsocket")
            .arg(folder.path().join(SOCKET))
            .args(["--port", "0", "--unixsocketperm", "700"])
            .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
            .args(options)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let mut scratch = Self { child, folder };
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
        Ok(Target::parse(&format!("unix://{}", self.socket().display()))?)
    }

    /// A connection that may do anything: the server is ours.
    pub async fn connect(&self) -> Result<MultiplexedConnection> {
        let client = self.target()?.at(&Address::Unix(self.socket())).client().await?;
        let patient = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        Ok(client.get_multiplexed_async_connection_with_config(&patient).await?)
    }

    /// The end of what the server wrote, for an error message.
    fn log(&self) -> String {
        let text = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.iter().rev().take(5).rev().copied().collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It holds nothing worth a clean shutdown.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
