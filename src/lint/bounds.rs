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

pub fn nesting(text: &str) -> Result<(), SyntaxTrouble> {
    // For each open bracket or block, how many operators stand in a row: deep ones, all.
    let mut levels = vec![(0, 0)];
    for token in (Tokens { text, at: 0 }) {
        let word = token.word;
        if OPENS.contains(&word) {
            levels.push((0, 0));
        } else if CLOSES.contains(&word) && levels.len() > 1 {
            levels.pop();
        } else if let Some((deep, all)) = levels.last_mut() {
            let is_deep = DEEP.contains(&word);
            if is_deep || FLAT.contains(&word) {
                *deep += usize::from(is_deep);
                *all += 1;
            } else if matches!(word, "," | ";" | "=" | "local" | "return" | "then" | "else" | "elseif" | "in") {
                (*deep, *all) = (0, 0);
            }
        }
        let (deep, all) = levels.last().copied().unwrap_or_default();
        if levels.len() + deep > DEEPEST || all > CHAIN {
            let (line, column) = place(text, token.at);
            let says = format!("more than {DEEPEST} levels of nesting or {CHAIN} operators in a row");
            return Err(SyntaxTrouble::new(line, column, says, "Lua refuses such a script: build it up in steps"));
        }
    }
    Ok(())
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

/// Words and symbols, without strings, numbers' insides and comments.
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
            } else if first == '"' || first == '\'' {
                self.skip_quoted(first);
            } else if first.is_ascii_alphanumeric() || first == '_' {
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
        assert_eq!(nesting(&"if a then b() elseif c then d() else e() end\n".repeat(2_000)), Ok(()));
        assert_eq!(nesting(&"for i = 1, 2 do while true do repeat x() until y end end\n".repeat(2_000)), Ok(()));
    }

    #[test]
    fn what_lua_would_refuse_is_refused_before_it_is_parsed() {
        for deep in ["(", "{", "x[", "function() return ", "do ", "if x then ", "not ", "'a' .. "] {
            let trouble = nesting(&format!("\nreturn {}", deep.repeat(300))).unwrap_err();
            assert_eq!(trouble.line, 2, "{deep}");
        }
        assert!(nesting(&format!("return 1{}", " + 1".repeat(1_200))).is_err());
        assert!(size(LONGEST + 1).unwrap_err().says.contains("262144"));
    }
}
