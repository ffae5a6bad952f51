//! An audit beside its rivals, in one run on one server: keys per second, the server's CPU per key, our memory, and what a
//! client notices of it. `make bench-audit` prints the table; KEYS sets how many thousand keys there are.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use godmode_redis::probe::{Scratch, find_server};
use hdrhistogram::Histogram;

/// Requests per second of the client that runs beside an audit.
const LOAD: u32 = 2_000;

type Done<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Done<()> {
    let keys = std::env::var("KEYS").ok().and_then(|keys| keys.parse::<u64>().ok()).unwrap_or(1_000) * 1_000;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let program = find_server().ok_or("no redis-server or valkey-server: name one in GODMODE_REDIS_SERVER")?;
    let server = runtime.block_on(Scratch::start(&program, &["--save", ""]))?;
    let socket = server.socket().to_path_buf();
    fill(&socket, keys)?;
    writeln!(io::stdout(), "{keys} keys, {}\n", engine(&socket)?)?;

    let mut rows = Vec::new();
    let bare = measured(&socket, keys, || bare_loop(&socket))?;
    rows.push(("bare loop: SCAN 1000, TYPE, PTTL, OBJECT ENCODING, MEMORY USAGE", bare));
    for flag in ["--memkeys", "--bigkeys"] {
        if let Some(cli) = redis_cli(&program) {
            let run = || quiet(Command::new(&cli).arg("-s").arg(&socket).arg(flag).arg("-i").arg("0"));
            rows.push((
                if flag == "--memkeys" { "redis-cli --memkeys" } else { "redis-cli --bigkeys" },
                measured(&socket, keys, run)?,
            ));
        }
    }
    let mut memory = Vec::new();
    for (name, pace) in [("audit --full --pace fast", "fast"), ("audit --full --pace polite", "polite")] {
        let mut peak = 0;
        let row = measured(&socket, keys, || {
            peak = audit(&socket, pace)?;
            Ok(())
        })?;
        memory.push((name, peak));
        rows.push((name, row));
    }
    writeln!(
        io::stdout(),
        "| what | keys/s | server CPU per key | keys/s against bare | CPU against --memkeys |\n|---|---|---|---|---|"
    )?;
    let by = |name: &str| rows.iter().find(|(row, _)| *row == name).map(|(_, measured)| *measured);
    let memkeys = by("redis-cli --memkeys").unwrap_or(bare);
    for (name, row) in &rows {
        writeln!(
            io::stdout(),
            "| {name} | {:.0} | {:.2} µs | {:.2} | {:.2} |",
            row.rate,
            row.cpu,
            row.rate / bare.rate,
            row.cpu / memkeys.cpu
        )?;
    }
    for (name, kib) in &memory {
        writeln!(io::stdout(), "\n{name}: peak RSS {:.1} MiB", *kib as f64 / 1024.0)?;
    }
    noticed(&socket)?;
    let mut failed = Vec::new();
    let fast = by("audit --full --pace fast").ok_or("no audit ran")?;
    let polite = by("audit --full --pace polite").ok_or("no audit ran")?;
    let mut want = |what: &str, holds: bool| {
        if !holds {
            failed.push(what.to_owned());
        }
    };
    want("fast is at least 0.85 of the bare loop", fast.rate >= bare.rate * 0.85);
    if let (Some(memkeys), Some(bigkeys)) = (by("redis-cli --memkeys"), by("redis-cli --bigkeys")) {
        want("fast is at least 3 times --memkeys", fast.rate >= memkeys.rate * 3.0);
        want("fast is at least 4 times --bigkeys", fast.rate >= bigkeys.rate * 4.0);
        want("fast takes at most 0.7 of the CPU of either", fast.cpu <= memkeys.cpu.min(bigkeys.cpu) * 0.7);
        want("polite is at least as fast as --memkeys", polite.rate >= memkeys.rate);
    }
    want("memory stays under 24 MB", memory.iter().all(|(_, kib)| *kib < 24_000));
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ").into()) }
}

#[derive(Clone, Copy)]
struct Measured {
    /// Keys per second.
    rate: f64,
    /// Microseconds of the server's main thread per key.
    cpu: f64,
}

fn measured(socket: &Path, keys: u64, run: impl FnOnce() -> Done<()>) -> Done<Measured> {
    let (cpu, start) = (cpu(socket)?, Instant::now());
    run()?;
    let seconds = start.elapsed().as_secs_f64();
    let used = self::cpu(socket)? - cpu;
    Ok(Measured { rate: keys as f64 / seconds, cpu: used * 1e6 / keys as f64 })
}

/// What a client that asks at a steady rate waits for its answers: alone, and beside a polite audit, by turns.
fn noticed(socket: &Path) -> Done<()> {
    let mut alone = Histogram::<u64>::new(3)?;
    let mut beside = Histogram::<u64>::new(3)?;
    for _ in 0..3 {
        let stop = Arc::new(AtomicBool::new(false));
        let quiet = load(socket, Arc::clone(&stop));
        std::thread::sleep(Duration::from_secs(6));
        stop.store(true, Ordering::Relaxed);
        alone.add(quiet.join().map_err(|_| "the load failed")??)?;
        let stop = Arc::new(AtomicBool::new(false));
        let busy = load(socket, Arc::clone(&stop));
        audit_for(socket, 6)?;
        stop.store(true, Ordering::Relaxed);
        beside.add(busy.join().map_err(|_| "the load failed")??)?;
    }
    writeln!(io::stdout(), "\n| a client at {LOAD} requests/s | p50 | p99 | p99.9 |\n|---|---|---|---|")?;
    for (name, times) in [("alone", &alone), ("beside a polite audit", &beside)] {
        let at = |share: f64| times.value_at_quantile(share);
        writeln!(io::stdout(), "| {name} | {} µs | {} µs | {} µs |", at(0.5), at(0.99), at(0.999))?;
    }
    let growth = beside.value_at_quantile(0.99) as f64 / alone.value_at_quantile(0.99) as f64 - 1.0;
    writeln!(io::stdout(), "\nThe p99 of the client changes by {:+.1} %.", growth * 100.0)?;
    Ok(())
}

/// Asks at a steady rate; the time counts from when a request was due, so that a stall is not left out.
fn load(socket: &Path, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<Result<Histogram<u64>, String>> {
    let socket = socket.to_path_buf();
    std::thread::spawn(move || {
        let wrong = |error: io::Error| error.to_string();
        let mut times = Histogram::<u64>::new(3).map_err(|error| error.to_string())?;
        let mut wire = Wire::open(&socket).map_err(wrong)?;
        let gap = Duration::from_secs(1) / LOAD;
        let start = Instant::now();
        let mut turn = 0u32;
        while !stop.load(Ordering::Relaxed) {
            let due = start + gap * turn;
            if let Some(wait) = due.checked_duration_since(Instant::now()) {
                std::thread::sleep(wait);
            }
            let sent = Instant::now();
            wire.say(&[b"GET", format!("count:page:{}", turn % 10_000).as_bytes()]).map_err(wrong)?;
            wire.flush().map_err(wrong)?;
            wire.skip().map_err(wrong)?;
            // The timer's own lateness is not the server's; what a slow answer holds up is.
            let late = if sent > due + gap { sent.duration_since(due + gap) } else { Duration::ZERO };
            times.record((sent.elapsed() + late).as_micros() as u64).map_err(|error| error.to_string())?;
            turn += 1;
        }
        Ok(times)
    })
}

fn audit_command(socket: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_godmode-redis"));
    command.args(["audit", "--json", "--url"]).arg(format!("unix://{}", socket.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Runs an audit of every key and returns its peak memory in KiB.
fn audit(socket: &Path, pace: &str) -> Done<u64> {
    let mut child = audit_command(socket).args(["--full", "--pace", pace]).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    loop {
        if let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            peak = peak.max(kib.unwrap_or(0));
        }
        if let Some(done) = child.try_wait()? {
            return if done.success() { Ok(peak) } else { Err(format!("the audit ended with {done}").into()) };
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn audit_for(socket: &Path, seconds: u32) -> Done<()> {
    quiet(audit_command(socket).args(["--full", "--pace", "polite", "--time", &seconds.to_string()]))
}

fn quiet(command: &mut Command) -> Done<()> {
    let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if done.success() { Ok(()) } else { Err(format!("{command:?} ended with {done}").into()) }
}

/// redis-cli or valkey-cli beside the server, or on the path.
fn redis_cli(server: &Path) -> Option<PathBuf> {
    let beside = ["redis-cli", "valkey-cli"].map(|name| server.with_file_name(name));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("redis-cli"));
    beside.into_iter().chain(on_path).find(|cli| cli.is_file())
}

/// A connection that speaks RESP2 and nothing else.
struct Wire {
    reader: BufReader<UnixStream>,
    out: Vec<u8>,
    line: Vec<u8>,
}

impl Wire {
    fn open(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        Ok(Self { reader: BufReader::with_capacity(1 << 16, stream), out: Vec::new(), line: Vec::new() })
    }

    fn say(&mut self, words: &[&[u8]]) -> io::Result<()> {
        write!(self.out, "*{}\r\n", words.len())?;
        for word in words {
            write!(self.out, "${}\r\n", word.len())?;
            self.out.extend_from_slice(word);
            self.out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.reader.get_mut().write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }

    fn header(&mut self) -> io::Result<(u8, i64)> {
        self.line.clear();
        self.reader.read_until(b'\n', &mut self.line)?;
        let kind = self.line.first().copied().unwrap_or(b'-');
        let text = std::str::from_utf8(self.line.get(1..).unwrap_or_default()).unwrap_or_default().trim();
        Ok((kind, text.parse().unwrap_or(0)))
    }

    fn bulk(&mut self, length: i64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0) + 2];
        self.reader.read_exact(&mut bytes)?;
        bytes.truncate(bytes.len().saturating_sub(2));
        Ok(bytes)
    }

    fn skip(&mut self) -> io::Result<()> {
        match self.header()? {
            (b'$', length) if length >= 0 => self.bulk(length).map(drop),
            (b'*', many) => (0..many).try_for_each(|_| self.skip()),
            _ => Ok(()),
        }
    }

    fn text(&mut self, words: &[&[u8]]) -> io::Result<String> {
        self.say(words)?;
        self.flush()?;
        let (_, length) = self.header()?;
        Ok(String::from_utf8_lossy(&self.bulk(length)?).into_owned())
    }
}

/// The least that asks the same of every key.
fn bare_loop(socket: &Path) -> Done<()> {
    let mut wire = Wire::open(socket)?;
    let mut cursor = b"0".to_vec();
    loop {
        wire.say(&[b"SCAN", &cursor, b"COUNT", b"1000"])?;
        wire.flush()?;
        wire.header()?;
        let (_, length) = wire.header()?;
        cursor = wire.bulk(length)?;
        let (_, many) = wire.header()?;
        let mut names = Vec::with_capacity(1_000);
        for _ in 0..many {
            let (_, length) = wire.header()?;
            names.push(wire.bulk(length)?);
        }
        for name in &names {
            wire.say(&[b"TYPE", name])?;
            wire.say(&[b"PTTL", name])?;
            wire.say(&[b"OBJECT", b"ENCODING", name])?;
            wire.say(&[b"MEMORY", b"USAGE", name])?;
        }
        wire.flush()?;
        for _ in 0..names.len() * 4 {
            wire.skip()?;
        }
        if cursor == b"0" {
            return Ok(());
        }
    }
}

fn info(socket: &Path, name: &str) -> Done<String> {
    let text = Wire::open(socket)?.text(&[b"INFO", b"everything"])?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned));
    value.ok_or_else(|| format!("INFO has no {name}").into())
}

fn cpu(socket: &Path) -> Done<f64> {
    let sum = |user: &str, system: &str| -> Done<f64> {
        Ok(info(socket, user)?.trim().parse::<f64>()? + info(socket, system)?.trim().parse::<f64>()?)
    };
    sum("used_cpu_user_main_thread", "used_cpu_sys_main_thread").or_else(|_| sum("used_cpu_user", "used_cpu_sys"))
}

fn engine(socket: &Path) -> Done<String> {
    let valkey = info(socket, "valkey_version").map(|version| format!("Valkey {version}"));
    valkey.or_else(|_| Ok(format!("Redis {}", info(socket, "redis_version")?)))
}

/// Six kinds of keys in the proportions of a busy cache.
fn fill(socket: &Path, keys: u64) -> Done<()> {
    let mut wire = Wire::open(socket)?;
    let mut sent = 0;
    for n in 0..keys {
        let number = n.to_string();
        let small = vec![b'x'; 20 + (n * 37 % 180) as usize];
        match n % 10 {
            0 | 1 => wire.say(&[b"SET", format!("app:session:{n}").as_bytes(), &small, b"EX", b"86400"])?,
            2 | 3 => wire.say(&[b"SET", format!("cache:user:{n}:profile").as_bytes(), &small])?,
            4 | 5 => wire.say(&[b"SET", format!("count:page:{}", n / 10 * 2 + n % 2).as_bytes(), number.as_bytes()])?,
            6 | 7 => {
                let name = format!("user:{n}");
                wire.say(&[b"HSET", name.as_bytes(), b"name", number.as_bytes(), b"city", b"Bern", b"age", b"41"])?;
            }
            8 => wire.say(&[b"SADD", format!("tags:{n}").as_bytes(), b"red", b"green", b"blue"])?,
            _ => wire.say(&[b"ZADD", format!("board:{n}").as_bytes(), b"1", b"ann", b"2", b"bob", b"3", b"eve"])?,
        }
        sent += 1;
        if sent == 2_000 || n + 1 == keys {
            wire.flush()?;
            for _ in 0..sent {
                wire.skip()?;
            }
            sent = 0;
        }
    }
    Ok(())
}
