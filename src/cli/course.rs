//! Runs a tool for a person: shows how far it is, and takes Ctrl-C for "that will do".

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::probe::Target;
use crate::tools::{Progress, Tool, Watch};

/// Shorter work shows no bar.
const PATIENCE: Duration = Duration::from_millis(700);
const TEMPLATE: &str = "{bar:30} {percent:>3} %  {pos} of {len} keys, {msg}, {eta} left";

pub async fn run<T: Tool>(target: &Target, input: T::Input) -> Result<T::Report> {
    let watch = Watch::default();
    let work = T::run(target, input, &watch);
    tokio::pin!(work);
    let mut news = watch.hear();
    let mut bar = None;
    let mut asked = false;
    let start = tokio::time::Instant::now();
    let report = loop {
        tokio::select! {
            report = &mut work => break report,
            Ok(()) = news.changed() => {
                let progress = news.borrow_and_update().clone();
                if start.elapsed() >= PATIENCE {
                    show(bar.get_or_insert_with(new_bar), &progress);
                }
            }
            Ok(()) = tokio::signal::ctrl_c(), if T::STOPS => {
                // Who asks twice means it.
                anyhow::ensure!(!asked, "interrupted");
                asked = true;
                watch.stop();
            }
        }
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    report
}

/// On standard error, and only where that is a terminal: a report may go through a pipe.
fn new_bar() -> ProgressBar {
    let draw =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(None, draw);
    // The template is a constant; a library that does not take it draws a plain bar.
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, progress: &Progress) {
    if let Some(total) = progress.total {
        bar.set_length(total as u64);
    }
    bar.set_position(progress.done as u64);
    bar.set_message(progress.says.clone());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_what_is_told() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
        let bar = new_bar();
        let mut progress = Progress { done: 250.0, total: Some(1_000.0), says: "90 keys/s, 4 KiB counted".into() };
        show(&bar, &progress);
        assert_eq!((bar.position(), bar.length(), bar.message()), (250, Some(1_000), progress.says.clone()));
        progress.done = 1_000.0;
        show(&bar, &progress);
        assert_eq!(bar.position(), 1_000);
    }
}
