//! Holds the footprint model against a server: a Markdown row of mean and worst errors, or with `--cells` each cell.
//! `make footprint` prints the table of all servers at hand.

#[path = "../tests/footprint/cells.rs"]
mod cells;
#[path = "../tests/footprint/lab.rs"]
mod lab;

use std::io::{self, Write as _};

use godmode_redis::probe::find_server;
use lab::{Lab, Weighed};

/// A figure of a cell that is held against what was measured.
type Figure = fn(&Weighed) -> f64;

const FIGURES: [(&str, Figure); 5] = [
    ("predicted", |weighed| weighed.predicted),
    ("corrected", |weighed| weighed.corrected),
    ("corrected, length unknown", |weighed| weighed.corrected_blind),
    ("MEMORY USAGE", |weighed| weighed.claimed),
    ("its prediction", |weighed| weighed.predicted_claim / weighed.claimed * weighed.measured),
];

fn main() -> io::Result<()> {
    let program = find_server().ok_or_else(|| io::Error::other("name a server in GODMODE_REDIS_SERVER"))?;
    let each = std::env::args().any(|argument| argument == "--cells");
    let only: Option<String> = std::env::var("CELL").ok();
    let mut lab = Lab::start(&program)?;
    let mut out = io::stdout();
    let mut all = Vec::new();
    for cell in cells::all() {
        if only.as_ref().is_some_and(|only| !cell.name().contains(only.as_str())) || !lab.understands(cell.needs())? {
            continue;
        }
        let weighed = lab.weigh(&cell)?;
        if each {
            let off: Vec<String> =
                FIGURES.iter().map(|(_, figure)| format!("{:+.1}", weighed.off(figure(&weighed)))).collect();
            writeln!(out, "{:<95} {:>10.1} {} {}", cell.name(), weighed.measured, weighed.encoding, off.join(" "))?;
        }
        all.push(weighed);
    }
    let errors = FIGURES.iter().map(|(_, figure)| {
        let off: Vec<f64> = all.iter().map(|weighed| weighed.off(figure(weighed)).abs()).collect();
        let worst = off.iter().copied().fold(0.0, f64::max);
        format!("{:.2} / {worst:.2} %", off.iter().sum::<f64>() / off.len().max(1) as f64)
    });
    writeln!(
        out,
        "| {} | {:?} | {} | {} |",
        lab.engine,
        lab.allocator,
        all.len(),
        errors.collect::<Vec<_>>().join(" | ")
    )
}
