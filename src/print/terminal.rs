//! A document for people: wrapped to the terminal, with colour that `anstream` drops where none is wanted.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use textwrap::{Options, WordSplitter};

use super::{Block, Document, Mark, spans};
use crate::facts::foreign::{CLOSE, OPEN};

/// Narrower does not read well, wider neither.
const WIDTHS: std::ops::RangeInclusive<usize> = 80..=120;

/// Prints a document with ANSI styles; the stream decides whether they stay.
pub fn terminal(document: &Document, width: usize) -> String {
    let width = width.clamp(*WIDTHS.start(), *WIDTHS.end());
    let mut out = String::new();
    let bold = Style::new().bold();
    // Writing to a String does not fail.
    let _ = writeln!(out, "{bold}{}{bold:#}", document.title);
    for block in &document.blocks {
        let _ = match block {
            Block::Heading(text) => writeln!(out, "\n{bold}{text}{bold:#}"),
            Block::Text(text) => writeln!(out, "{}", wrapped(text, "", "", width)),
            // No indent: what is copied must be the text.
            Block::Code { text, .. } => writeln!(out, "{}", text.trim_end_matches('\n')),
            Block::Pairs(pairs) => write!(out, "{}", paired(pairs, "  ", width)),
            Block::Table { head, rows } => writeln!(out, "{}", tabled(head, rows, width)),
            Block::Bars(rows) => write!(out, "{}", barred(rows)),
            Block::Entry { mark, word, title, lines } => {
                let style = style(*mark);
                // Entries of one line stand together like a list.
                let gap = if lines.is_empty() { "" } else { "\n" };
                let first = format!("{gap}{style}{word:<9}{style:#} ");
                let rest = " ".repeat(10);
                // The style has no width, so the title is wrapped apart from it.
                let title = wrapped(title, &rest, &rest, width);
                write!(out, "{first}{}\n{}", title.trim_start(), paired(lines, &rest, width))
            }
        };
    }
    out
}

fn style(mark: Mark) -> Style {
    let colour = match mark {
        Mark::Critical => AnsiColor::BrightRed,
        Mark::Warning => AnsiColor::BrightYellow,
        Mark::Notice => AnsiColor::BrightCyan,
        Mark::Good => AnsiColor::BrightGreen,
        Mark::Unknown => AnsiColor::BrightBlack,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}

fn wrapped(text: &str, first: &str, rest: &str, width: usize) -> String {
    // A command must stay in one piece to be copied, so words are never broken, not even at a hyphen.
    let options = Options::new(width)
        .initial_indent(first)
        .subsequent_indent(rest)
        .word_splitter(WordSplitter::NoHyphenation)
        .break_words(false);
    textwrap::fill(text, options)
}

fn paired(pairs: &[(String, String)], indent: &str, width: usize) -> String {
    let dim = Style::new().dimmed();
    let column = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) + 2;
    let rest = format!("{indent}{}", " ".repeat(column));
    pairs.iter().fold(String::new(), |mut out, (name, value)| {
        let value = wrapped(value, &rest, &rest, width);
        let _ = writeln!(out, "{indent}{dim}{name:<column$}{dim:#}{}", value.trim_start());
        out
    })
}

/// Cells of the longest bar.
const BAR: f64 = 30.0;

/// Bars in eighths of a cell.
fn barred(rows: &[(String, f64, String)]) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let column = rows.iter().map(|(name, ..)| textwrap::core::display_width(name)).max().unwrap_or(0);
    rows.iter().fold(String::new(), |mut out, (name, share, text)| {
        let eighths = (share.clamp(0.0, 1.0) * BAR * 8.0).round() as usize;
        let bar = "█".repeat(eighths / 8) + EIGHTHS.get(eighths % 8).copied().unwrap_or("");
        let pad = " ".repeat(column - textwrap::core::display_width(name).min(column));
        let gap = " ".repeat((BAR as usize + 1).saturating_sub(bar.chars().count()));
        let _ = writeln!(out, "  {name}{pad} {bar}{gap}{:>5.1} %  {text}", share * 100.0);
        out
    })
}

fn tabled(head: &[String], rows: &[Vec<String>], width: usize) -> String {
    let rows: Vec<Vec<String>> = rows.iter().map(|cells| cells.iter().map(|cell| folded(cell)).collect()).collect();
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(head)
        .add_rows(&rows);
    for (n, column) in table.column_iter_mut().enumerate() {
        let cells = rows.iter().filter_map(|cells| cells.get(n));
        let words = cells.flat_map(|cell| cell.split([' ', '\n'])).filter(|word| word.contains(OPEN));
        if let Some(widest) = words.map(textwrap::core::display_width).max() {
            let padded = u16::try_from(widest + 2).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(padded)));
        }
    }
    table.lines().map(|line| format!(" {}", line.trim_end())).collect::<Vec<_>>().join("\n")
}

/// As much of a stranger's text as stands on one line of a table.
const FOLD: usize = 24;

/// Breaks a stranger's text into lines, each between marks of its own, and lets nothing else break it: cells of one row
/// share their lines, so a mark left open would take in what stands beside it.
fn folded(cell: &str) -> String {
    spans(cell, |inside| {
        let mut out = String::with_capacity(inside.len());
        for (n, c) in inside.chars().enumerate() {
            if n > 0 && n.is_multiple_of(FOLD) {
                out.extend([CLOSE, '\n', OPEN]);
            }
            out.push(if c == ' ' { '\u{a0}' } else { c });
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_wider_than_the_terminal_but_a_command_in_one_piece() {
        let mut document = Document::new("redis://h:1");
        document.pairs(vec![("Memory".into(), "words ".repeat(60)), ("Keys".into(), "12".into())]);
        document.entry(Mark::Warning, "warning", "title ".repeat(30), vec![("fix".into(), "step ".repeat(40))]);
        document.table(&["command", "calls"], vec![vec!["get".into(), "10".into()]]);
        let plain = anstream::adapter::strip_str(&terminal(&document, 80)).to_string();
        for line in plain.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        let strange = format!("«{}»", "two words ".repeat(5));
        let mut document = Document::new("redis://h:1");
        document.table(&["a", "b"], vec![vec![strange.clone(), "10".into()], vec![format!("at {strange}"), strange]]);
        for line in terminal(&document, 80).lines() {
            let (open, close) = (line.matches(OPEN).count(), line.matches(CLOSE).count());
            assert_eq!(open, close, "a mark left open takes in its neighbour: {line}");
        }
        assert!(plain.contains("warning   title") && plain.contains("  Keys    12"), "{plain}");
    }
}
