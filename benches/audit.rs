//! An audit beside its rivals, by turns on one server: keys per second, the server's CPU per key, our memory, and what a client
//! notices of it. `make bench-audit` prints the tables and fails when a bound does; KEYS sets how many thousand keys there are,
//! ROUNDS how often each has its turn.

#[path = "wire/bare.rs"]
mod bare;
#[path = "wire/beside.rs"]
mod beside;
mod wire;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use godmode_redis::probe::{Scratch, find_server};

use bare::bare_loop;
use beside::{Rival, table};
use wire::{Done, Wire, cpu, engine};

/// What we may take, however many keys there are.
const MEMORY: u64 = 24_000_000;

const BARE: &str = "bare loop of the same questions, four pages in flight";
const MEMKEYS: &str = "redis-cli --memkeys";
const BIGKEYS: &str = "redis-cli --bigkeys";
const FAST: &str = "audit --full --pace fast";
const POLITE: &str = "audit --full --pace polite";

fn main() -> Done<()> {
    let number =
        |name: &str, usual| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok()).unwrap_or(usual);
    let (keys, rounds) = (number("KEYS", 1_000) * 1_000, number("ROUNDS", 3));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let program = find_server().ok_or("no redis-server or valkey-server: name one in GODMODE_REDIS_SERVER")?;
    let server = runtime.block_on(Scratch::start(&program, &["--save", ""]))?;
    let socket = server.socket().to_path_buf();
    fill(&socket, 0..keys)?;
    writeln!(io::stdout(), "{keys} keys, {}, each {rounds} times by turns\n", engine(&socket)?)?;

    let mut wanted = Wanted::default();
    speed(&socket, &program, keys, rounds, &mut wanted)?;
    noticed(&socket, &program, &mut wanted)?;
    let mut peaks = vec![(keys, audit(&socket, "fast")?)];
    fill(&socket, keys..keys * 10)?;
    peaks.push((keys * 10, audit(&socket, "fast")?));
    writeln!(io::stdout(), "\n| keys | peak RSS of {FAST} |\n|---|---|")?;
    for (keys, peak) in &peaks {
        writeln!(io::stdout(), "| {keys} | {:.1} MB |", *peak as f64 / 1e6)?;
        wanted.want(format!("memory stays under 24 MB at {keys} keys"), *peak < MEMORY);
    }
    wanted.end()
}

/// The bounds, and those that did not hold.
#[derive(Default)]
struct Wanted {
    failed: Vec<String>,
}

impl Wanted {
    fn want(&mut self, what: String, holds: bool) {
        if !holds {
            self.failed.push(what);
        }
    }

    fn end(self) -> Done<()> {
        if self.failed.is_empty() { Ok(()) } else { Err(format!("not held: {}", self.failed.join("; ")).into()) }
    }
}

/// Each rival in turn, several times, so that what else the machine does meets all of them.
fn speed(socket: &Path, program: &Path, keys: u64, rounds: u64, wanted: &mut Wanted) -> Done<()> {
    let cli = beside(program, "cli");
    let scan =
        |flag: &str| cli.as_ref().map(|cli| quiet(Command::new(cli).arg("-s").arg(socket).args([flag, "-i", "0"])));
    let mut rows = [BARE, MEMKEYS, BIGKEYS, FAST, POLITE].map(|name| (name, Measured::default()));
    for _ in 0..rounds {
        for (name, sum) in &mut rows {
            let (cpu, start) = (cpu(socket)?, Instant::now());
            match *name {
                BARE => bare_loop(socket)?,
                MEMKEYS => scan("--memkeys").unwrap_or(Ok(()))?,
                BIGKEYS => scan("--bigkeys").unwrap_or(Ok(()))?,
                FAST => audit(socket, "fast").map(drop)?,
                _ => audit(socket, "polite").map(drop)?,
            }
            sum.seconds += start.elapsed().as_secs_f64();
            sum.cpu += wire::cpu(socket)? - cpu;
        }
    }
    let keys = (keys * rounds) as f64;
    let [bare, memkeys, bigkeys, fast, polite] = rows.map(|(_, sum)| sum);
    writeln!(io::stdout(), "| what | keys/s | server CPU per key |\n|---|---|---|")?;
    for (name, row) in rows.iter().filter(|(name, _)| cli.is_some() || ![MEMKEYS, BIGKEYS].contains(name)) {
        writeln!(io::stdout(), "| {name} | {:.0} | {:.2} µs |", keys / row.seconds, row.cpu * 1e6 / keys)?;
    }
    writeln!(io::stdout(), "\n| ratio | wanted | measured |\n|---|---|---|")?;
    let mut ratio = |what: &str, bound: f64, at_most: bool, measured: f64| -> Done<()> {
        let word = if at_most { "at most" } else { "at least" };
        writeln!(io::stdout(), "| {what} | {word} {bound} | {measured:.2} |")?;
        wanted.want(
            format!("{what} {word} {bound} ({measured:.2})"),
            if at_most { measured <= bound } else { measured >= bound },
        );
        Ok(())
    };
    ratio("speed of fast against the bare loop", 0.85, false, bare.seconds / fast.seconds)?;
    if cli.is_some() {
        ratio("speed of fast against --memkeys", 3.0, false, memkeys.seconds / fast.seconds)?;
        ratio("speed of fast against --bigkeys", 4.0, false, bigkeys.seconds / fast.seconds)?;
        ratio("CPU of fast against the lesser of the two", 0.7, true, fast.cpu / memkeys.cpu.min(bigkeys.cpu))?;
        ratio("speed of polite against --memkeys", 1.0, false, memkeys.seconds / polite.seconds)?;
    }
    Ok(())
}

/// Seconds on the clock, and of the server's main thread.
#[derive(Clone, Copy, Default)]
struct Measured {
    seconds: f64,
    cpu: f64,
}

/// What other clients wait for their answers, alone and beside scans.
fn noticed(socket: &Path, program: &Path, wanted: &mut Wanted) -> Done<()> {
    let polite = || {
        let mut command = audit_command(socket);
        command.args(["--full", "--pace", "polite"]);
        command
    };
    let mut rivals = vec![Rival { name: POLITE, start: Box::new(polite) }];
    if let Some(cli) = beside(program, "cli") {
        let memkeys = move || {
            let mut command = Command::new(&cli);
            command.arg("-s").arg(socket).args(["--memkeys", "-i", "0"]);
            command
        };
        rivals.push(Rival { name: MEMKEYS, start: Box::new(memkeys) });
    }
    for (clients, growth, bound) in table(socket, beside(program, "benchmark").as_deref(), &rivals)? {
        let what = format!("p99 of {clients} grows by less than {:.1} % ({:+.1} %)", bound * 100.0, growth * 100.0);
        wanted.want(what, growth < bound);
    }
    Ok(())
}

fn audit_command(socket: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_godmode-redis"));
    command.args(["audit", "--json", "--url"]).arg(format!("unix://{}", socket.display()));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Runs an audit of every key and returns its peak memory.
fn audit(socket: &Path, pace: &str) -> Done<u64> {
    let mut child = audit_command(socket).args(["--full", "--pace", pace]).spawn()?;
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0;
    loop {
        if let Ok(text) = std::fs::read_to_string(&status) {
            let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            peak = peak.max(kib.unwrap_or(0u64) * 1024);
        }
        if let Some(done) = child.try_wait()? {
            return if done.success() { Ok(peak) } else { Err(format!("the audit ended with {done}").into()) };
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn quiet(command: &mut Command) -> Done<()> {
    let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    if done.success() { Ok(()) } else { Err(format!("{command:?} ended with {done}").into()) }
}

/// redis-cli or another of its programs, or valkey's, beside the server or on the path.
fn beside(server: &Path, tool: &str) -> Option<PathBuf> {
    let near = ["redis", "valkey"].map(|engine| server.with_file_name(format!("{engine}-{tool}")));
    near.into_iter().find(|program| program.is_file()).or_else(|| on_path(&format!("redis-{tool}")))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|program| program.is_file())
}

/// Six kinds of keys in the proportions of a busy cache.
fn fill(socket: &Path, keys: std::ops::Range<u64>) -> Done<()> {
    let mut wire = Wire::open(socket)?;
    let mut sent = 0;
    let end = keys.end;
    for n in keys {
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
        if sent == 2_000 || n + 1 == end {
            wire.flush()?;
            for _ in 0..sent {
                wire.skip()?;
            }
            sent = 0;
        }
    }
    Ok(())
}
