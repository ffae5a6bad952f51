//! Holds the footprint model against a server: a Markdown row of mean and worst errors, or with `--cells` each cell.
//! `make footprint` prints the table of all servers at hand.

#[path = "../tests/footprint/cells.rs"]
mod cells;
#[path = "../tests/footprint/grid.rs"]
mod grid;
#[path = "../tests/footprint/lab.rs"]
mod lab;

use std::io::{self, Write as _};

use godmode_redis::probe::find_server;
use lab::{Lab, Weighed};

/// Figures of a cell that are held against what was measured, in per cent; the last one against what was claimed.
fn errors(weighed: &Weighed) -> [f64; 5] {
    [
        weighed.off(weighed.predicted),
        weighed.off(weighed.corrected),
        weighed.off(weighed.corrected_blind),
        weighed.off(weighed.claimed),
        (weighed.predicted_claim / weighed.claimed - 1.0) * 100.0,
    ]
}

fn main() -> io::Result<()> {
    let program = find_server().ok_or_else(|| io::Error::other("name a server in GODMODE_REDIS_SERVER"))?;
    let each = std::env::args().any(|argument| argument == "--cells");
    let mut lab = Lab::start(&program)?;
    let mut out = io::stdout();
    let mut all = Vec::new();
    let json = lab.understands("json.set")?;
    for cell in grid::of(&lab.engine, json) {
        let weighed = lab.weigh(&cell)?;
        if weighed.encoding != weighed.predicted_encoding {
            return Err(io::Error::other(format!("{} is {}", weighed.cell.name(), weighed.encoding)));
        }
        let errors = errors(&weighed);
        if each {
            let errors: Vec<String> = errors.iter().map(|error| format!("{error:+.2}")).collect();
            let (bytes, encoding) = (weighed.measured, weighed.encoding);
            writeln!(out, "| {} | {encoding} | {bytes:.1} | {} |", weighed.cell.name(), errors.join(" | "))?;
        }
        all.push(errors);
    }
    let count = all.len().max(1) as f64;
    let mut mean = [0.0; 5];
    let mut worst = [0.0_f64; 5];
    for errors in &all {
        for ((mean, worst), error) in mean.iter_mut().zip(&mut worst).zip(errors) {
            *mean += error.abs() / count;
            *worst = worst.max(error.abs());
        }
    }
    let columns: Vec<String> =
        mean.iter().zip(worst).map(|(mean, worst)| format!("{mean:.2} / {worst:.1} %")).collect();
    writeln!(out, "| {} | {:?} | {} | {} |", lab.engine, lab.allocator, all.len(), columns.join(" | "))
}
