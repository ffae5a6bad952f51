//! From bytes to a tree: bounds first, then the parser, in a thread whose stack holds the deepest script we let through.

use std::thread;

use full_moon::{Error, LuaVersion};

use super::lower::Lowering;
use super::tree::Tree;
use super::{SyntaxTrouble, bounds};

/// Enough for 200 levels and a chain of 1,000 operators in a build without optimisation; pages are used when touched.
const STACK: usize = 256 * 1024 * 1024;

/// The text that was parsed, and what it means.
#[derive(Debug)]
pub struct Parsed {
    pub text: String,
    pub tree: Tree,
}

pub fn parse(source: &[u8]) -> Result<Parsed, SyntaxTrouble> {
    if source.starts_with(b"\xef\xbb\xbf") {
        let says = "the script starts with a byte order mark, and no server loads it";
        return Err(SyntaxTrouble::new(1, 1, says, "save the file as UTF-8 without BOM"));
    }
    bounds::size(source.len())?;
    let text = String::from_utf8_lossy(source).into_owned();
    bounds::nesting(&text)?;
    if let Some(at) = text.find(|c: char| c == '\0' || (c.is_control() && !c.is_ascii_whitespace())) {
        let (line, column) = bounds::place(&text, at);
        let says = "a control character: this is not the text of a script";
        return Err(SyntaxTrouble::new(line, column, says, "give the Lua text; binary values are written as '\\ddd'"));
    }
    let worker = thread::Builder::new().stack_size(STACK).spawn(move || {
        let tree = tree(&text);
        tree.map(|tree| Parsed { text, tree })
    });
    let lost = || SyntaxTrouble::new(1, 1, "the parser gave up on this script", "cut it into smaller ones");
    worker.map_err(|_| lost())?.join().map_err(|_| lost())?
}

fn tree(text: &str) -> Result<Tree, SyntaxTrouble> {
    // The first line of a script for Redis 7 is no Lua; a comment of the same length keeps every place.
    let lua = text.strip_prefix("#!").map_or_else(|| text.to_owned(), |rest| format!("--{rest}"));
    let result = full_moon::parse_fallible(&lua, LuaVersion::lua51());
    match result.errors().first() {
        None => Ok(Lowering::default().whole(result.ast().nodes())),
        Some(error) => Err(trouble(error, &lua)),
    }
}

fn trouble(error: &Error, lua: &str) -> SyntaxTrouble {
    let (at, _) = error.range();
    let found = match error {
        Error::AstError(error) => error.token().to_string(),
        Error::TokenizerError(_) => String::new(),
    };
    let found = found.trim();
    let near = match found {
        "" if at.bytes() >= lua.trim_end().len() => " at the end of the script".to_owned(),
        "" => String::new(),
        found => format!(" near {}", crate::facts::Foreign::bounded_name(found, 40)),
    };
    let expected = error.error_message();
    let line = lua.lines().nth(at.line().saturating_sub(1)).unwrap_or("");
    let newer = ["goto ", "::", "//", "<<", ">>", " & ", " | ", "<const>", "<close>"];
    // Templates of other languages; Lua has no `$`, and `%s` only in a text.
    let holes = ["${", "{{", "<%", "%s", "%d"];
    let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
    let next = match (has(&newer), has(&holes)) {
        (true, _) => "servers run Lua 5.1: goto, //, bit operators and attributes came later",
        (_, true) => "a place to fill in is no Lua: send one text for all, and pass values as KEYS and ARGV",
        _ => "correct it, then `redis-cli SCRIPT LOAD` accepts it",
    };
    SyntaxTrouble::new(at.line().max(1), at.character().max(1), format!("{expected}{near}"), next)
}
