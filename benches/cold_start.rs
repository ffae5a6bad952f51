//! How long an agent waits: from starting the binary to an answered `tools/list` over stdio. `make bench` prints it.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

const RUNS: u32 = 60;

const TALK: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"0"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    "\n",
    r#"{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}"#,
    "\n",
);

fn main() -> io::Result<()> {
    let mut histogram = Histogram::<u64>::new_with_max(60_000_000, 3).map_err(io::Error::other)?;
    for _ in 0..RUNS {
        histogram.saturating_record(once()?.as_micros() as u64);
    }
    let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
    writeln!(
        io::stdout(),
        "start to answered tools/list over {RUNS} runs: median {:.1} ms, p95 {:.1} ms, max {:.1} ms",
        at(0.5),
        at(0.95),
        at(1.0)
    )
}

fn once() -> io::Result<Duration> {
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_godmode-redis"))
        .arg("mcp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (mut to, from) = child.stdin.take().zip(child.stdout.take()).ok_or_else(|| io::Error::other("no pipes"))?;
    to.write_all(TALK.as_bytes())?;
    let answer = BufReader::new(from).lines().nth(1).ok_or_else(|| io::Error::other("no answer"))??;
    let took = start.elapsed();
    if !answer.contains("inspect_server") {
        return Err(io::Error::other(answer));
    }
    drop(to);
    child.wait()?;
    Ok(took)
}
