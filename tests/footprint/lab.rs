//! A scratch server on which keys are built and weighed; the tests and `benches/footprint.rs` share it.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use godmode_redis::facts::{Encoding, Engine, Expiry, Fields, KeyFacts, KeyType, Kind};
use godmode_redis::footprint::{Allocator, Layout, Limits, Shape};
use tempfile::TempDir;

use super::cells::{Cell, Commands};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Equal readings after which memory counts as settled, and the rest between them.
const EQUAL: u32 = 5;
const REST: Duration = Duration::from_millis(5);
/// A server reads its requests in runs of 16 KiB, so that this much at a time leaves its buffer as it is.
const SIP: usize = 8 << 10;
/// Fresh servers that a cell may have, the first one included, and the per cent that it may be heavier without another.
const SERVERS: usize = 6;
const NEAR: f64 = 1.0;
/// Keys of a cell that MEMORY USAGE is asked for.
const ASKED: u64 = 200;

/// What was measured of a cell, and what the model says of it. Bytes for each key.
#[derive(Debug, Clone)]
pub struct Weighed {
    pub cell: Cell,
    pub encoding: Encoding,
    pub predicted_encoding: Encoding,
    /// Growth of `used_memory`.
    pub measured: f64,
    /// The model, before.
    pub predicted: f64,
    /// What MEMORY USAGE claims, and what the model says it will claim.
    pub claimed: f64,
    pub predicted_claim: f64,
    /// MEMORY USAGE corrected, with the length known and without.
    pub corrected: f64,
    pub corrected_blind: f64,
}

impl Weighed {
    /// How far off a figure is, in per cent of what was measured.
    pub fn off(&self, figure: f64) -> f64 {
        (figure / self.measured - 1.0) * 100.0
    }
}

pub struct Lab {
    program: PathBuf,
    child: Child,
    folder: TempDir,
    pub engine: Engine,
    pub allocator: Allocator,
    pub layout: Layout,
    watch: Wire,
}

impl Lab {
    pub fn start(program: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("godmode-lab-").tempdir()?;
        let socket = folder.path().join("socket");
        let log = File::create(folder.path().join("log"))?;
        let child = Command::new(program)
            .current_dir(folder.path())
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--hz", "500", "--slowlog-log-slower-than", "-1"])
            .arg("--unixsocket")
            .arg(&socket)
            .stdin(Stdio::null())
            .stdout(log)
            .spawn()?;
        // Long answers leave buffers behind, so this connection ends here.
        let mut asking = Wire::open(&socket)?;
        let info = asking.ask(&["INFO"])?;
        let fields = Fields::parse(&info);
        let engine = Engine::from_info(&fields).ok_or_else(|| io::Error::other("no version"))?;
        let stats = asking.ask(&["MEMORY", "MALLOC-STATS"])?;
        let quantum = stats.lines().find_map(|line| line.strip_prefix("Quantum size: ")?.trim().parse().ok());
        let allocator = Allocator::named(&engine, fields.get("mem_allocator").unwrap_or(""), quantum);
        // From 7.0: a histogram for each command at its first use would be taken for data. Before, it is not known.
        let _ = asking.ask(&["CONFIG", "SET", "latency-tracking", "no"]);
        drop(asking);
        let watch = Wire::open(&socket)?;
        let layout = Layout::new(&engine, allocator);
        let mut lab = Self { program: program.to_owned(), child, folder, engine, allocator, layout, watch };
        // What a server allocates once, it allocates now.
        lab.weigh_here(&Cell { shape: Shape::Int, keys: 10, name_len: 10, expires: true })?;
        Ok(lab)
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    pub fn understands(&mut self, command: &str) -> io::Result<bool> {
        Ok(self.watch.ask(&["COMMAND", "INFO", command])?.to_lowercase().contains(command))
    }

    /// Builds the keys of a cell on an empty server and weighs them.
    pub fn weigh(&mut self, cell: &Cell) -> io::Result<Weighed> {
        // RedisJSON keeps its table of texts. glibc cuts freed chunks for smaller requests, and leaves 16 bytes in them where
        // too little remains for another. What a server frees before the first key differs from start to start, and can cost
        // every key those bytes or none. It never takes bytes away: the lightest of a few servers has the least of it.
        let libc = self.allocator == Allocator::Libc;
        if libc || matches!(cell.shape, Shape::Json { .. }) {
            self.restart()?;
        }
        let mut lightest = self.weigh_here(cell)?;
        for _ in 1..SERVERS {
            if !libc || lightest.measured <= lightest.predicted * (1.0 + NEAR / 100.0) {
                break;
            }
            self.restart()?;
            let again = self.weigh_here(cell)?;
            if again.measured < lightest.measured {
                lightest = again;
            }
        }
        Ok(lightest)
    }

    fn restart(&mut self) -> io::Result<()> {
        *self = Self::start(&self.program.clone())?;
        Ok(())
    }

    fn weigh_here(&mut self, cell: &Cell) -> io::Result<Weighed> {
        // Valkey frees behind our back unless it is told not to; Redis 6.0 knows no such word, and frees at once.
        if self.watch.ask(&["FLUSHALL", "SYNC"]).is_err() {
            self.watch.ask(&["FLUSHALL"])?;
        }
        let before = self.settled()?;
        let mut loader = Wire::open(&self.socket())?;
        let mut commands = Commands::new();
        for key in 0..cell.keys {
            cell.build(key, &mut commands);
            if commands.bytes.len() > 1 << 20 {
                self.send(&mut loader, &commands)?;
                commands.clear();
            }
        }
        self.send(&mut loader, &commands)?;
        drop(loader);
        let after = self.settled()?;
        let there: u64 = self.watch.ask(&["DBSIZE"])?.parse().map_err(io::Error::other)?;
        if there != cell.keys {
            return Err(io::Error::other(format!("{}: {there} of {} keys are there", cell.name(), cell.keys)));
        }
        self.compare(cell, after - before)
    }

    fn send(&self, loader: &mut Wire, commands: &Commands) -> io::Result<()> {
        // Valkey reads several commands ahead, and allocates for all of them before it does the first.
        let sip = if self.engine.kind == Kind::Valkey { 1 } else { SIP };
        if self.allocator == Allocator::Libc { loader.drip(commands, sip) } else { loader.pour(&commands.bytes) }
    }

    fn compare(&mut self, cell: &Cell, growth: f64) -> io::Result<Weighed> {
        let keys = cell.keys as f64;
        let encoding = self.watch.ask(&["OBJECT", "ENCODING", &cell.key(0)])?;
        let encoding = Encoding::named(encoding.as_bytes());
        let key_type = KeyType::named(self.watch.ask(&["TYPE", &cell.key(0)])?.as_bytes());
        let tables = self.layout.tables(cell.keys, if cell.expires { cell.keys } else { 0 });
        let tables = (tables + self.layout.shared(cell.keys, &cell.shape)) as f64 / keys;
        let cost = self.layout.key(cell.name_len, &cell.shape, cell.expires, &Limits::default());

        let step = (cell.keys / ASKED).max(1);
        let (mut asked, mut claimed, mut corrected, mut blind) = (0.0, 0.0, 0.0, 0.0);
        for key in (0..cell.keys).step_by(usize::try_from(step).unwrap_or(1)) {
            let name = cell.key(key);
            let usage = self.watch.ask(&["MEMORY", "USAGE", &name])?.parse().map_err(io::Error::other)?;
            let facts = KeyFacts {
                name: name.into_bytes(),
                claimed: Some(usage),
                key_type: Some(key_type),
                encoding: Some(encoding),
                expiry: Some(if cell.expires { Expiry::In(1_000_000) } else { Expiry::Never }),
                length: Some(cell.length()),
                ..KeyFacts::default()
            };
            let real = |facts: &KeyFacts| self.layout.real(facts).map_or(0, |real| real.bytes()) as f64;
            asked += 1.0;
            claimed += usage as f64;
            corrected += real(&facts);
            blind += real(&KeyFacts { length: None, ..facts });
        }
        Ok(Weighed {
            cell: cell.clone(),
            encoding,
            predicted_encoding: cost.encoding,
            measured: growth / keys,
            predicted: cost.bytes() as f64 + tables,
            claimed: claimed / asked,
            predicted_claim: cost.claimed as f64,
            corrected: corrected / asked + tables,
            corrected_blind: blind / asked + tables,
        })
    }

    /// `used_memory` when it no longer changes: tables have moved, connections are closed, freed values are gone.
    fn settled(&mut self) -> io::Result<f64> {
        let deadline = Instant::now() + PATIENCE;
        let (mut last, mut equal) = (0, 0);
        while equal < EQUAL {
            if Instant::now() > deadline {
                return Err(io::Error::other("used_memory does not settle"));
            }
            let info = self.watch.ask(&["INFO", "memory"])?;
            let fields = Fields::parse(&info);
            let number = |name: &str| fields.get(name).and_then(|bytes| bytes.parse::<i64>().ok()).unwrap_or(0);
            let now = number("used_memory") - number("mem_clients_normal");
            equal = if now == last { equal + 1 } else { 0 };
            last = now;
            sleep(REST);
        }
        Ok(last as f64)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // An error means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that speaks the protocol as far as it is needed here.
struct Wire(BufReader<UnixStream>);

impl Wire {
    fn open(socket: &Path) -> io::Result<Self> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match UnixStream::connect(socket) {
                Ok(stream) => return Ok(Self(BufReader::new(stream))),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => sleep(REST),
            }
        }
    }

    /// One command and its answer as text; of a list, its elements in a row.
    fn ask(&mut self, words: &[&str]) -> io::Result<String> {
        let mut command = Commands::new();
        command.say(words);
        self.0.get_mut().write_all(&command.bytes)?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let line = line.trim_end();
        let rest = line.get(1..).unwrap_or("");
        match line.as_bytes().first() {
            Some(b'$') => {
                let Ok(len) = rest.parse::<usize>() else { return Ok(String::new()) };
                let mut text = vec![0; len + 2];
                self.0.read_exact(&mut text)?;
                text.truncate(len);
                Ok(String::from_utf8_lossy(&text).into_owned())
            }
            Some(b'*') => {
                let count = rest.parse::<usize>().unwrap_or(0);
                (0..count).map(|_| self.answer()).collect::<io::Result<Vec<String>>>().map(|parts| parts.join(" "))
            }
            Some(b'-') | None => Err(io::Error::other(line.to_owned())),
            _ => Ok(rest.to_owned()),
        }
    }

    /// Many commands, a few after the answers to those before.
    fn drip(&mut self, commands: &Commands, sip: usize) -> io::Result<()> {
        let mut start = 0;
        for few in commands.ends.chunk_by(|end, next| end / sip == next / sip) {
            let end = few.last().copied().unwrap_or(start);
            self.0.get_mut().write_all(commands.bytes.get(start..end).unwrap_or_default())?;
            few.iter().try_for_each(|_| self.answer().map(drop))?;
            start = end;
        }
        Ok(())
    }

    /// Many commands without their answers.
    fn pour(&mut self, commands: &[u8]) -> io::Result<()> {
        let stream = self.0.get_mut();
        stream.write_all(b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n")?;
        stream.write_all(commands)?;
        stream.write_all(b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$2\r\nON\r\n")?;
        self.answer().map(drop)
    }
}
