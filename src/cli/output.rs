//! Writes reports and errors. A reader who closes the pipe early is not an error.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Result;

use crate::facts::foreign::without_logins;
use crate::print::{markdown, terminal};
use crate::tools::Report;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Terminal,
    Markdown,
    Json,
}

/// A file or a pipe has no width of its own.
const NO_TERMINAL: usize = 100;

pub fn report(report: &impl Report, format: Format) -> Result<()> {
    let text = match format {
        Format::Json => serde_json::to_string_pretty(report)? + "\n",
        Format::Markdown => markdown(&report.document()),
        Format::Terminal => {
            let width = if io::stdout().is_terminal() { textwrap::termwidth() } else { NO_TERMINAL };
            terminal(&report.document(), width)
        }
    };
    write(&text)
}

pub fn text(text: &str) -> Result<u8> {
    write(text).map(|()| super::FINE)
}

fn write(text: &str) -> Result<()> {
    // Drops styles where standard output is no terminal, or NO_COLOR is set.
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// What clap says of the command line: help goes to standard output, mistakes to standard error.
pub fn usage(error: &clap::Error) {
    if error.use_stderr() {
        let said = error.render().ansi().to_string();
        let _ = write!(anstream::stderr(), "{}", without_logins(&said));
    } else {
        let _ = error.print();
    }
}

pub fn error(error: &anyhow::Error) {
    let style = anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::BrightRed.into()));
    // There is nowhere left to report a failure of standard error.
    let said = format!("{error:#}");
    let _ = writeln!(anstream::stderr(), "{style}error:{style:#} {}", without_logins(&said));
}
