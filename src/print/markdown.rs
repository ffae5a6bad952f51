//! A document as Markdown: for agents, for issues, for files. It can be held to a length.

use std::fmt::Write as _;

use super::{Block, Document, spans};

/// Prints a document as Markdown.
pub fn markdown(document: &Document) -> String {
    let mut out = format!("# {}\n", inert(&document.title));
    let mut after_list = false;
    for block in &document.blocks {
        // A list needs no blank line between its items, everything else does.
        let list = matches!(block, Block::Entry { lines, .. } if lines.is_empty());
        if !(list && after_list) {
            out.push('\n');
        }
        after_list = list;
        // Writing to a String does not fail.
        let _ = match block {
            Block::Heading(text) => writeln!(out, "## {}", inert(text)),
            Block::Text(text) => writeln!(out, "{}", inert(text)),
            Block::Code { language, text } => {
                let fence = "`".repeat(longest_run(text, '`').max(2) + 1);
                writeln!(out, "{fence}{language}\n{}\n{fence}", text.trim_end_matches('\n'))
            }
            Block::Pairs(pairs) => {
                pairs.iter().try_for_each(|(name, value)| writeln!(out, "- **{name}**: {}", inert(value)))
            }
            Block::Table { head, rows } => write!(out, "{}", table(head, rows)),
            // A number says it shorter to an agent than a bar.
            Block::Bars(rows) => rows
                .iter()
                .try_for_each(|(name, share, text)| writeln!(out, "- {}: {:.1} %, {text}", inert(name), share * 100.0)),
            Block::Entry { word, title, lines, .. } if lines.is_empty() => {
                writeln!(out, "- **{word}**: {}", inert(title))
            }
            Block::Entry { word, title, lines, .. } => {
                let _ = writeln!(out, "### {word}: {}\n", inert(title));
                lines.iter().try_for_each(|(name, value)| writeln!(out, "- {name}: {}", inert(value)))
            }
        };
    }
    out
}

/// Puts a stranger's text that Markdown could take for markup into a code span, between its marks: a link, an image, a
/// tag or a heading in it stays letters.
fn inert(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | ':' | '-');
    spans(text, |inside| {
        // A bare address would become a link.
        if inside.chars().all(plain) && !inside.contains("www.") {
            return inside.to_owned();
        }
        // The span ends at the first run of as many backticks, so it takes one more than there are; the spaces keep those
        // at its ends apart, and are not shown.
        let ticks = "`".repeat(longest_run(inside, '`') + 1);
        let gap = if inside.starts_with(['`', ' ']) || inside.ends_with(['`', ' ']) { " " } else { "" };
        format!("{ticks}{gap}{inside}{gap}{ticks}")
    })
}

fn longest_run(text: &str, of: char) -> usize {
    text.split(|c| c != of).map(str::len).max().unwrap_or(0)
}

fn table(head: &[String], rows: &[Vec<String>]) -> String {
    let row = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| inert(cell).replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    [row(head), rule].into_iter().chain(rows.iter().map(|cells| row(cells))).collect()
}

/// Holds a text to `limit` bytes: it ends at a line, and says which headings were left out and how to get them.
pub fn bounded(text: &str, limit: usize, how_to_get_the_rest: &str) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    // The closing sentence takes room too.
    let mut end = limit.saturating_sub(600);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let (kept, _) = text.split_at(end);
    let kept = kept.rsplit_once('\n').map_or(kept, |(kept, _)| kept);
    let rest = text.get(kept.len()..).unwrap_or("");
    let headings: Vec<&str> =
        rest.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_matches(['#', ' '])).collect();
    let mut named = headings.join("; ");
    if named.len() > 300 {
        named = format!("{} sections", headings.len());
    }
    let named = if named.is_empty() { "the end of the last section".to_owned() } else { named };
    format!(
        "{kept}\n\n[Cut here: {} of {} bytes are left out ({named}). {how_to_get_the_rest}]\n",
        rest.len(),
        text.len()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::print::Mark;

    #[test]
    fn a_document_reads_as_markdown() {
        let mut document = Document::new("redis://h:1");
        document.heading("Findings");
        document.entry(Mark::Warning, "warning", "it leaks", vec![("fix".into(), "mend it".into())]);
        document.heading("Stop conditions");
        document.entry(Mark::Good, "met", "one", vec![]);
        document.entry(Mark::Good, "met", "two", vec![]);
        document.table(&["a", "b"], vec![vec!["1|2".into(), "3".into()]]);
        document.code("sh", "echo ```\n");
        let expected = "# redis://h:1\n\n## Findings\n\n### warning: it leaks\n\n- fix: mend it\n\n## Stop conditions\n\n\
                        - **met**: one\n- **met**: two\n\n| a | b |\n|---|---|\n| 1\\|2 | 3 |\n\n````sh\necho ```\n````\n";
        assert_eq!(markdown(&document), expected);
    }

    #[test]
    fn a_strangers_markup_stays_letters() {
        let cases = [
            ("«web» and «user:v2»", "«web» and «user:v2»"),
            ("HGETALL «user:*:cart»", "HGETALL «`user:*:cart`»"),
            ("«[x](http://y)»!", "«`[x](http://y)`»!"),
            ("«a``b`»", "«``` a``b` ```»"),
            ("«www.example.com»", "«`www.example.com`»"),
            ("no marks, one «open", "no marks, one «open"),
        ];
        for (text, shown) in cases {
            assert_eq!(inert(text), shown);
        }
        let mut document = Document::new("redis://h:1");
        document.table(&["command"], vec![vec!["«a|b»".into()]]);
        assert!(markdown(&document).ends_with("| «`a\\|b`» |\n"), "{}", markdown(&document));
    }

    #[test]
    fn a_cut_text_names_what_it_lost() {
        let text = format!("# Title\n\n{}\n## Lost\n\n{}\n", "é\n".repeat(400), "more\n".repeat(400));
        let cut = bounded(&text, 1_000, "Ask again.");
        assert!(cut.len() <= 1_000, "{}", cut.len());
        assert!(cut.contains("(Lost)") && cut.ends_with("Ask again.]\n"), "{cut}");
        assert_eq!(bounded("short", 1_000, "Ask again."), "short");
    }
}
