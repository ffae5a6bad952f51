//! Bad targets and sick servers: one clear sentence with the next step, within the deadline, without a secret.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::Duration;

use crate::stage::{CANARY, Ran, binary, free_port, run, say, server, url};

async fn fails(url: &str) -> Ran {
    let mut command = binary(&["inspect", "--interval", "0", "--deadline", "2"]);
    // As most users give it, and out of the process list.
    command.env("GODMODE_REDIS_URL", url).env("RUST_LOG", "trace");
    let ran = run(command).await;
    assert_eq!(ran.code, 2, "{ran:?}");
    assert_eq!(ran.out, "");
    assert!(!ran.err.contains(CANARY), "{}", ran.err);
    let error = ran.err.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(error, 1, "one sentence, not a stack: {}", ran.err);
    ran
}

async fn says(url: &str, words: &[&str]) {
    let ran = fails(url).await;
    for word in words {
        assert!(ran.err.contains(word), "{word:?} is missing in: {}", ran.err);
    }
}

#[tokio::test]
async fn nobody_listens() {
    let port = free_port();
    says(&format!("redis://:{CANARY}@127.0.0.1:{port}"), &["refuses connections", "host and port", "firewalls"]).await;
    says("unix:///nowhere/redis.sock", &["socket", "unixsocket"]).await;
    says("redis://no-such-host.invalid", &["does not resolve"]).await;
}

#[tokio::test]
async fn a_listener_that_never_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    says(&format!("redis://:{CANARY}@127.0.0.1:{port}"), &["said nothing for 1 s", "raise the deadline"]).await;
    says(&format!("rediss://127.0.0.1:{port}"), &["said nothing for 1 s"]).await;
}

#[tokio::test]
async fn something_that_is_no_redis() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    says(&format!("redis://127.0.0.1:{port}"), &["not in the Redis protocol", "Check the port"]).await;
    says(&format!("rediss://127.0.0.1:{port}"), &["TLS"]).await;
}

#[tokio::test]
async fn passwords() {
    let port = free_port().to_string();
    let odd = "p@ss#w/r%d:x";
    let server = server(&["--port", &port, "--bind", "127.0.0.1", "--requirepass", odd]).await;
    says(&format!("redis://127.0.0.1:{port}"), &["asks for a password", "GODMODE_REDIS_URL"]).await;
    says(&format!("redis://:{CANARY}@127.0.0.1:{port}"), &["refuses the user or the password", "%25"]).await;
    for login in ["p%40ss%23w%2Fr%25d%3Ax", "p@ss#w/r%25d:x", odd] {
        let ran =
            run(binary(&["inspect", "--interval", "0", "--url", &format!("redis://:{login}@127.0.0.1:{port}")])).await;
        assert_eq!(ran.code, 0, "{login}: {ran:?}");
        assert!(!ran.out.contains("p@ss") && !ran.out.contains("p%40ss"));
    }
    drop(server);
}

#[tokio::test]
async fn bad_urls_do_not_repeat_their_secret() {
    for (url, word) in [
        (format!("http://:{CANARY}@h"), "scheme"),
        (format!("redis://:{CANARY}@h:many"), "port"),
        (format!("redis://:{CANARY}@h:1/?x={CANARY}"), "options"),
        (format!("{CANARY}://h"), "scheme"),
    ] {
        let mut command = binary(&["inspect"]);
        let ran = run({
            command.env("REDIS_URL", &url);
            command
        })
        .await;
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains(word) && ran.err.contains("REDIS_URL"), "{}", ran.err);
        assert!(!ran.err.contains(CANARY), "{}", ran.err);
    }
}

#[tokio::test]
async fn a_server_that_is_loading() {
    let full = server(&["--rdbcompression", "no"]).await;
    let mut connection = full.connect().await.unwrap();
    let mut fill = redis::pipe();
    for n in 0..20_000 {
        fill.cmd("SET").arg(n).arg("x".repeat(4_096)).ignore();
    }
    fill.exec_async(&mut connection).await.unwrap();
    say(&mut connection, "SAVE").await;
    let folder = full.socket().parent().unwrap().to_string_lossy().into_owned();
    // A quarter of a millisecond a key, with what sleeping costs, makes five seconds; it answers after every 2 MB, and must
    // answer four times within the second that a connection may take.
    let loading = server(&["--dir", &folder, "--key-load-delay", "200"]).await;
    says(&url(&loading), &["is loading its data", "% done", "Look again"]).await;
}

#[tokio::test]
async fn a_server_whose_script_does_not_end() {
    let server = server(&["--lua-time-limit", "50"]).await;
    let mut endless = server.connect().await.unwrap();
    let script = tokio::spawn(async move {
        let _: Result<redis::Value, _> =
            redis::cmd("EVAL").arg("while true do end").arg(0).query_async(&mut endless).await;
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    says(&url(&server), &["runs a script", "SCRIPT KILL"]).await;
    script.abort();
}

#[tokio::test]
async fn wrong_wishes_are_refused_with_their_range() {
    let server = server(&[]).await;
    let place = url(&server);
    for (option, value, word) in [
        ("--interval", "301", "0 to 300"),
        ("--interval", "-1", "0 to 300"),
        ("--interval", "NaN", "0 to 300"),
        ("--deadline", "0", "1 to 300"),
        ("--pings", "10001", "0 to 10000"),
        ("--topic", "memroy", "memory, persistence"),
    ] {
        let ran = run(binary(&["inspect", "--url", &place, &format!("{option}={value}")])).await;
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains(word), "{option} {value}: {}", ran.err);
    }
}

#[tokio::test]
async fn no_connection_left_and_protected_mode_are_told_with_and_without_a_password() {
    let port = free_port().to_string();
    let full = server(&["--port", &port, "--bind", "127.0.0.1", "--maxclients", "1"]).await;
    let _only = crate::stage::until("the only connection", async || {
        // The one that saw the server start may not be gone yet.
        let mut only = full.connect().await.map_err(|error| error.to_string())?;
        let pong: Result<String, _> = redis::cmd("PING").query_async(&mut only).await;
        pong.map(|_| only).map_err(|error| error.to_string())
    })
    .await;
    for login in ["", &format!(":{CANARY}@")] {
        says(&format!("redis://{login}127.0.0.1:{port}"), &["no connection left", "maxclients"]).await;
    }
    let port = free_port().to_string();
    let open = server(&["--port", &port, "--bind", "127.0.0.1"]).await;
    says(&format!("redis://:{CANARY}@127.0.0.1:{port}"), &["needs none", "without a password"]).await;
    drop((full, open));
}

#[tokio::test]
async fn a_sentinel_is_no_server() {
    let sentinel = crate::stage::sentinel::Watched::start(&Default::default(), &Default::default(), 0).await;
    says(&sentinel.sentinels[0].url(), &["is a Sentinel", "redis+sentinel://"]).await;
}

#[tokio::test]
async fn a_server_that_stalls_in_the_middle_does_not_make_its_counters_race() {
    let server = server(&["--lua-time-limit", "60000"]).await;
    let mut busy = server.connect().await.unwrap();
    let look = tokio::spawn(run(binary(&["inspect", "--json", "--interval", "1", "--url", &url(&server)])));
    tokio::time::sleep(Duration::from_millis(600)).await;
    // It counts, since a script sees one moment only from 7.2.
    let spin = "local n = 0 while n < 2e8 do n = n + 1 end return n";
    let _: redis::Value = redis::cmd("EVAL").arg(spin).arg(0).query_async(&mut busy).await.unwrap();
    let report = look.await.unwrap().json();
    let busy = report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == "main-thread-busy");
    if let Some(busy) = busy {
        let share: f64 = busy["says"].as_str().unwrap().split(' ').find_map(|word| word.parse().ok()).unwrap();
        assert!(share <= 101.0, "{busy:#}");
    }
}
