//! What other clients notice of an audit: their p99 alone, beside a polite audit, and beside `redis-cli --memkeys`, by turns.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::wire::{Done, Wire};

/// Requests per second of the client that asks at a steady rate.
const STEADY: u32 = 2_000;
const STEADY_TURN: Duration = Duration::from_secs(2);
/// Clients that ask again as soon as they are answered, and requests of all of them in one turn (redis-benchmark's 50).
const BUSY: &str = "50";
const BUSY_TURN: &str = "250000";
const CLIENTS: [&str; 2] = ["one, 2000 requests/s", "50, each as fast as it is answered"];
/// Blocks of each kind, and turns in a block.
const BLOCKS: usize = 6;
const TURNS: usize = 3;
/// What the load is given before a scan begins, and the scan before it counts.
const LOAD_BEGINS: Duration = Duration::from_millis(140);
const BEGINS: Duration = Duration::from_millis(560);
/// The growth that we allow ourselves, unless turns alone differ by more.
const GROWTH: f64 = 0.05;

/// What reads the keys meanwhile.
pub struct Rival<'a> {
    pub name: &'static str,
    pub start: Box<dyn Fn() -> Command + 'a>,
}

/// Prints p99 by load and by what runs beside it; the growth beside the first rival, and what time alone differs by, by load.
pub fn table(socket: &Path, benchmark: Option<&Path>, rivals: &[Rival]) -> Done<Vec<(&'static str, f64, f64)>> {
    let mut out = io::stdout();
    writeln!(out, "\n| clients | beside | p99, median of {} turns | growth |\n|---|---|---|---|", BLOCKS * TURNS)?;
    let mut growths = Vec::new();
    for (name, busy) in CLIENTS.into_iter().zip([false, true]) {
        let benchmark = benchmark.filter(|_| busy);
        if busy && benchmark.is_none() {
            continue;
        }
        let mut times = vec![Vec::new(); rivals.len() + 1];
        for _ in 0..BLOCKS {
            for (n, times) in times.iter_mut().enumerate() {
                let rival = n.checked_sub(1).and_then(|n| rivals.get(n));
                times.extend(block(socket, benchmark, rival)?);
            }
        }
        let alone = times.first().cloned().unwrap_or_default();
        let halves = [0, 1].map(|half| median(alone.iter().skip(half).step_by(2).copied().collect()));
        let noise = halves[0].max(halves[1]) / halves[0].min(halves[1]) - 1.0;
        let alone = median(alone);
        writeln!(out, "| {name} | nothing | {alone:.0} µs | {:.1} % between two halves |", noise * 100.0)?;
        for (n, (rival, times)) in rivals.iter().zip(times.split_off(1)).enumerate() {
            let p99 = median(times);
            let growth = p99 / alone - 1.0;
            writeln!(out, "| {name} | {} | {p99:.0} µs | {:+.1} % |", rival.name, growth * 100.0)?;
            if n == 0 {
                growths.push((name, growth, noise.max(GROWTH)));
            }
        }
    }
    Ok(growths)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// The p99 of some turns in µs while a rival reads keys.
fn block(socket: &Path, benchmark: Option<&Path>, rival: Option<&Rival>) -> Done<Vec<f64>> {
    let turn = || match benchmark {
        Some(program) => busy(socket, program),
        None => steady(socket, STEADY_TURN),
    };
    // The load is there before the rival looks around.
    let stop = Arc::new(AtomicBool::new(false));
    let before = background(socket, Arc::clone(&stop));
    std::thread::sleep(LOAD_BEGINS);
    let running = rival.map(begin).transpose();
    std::thread::sleep(BEGINS);
    stop.store(true, Ordering::Relaxed);
    before.join().map_err(|_| "the load failed")??;
    let times: Done<Vec<f64>> = (0..TURNS).map(|_| turn()).collect();
    if let Some(mut rival) = running? {
        if let Some(ended) = rival.try_wait()? {
            return Err(format!("the scan ended before its load: {ended}").into());
        }
        rival.kill()?;
        rival.wait()?;
    }
    times
}

fn begin(rival: &Rival) -> io::Result<Child> {
    (rival.start)().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

/// redis-benchmark's own p99.
fn busy(socket: &Path, program: &Path) -> Done<f64> {
    let mut command = Command::new(program);
    command.arg("-s").arg(socket).args(["-t", "get", "-c", BUSY, "-n", BUSY_TURN, "-r", "1000000", "--csv"]);
    let text = String::from_utf8(command.output()?.stdout)?;
    let mut lines = text.lines().map(|line| line.split(',').map(|cell| cell.trim_matches('"')).collect::<Vec<_>>());
    let (head, row) = lines.next().zip(lines.next()).ok_or("redis-benchmark printed no table")?;
    let at = head.iter().position(|name| *name == "p99_latency_ms").ok_or("redis-benchmark prints no p99")?;
    let p99: f64 = row.get(at).ok_or("a short table")?.parse()?;
    Ok(p99 * 1e3)
}

fn background(socket: &Path, stop: Arc<AtomicBool>) -> std::thread::JoinHandle<Result<f64, String>> {
    let socket = socket.to_path_buf();
    std::thread::spawn(move || ask(&socket, |_| !stop.load(Ordering::Relaxed)).map_err(|error| error.to_string()))
}

fn steady(socket: &Path, time: Duration) -> Done<f64> {
    ask(socket, |elapsed| elapsed < time)
}

/// Asks at a steady rate; the time counts from when a request was due, so that a stall is not left out.
fn ask(socket: &Path, goes_on: impl Fn(Duration) -> bool) -> Done<f64> {
    let mut times = Histogram::<u64>::new(3)?;
    let mut wire = Wire::open(socket)?;
    let gap = Duration::from_secs(1) / STEADY;
    let start = Instant::now();
    let mut turn = 0u32;
    while goes_on(start.elapsed()) {
        let due = start + gap * turn;
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            std::thread::sleep(wait);
        }
        let sent = Instant::now();
        wire.say(&[b"GET", format!("count:page:{}", turn % 10_000).as_bytes()])?;
        wire.flush()?;
        wire.skip()?;
        // The timer's own lateness is not the server's; what a slow answer holds up is.
        let late = if sent > due + gap { sent.duration_since(due + gap) } else { Duration::ZERO };
        times.record((sent.elapsed() + late).as_micros() as u64)?;
        turn += 1;
    }
    Ok(times.value_at_quantile(0.99) as f64)
}
