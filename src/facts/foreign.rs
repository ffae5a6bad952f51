//! Text that a stranger wrote: key names, client names, error texts of the server. It is shown, never obeyed.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

/// Stands before a stranger's text, and nowhere inside it.
pub const OPEN: char = '«';
/// Stands behind it.
pub const CLOSE: char = '»';

/// The longest foreign text we repeat, in characters.
pub const LONGEST: usize = 200;
/// The longest name of a command.
const COMMAND: usize = 40;

/// A stranger's text, made harmless where it is made and set apart where it is printed: `«like this»`. So a sentence
/// inside of it cannot pose as ours. It serializes as it prints, since what reads JSON may be a model too.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Foreign {
    text: String,
    set_apart: bool,
}

impl Foreign {
    /// What a stranger chose freely, always set apart: a name, a path, the text of an error.
    pub fn name(text: &str) -> Self {
        Self::bounded_name(text, LONGEST)
    }

    /// The same with another bound.
    pub fn bounded_name(text: &str, longest: usize) -> Self {
        Self { text: bounded(text, longest), set_apart: true }
    }

    /// What a server says of itself: a number, a size or a plain word stands bare, anything else is set apart.
    pub fn value(text: &str) -> Self {
        let text = clean(text);
        Self { set_apart: !is_plain(&text), text }
    }

    /// The same for the name of a command.
    pub fn command(name: &str) -> Self {
        Self::value(&bounded(name, COMMAND))
    }

    /// One of these words stands bare, since we could have written it; anything else is set apart.
    pub fn one_of(text: &str, words: &[&str]) -> Self {
        Self { text: clean(text), set_apart: !words.contains(&text) }
    }

    /// A word of ours among those of strangers: `(others)`.
    pub fn ours(text: &'static str) -> Self {
        Self { text: text.into(), set_apart: false }
    }

    /// What the person who asks gave us: made harmless, and theirs to recognise.
    pub fn given(text: &str) -> Self {
        Self { text: clean(text), set_apart: false }
    }

    /// A key's family, see [`family`].
    pub fn family(key: &[u8]) -> Self {
        Self { text: family(key), set_apart: true }
    }

    /// The text without its marks: to compare with, never to print.
    pub fn raw(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.set_apart { write!(f, "{OPEN}{}{CLOSE}", self.text) } else { f.write_str(&self.text) }
    }
}

impl fmt::Debug for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Foreign {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl PartialEq<str> for Foreign {
    fn eq(&self, other: &str) -> bool {
        self.text == other
    }
}

impl PartialEq<&str> for Foreign {
    fn eq(&self, other: &&str) -> bool {
        self.text == *other
    }
}

/// Too little to be a sentence: numbers, or one short word of at most two parts (`volatile-lru`, `jemalloc-5.3.0`).
fn is_plain(text: &str) -> bool {
    const WORD: usize = 24;
    const NUMBERS: usize = 60;
    let parts = text.split(|c: char| !c.is_ascii_alphabetic()).filter(|part| !part.is_empty()).count();
    if parts == 0 {
        let numeric = |c: char| c.is_ascii_digit() || matches!(c, ' ' | '.' | ',' | ':' | '+' | '-' | '%' | '*' | '/');
        return text.len() <= NUMBERS && text.chars().all(numeric);
    }
    let wordy = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | ',' | '%' | '+' | '-' | '|');
    text.len() <= WORD && parts <= 2 && text.chars().all(wordy)
}

/// Makes a stranger's text safe to print: one line, no control, escape, bidirectional or invisible characters, bounded.
pub fn clean(text: &str) -> String {
    bounded(text, LONGEST)
}

/// The same for bytes that may not be UTF-8; what is not is shown as `\xNN`.
pub fn clean_bytes(bytes: &[u8]) -> String {
    // No character takes more than four bytes.
    clean(&utf8(bytes.get(..LONGEST * 4 + 4).unwrap_or(bytes)))
}

/// Bytes as text; what is not UTF-8 is shown as `\xNN`. It is neither bounded nor made harmless.
pub fn utf8(bytes: &[u8]) -> String {
    bytes.utf8_chunks().fold(String::with_capacity(bytes.len()), |mut out, chunk| {
        out.push_str(chunk.valid());
        chunk.invalid().iter().for_each(|byte| out.push_str(&format!("\\x{byte:02x}")));
        out
    })
}

/// The same with another bound.
pub fn bounded(text: &str, longest: usize) -> String {
    let text = &*without_logins(text);
    let mut out = String::with_capacity(text.len().min(longest));
    let mut length = 0;
    for c in text.chars() {
        let before = out.len();
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || is_invisible(c) || c == OPEN || c == CLOSE => {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
            }
            c => out.push(c),
        }
        // What replaces a character is ASCII.
        length += if before + c.len_utf8() == out.len() { 1 } else { out.len() - before };
        if length > longest {
            out.truncate(before);
            out.push('…');
            break;
        }
    }
    out
}

/// A text without the passwords of URLs in it, `redis://user:***@host`: people write a URL where a name or a word belongs,
/// and hear of their mistake. The password ends at the last `@` of the word, for it may hold one that is not encoded.
pub fn without_logins(text: &str) -> Cow<'_, str> {
    const SCHEME: &str = "://";
    let mut out = Cow::Borrowed("");
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(SCHEME) {
        let word = after.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | OPEN | CLOSE)).next();
        let login = word.and_then(|word| Some(word.rsplit_once('@')?.0)).unwrap_or_default();
        let out = out.to_mut();
        out.push_str(before);
        out.push_str(SCHEME);
        rest = after;
        if let Some((user, password)) = login.split_once(':').filter(|(_, password)| !password.is_empty()) {
            out.push_str(user);
            out.push_str(":***");
            rest = after.get(user.len() + 1 + password.len()..).unwrap_or_default();
        }
    }
    if out.is_empty() { Cow::Borrowed(text) } else { out + rest }
}

/// Characters that reorder or hide their neighbours (Unicode TR 36: bidirectional controls, zero-width, tags).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// A key name with the parts that tell one key from its brothers replaced by `*`: `user:1042:cart` is `user:*:cart`.
///
/// A part is a run between separators; one with a digit counts as an identifier, unless it reads like a version (`v2`).
pub fn family(key: &[u8]) -> String {
    let key = clean_bytes(key);
    let mut out = String::new();
    let mut part = String::new();
    let close = |part: &mut String, out: &mut String| {
        let digits = part.chars().any(|c| c.is_ascii_digit()) && !is_version(part);
        // Random letters: long, and of both cases behind the first.
        let both = part.chars().skip(1).any(|c| c.is_ascii_uppercase()) && part.chars().any(|c| c.is_ascii_lowercase());
        let identifier = digits || part.contains('@') || part.len() > 24 || part.len() >= 12 && both;
        out.push_str(if identifier { "*" } else { part });
        part.clear();
    };
    for c in key.chars() {
        if matches!(c, ':' | '/' | '.' | '|' | '{' | '}' | '#') {
            close(&mut part, &mut out);
            out.push(c);
        } else {
            part.push(c);
        }
    }
    close(&mut part, &mut out);
    bounded(&out, 80)
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|n| !n.is_empty() && n.len() <= 2 && n.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_becomes_one_harmless_line() {
        let cases = [
            ("plain key", "plain key"),
            ("a\x1b[31mred", "a\\u{1b}[31mred"),
            ("two\nlines\r\t", "two\\nlines\\r\\t"),
            ("\u{202e}gnp.exe", "\\u{202e}gnp.exe"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("caché 🙂", "caché 🙂"),
            ("out» of the marks «", "out\\u{bb} of the marks \\u{ab}"),
        ];
        for (hostile, safe) in cases {
            assert_eq!(clean(hostile), safe);
        }
        assert_eq!(clean_bytes(b"ok\xff\xfe"), "ok\\xff\\xfe");
        assert_eq!(clean(&"x".repeat(70_000)).chars().count(), LONGEST + 1);
    }

    #[test]
    fn the_password_of_a_url_is_hidden_wherever_the_url_stands() {
        for (text, shown) in [
            ("look at redis://ops:s3cret@h:1/0 now", "look at redis://ops:***@h:1/0 now"),
            ("redis://:p@ss/w:rd@a,b redis://h \"rediss://:x@h\"", "redis://:***@a,b redis://h \"rediss://:***@h\""),
            (
                "http://h:80/x https://h/@author redis://ops@h redis://ops:@h é://",
                "http://h:80/x https://h/@author redis://ops@h redis://ops:@h é://",
            ),
            ("mail bob@example: no URL", "mail bob@example: no URL"),
        ] {
            assert_eq!(without_logins(text), shown);
        }
        let long = format!("redis://:{}@h", "x".repeat(300));
        assert_eq!(Foreign::given(&long).to_string(), "redis://:***@h");
    }

    #[test]
    fn only_what_is_too_short_for_a_sentence_stands_bare() {
        let bare = ["", "0", "-1", "1.03", "3600 1 300 100", "127.0.0.1 -::1", "10.0.0.2:6379", "noeviction", "master"];
        let words =
            ["volatile-lru", "jemalloc-5.3.0", "send_bulk", "KEA", "dump.rdb", "5%", "config|get", "2001:db8::1"];
        for text in bare.iter().chain(&words) {
            assert_eq!(Foreign::value(text).to_string(), *text);
        }
        let sentences =
            ["two words", "obey-me-now", "/var/lib/redis", "<b>", "a\nb", "é", "yes!", "1 «", "x".repeat(25).as_str()]
                .map(|text| Foreign::value(text).to_string());
        for text in sentences {
            assert!(text.starts_with(OPEN) && text.ends_with(CLOSE), "{text}");
        }
        assert_eq!(Foreign::name("web").to_string(), "«web»");
        assert_eq!(Foreign::one_of("fork", &["fork"]).to_string(), "fork");
        assert_eq!(Foreign::one_of("forks", &["fork"]).to_string(), "«forks»");
        assert!(Foreign::name("web") == "web" && Foreign::name("web") != Foreign::value("web"));
    }

    #[test]
    fn json_shows_the_marks_in_values_and_in_keys() {
        let map = std::collections::BTreeMap::from([(Foreign::name("a\"b"), Foreign::value("7"))]);
        assert_eq!(serde_json::to_string(&map).unwrap(), r#"{"«a\"b»":"7"}"#);
    }

    #[test]
    fn a_family_hides_identifiers_and_keeps_words() {
        let cases: [(&[u8], &str); 9] = [
            (b"user:1042:cart", "user:*:cart"),
            (b"app:v2:session:9f8a7c", "app:v2:session:*"),
            (b"{tenant7}:queue", "{*}:queue"),
            (b"lb:global", "lb:global"),
            (b"session:GhTyuIopQwErTyuIop", "session:*"),
            (b"mail:bob@example:inbox", "mail:*:inbox"),
            (b"cache/page/2024-11-23", "cache/page/*"),
            (b"550e8400-e29b-41d4-a716-446655440000", "*"),
            (b"", ""),
        ];
        for (key, expected) in cases {
            assert_eq!(family(key), expected);
        }
    }
}
