//! Quotes a page of the skill: its title, its first words, its sections.

pub mod session;
mod stems;
pub mod words;

/// The text of a page below `skill/redis/references`, as compiled in.
#[macro_export]
macro_rules! page {
    ($path:literal) => {
        $crate::page::Page {
            path: $path,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/skill/redis/references/", $path)),
        }
    };
}

/// A page of the handbook: words for people, examples for tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Below `skill/redis/references`.
    pub path: &'static str,
    pub text: &'static str,
}

impl Page {
    /// The first heading.
    pub fn title(&self) -> &'static str {
        self.text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(self.path).trim()
    }

    /// The first paragraph after the title, on one line.
    pub fn summary(&self) -> String {
        let body = self.text.lines().skip_while(|line| !line.starts_with("# ")).skip(1);
        one_line(body.skip_while(|line| line.trim().is_empty()).take_while(|line| !line.trim().is_empty()))
    }

    /// What stands under `## heading`, without its examples; empty when there is no such section.
    pub fn section(&self, heading: &str) -> &'static str {
        let mut start = None;
        let mut offset = 0;
        let mut fenced = false;
        for line in self.text.split_inclusive('\n') {
            fenced ^= line.starts_with("```");
            if !fenced && line.starts_with("## ") {
                if let Some(start) = start {
                    return self.text.get(start..offset).unwrap_or("").trim();
                }
                if line.trim_start_matches('#').trim() == heading {
                    start = Some(offset + line.len());
                }
            }
            offset += line.len();
        }
        start.and_then(|start| self.text.get(start..)).unwrap_or("").trim()
    }

    /// The rows of a section's table, below its head.
    pub fn rows(&self, heading: &str) -> Vec<Vec<&'static str>> {
        let lines = self.section(heading).lines();
        let rows = lines.filter_map(|line| line.strip_prefix('|')?.trim_end().strip_suffix('|'));
        rows.skip(2).map(cells).collect()
    }

    /// A section's prose on one line, for a finding. A link keeps its words: its path leads nowhere outside of the page.
    pub fn sentence(&self, heading: &str) -> String {
        unlinked(&one_line(self.section(heading).lines()))
    }
}

/// A text whose links are their words alone.
pub fn unlinked(text: &str) -> String {
    let mut parts = text.split("](");
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        if let Some(open) = out.rfind('[') {
            out.remove(open);
        }
        out.push_str(part.split_once(')').map_or("", |(_, rest)| rest));
    }
    out
}

/// The cells of a row; an escaped bar ends none.
fn cells(row: &'static str) -> Vec<&'static str> {
    let mut cells = Vec::new();
    let mut start = 0;
    for (at, _) in row.match_indices('|') {
        if row.get(..at).is_some_and(|before| !before.ends_with('\\')) {
            cells.extend(row.get(start..at));
            start = at + 1;
        }
    }
    cells.extend(row.get(start..));
    cells.into_iter().map(str::trim).collect()
}

fn one_line<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page {
        path: "x.md",
        text: "# A title\n\nFirst words\nof it.\n\nMore.\n\n## Verify\n\nLook\nagain.\n\n```info\n## not a heading\n```\n\n## Table\n\nSo:\n\n| a | b |\n|---|---|\n| 1 | `2\\|3` |\n\n## Source\n\nHere, [there](x.md) and\n[elsewhere](y.md).\n",
    };

    #[test]
    fn a_page_is_quoted_by_its_headings() {
        assert_eq!(PAGE.title(), "A title");
        assert_eq!(PAGE.summary(), "First words of it.");
        assert!(PAGE.section("Verify").contains("## not a heading"));
        assert_eq!(PAGE.sentence("Source"), "Here, there and elsewhere.");
        assert_eq!(PAGE.section("Absent"), "");
        assert_eq!(PAGE.rows("Table"), [["1", "`2\\|3`"]]);
    }
}
