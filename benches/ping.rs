//! What an agent feels while a server hangs: how fast a ping is answered, and how fast a cancelled call ends on the wire.
//! `make bench` prints it, and fails beyond the limits.

use std::io::{self, BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Calls that hang and are cancelled, one after another.
const CALLS: u32 = 10;
/// Pings while each of them hangs.
const PINGS: u32 = 10;

const PING_LIMIT: Duration = Duration::from_millis(100);
const CANCEL_LIMIT: Duration = Duration::from_secs(1);
/// After this long a connection that nobody closes counts as never closed.
const PATIENCE: Duration = Duration::from_secs(10);

const HELLO: &str = concat!(
    r#"{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"0"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
);

fn main() -> io::Result<()> {
    // It accepts, and never answers.
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut agent = Agent::start(&listener.local_addr()?.to_string())?;
    let (mut pings, mut cancels) = (Vec::new(), Vec::new());
    for call in 0..CALLS {
        agent.say(&format!(
            r#"{{"jsonrpc":"2.0","id":"call{call}","method":"tools/call","params":{{"name":"inspect_server","arguments":{{"deadline":300}}}}}}"#
        ))?;
        let mut connection = listener.accept()?.0;
        // Its first question: from here on the call hangs.
        connection.set_read_timeout(Some(PATIENCE))?;
        if connection.read(&mut [0; 1024])? == 0 {
            return Err(io::Error::other("the call asked nothing"));
        }
        for ping in 0..PINGS {
            let id = format!("ping{call}.{ping}");
            let sent = Instant::now();
            agent.say(&format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"ping"}}"#))?;
            agent.answer_to(&id)?;
            pings.push(sent.elapsed());
        }
        let sent = Instant::now();
        agent.say(&format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":"call{call}"}}}}"#
        ))?;
        wait_for_close(&mut connection)?;
        cancels.push(sent.elapsed());
    }
    let pinged = told("ping answered while a call hangs", &mut pings, PING_LIMIT)?;
    let cancelled = told("cancelled call closes its connection", &mut cancels, CANCEL_LIMIT)?;
    if pinged && cancelled { Ok(()) } else { Err(io::Error::other("beyond the limit")) }
}

/// Prints one measurement; whether all of it is within the limit.
fn told(what: &str, samples: &mut [Duration], limit: Duration) -> io::Result<bool> {
    samples.sort_unstable();
    let ms = |sample: Option<&Duration>| sample.map_or(f64::NAN, |sample| sample.as_secs_f64() * 1_000.0);
    let (median, max) = (ms(samples.get(samples.len() / 2)), ms(samples.last()));
    let (n, limit_ms) = (samples.len(), limit.as_millis());
    writeln!(io::stdout(), "{what}, {n} times: median {median:.2} ms, max {max:.2} ms (limit {limit_ms} ms)")?;
    Ok(samples.last().is_some_and(|max| *max < limit))
}

/// Reads what was still under way, up to the end.
fn wait_for_close(connection: &mut TcpStream) -> io::Result<()> {
    let mut rest = [0; 1024];
    loop {
        match connection.read(&mut rest) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // Closed with our silence unread.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// The binary, spoken to as an agent does.
struct Agent {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
}

impl Agent {
    fn start(place: &str) -> io::Result<Self> {
        let mut child = Command::new(env!("CARGO_BIN_EXE_godmode-redis"))
            .arg("mcp")
            .env("GODMODE_REDIS_URL", format!("redis://{place}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (to, from) = child.stdin.take().zip(child.stdout.take()).ok_or_else(|| io::Error::other("no pipes"))?;
        let mut agent = Self { child, to, from: BufReader::new(from).lines() };
        agent.say(HELLO)?;
        agent.answer_to("hello")?;
        Ok(agent)
    }

    fn say(&mut self, message: &str) -> io::Result<()> {
        writeln!(self.to, "{message}")
    }

    /// The next line must be the answer to this request: the calls that hang say nothing.
    fn answer_to(&mut self, id: &str) -> io::Result<()> {
        let line = self.from.next().ok_or_else(|| io::Error::other("no answer"))??;
        let wanted = line.contains(&format!(r#""id":"{id}""#)) && line.contains(r#""result""#);
        if wanted { Ok(()) } else { Err(io::Error::other(line)) }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
