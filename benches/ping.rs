//! What an agent feels while a call waits: how fast a ping is answered, and how fast a cancelled call ends on the wire.
//! A listener that never answers, a paused server, one that sleeps, one that loads, one that dies halfway, a long audit.
//! `make bench` prints it, and fails if one answer is beyond its limit; a debug build, if the median is.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant};

use godmode_redis::probe::{Scratch, find_server};
use tokio::runtime::Runtime;

/// Calls of each kind, one after another.
const CALLS: u32 = 10;
/// Pings while each of them is under way.
const PINGS: u32 = 10;

const PING_LIMIT: Duration = Duration::from_millis(100);
const CANCEL_LIMIT: Duration = Duration::from_secs(1);
/// After this long what does not happen counts as never.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many that no audit ends before it is cancelled.
const KEYS: &str = "300000";
/// So many that an audit of them takes a while.
const FEW_KEYS: &str = "50000";
/// Between pings that go on to the end of a call.
const PAUSE: Duration = Duration::from_millis(5);
/// With a delay of a quarter of a millisecond each, five seconds of loading. The server answers after every 2 MB.
const SLOW_KEYS: &str = "20000";

const HELLO: &str = concat!(
    r#"{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"0"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
);
const INSPECT: &str = r#"{"name":"inspect_server","arguments":{"deadline":300}}"#;
const AUDIT: &str = r#"{"name":"audit_memory","arguments":{"full":true,"time":3600}}"#;
const AUDIT_FAST: &str = r#"{"name":"audit_memory","arguments":{"full":true,"pace":"fast"}}"#;

type Done<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Done<()> {
    let servers = Servers::find()?;
    let mut times = Times::default();
    let mut fine = true;

    cancelled(&mut times, None, INSPECT)?;
    fine &= times.told("a listener that never answers")?;

    let paused = servers.start(&[])?;
    signal(&paused, "STOP")?;
    cancelled(&mut times, Some(&paused), INSPECT)?;
    fine &= times.told("a paused server")?;

    let asleep = servers.start_with_debug()?;
    let _sleeping = raw(&asleep.socket(), "DEBUG SLEEP 600")?;
    cancelled(&mut times, Some(&asleep), INSPECT)?;
    fine &= times.told("DEBUG SLEEP")?;

    let full = servers.start(&["--rdbcompression", "no"])?;
    fill(&full, KEYS, "1")?;
    cancelled(&mut times, Some(&full), AUDIT)?;
    fine &= times.told("an audit")?;

    fill(&full, FEW_KEYS, "1")?;
    let mut call = Call::start(Some(&full), AUDIT_FAST)?;
    while call.agent.early.is_empty() {
        call.ping(&mut times)?;
        sleep(PAUSE);
    }
    fine &= times.told("an audit, to its end")?;

    fill(&full, SLOW_KEYS, "4096")?;
    said(&full, "SAVE")?;
    let folder = full.socket().parent().unwrap_or(Path::new("/")).display().to_string();
    for _ in 0..CALLS {
        let loading = servers.start(&["--dir", &folder, "--key-load-delay", "200"])?;
        let mut call = Call::start(Some(&loading), INSPECT)?;
        call.ping(&mut times)?;
        let answer = call.answer()?;
        if !answer.contains("is loading its data") {
            return Err(format!("a loading server: {answer}").into());
        }
    }
    fine &= times.told("a loading server")?;

    for _ in 0..CALLS {
        let mut dying = servers.start(&[])?;
        let mut call = Call::start(Some(&dying), r#"{"name":"inspect_server","arguments":{"interval":20}}"#)?;
        dying.kill();
        call.ping(&mut times)?;
        let answer = call.answer()?;
        if !answer.contains(r#""isError":true"#) {
            return Err(format!("a server that dies: {answer}").into());
        }
    }
    fine &= times.told("a server that dies halfway")?;
    if fine { Ok(()) } else { Err("beyond the limit".into()) }
}

/// Calls that are pinged, and cancelled.
fn cancelled(times: &mut Times, server: Option<&Scratch>, what: &str) -> Done<()> {
    for _ in 0..CALLS {
        let mut call = Call::start(server, what)?;
        call.ping(times)?;
        call.cancel(times)?;
    }
    Ok(())
}

/// What was measured of one kind of call.
#[derive(Default)]
struct Times {
    pings: Vec<Duration>,
    cancels: Vec<Duration>,
}

impl Times {
    /// Prints it and starts anew; whether all of it is within the limits.
    fn told(&mut self, what: &str) -> io::Result<bool> {
        let Self { mut pings, mut cancels } = std::mem::take(self);
        let pinged = told(&format!("{what}: ping"), &mut pings, PING_LIMIT)?;
        Ok(pinged & (cancels.is_empty() || told(&format!("{what}: cancelled"), &mut cancels, CANCEL_LIMIT)?))
    }
}

fn told(what: &str, samples: &mut [Duration], limit: Duration) -> io::Result<bool> {
    samples.sort_unstable();
    let (median, max) = (samples.get(samples.len() / 2), samples.last());
    let ms = |sample: Option<&Duration>| sample.map_or(f64::NAN, |sample| sample.as_secs_f64() * 1_000.0);
    let (n, limit_ms) = (samples.len(), limit.as_millis());
    writeln!(
        io::stdout(),
        "{what}, {n} times: median {:.2} ms, max {:.2} ms (limit {limit_ms} ms)",
        ms(median),
        ms(max)
    )?;
    // A suite that runs beside may hold up one answer of many.
    let judged = if cfg!(debug_assertions) { median } else { max };
    Ok(judged.is_some_and(|judged| *judged < limit))
}

/// Throwaway servers.
struct Servers {
    program: PathBuf,
    runtime: Runtime,
}

impl Servers {
    fn find() -> Done<Self> {
        let program = find_server().ok_or("no redis-server or valkey-server: name one in GODMODE_REDIS_SERVER")?;
        Ok(Self { program, runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()? })
    }

    fn start(&self, options: &[&str]) -> Done<Scratch> {
        Ok(self.runtime.block_on(Scratch::start(&self.program, options))?)
    }

    /// From 7.0 DEBUG has to be allowed; before, there is no such parameter.
    fn start_with_debug(&self) -> Done<Scratch> {
        self.start(&["--enable-debug-command", "yes"]).or_else(|_| self.start(&[]))
    }
}

fn signal(server: &Scratch, name: &str) -> Done<()> {
    let done = Command::new("sh").args(["-c", &format!("kill -s {name} {}", server.pid())]).status()?.success();
    if done { Ok(()) } else { Err(format!("kill -s {name} failed").into()) }
}

/// Sends one line to a server, on a connection that stays open.
fn raw(socket: &Path, line: &str) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(format!("{line}\r\n").as_bytes())?;
    Ok(stream)
}

/// Sends one line, and wants to hear no error.
fn said(server: &Scratch, line: &str) -> Done<()> {
    let mut answer = String::new();
    BufReader::new(raw(&server.socket(), line)?).read_line(&mut answer)?;
    if answer.starts_with('-') { Err(format!("{line}: {answer}").into()) } else { Ok(()) }
}

/// So many keys of so many bytes, and no others.
fn fill(server: &Scratch, keys: &str, bytes: &str) -> Done<()> {
    said(server, "FLUSHALL")?;
    let script =
        format!("for i = 1, {keys} do redis.call('SET', 'user:' .. i .. ':name', string.rep('x', {bytes})) end");
    said(server, &format!("EVAL \"{script}\" 0"))
}

/// Waits for what another thread does.
fn until(what: &str, done: impl Fn() -> bool) -> Done<()> {
    let start = Instant::now();
    while !done() {
        if start.elapsed() > PATIENCE {
            return Err(format!("waited {} s for {what}", PATIENCE.as_secs()).into());
        }
        sleep(Duration::from_micros(200));
    }
    Ok(())
}

/// Stands between us and a server, and sees what goes over the wire. Without a server nobody answers.
struct Relay {
    port: u16,
    /// Times that we said something.
    asked: Arc<AtomicUsize>,
    /// Connections that we hold.
    open: Arc<AtomicUsize>,
}

impl Relay {
    fn start(server: Option<PathBuf>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let relay = Self { port, asked: Arc::default(), open: Arc::default() };
        let (asked, open) = (Arc::clone(&relay.asked), Arc::clone(&relay.open));
        spawn(move || {
            for ours in listener.incoming().flatten() {
                let (asked, open, server) = (Arc::clone(&asked), Arc::clone(&open), server.clone());
                open.fetch_add(1, Ordering::SeqCst);
                spawn(move || {
                    // However it ends, our side is closed.
                    let _ = pass(ours, server.as_deref(), &asked);
                    open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(relay)
    }
}

/// Passes on both ways, until we or the server hang up.
fn pass(mut ours: TcpStream, server: Option<&Path>, asked: &AtomicUsize) -> io::Result<()> {
    let mut theirs = server.map(UnixStream::connect).transpose()?;
    if let Some(theirs) = &theirs {
        let (mut from, mut to) = (theirs.try_clone()?, ours.try_clone()?);
        spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    let mut buffer = [0; 64 * 1024];
    loop {
        let length = ours.read(&mut buffer)?;
        if length == 0 {
            return theirs.map_or(Ok(()), |theirs| theirs.shutdown(Shutdown::Both));
        }
        asked.fetch_add(1, Ordering::SeqCst);
        if let Some(theirs) = &mut theirs {
            theirs.write_all(buffer.get(..length).unwrap_or_default())?;
        }
    }
}

/// A call that is under way, with an agent of its own.
struct Call {
    agent: Agent,
    relay: Relay,
}

impl Call {
    fn start(server: Option<&Scratch>, what: &str) -> Done<Self> {
        let relay = Relay::start(server.map(Scratch::socket))?;
        let mut agent = Agent::start(&format!("127.0.0.1:{}", relay.port))?;
        agent.say(&format!(r#"{{"jsonrpc":"2.0","id":"call","method":"tools/call","params":{what}}}"#))?;
        until("a question of the call", || relay.asked.load(Ordering::SeqCst) > 0)?;
        Ok(Self { agent, relay })
    }

    fn ping(&mut self, times: &mut Times) -> Done<()> {
        for ping in 0..PINGS {
            let id = format!("ping{ping}");
            let sent = Instant::now();
            self.agent.say(&format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"ping"}}"#))?;
            self.agent.answer_to(&id)?;
            times.pings.push(sent.elapsed());
        }
        Ok(())
    }

    fn cancel(self, times: &mut Times) -> Done<()> {
        let Self { mut agent, relay } = self;
        if relay.open.load(Ordering::SeqCst) == 0 || !agent.early.is_empty() {
            return Err(format!("the call ended before it was cancelled: {:?}", agent.early).into());
        }
        let sent = Instant::now();
        agent.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"call"}}"#)?;
        until("the connections to close", || relay.open.load(Ordering::SeqCst) == 0)?;
        times.cancels.push(sent.elapsed());
        Ok(())
    }

    fn answer(mut self) -> Done<String> {
        Ok(self.agent.answer_to("call")?)
    }
}

/// The binary, spoken to as an agent does.
struct Agent {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    /// Answers that came before they were waited for.
    early: VecDeque<String>,
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
        let mut agent = Self { child, to, from: BufReader::new(from).lines(), early: VecDeque::new() };
        agent.say(HELLO)?;
        agent.answer_to("hello")?;
        Ok(agent)
    }

    fn say(&mut self, message: &str) -> io::Result<()> {
        writeln!(self.to, "{message}")
    }

    fn answer_to(&mut self, id: &str) -> io::Result<String> {
        let wanted = format!(r#""id":"{id}""#);
        let early = self.early.iter().position(|line| line.contains(&wanted));
        if let Some(line) = early.and_then(|place| self.early.remove(place)) {
            return Ok(line);
        }
        loop {
            let line = self.from.next().ok_or_else(|| io::Error::other("no answer"))??;
            if line.contains(&wanted) {
                return Ok(line);
            }
            self.early.push_back(line);
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
