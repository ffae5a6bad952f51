//! Where to look, and how to get in: the options that every verb shares.

use std::path::PathBuf;

use clap::Args;

use crate::probe::{Book, Secret, Target, Trouble};

/// A target by its URL or by its name, with what a URL should not hold.
#[derive(Debug, Args)]
#[command(next_help_heading = "Where to look")]
pub struct Place {
    /// redis://, rediss:// (TLS), redis+sentinel:// or unix:// URL, or host:port; several hosts are set apart by commas.
    /// ?protocol=resp2 at its end keeps to RESP2, ?protocol=resp3 insists on RESP3. A database there (/3) narrows nothing:
    /// what is looked at is the whole server; `audit --db` keeps to some databases.
    /// Default: the variable GODMODE_REDIS_URL, then REDIS_URL, then redis://127.0.0.1:6379. Other users of this machine
    /// can read arguments: keep the password out of it
    #[arg(long, value_name = "URL", conflicts_with = "target")]
    url: Option<String>,

    /// A target by its name in godmode-redis.toml
    #[arg(long, value_name = "NAME")]
    target: Option<String>,

    /// File of named targets. Default: GODMODE_REDIS_CONFIG, then godmode-redis.toml in this project, then in
    /// ~/.config/godmode-redis
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// ACL user
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Read the password from a file
    #[arg(long, value_name = "FILE", group = "password")]
    password_file: Option<PathBuf>,

    /// Read the password from an environment variable
    #[arg(long, value_name = "NAME", group = "password")]
    password_env: Option<String>,

    /// Run a command that prints the password or a token (IAM, Entra), for each connection anew
    #[arg(long, value_name = "COMMAND", group = "password")]
    password_command: Option<String>,

    /// ACL user on the Sentinels, which have users of their own
    #[arg(long, value_name = "NAME")]
    sentinel_user: Option<String>,

    /// Read the Sentinels' password from an environment variable
    #[arg(long, value_name = "NAME")]
    sentinel_password_env: Option<String>,

    /// Trust this CA (PEM) instead of the system's
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,

    /// Our own certificate (PEM), where the server asks for one
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,

    /// The key of our certificate (PEM)
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,

    /// Do not check the server's certificate; the report says so
    #[arg(long)]
    insecure: bool,
}

impl Place {
    pub fn target(&self) -> Result<Target, Trouble> {
        match &self.target {
            Some(name) => self.book().find(name).map(|target| self.complete(target)),
            None => self.fallback(),
        }
    }

    /// The named targets, and what is meant where none is named.
    pub fn book(&self) -> Book {
        Book::open(self.config.as_deref(), self.fallback())
    }

    fn fallback(&self) -> Result<Target, Trouble> {
        let target = self.url.as_deref().map_or_else(Target::from_environment, Target::parse);
        target.map(|target| self.complete(target))
    }

    /// What an option says goes before what the URL or the file says.
    fn complete(&self, mut target: Target) -> Target {
        let given = [
            self.password_file.clone().map(Secret::File),
            self.password_env.clone().map(Secret::Variable),
            self.password_command.clone().map(Secret::Command),
        ];
        target.password = given.into_iter().flatten().next().or(target.password);
        target.user = self.user.clone().or(target.user);
        target.sentinel_user = self.sentinel_user.clone().or(target.sentinel_user);
        let sentinel_password = self.sentinel_password_env.clone().map(Secret::Variable);
        target.sentinel_password = sentinel_password.or(target.sentinel_password);
        target.tls.ca = self.ca.clone().or(target.tls.ca);
        target.tls.identity = self.cert.clone().zip(self.key.clone()).or(target.tls.identity);
        target.tls.insecure |= self.insecure;
        target
    }
}
