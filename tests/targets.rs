//! Ways to say which deployment is meant, and how to get in, without saying a secret.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::stage::{CANARY, Ran, binary, free_port, run, server};

/// A project folder of its own, with a configuration file in it, so that no file of this machine is read.
struct Project(tempfile::TempDir);

impl Project {
    fn with(file: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        fs::write(folder.path().join("godmode-redis.toml"), file).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary(arguments);
        command.current_dir(self.path()).env("HOME", self.path()).env_remove("XDG_CONFIG_HOME");
        command
    }
}

async fn inspect(project: &Project, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let all = ["inspect", "--interval", "0", "--pings", "0", "--deadline", "3"];
    let mut command = project.command(&[&all, arguments].concat());
    command.envs(variables.iter().copied()).env("RUST_LOG", "trace");
    let ran = run(command).await;
    assert!(!ran.out.contains(CANARY) && !ran.err.contains(CANARY), "{ran:?}");
    ran
}

#[tokio::test]
async fn a_password_comes_from_a_file_a_variable_or_a_command() {
    let port = free_port().to_string();
    let _server = server(&["--port", &port, "--bind", "127.0.0.1", "--requirepass", CANARY]).await;
    let project = Project::with("");
    let file = project.path().join("password");
    fs::write(&file, format!("{CANARY}\n")).unwrap();
    let (file, place) = (file.to_str().unwrap(), format!("127.0.0.1:{port}"));
    let script = format!("cat {file}");
    for option in [["--password-file", file], ["--password-env", "PW"], ["--password-command", &script]] {
        let ran = inspect(&project, &["--url", &place, option[0], option[1]], &[("PW", CANARY)]).await;
        assert_eq!(ran.code, 0, "{option:?}: {ran:?}");
    }
    let failing = format!("echo {CANARY} >&2; exit 7");
    for (option, word) in [
        (["--password-file", "/no/such/file"], "/no/such/file"),
        (["--password-env", "NO_SUCH"], "NO_SUCH"),
        (["--password-command", failing.as_str()], "exit status: 7"),
    ] {
        let ran = inspect(&project, &["--url", &place, option[0], option[1]], &[]).await;
        assert!(ran.code == 2 && ran.err.contains(word) && ran.err.contains("takes its password from"), "{ran:?}");
    }
    let ran =
        inspect(&project, &["--url", &place, "--password-env", "PW", "--user", "nobody"], &[("PW", CANARY)]).await;
    assert!(ran.code == 2 && ran.err.contains("refuses the user or the password"), "{ran:?}");
}

#[tokio::test]
async fn a_target_has_a_name() {
    let port = free_port().to_string();
    let _server = server(&["--port", &port, "--bind", "127.0.0.1", "--requirepass", CANARY]).await;
    let project = Project::with(&format!(
        "[targets.prod]\nurl = 'redis://10.255.255.1:6379'\npassword_env = 'REDIS_PW'\n\
         [targets.prod.addresses]\n'10.255.255.1:6379' = '127.0.0.1:{port}'\n"
    ));
    let below = project.path().join("src");
    fs::create_dir(&below).unwrap();
    let ran = inspect(&project, &["--target", "prod"], &[("REDIS_PW", CANARY)]).await;
    assert_eq!(ran.code, 0, "the map of addresses leads to it: {ran:?}");
    let mut command = project.command(&["inspect", "--interval", "0", "--pings", "0", "--target", "prod"]);
    command.current_dir(&below).env("REDIS_PW", CANARY);
    assert_eq!(run(command).await.code, 0, "found from a folder below");
    let ran = inspect(&project, &["--target", "prd"], &[]).await;
    assert!(ran.code == 2 && ran.err.contains("prod"), "{ran:?}");
}

#[tokio::test]
async fn a_projects_file_is_a_strangers_until_its_user_says_otherwise() {
    let project = Project::with("");
    let ran_it = project.path().join("ran");
    let evil = format!("[targets.x]\nurl = 'redis://127.0.0.1:1'\npassword_command = 'touch {}'\n", ran_it.display());
    let file = project.path().join("godmode-redis.toml");
    fs::write(&file, evil).unwrap();
    let ran = inspect(&project, &["--target", "x"], &[]).await;
    assert!(ran.code == 2 && ran.err.contains("only the user's own file may"), "{ran:?}");
    assert!(!ran_it.exists());
    let ran = inspect(&project, &["--target", "x", "--config", file.to_str().unwrap()], &[]).await;
    assert!(ran.code == 2 && ran_it.exists(), "named outright it is the user's: {ran:?}");
    let ran = inspect(&project, &["--url", "127.0.0.1:1"], &[]).await;
    assert!(ran.err.contains("refuses connections"), "a file that is not needed does not stand in the way: {ran:?}");
}

#[tokio::test]
async fn a_projects_file_sends_no_password_to_a_host_of_its_own_choice() {
    let project = Project::with(
        "[targets.x]\nurl = 'redis://no-such-host.invalid'\npassword_env = 'REDIS_PASSWORD'\n\
         [targets.y]\nurl = 'redis://127.0.0.1:1'\nca = '/etc/passwd'\n",
    );
    let secret = [("REDIS_PASSWORD", CANARY)];
    for (name, words) in [("x", "sends a password to a host"), ("y", "names a file to read")] {
        let ran = inspect(&project, &["--target", name], &secret).await;
        assert!(ran.code == 2 && ran.err.contains(words) && ran.err.contains("--config"), "{ran:?}");
    }
    let folder = project.path().join(".config/godmode-redis");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("godmode-redis.toml"), "[mcp]\nallow_hosts = ['*.invalid']\n").unwrap();
    let ran = inspect(&project, &["--target", "x"], &secret).await;
    assert!(ran.code == 2 && ran.err.contains("does not resolve"), "the user allows it: {ran:?}");
}

#[tokio::test]
async fn several_seeds_stand_in_for_each_other() {
    let port = free_port();
    let _server = server(&["--port", &port.to_string(), "--bind", "127.0.0.1"]).await;
    let project = Project::with("");
    let seeds = format!("redis://127.0.0.1:{},127.0.0.1:{port}", free_port());
    assert_eq!(inspect(&project, &["--url", &seeds], &[]).await.code, 0);
}
