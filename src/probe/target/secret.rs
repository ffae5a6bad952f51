//! A password, or where to get it. It is read when it is needed, and never printed.

use std::fmt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::probe::Trouble;
use crate::probe::trouble::Obstacle;

/// A command that prints a token asks its cloud for it; longer than this it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// A password by its source. A token from a command may differ each time it is read.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    Plain(String),
    File(PathBuf),
    Variable(String),
    Command(String),
}

impl Secret {
    pub async fn read(&self) -> Result<String, Trouble> {
        let missing = |why: String| Trouble::new(Obstacle::NoSecret, why);
        let text = match self {
            Self::Plain(text) => text.clone(),
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|error| missing(format!("The password file {} cannot be read ({error})", path.display())))?,
            Self::Variable(name) => std::env::var(name)
                .map_err(|_| missing(format!("The variable {name}, which should hold the password, is not set")))?,
            Self::Command(command) => printed(command).await.map_err(missing)?,
        };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(missing(format!("{self:?} gives an empty password")));
        }
        Ok(text.to_owned())
    }
}

/// What a command prints. What it writes to standard error may hold a secret, and ours may end in a log, so nobody sees it.
async fn printed(command: &str) -> Result<String, String> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, shell.output())
        .await
        .map_err(|_| format!("The password command did not end within {} s", PATIENCE.as_secs()))?
        .map_err(|error| format!("The password command could not be started ({error})"))?;
    if !output.status.success() {
        return Err(format!("The password command failed ({}); run it in a shell to see what it says", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| "The password command printed something that is no text".into())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("the password"),
            Self::File(path) => write!(f, "the password file {}", path.display()),
            Self::Variable(name) => write!(f, "the variable {name}"),
            // A command may carry a secret of its own.
            Self::Command(_) => f.write_str("the password command"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_secret_comes_from_where_it_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, "from a file\n").unwrap();
        assert_eq!(Secret::File(file).read().await.unwrap(), "from a file");
        assert_eq!(Secret::Command("printf 'a token\\n'".into()).read().await.unwrap(), "a token");
        for (secret, word) in [
            (Secret::File("/no/such/file".into()), "/no/such/file"),
            (Secret::Variable("GODMODE_NO_SUCH_VARIABLE".into()), "GODMODE_NO_SUCH_VARIABLE"),
            (Secret::Command("printf s3cret; printf s3cret >&2; exit 3".into()), "exit status: 3"),
            (Secret::Command("true".into()), "empty"),
        ] {
            let said = secret.read().await.unwrap_err().to_string();
            assert!(said.contains(word) && !said.contains("s3cret"), "{said}");
        }
    }
}
