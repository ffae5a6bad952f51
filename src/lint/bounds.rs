//! Refuses, before anything is parsed, what would cost too much: the parser descends once per level.

use super::SyntaxTrouble;

/// The longest script we read. The scripts of the best known libraries have 2 to 40 KiB (judgement).
const LONGEST: usize = 256 * 1024;
/// A script of 40 KiB has about 8,000 (judgement).
const MOST: usize = 20_000;
/// Lua itself refuses more: LUAI_MAXCCALLS in luaconf.h of 5.1, "chunk has too many syntax levels".
const DEEPEST: usize = 200;
/// `a + b + c …` has no bound in Lua, and builds a tree as deep as it is long (judgement).
const CHAIN: usize = 1_000;
/// Nor has `a.b.c …` or `f()() …` (judgement).
const SUFFIXES: usize = 200;

const OPENS: [&str; 7] = ["(", "[", "{", "function", "do", "if", "repeat"];
const CLOSES: [&str; 5] = [")", "]", "}", "end", "until"];
/// Lua descends once for each of these.
const DEEP: [&str; 4] = ["..", "^", "not", "#"];
const FLAT: [&str; 13] = ["+", "-", "*", "/", "%", "==", "~=", "<", ">", "<=", ">=", "and", "or"];

pub fn size(bytes: usize) -> Result<(), SyntaxTrouble> {
    if bytes <= LONGEST {
        return Ok(());
    }
    let says = format!("the script has {bytes} bytes, and we read up to {LONGEST}");
    Err(SyntaxTrouble::new(1, 1, says, "pass data as ARGV, and cut the script into several"))
}

/// The work of some rules grows with the square of what a script holds.
pub fn expressions(count: usize) -> Result<(), SyntaxTrouble> {
    if count <= MOST {
        return Ok(());
    }
    let says = format!("the script has {count} expressions, and we judge up to {MOST}");
    Err(SyntaxTrouble::new(1, 1, says, "pass data as ARGV, and cut the script into several"))
}

/// What stands in a row at one level of brackets and blocks.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    /// Operators for which Lua descends.
    deep: usize,
    operators: usize,
    /// Fields, calls and texts after each other.
    suffixes: usize,
}

pub fn nesting(text: &str) -> Result<(), SyntaxTrouble> {
    let mut levels = vec![Row::default()];
    let mut before = "";
    for token in (Tokens { text, at: 0 }) {
        let word = token.word;
        if OPENS.contains(&word) {
            levels.push(Row::default());
        } else if CLOSES.contains(&word) && levels.len() > 1 {
            levels.pop();
        }
        if let Some(row) = levels.last_mut() {
            let is_deep = DEEP.contains(&word);
            if is_deep || FLAT.contains(&word) {
                *row = Row { deep: row.deep + usize::from(is_deep), operators: row.operators + 1, suffixes: 0 };
            } else if matches!(word, "," | ";" | "=" | "local" | "return" | "then" | "else" | "elseif" | "in") {
                *row = Row::default();
            } else if matches!(word, "." | ":" | TEXT | ")" | "]" | "}") {
                row.suffixes += 1;
            } else if is_word(word) && !matches!(before, "." | ":") {
                // A name that belongs to nothing before it.
                row.suffixes = 0;
            }
        }
        before = word;
        let row = levels.last().copied().unwrap_or_default();
        if levels.len() + row.deep > DEEPEST || row.operators > CHAIN || row.suffixes > SUFFIXES {
            let (line, column) = place(text, token.at);
            let says = format!(
                "more than {DEEPEST} levels of nesting, {CHAIN} operators in a row, or {SUFFIXES} calls and fields in a row"
            );
            return Err(SyntaxTrouble::new(line, column, says, "build it up in steps"));
        }
    }
    Ok(())
}

fn is_word(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

/// Line and column of a byte, from 1.
pub fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

struct Token<'a> {
    word: &'a str,
    at: usize,
}

/// Stands for a text, whatever it is.
const TEXT: &str = "''";

/// Words, symbols and texts, without the insides of texts and numbers, and without comments.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn take(&mut self, length: usize) -> &'a str {
        let taken = self.rest().get(..length).unwrap_or(self.rest());
        self.at += taken.len().max(1);
        taken
    }

    /// Skips `[==[ … ]==]`, if one starts here.
    fn skip_long_bracket(&mut self) -> bool {
        let Some(after) = self.rest().strip_prefix('[') else { return false };
        let level = after.len() - after.trim_start_matches('=').len();
        if !after.trim_start_matches('=').starts_with('[') {
            return false;
        }
        let close = format!("]{}]", "=".repeat(level));
        let length = self.rest().find(&close).map_or(self.rest().len(), |at| at + close.len());
        self.at += length;
        true
    }

    fn skip_quoted(&mut self, quote: char) {
        let mut escaped = false;
        for (at, c) in self.rest().char_indices().skip(1) {
            if !escaped && (c == quote || c == '\n') {
                self.at += at + 1;
                return;
            }
            escaped = c == '\\' && !escaped;
        }
        self.at = self.text.len();
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.rest();
            let first = rest.chars().next()?;
            let at = self.at;
            if rest.starts_with("--") {
                self.at += 2;
                if !self.skip_long_bracket() {
                    self.at += self.rest().find('\n').unwrap_or(self.rest().len());
                }
            } else if first == '[' && self.skip_long_bracket() {
                return Some(Token { word: TEXT, at });
            } else if first == '"' || first == '\'' {
                self.skip_quoted(first);
                return Some(Token { word: TEXT, at });
            } else if is_word(rest) {
                let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                return Some(Token { word: self.take(length), at });
            } else if ["==", "~=", "<=", ">=", ".."].iter().any(|two| rest.starts_with(two)) {
                return Some(Token { word: self.take(2), at });
            } else if first.is_whitespace() {
                self.at += first.len_utf8();
            } else {
                return Some(Token { word: self.take(first.len_utf8()), at });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_texts_and_comments_does_not_nest() {
        let quiet = ["((((", "function"].map(|word| word.repeat(300));
        for inside in quiet {
            for script in [
                format!("-- {inside}"),
                format!("--[[ {inside} ]]"),
                format!("return '{inside}'"),
                format!("return [=[{inside}]=]"),
            ] {
                assert_eq!(nesting(&script), Ok(()), "{script}");
            }
        }
        assert_eq!(nesting(&"local x = ((1 + 2) * 3) .. 'a'\n".repeat(2_000)), Ok(()));
        assert_eq!(nesting(&"redis.call('SET', KEYS[1], 'a')\nf 'x' f{1}\n".repeat(2_000)), Ok(()));
        assert_eq!(nesting(&format!("return {{{}}}", "'a', f(x)[1].y, ".repeat(2_000))), Ok(()));
        assert_eq!(nesting(&"if a then b() elseif c then d() else e() end\n".repeat(2_000)), Ok(()));
        assert_eq!(nesting(&"for i = 1, 2 do while true do repeat x() until y end end\n".repeat(2_000)), Ok(()));
    }

    #[test]
    fn what_is_too_deep_is_refused_before_it_is_parsed() {
        for deep in ["(", "{", "x[", "function() return ", "do ", "if x then ", "not ", "'a' .. "] {
            let trouble = nesting(&format!("\nreturn {}", deep.repeat(300))).unwrap_err();
            assert_eq!(trouble.line, 2, "{deep}");
        }
        assert!(nesting(&format!("return 1{}", " + 1".repeat(1_200))).is_err());
        for suffix in [".b", "()", "''", "[[x]]", "[1]", "{}", ":b()", "\n.b"] {
            assert!(nesting(&format!("return a{}", suffix.repeat(300))).is_err(), "{suffix}");
        }
        assert!(size(LONGEST + 1).unwrap_err().says.contains("262144"));
    }
}
