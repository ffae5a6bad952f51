//! What a hostile script can do: nothing that is left behind.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::verb;
use crate::stage::run;

/// The servers and watchdogs whose folder is one of ours, as the system lists them.
fn left_behind(folder: &Path) -> Vec<String> {
    let marked = folder.to_string_lossy().into_owned();
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).filter(|line| line.contains(&marked)).collect()
}

/// Runs with a folder for temporary files of its own, and sees that nothing stays in it or runs in it.
async fn hostile(script: &[u8]) -> String {
    let folder = tempfile::Builder::new().prefix("lua").tempdir().unwrap();
    let scratch = folder.path().join("t");
    fs::create_dir(&scratch).unwrap();
    let file = folder.path().join("x.lua");
    fs::write(&file, script).unwrap();
    let mut command = verb(&["--markdown", "--keys", "k", "--args", "1", "--file", file.to_str().unwrap()]);
    command.env("TMPDIR", &scratch);
    let ran = run(command).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(left_behind(&scratch), Vec::<String>::new());
    assert_eq!(fs::read_dir(&scratch).unwrap().count(), 0, "a folder was left behind");
    ran.out.split_once("## Read").expect("what was read").1.to_owned()
}

#[tokio::test]
async fn a_hostile_script_gets_a_clear_answer_and_leaves_nothing_behind() {
    let large = [b"return '".to_vec(), vec![b'x'; 1 << 20], b"'".to_vec()].concat();
    let deep = [b"return ".to_vec(), vec![b'('; 50_000], b"1".to_vec(), vec![b')'; 50_000]].concat();
    for (script, words) in [
        (b"while true do end".to_vec(), "SCRIPT KILL stopped it"),
        (b"redis.call('SET', KEYS[1], 1) while true do end".to_vec(), "its server was ended"),
        (b"local s = 'x' while true do s = s .. s end".to_vec(), "stopped"),
        (b"return string.rep('x', 40000000)".to_vec(), "stopped"),
        (b"return os.execute('true')".to_vec(), "failed"),
        (b"local function f() return 1 + f() end return f()".to_vec(), "stack overflow"),
        (b"return redis.call('MIGRATE', '127.0.0.1', 1, KEYS[1], 0, 10)".to_vec(), "failed"),
        (b"return redis.call('CONFIG', 'SET', 'dir', '/')".to_vec(), "failed"),
        (b"local t = {} for i = 1, 10000 do t = {t} end return t".to_vec(), "nested deeper"),
        (large, "bytes"),
        (format!("return a{}", ".b".repeat(50_000)).into_bytes(), "unreadable"),
        (format!("return f{}", "()".repeat(50_000)).into_bytes(), "unreadable"),
        (deep, "unreadable"),
        ((0..=255).collect(), "unreadable"),
        (b"if then (".to_vec(), "unreadable"),
        (Vec::new(), "Run"),
    ] {
        let says = hostile(&script).await;
        let shown = String::from_utf8_lossy(&script[..script.len().min(60)]).into_owned();
        assert!(says.contains(words), "{shown}: no {words:?} in {says}");
    }
}

/// Not even a kill that nobody can catch leaves a server behind.
#[tokio::test]
async fn when_we_are_killed_the_server_goes_too() {
    let folder = tempfile::Builder::new().prefix("lua").tempdir().unwrap();
    let mut command = verb(&["--script", "redis.call('SET', KEYS[1], 1) while true do end", "--keys", "k"]);
    command.env("TMPDIR", folder.path()).stdout(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    // The watchdog, and what becomes the server: from the first moment on.
    while left_behind(folder.path()).len() < 2 {
        assert!(Instant::now() < deadline, "no server started");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    while !left_behind(folder.path()).is_empty() || fs::read_dir(folder.path()).unwrap().count() > 0 {
        assert!(Instant::now() < deadline, "left behind: {:?}", left_behind(folder.path()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
