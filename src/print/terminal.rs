//! A document for people: wrapped to the terminal, with colour that `anstream` drops where none is wanted.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table};
use textwrap::{Options, WordSplitter};

use super::{Block, Document, Mark};

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
            Block::Pairs(pairs) => write!(out, "{}", paired(pairs, "  ", width)),
            Block::Table { head, rows } => writeln!(out, "{}", tabled(head, rows, width)),
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

fn tabled(head: &[String], rows: &[Vec<String>], width: usize) -> String {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .set_header(head)
        .add_rows(rows);
    table.lines().map(|line| format!(" {}", line.trim_end())).collect::<Vec<_>>().join("\n")
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
        assert!(plain.contains("warning   title") && plain.contains("  Keys    12"), "{plain}");
    }
}
